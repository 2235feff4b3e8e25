//! Files that are either wholly there or not there at all, also after a crash.
//!
//! A file is written under a temporary name in the folder it belongs to, synced,
//! renamed over its own name, and the folder is synced. A reader sees the old
//! bytes or the new ones, never a part of them.
//!
//! The store changes the file system through here alone, so that a test can
//! write down every change ([`Trace`]) and let the power fail after each.
//!
//! | what | is durable once it returned |
//! |---|---|
//! | [`write_atomic`], [`write_atomic_readonly`] | bytes and name |
//! | [`create_dir`], [`create_dir_all`] | the folders that it made, and their names |
//! | [`create_exclusive`] | the bytes; the name once its folder is synced |
//! | [`rename`], [`link`] | nothing, until the folder is synced |
//! | [`write_in_place`], [`Log::append`] | nothing, until [`Log::sync`] |
//! | [`remove_file`], [`remove_dir`], [`remove_dir_all`] | nothing: what is removed may come back |
//!
//! An error for want of room has [`Full`] inside, with the bytes wanted and free.
//!
//! Files are opened to read by [`open`] and what rests on it, which never waits
//! for a pipe or a device; files that another's list names are written by
//! [`Beneath`], which follows no link.

mod trace;
mod space;
mod read;
#[cfg(unix)]
mod beneath;
mod folder;
mod file;
mod log;

#[cfg(unix)]
pub use beneath::{Beneath, parts_below};
pub use file::{
    TEMPORARY_PREFIX, clock, create_exclusive, write_atomic, write_atomic_readonly, write_in_place,
};
pub use folder::{
    create_dir, create_dir_all, link, remove_dir, remove_dir_all, remove_file, rename, sync_dir,
};
pub use log::Log;
pub use read::{NotAFile, TooLong, kind_of, list, open, read, read_at_most, read_text};
pub use space::Full;
pub use trace::{Operation, Trace};
