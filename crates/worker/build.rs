//! Two things the worker must know of itself: where libtorch is, and what
//! code can change its numbers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};
use sha2::{Digest, Sha256};

/// What both training and evaluation pass through, from the workspace's root:
/// files and folders.
const SHARED: [&str; 9] = [
    "crates/core/src/arrays.rs",
    "crates/core/src/dataset",
    "crates/core/src/digest.rs",
    "crates/core/src/random",
    "crates/core/src/results.rs",
    "crates/core/src/spec/resolved.rs",
    "crates/worker/src/data",
    "crates/worker/src/jem",
    "crates/worker/src/start.rs",
];
/// What training passes through beside that.
const TRAINING: [&str; 2] = ["crates/worker/src/eval/outputs.rs", "crates/worker/src/training"];
/// What evaluation passes through beside that.
const EVALUATION: [&str; 2] = ["crates/worker/src/eval", "crates/worker/src/evaluation"];
/// The locked crates that tensors are computed by.
const CRATES: [&str; 2] = ["tch", "torch-sys"];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let version = link_libtorch();
    let locked = locked(&root.join("Cargo.lock"));
    let digest = |paths: &[&str]| {
        let mut hasher = Sha256::new();
        hasher.update(format!("jem fingerprint v1\nlibtorch {version}\n{locked}"));
        for path in SHARED.iter().chain(paths) {
            println!("cargo:rerun-if-changed={}", root.join(path).display());
            hash_sources(&root, Path::new(path), &mut hasher);
        }
        let bytes: [u8; 32] = hasher.finalize().into();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let json =
        format!(r#"{{"training":"{}","evaluation":"{}"}}"#, digest(&TRAINING), digest(&EVALUATION));
    println!("cargo:rerun-if-changed={}", root.join("Cargo.lock").display());
    println!("cargo:rustc-env=JEM_FINGERPRINTS={json}");
    println!("cargo:rustc-env=JEM_LIBTORCH={version}");
    write_beside_the_binary(&json);
}

/// Makes the binary and the tests find libtorch without LD_LIBRARY_PATH, and
/// says its version. Without libtorch (feature `doc-only`) there is none.
fn link_libtorch() -> String {
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return "none".to_owned();
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
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

/// Name, version and checksum of the crates that tensors are computed by.
fn locked(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a workspace has a Cargo.lock");
    let named = |package: &&str| {
        let name = package.lines().find_map(|line| line.strip_prefix("name = "));
        name.is_some_and(|name| CRATES.contains(&name.trim_matches('"')))
    };
    let packages: Vec<&str> = text.split("[[package]]").filter(named).map(str::trim).collect();
    packages.join("\n")
}

/// Hashes the tokens of every Rust file under `path`, in the order of names.
fn hash_sources(root: &Path, path: &Path, hasher: &mut Sha256) {
    let full = root.join(path);
    if full.is_dir() {
        let entries = fs::read_dir(&full).expect("a folder that was just seen can be listed");
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            hash_sources(root, &path.join(name), hasher);
        }
    } else if full.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(&full).unwrap_or_else(|e| {
            panic!("{}: {e}: is the list of modules in build.rs stale?", full.display())
        });
        let tokens =
            TokenStream::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", full.display()));
        hasher.update(format!("\n{}\n", path.display()));
        hash_tokens(tokens, hasher);
    } else {
        assert!(full.exists(), "{} is gone: mend the list of modules in build.rs", full.display());
    }
}

/// Hashes tokens without doc comments and without items under `#[cfg(test)]`.
/// Comments are no tokens.
fn hash_tokens(tokens: TokenStream, hasher: &mut Sha256) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if let TokenTree::Punct(punct) = &token
            && punct.as_char() == '#'
        {
            if let Some(TokenTree::Punct(bang)) = tokens.peek()
                && bang.as_char() == '!'
            {
                tokens.next();
            }
            let Some(TokenTree::Group(group)) = tokens.next() else { continue };
            let attribute = group.stream().to_string().replace(' ', "");
            if attribute == "cfg(test)" {
                // The item ends with its braces, or with a semicolon.
                for rest in tokens.by_ref() {
                    match rest {
                        TokenTree::Group(g) if g.delimiter() == proc_macro2::Delimiter::Brace => {
                            break;
                        }
                        TokenTree::Punct(p) if p.as_char() == ';' => break,
                        _ => {}
                    }
                }
            } else if !attribute.starts_with("doc") {
                hasher.update(format!("#[{attribute}]\n"));
            }
            continue;
        }
        match token {
            TokenTree::Group(group) => {
                hasher.update(format!("{:?}(\n", group.delimiter()));
                hash_tokens(group.stream(), hasher);
                hasher.update(")\n");
            }
            other => hasher.update(format!("{other}\n")),
        }
    }
}

/// Writes the fingerprints beside the binary, where the front reads them. The
/// worker's first event repeats those compiled in, so a stale file is noticed.
fn write_beside_the_binary(json: &str) {
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    // target/<profile>/build/<package>/out
    if let Some(folder) = out.ancestors().nth(3) {
        let path = folder.join("jem-worker.fingerprint.json");
        fs::write(&path, json).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}
