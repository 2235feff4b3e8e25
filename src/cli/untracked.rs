//! The untracked files that a record names, laid over a checkout.
//!
//! A report's manifest and what it names are files that anybody may have
//! written. All names are checked before the first file is written, and what is
//! written goes through no link: see [`Beneath`].

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use jem_core::durable::{Beneath, parts_below};
use jem_core::provenance::{FileMode, Untracked};

use super::{CliError, Exit};

/// A file of the record and its bytes; of a link, its target's name.
pub type Laid<'a> = (&'a Untracked, Vec<u8>);

/// Writes `files` into the checkout at `root`.
///
/// # Errors
/// When one of them would lie outside the checkout, in its `.git`, or below
/// another of them, a link leads out of it, or the file system says no. Nothing
/// is written where a name is refused.
pub fn lay(root: &Path, files: &[Laid<'_>]) -> Result<(), CliError> {
    check(files)?;
    let failed = |path: &Path| {
        let path = root.join(path);
        move |error| CliError::new(Exit::Machine, format!("{}: {error}", path.display()))
    };
    let checkout = Beneath::open(root).map_err(failed(Path::new("")))?;
    for (file, bytes) in files {
        let path = file.to_path();
        let put = || {
            let (folder, name) = checkout.holder_of(&path, true)?;
            match file.mode {
                Some(FileMode::Link) => folder.link(name, OsStr::from_bytes(bytes)),
                mode => folder.write(name, bytes, mode == Some(FileMode::Executable)),
            }
        };
        put().map_err(failed(&path))?;
    }
    Ok(())
}

/// That the links at `paths` of the checkout at `root`, those of them that are
/// links, lead to nothing outside it.
///
/// # Errors
/// When one does.
pub fn check_links(root: &Path, paths: &[Vec<u8>]) -> Result<(), CliError> {
    for path in paths {
        let path = Path::new(OsStr::from_bytes(path));
        // What was removed, or is no link, is not one that leads outside.
        if let Ok(target) = std::fs::read_link(root.join(path))
            && !stays_inside(path, &target)
        {
            return Err(leads_outside(path, &target));
        }
    }
    Ok(())
}

fn check(files: &[Laid<'_>]) -> Result<(), CliError> {
    let mut known: BTreeMap<PathBuf, &Untracked> = BTreeMap::new();
    for (file, bytes) in files {
        let path = file.to_path();
        let Some(parts) = parts_below(&path) else {
            let message = format!("the report names a file outside the checkout: {}", file.path);
            return Err(refused(message));
        };
        if parts.into_iter().any(is_git) {
            let message = format!("the report names a file of git's own: {}", file.path);
            return Err(refused(message));
        }
        if file.mode == Some(FileMode::Link) {
            let target = Path::new(OsStr::from_bytes(bytes));
            if !stays_inside(&path, target) {
                return Err(leads_outside(&path, target));
            }
        }
        if known.insert(path, file).is_some() {
            return Err(refused(format!("the report names a file twice: {}", file.path)));
        }
    }
    for path in known.keys() {
        let mut above = path.ancestors().skip(1);
        if let Some(other) = above.find_map(|above| known.get(above)) {
            let what = if other.mode == Some(FileMode::Link) { "link" } else { "file" };
            let message = format!(
                "the report names a {what}, {}, and a file below it, {}",
                other.path,
                path.display()
            );
            return Err(refused(message));
        }
    }
    Ok(())
}

fn refused(message: String) -> CliError {
    CliError::new(Exit::BadInput, message).hint(
        "jem report in the checkout that it was made in; no report of jem's own names such a file",
    )
}

fn leads_outside(path: &Path, target: &Path) -> CliError {
    let message = format!(
        "the report names a link that leads outside the checkout: {} -> {}",
        path.display(),
        target.display()
    );
    CliError::new(Exit::BadInput, message).hint(
        "add the link to .gitignore in the checkout that the report was made in, then jem report; \
         or --binaries DIR in a checkout that you have prepared yourself",
    )
}

/// Whether `name` is `.git` to git, or to a file system that takes some other
/// names for it.
fn is_git(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    // File systems of other systems pass over these characters.
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let plain: String = name.chars().filter(|c| !ignored(c)).collect();
    let plain = plain.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    plain.eq_ignore_ascii_case(".git") || plain.eq_ignore_ascii_case("git~1")
}

/// Whether a link at `path` to `target` leads to something in the checkout
/// that both lie in, and not to git's own files. Steps up are followed at the
/// beginning alone: behind the name of another link they lead elsewhere.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    let mut down = false;
    for part in target.components() {
        match part {
            Component::ParentDir if down || depth == 0 => return false,
            Component::ParentDir => depth -= 1,
            Component::Normal(name) if is_git(name) => return false,
            Component::Normal(_) => down = true,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use jem_core::digest::Digest;

    use super::*;

    fn file(path: &str, mode: Option<FileMode>) -> Untracked {
        Untracked { path: path.to_owned(), digest: Digest::of(b""), mode, unkept: None }
    }

    const LINK: Option<FileMode> = Some(FileMode::Link);

    /// Lays files, given by path, mode and bytes, over a checkout that has a
    /// link to a folder outside of its own; whether that was done.
    fn laid(files: &[(&str, Option<FileMode>, &str)]) -> Result<(), String> {
        let all = tempfile::tempdir().unwrap();
        let (root, outside) = (all.path().join("checkout"), all.path().join("outside"));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&outside, root.join("tracked")).unwrap();
        let named: Vec<Untracked> = files.iter().map(|(path, mode, _)| file(path, *mode)).collect();
        let bytes = files.iter().map(|(_, _, bytes)| bytes.as_bytes().to_vec());
        let files: Vec<Laid<'_>> = named.iter().zip(bytes).collect();
        let done = lay(&root, &files).map_err(|error| error.to_string());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is written outside");
        assert_eq!(fs::read_dir(all.path()).unwrap().count(), 2);
        if done.is_err() {
            assert!(fs::symlink_metadata(root.join("first")).is_err(), "nothing is begun");
        }
        done
    }

    #[test]
    fn nothing_is_written_outside_the_checkout_whatever_is_named() {
        let outside = "/tmp/jem-must-not-be-written";
        for (files, why) in [
            (&[("l", LINK, ".."), ("l/x", None, "")][..], "leads outside"),
            (&[("l", LINK, outside), ("l/x", None, "")], "leads outside"),
            (&[("d/e/l", LINK, "../../..")], "leads outside"),
            (&[("l", LINK, "d/../..")], "leads outside"),
            (&[("d/l", LINK, "../.git/config")], "leads outside"),
            (&[("l", LINK, "."), ("l/x", None, "")], "a link, l, and a file below it, l/x"),
            (&[("a", None, ""), ("a/b", None, "")], "a file, a, and a file below it"),
            (&[("a", None, ""), ("a", None, "")], "twice"),
            (&[("../x", None, "")], "outside the checkout"),
            (&[("/tmp/x", None, "")], "outside the checkout"),
            (&[("", None, "")], "outside the checkout"),
            (&[("a/./../../x", None, "")], "outside the checkout"),
            (&[(".git", None, "gitdir: /tmp")], "git's own"),
            (&[("a/.GIT/hooks/post-checkout", Some(FileMode::Executable), "")], "git's own"),
            (&[(".gi\u{200c}t/config", None, "")], "git's own"),
            (&[("git~1/config", None, "")], "git's own"),
        ] {
            let all = [&[("first", None, "1")], files].concat();
            let said = laid(&all).unwrap_err();
            assert!(said.contains(why), "{files:?}: {said}");
        }
        // A link of the commit itself is found when the file is written.
        let said = laid(&[("tracked/x", None, "")]).unwrap_err();
        assert!(said.contains("nothing is written through it"), "{said}");
    }

    #[test]
    fn links_executables_and_files_of_deep_folders_come_back_as_such() {
        let root = tempfile::tempdir().unwrap();
        let named = [
            (file("a/b/plain", None), b"text".to_vec()),
            (file("a/link", LINK), b"b/plain".to_vec()),
            (file("a/b/up", LINK), b"../../run".to_vec()),
            (file("run", Some(FileMode::Executable)), b"#!/bin/sh".to_vec()),
            (file(".gitignore", None), b"x".to_vec()),
            // As a record names a file whose name is no text.
            (file("\"caf\\351.txt\"", None), b"coffee".to_vec()),
        ];
        let files: Vec<Laid<'_>> = named.iter().map(|(file, b)| (file, b.clone())).collect();
        lay(root.path(), &files).unwrap();
        let at = |name: &str| root.path().join(name);
        assert_eq!(fs::read(at("a/link")).unwrap(), b"text");
        assert_eq!(fs::read(at("a/b/up")).unwrap(), b"#!/bin/sh");
        let strange = root.path().join(OsStr::from_bytes(b"caf\xe9.txt"));
        assert_eq!(fs::read(strange).unwrap(), b"coffee");
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o100;
        assert_eq!((mode("a/b/plain"), mode("run")), (0, 0o100));
        let paths = ["a/link", "run", "none"].map(|path| path.as_bytes().to_vec());
        check_links(root.path(), &paths).unwrap();
        symlink("/etc", at("out")).unwrap();
        assert!(check_links(root.path(), &[b"out".to_vec()]).is_err());
    }
}
