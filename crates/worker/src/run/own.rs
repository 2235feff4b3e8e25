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

/// Another libtorch was loaded than the one that the runs' ids name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this worker was built for libtorch {built}, but {path} is libtorch {found}: is it named by \
     LD_LIBRARY_PATH? Unset that, or build with that libtorch (LIBTORCH)"
)]
pub(super) struct OtherLibtorch {
    built: String,
    found: String,
    path: String,
}

/// Whether the libtorch that this process loaded is of the version it was built
/// for, as far as the files beside it tell.
///
/// # Errors
/// When it is not.
pub(super) fn same_libtorch() -> Result<(), OtherLibtorch> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    match loaded(&maps) {
        Some(path) => same(crate::LIBTORCH, &path),
        None => Ok(()),
    }
}

fn same(built: &str, path: &Path) -> Result<(), OtherLibtorch> {
    let Some(found) = path.parent().and_then(Path::parent).and_then(version_in) else {
        return Ok(());
    };
    if found == built {
        return Ok(());
    }
    Err(OtherLibtorch { built: built.to_owned(), found, path: path.display().to_string() })
}

/// Where libtorch was loaded from, by the kernel's list of what is mapped.
fn loaded(maps: &str) -> Option<PathBuf> {
    let paths = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    paths.map(PathBuf::from).find(|path| path.ends_with("libtorch_cpu.so"))
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
        let path = loaded(&fs::read_to_string("/proc/self/maps").unwrap()).unwrap();
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
        assert_eq!(loaded(&maps), Some(library.clone()));
        // Nothing beside it tells.
        assert_eq!(same("2.11.0", &library), Ok(()));
        fs::create_dir_all(folder.path().join("torch")).unwrap();
        fs::write(folder.path().join("torch/version.py"), "__version__ = '2.9.1+cpu'\n").unwrap();
        assert_eq!(same("2.9.1", &library), Ok(()));
        let said = same("2.11.0", &library).unwrap_err().to_string();
        assert!(said.contains("2.11.0") && said.contains("libtorch 2.9.1"), "{said}");
    }
}
