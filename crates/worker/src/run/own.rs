//! What this process is: the binary that runs, and the libtorch it loaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jem_core::digest::Digest;

/// The digest of the binary that runs, which the kernel keeps under this name
/// also where another file has taken its place. None where that cannot be read.
pub(super) fn own_digest() -> Option<Digest> {
    static OWN: LazyLock<Option<Digest>> = LazyLock::new(|| {
        let binary = fs::File::open("/proc/self/exe").ok()?;
        Some(Digest::of_reader(binary).ok()?.0)
    });
    *OWN
}

/// Another libtorch was loaded than the one that the runs' ids name, or a part
/// of another.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OtherLibtorch {
    /// It says of itself that it is of another version.
    #[error(
        "this worker was built for libtorch {built}, but {path} is libtorch {found}: is it named \
         by LD_LIBRARY_PATH? Unset that, or build with that libtorch (LIBTORCH)"
    )]
    Version { built: String, found: String, path: String },
    /// A library of libtorch comes from elsewhere.
    #[error(
        "{library} was loaded from {found} and not from {expected}, where the libtorch of this \
         worker is: its numbers would stand under the ids of other ones. Unset LD_LIBRARY_PATH \
         and LD_PRELOAD, or build with that libtorch (LIBTORCH)"
    )]
    Folder { library: String, found: String, expected: String },
}

/// Whether the libtorch that this process loaded is of the version it was built
/// for, as far as the files beside it tell, and all of it from one folder: the
/// one that this worker is linked to, where that is here.
///
/// # Errors
/// When it is not.
pub(super) fn same_libtorch() -> Result<(), OtherLibtorch> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let loaded = loaded(&maps);
    let Some(main) = loaded.iter().find(|path| path.ends_with("libtorch_cpu.so")) else {
        return Ok(());
    };
    from_one_folder(&loaded, &linked().unwrap_or_else(|| folder_of(main)))?;
    same(crate::LIBTORCH, main)
}

/// The folder whose libtorch the loader is to take, by what the build script
/// has told the linker; none where there is no libtorch any more.
fn linked() -> Option<PathBuf> {
    let built = option_env!("JEM_LIBTORCH_FOLDER").map(PathBuf::from);
    let beside = std::env::current_exe().ok();
    let beside = beside.as_deref().and_then(Path::parent).map(|at| at.join("../lib/torch/lib"));
    let mut folders = built.into_iter().chain(beside);
    folders.find(|folder| folder.join("libtorch_cpu.so").exists())?.canonicalize().ok()
}

/// Whether every loaded library that the folder `expected` has is that one.
fn from_one_folder(loaded: &[PathBuf], expected: &Path) -> Result<(), OtherLibtorch> {
    let theirs = |path: &&PathBuf| {
        let own = expected.join(path.file_name().unwrap_or_default()).canonicalize();
        own.is_ok_and(|own| own != **path)
    };
    let Some(other) = loaded.iter().find(theirs) else {
        return Ok(());
    };
    Err(OtherLibtorch::Folder {
        library: other.file_name().unwrap_or_default().display().to_string(),
        found: folder_of(other).display().to_string(),
        expected: expected.display().to_string(),
    })
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

fn same(built: &str, path: &Path) -> Result<(), OtherLibtorch> {
    let Some(found) = path.parent().and_then(Path::parent).and_then(version_in) else {
        return Ok(());
    };
    if found == built {
        return Ok(());
    }
    Err(OtherLibtorch::Version { built: built.to_owned(), found, path: path.display().to_string() })
}

/// The libraries that this process has loaded, by the kernel's list of what is
/// mapped.
fn loaded(maps: &str) -> Vec<PathBuf> {
    let paths = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.contains(".so")).map(PathBuf::from).collect();
    found.sort();
    found.dedup();
    found
}

/// The version that a libtorch folder says it has, without what follows `+`: in
/// its header, or in the file that its Python package has.
fn version_in(folder: &Path) -> Option<String> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let in_header = read("include/torch/headeronly/version.h").and_then(|text| {
        let part = |name: &str| {
            let line = text.lines().find_map(|l| l.strip_prefix(&format!("#define {name} ")));
            line.map(|value| value.trim().to_owned())
        };
        let names = ["TORCH_VERSION_MAJOR", "TORCH_VERSION_MINOR", "TORCH_VERSION_PATCH"];
        Some(names.into_iter().map(part).collect::<Option<Vec<String>>>()?.join("."))
    });
    in_header.or_else(|| {
        let text = read("version.py")?;
        let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
        Some(line.trim_matches(['\'', '"']).split('+').next().unwrap_or_default().to_owned())
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_its_own_binary_and_the_libtorch_it_was_built_for() {
        let bytes = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(own_digest(), Some(Digest::of(&bytes)));
        // The library is mapped, and its version is known.
        crate::start::compute_on(jem_core::spec::Device::Cpu, 1).unwrap();
        let all = loaded(&fs::read_to_string("/proc/self/maps").unwrap());
        let path = all.iter().find(|path| path.ends_with("libtorch_cpu.so")).unwrap();
        assert_eq!(linked().as_deref(), path.parent());
        let folder = path.parent().unwrap().parent().unwrap();
        assert_eq!(version_in(folder).as_deref(), Some(crate::LIBTORCH));
        assert_eq!(same_libtorch(), Ok(()));
    }

    #[test]
    fn another_libtorch_is_refused_with_both_versions() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("torch/lib/libtorch_cpu.so");
        let maps =
            format!("7f00-7f01 r--p 0 08:01 42   {}\n7f02-7f03 r 0 0 0\n", library.display());
        assert_eq!(loaded(&maps), std::slice::from_ref(&library));
        // Nothing beside it tells.
        assert_eq!(same("2.11.0", &library), Ok(()));
        fs::create_dir_all(folder.path().join("torch")).unwrap();
        fs::write(folder.path().join("torch/version.py"), "__version__ = '2.9.1+cpu'\n").unwrap();
        assert_eq!(same("2.9.1", &library), Ok(()));
        let said = same("2.11.0", &library).unwrap_err().to_string();
        assert!(said.contains("2.11.0") && said.contains("libtorch 2.9.1"), "{said}");
    }

    #[test]
    fn a_part_of_libtorch_from_another_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (own, other) = (root.join("torch/lib"), root.join("made-up"));
        for (at, name) in [(&own, "libtorch_cpu.so"), (&own, "libc10.so"), (&other, "libc10.so")] {
            fs::create_dir_all(at).unwrap();
            fs::write(at.join(name), "the same bytes").unwrap();
        }
        let maps = |c10: &Path| {
            format!(
                "7f00-7f01 r--p 0 08:01 42   {}/libtorch_cpu.so\n7f02-7f03 r--p 0 08:01 43   \
                 {}/libc10.so\n7f04-7f05 r--p 0 08:01 44   /usr/lib/libm.so.6\n",
                own.display(),
                c10.display()
            )
        };
        assert_eq!(from_one_folder(&loaded(&maps(&own)), &own), Ok(()));
        let said = from_one_folder(&loaded(&maps(&other)), &own).unwrap_err().to_string();
        let needed = format!("libc10.so was loaded from {}", other.display());
        assert!(said.starts_with(&needed) && said.contains("LD_LIBRARY_PATH"), "{said}");
    }
}
