//! Two things the worker must know of itself: where libtorch is, and what
//! code can change its numbers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use jem_fingerprint::{Code, Folder, MEMBERS, hex};

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let version = link_libtorch();
    let code = match Code::of(&Folder::new(&root), &version) {
        Ok(code) => code,
        // As cargo shows the compiler's errors, without this script's own.
        Err(error) => return println!("cargo::error={error}"),
    };
    watch(&root, &code);
    let (training, evaluation) = (hex(&code.training.digest), hex(&code.evaluation.digest));
    let digests = format!(r#"{{"training":"{training}","evaluation":"{evaluation}"}}"#);
    println!("cargo:rustc-env=JEM_FINGERPRINTS={digests}");
    println!("cargo:rustc-env=JEM_LIBTORCH={version}");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let json = code.to_json();
    write_whole(&out.join("fingerprint.json"), &json);
    // The front reads it beside the binary: target/<profile>/build/<package>/out
    // is `out`. The worker's first event repeats the fingerprints compiled in,
    // so a stale file is noticed.
    if let Some(folder) = out.ancestors().nth(3) {
        write_whole(&folder.join("jem-worker.fingerprint.json"), &json);
    }
}

/// Makes the binary and the tests find libtorch without LD_LIBRARY_PATH, and
/// says its version. Without libtorch (feature `doc-only`) there is none.
fn link_libtorch() -> String {
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return "none".to_owned();
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    // Where the worker expects what it has loaded to come from.
    println!("cargo:rustc-env=JEM_LIBTORCH_FOLDER={lib}");
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib/torch/lib");
    let header = Path::new(&lib).join("../include/torch/headeronly/version.h");
    println!("cargo:rerun-if-changed={}", header.display());
    let text = fs::read_to_string(&header).unwrap_or_default();
    let part = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(&format!("#define {name} ")));
        line.unwrap_or("?").trim().to_owned()
    };
    let parts = ["TORCH_VERSION_MAJOR", "TORCH_VERSION_MINOR", "TORCH_VERSION_PATCH"].map(part);
    parts.join(".")
}

/// Has cargo run this again when a part changes, or when another file might
/// become one: a new module or implementation anywhere in the crates.
fn watch(root: &Path, code: &Code) {
    let folders = MEMBERS.iter().map(|member| member.folder.to_owned());
    let manifests = MEMBERS.iter().filter_map(|member| {
        let parent = Path::new(member.folder).parent()?;
        Some(parent.join("Cargo.toml").display().to_string())
    });
    let above = ["Cargo.lock", "Cargo.toml"].map(str::to_owned);
    let parts = code.training.parts.keys().chain(code.evaluation.parts.keys()).cloned();
    for path in folders.chain(manifests).chain(above).chain(parts) {
        let path = root.join(path);
        // Crates are parts too, and have no path.
        if path.exists() {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
}

/// Writes `text` to `path`, so that a reader sees the old text or the new. A
/// file that holds it already keeps its time: the front compares that with the
/// binary's.
fn write_whole(path: &Path, text: &str) {
    if fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
        return;
    }
    let new = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
