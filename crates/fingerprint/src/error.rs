//! Why the code that numbers pass through cannot be told.

use std::fmt;

/// The code cannot be followed. Nothing is left out in silence: a fingerprint
/// that misses a file would call stale runs good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A file that is needed is not there.
    Missing {
        /// The file, from the workspace's root.
        path: String,
        /// What asks for it.
        wanted_by: String,
    },
    /// A file is not Rust as this crate reads it.
    NotRust {
        /// The file, from the workspace's root.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A name leads nowhere.
    Unresolved {
        /// The file that names it.
        path: String,
        /// The name, as a path.
        name: String,
    },
    /// A file is included whose path is not written out or lies outside the
    /// workspace, or which is code.
    Include {
        /// The file that includes it.
        path: String,
    },
    /// A crate of the workspace that [`crate::MEMBERS`] does not list.
    UnknownMember {
        /// The file that names it.
        path: String,
        /// The crate.
        name: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path, wanted_by } => {
                write!(f, "{path} is not there, but {wanted_by} needs it")
            }
            Self::NotRust { path, reason } => write!(f, "{path} cannot be read: {reason}"),
            Self::Unresolved { path, name } => write!(
                f,
                "{path} names `{name}`, which leads to no module, item or locked crate; write the \
                 path out, or teach crates/fingerprint to follow it"
            ),
            Self::Include { path } => write!(
                f,
                "{path} includes a file whose path is not a literal inside the workspace, or is \
                 code; numbers may depend on it, so write the path out, or make it a module"
            ),
            Self::UnknownMember { path, name } => write!(
                f,
                "{path} names the workspace's crate `{name}`; list it in MEMBERS of \
                 crates/fingerprint/src/member.rs"
            ),
        }
    }
}

impl std::error::Error for Error {}
