//! Where source files are read from.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// The files of a workspace at one moment: a folder, or the tree of a commit.
pub trait Sources {
    /// The bytes of the file at `path`, which is given from the workspace's
    /// root with `/` between its parts; none where there is no such file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// A workspace on disk.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The workspace whose root is `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }
}

impl Sources for Folder {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(path)).ok()
    }
}

/// Files in memory, by path.
impl Sources for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.get(path).cloned()
    }
}

/// `relative`, as `folder` would name it, without `.` and `..`; none where it
/// leaves the workspace.
pub(crate) fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The folder that `path` lies in; empty at the root.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_workspace_is_none() {
        assert_eq!(join("a/b", "../c/./d.toml").as_deref(), Some("a/c/d.toml"));
        assert_eq!(join("a", "../../etc"), None);
        assert_eq!(join("a", "/etc/passwd"), None);
    }
}
