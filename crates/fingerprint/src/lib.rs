//! Which code can change a number, and a digest of it.
//!
//! A run is done again when the code that made its numbers is other than the
//! code at hand, and only then. Which code that is, is not written down in a
//! list that goes stale: it is found by following, from the few files in which
//! numbers are made ([`ROOTS`]), every path that code names.
//!
//! # What is followed
//! - **Every path, wherever it stands**: imports (groups, globs, renames),
//!   expressions, types, patterns, attributes and their texts
//!   (`with = "crate::hex"`), and the tokens inside macro calls. A name that
//!   is a module, a function and a type at once is followed as all of them.
//! - **Re-exports**, to where the item is defined. A file with an item that is
//!   named is a part with all its code. A file that a path only leads through
//!   (`mod x;`, `pub use x::Y`) is a part with those declarations alone, so
//!   that a façade's other lines do not count, and pointing it at another item
//!   does. This is the same for `lib.rs`, `mod.rs` and all other files.
//! - **`macro_rules!`**: the file that defines it, and its body's paths in the
//!   place of each call.
//! - **Implementations**, which run without their file being named. A file is
//!   a part when it implements a trait for a type (or its reference, or `Vec`
//!   of it …) and every workspace type and trait in the header is defined in a
//!   part; when it implements a trait that is defined in a part, for whatever
//!   type, since a value of it may be handed in as `dyn`; and when an inherent
//!   block for such a type defines a function or constant whose name occurs as
//!   a word anywhere in the parts. The rest cannot be called: a value of a
//!   type that no part names never gets there. Macros called between items are
//!   taken for implementations as far as their definition holds any.
//! - **Included files** (`include_str!`, `include_bytes!`); code included as
//!   code is refused.
//!
//! Comments, documentation, `#[test]` and `#[cfg(test)]` items are dropped
//! first. A path from `crate`, `self` or `super` and an import that lead
//! nowhere are errors, as is a file that is missing: nothing is left out in
//! silence. Not followed are modules declared inside macro calls (paths to
//! them lead nowhere), implementations that a macro leaves inside a function,
//! and functions that a caller hands in as values: what makes numbers is
//! called with plain data.
//!
//! # Crates
//! A locked crate that a part names is a part itself, with name, version and
//! checksum from Cargo.lock and the features that the manifests ask for
//! (serde_json's `float_roundtrip` changes how numbers are read). With it come
//! the `-sys` crates it rests on: for tch that is torch-sys, and libtorch's
//! own version is a part as well, so that all that computes tensors counts, to
//! the end.
//!
//! What other crates rest on is not followed. Their output for an input is
//! fixed by their contract (JSON, TOML, SHA-256, safetensors, gzip), other
//! than a sum's last bit; and Cargo.lock merges the needs of the whole
//! workspace, build scripts and foreign platforms, so that a new crate for
//! charts would make every run stale. The digest of the whole Cargo.lock
//! stands in each run's provenance. So do not count, for the same reason, the
//! compiler and the profile: Rust's floating point is IEEE-754 at every level
//! of optimisation.
//!
//! # The bytes
//! Integers are u32, little endian; a text is its length and its UTF-8 bytes.
//!
//! | part | digest = SHA-256 over |
//! |---|---|
//! | a file's path | its tokens, see below |
//! | a file only led through: `PATH (declarations)` | the texts of the declarations followed, sorted: attributes and `mod x`, or `use path as name` (`*` for a glob) |
//! | an included file's path | its bytes; of a TOML file without comments and layout |
//! | `crate NAME VERSION` | the texts name, version, checksum, then the features, sorted |
//! | `libtorch VERSION` | that name |
//!
//! Tokens, in order: a word is `i` and its text, a literal `l` and its text as
//! written, a group its opening bracket (`n` for none), its tokens and `)`. A
//! punctuation character is `p` and the character, or `j` and the character
//! where it forms one operator with the next. Layout does not count.
//!
//! A fingerprint is SHA-256 over `jem fingerprint v2 training` (or
//! `… evaluation`), a zero byte, and for every part, sorted by name bytewise,
//! the text of its name and the 32 bytes of its digest.

mod error;
mod sources;
mod tokens;
mod toml;
mod lock;
mod mention;
mod expansion;
mod named;
mod member;
mod workspace;
mod resolve;
mod closure;
mod code;

pub use closure::{Parts, closure};
pub use code::{Code, Fingerprint, ROOTS, Roots, hex};
pub use error::Error;
pub use member::{MEMBERS, Member};
pub use named::named;
pub use sources::{Folder, Sources};
