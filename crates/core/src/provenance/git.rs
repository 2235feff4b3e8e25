//! What the git program says of a work tree. Filters, attributes and settings
//! decide what git calls changed, and the library that reads commits here knows
//! some of them only: with a clean filter, as git-lfs has, it calls a file
//! changed that git calls clean.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::source::SourceError;

/// Settings of a user that would change what is compared, or how a patch looks,
/// put back to git's own; a filter's must stay.
const SETTINGS: [&str; 4] = [
    "diff.autoRefreshIndex=true",
    "diff.suppressBlankEmpty=false",
    "diff.orderFile=/dev/null",
    "core.quotePath=true",
];

/// A patch that `git apply` takes whatever is configured.
const PATCH: [&str; 14] = [
    "diff",
    "--binary",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--unified=3",
    "--inter-hunk-context=0",
    "--diff-algorithm=myers",
    "--submodule=short",
];

/// Set inside a hook, these would name another repository or another index.
const OTHER_REPOSITORY: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
];

/// The git program in the folder `root`, in the repository that lies there and
/// no other; it reads nothing from this process's standard input.
pub fn git_in(root: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).stdin(Stdio::null());
    for name in OTHER_REPOSITORY {
        git.env_remove(name);
    }
    git
}

/// The git program in one work tree.
pub(super) struct Git<'a> {
    root: &'a Path,
}

impl<'a> Git<'a> {
    /// In the work tree at `root`.
    pub fn at(root: &'a Path) -> Self {
        Self { root }
    }

    /// What differs between `commit` (none before the first) and the work tree,
    /// as a patch; none where there is no git program.
    ///
    /// # Errors
    /// When git says no.
    pub fn patch(&self, commit: Option<&str>) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(tree) = self.tree_of(commit)? else { return Ok(None) };
        self.says(PATCH.into_iter().chain([tree.as_str(), "--"]))
    }

    /// For each file that differs between `commit` and the work tree its path,
    /// and the lines that came and went on the way to the work tree; none where
    /// there is no git program.
    ///
    /// # Errors
    /// When git says no.
    pub fn changes(&self, commit: &str) -> Result<Option<Vec<Change>>, SourceError> {
        let options = ["diff", "--numstat", "-z", "--no-ext-diff", "--no-textconv", "--no-renames"];
        let said = self.says(options.into_iter().chain(["--no-relative", commit, "--"]))?;
        Ok(said.map(|said| entries(&said).filter_map(change).collect()))
    }

    /// The files that git neither tracks nor ignores, from the root; none where
    /// there is no git program.
    ///
    /// # Errors
    /// When git says no.
    pub fn untracked(&self) -> Result<Option<Vec<Vec<u8>>>, SourceError> {
        let said = self.says(["ls-files", "--others", "--exclude-standard", "-z"])?;
        Ok(said.map(|said| entries(&said).map(<[u8]>::to_vec).collect()))
    }

    /// What names the tree of `commit` for git: before the first that of no
    /// file.
    fn tree_of(&self, commit: Option<&str>) -> Result<Option<String>, SourceError> {
        match commit {
            Some(commit) => Ok(Some(commit.to_owned())),
            None => {
                let said = self.says(["hash-object", "-t", "tree", "/dev/null"])?;
                Ok(said.map(|said| String::from_utf8_lossy(&said).trim().to_owned()))
            }
        }
    }

    /// What git says; none where there is no such program.
    fn says<'b>(
        &self,
        arguments: impl IntoIterator<Item = &'b str>,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let mut git = git_in(self.root);
        for setting in SETTINGS {
            git.args(["-c", setting]);
        }
        git.args(arguments);
        // It only looks: the index stays as it is.
        git.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
        let said = match git.output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            said => said?,
        };
        if said.status.success() {
            return Ok(Some(said.stdout));
        }
        let why = String::from_utf8_lossy(&said.stderr).trim().to_owned();
        Err(SourceError::new(format!("git: {why}")))
    }
}

/// A file that differs: its path, lines that came, lines that went.
pub(super) type Change = (Vec<u8>, usize, usize);

/// The parts of what git ended with zero bytes.
fn entries(said: &[u8]) -> impl Iterator<Item = &[u8]> {
    said.split(|byte| *byte == 0).filter(|entry| !entry.is_empty())
}

/// `12<tab>3<tab>path`; for bytes that are no lines `-<tab>-<tab>path`.
fn change(entry: &[u8]) -> Option<Change> {
    let mut parts = entry.splitn(3, |byte| *byte == b'\t');
    let mut lines = || {
        let text = std::str::from_utf8(parts.next()?).ok()?;
        Some(text.parse().unwrap_or(0))
    };
    let (added, removed) = (lines()?, lines()?);
    Some((parts.next()?.to_vec(), added, removed))
}

/// A path as text, as git prints it: as it is, but where it is no text, or would
/// be taken for a quoted one, in quotes and with the bytes in octal.
pub(super) fn path_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.starts_with('"') => text.to_owned(),
        _ => {
            let shown = bytes.iter().map(|byte| match byte {
                b'"' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                other => format!("\\{other:03o}"),
            });
            format!("\"{}\"", shown.collect::<String>())
        }
    }
}

/// The path that [`path_text`] shows as `text`.
pub(super) fn path_of(text: &str) -> PathBuf {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return PathBuf::from(text) };
    let (mut bytes, mut rest) = (Vec::new(), quoted.as_bytes());
    while let [first, others @ ..] = rest {
        let octal = others.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let (byte, taken) = match (first, octal, others) {
            (b'\\', Some(byte), _) => (byte, 4),
            (b'\\', None, [escaped, ..]) => (*escaped, 2),
            (byte, ..) => (*byte, 1),
        };
        bytes.push(byte);
        rest = &rest[taken..];
    }
    os_path(bytes)
}

/// The path that these bytes name.
#[cfg(unix)]
pub(super) fn os_path(bytes: Vec<u8>) -> PathBuf {
    let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    name.into()
}

/// The path that these bytes name.
#[cfg(not(unix))]
pub(super) fn os_path(bytes: Vec<u8>) -> PathBuf {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_shown_as_text_that_names_it_alone() {
        let paths: [&[u8]; 6] = [
            b"a/b.rs",
            "é".as_bytes(),
            b"caf\xe9.txt",
            b"\"quoted\"",
            b"\"\\351\"",
            b"\xff\n\"\\1",
        ];
        let shown: Vec<String> = paths.iter().map(|path| path_text(path)).collect();
        assert_eq!(shown[..3], ["a/b.rs", "é", "\"caf\\351.txt\""]);
        for (path, shown) in paths.iter().zip(&shown) {
            assert_eq!(path_of(shown), os_path(path.to_vec()), "{shown}");
            assert_eq!(shown.matches('\n').count(), 0);
        }
    }

    #[test]
    fn what_git_says_of_lines_is_read_for_any_path() {
        let said = b"1\t2\ta b\tc\0-\t-\tb\xffc\0";
        let changes: Vec<Change> = entries(said).filter_map(change).collect();
        assert_eq!(changes, [(b"a b\tc".to_vec(), 1, 2), (b"b\xffc".to_vec(), 0, 0)]);
    }
}
