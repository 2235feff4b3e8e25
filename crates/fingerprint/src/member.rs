//! The crates of the workspace that a worker can be made of.

/// A crate of the workspace whose code is followed.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name in code.
    pub name: &'static str,
    /// The folder of its `lib.rs`, from the workspace's root.
    pub folder: &'static str,
}

/// The crates of the workspace that a worker can be made of.
pub const MEMBERS: [Member; 3] = [
    Member { name: "jem_core", folder: "crates/core/src" },
    Member { name: "jem_fingerprint", folder: "crates/fingerprint/src" },
    Member { name: "jem_worker", folder: "crates/worker/src" },
];
