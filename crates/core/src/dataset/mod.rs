//! Data sets as plain arrays: what there is, how to get it, how to read it.
//!
//! The catalogue (`catalogue.toml`) names each set with its shape, splits,
//! licence, the SHA-256 of every decoded file, and the mirrors it is fetched
//! from. A file is believed only when its length and its SHA-256 are those of
//! the catalogue; the bytes are hashed every time they are read.

mod about;
mod archive;
#[cfg(test)]
mod bad_files;
mod catalogue;
mod cifar;
mod class_names;
mod client;
mod content;
mod count;
mod delivery;
mod digits;
mod download;
mod error;
mod fetch;
mod folder;
mod gz;
mod idx;
mod image_folder;
mod images;
mod inception;
mod jpeg;
mod jpeg_markers;
mod load;
mod lock;
mod magic;
mod mat;
mod mirror;
mod orientation;
mod picture;
mod png_picture;
mod png_rows;
mod reader;
mod registry;
mod reshaped;
mod resize;
mod source;
mod svhn;
#[cfg(test)]
mod unpinned;
#[doc(hidden)]
pub mod untrusted;
mod user_files;

pub use about::About;
pub use catalogue::{Catalogue, CatalogueFile, Entry, Format, Role, Splits, catalogue};
pub use client::end_clients;
pub use content::{
    Content, Contents, DataPart, SourceRole, Stamp, data_parts, digests_by, path_of_content,
};
pub use count::count_of;
pub use error::DatasetError;
pub use fetch::{FetchOutcome, FetchProgress, Quiet, fetch};
pub use folder::{FileCheck, FileContent, FileState, default_data_dir, is_present, verify};
pub use images::{LabelledImages, Split};
pub use inception::{INCEPTION_COMMAND, InceptionFile};
pub use load::{Loaded, class_names, classes_of, expected_digests, load, pixel_max_of, shape_of};
pub use mirror::{Mirror, PngRows};
pub use reshaped::Reshaped;
pub use source::Source;
pub use user_files::{
    Cifar100Files, Cifar100Labels, CifarFiles, IdxFiles, ImageFolders, SvhnFiles, UserFiles,
};
