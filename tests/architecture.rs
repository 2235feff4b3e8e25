//! Who may know whom, held by reading the sources: the import table, the one
//! home of each heavy crate, and the size of files.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of each crate, in the order in which one may use those before it.
const TABLES: [(&str, &[&str]); 4] = [
    (
        "crates/fingerprint/src",
        &[
            "error",
            "sources",
            "tokens",
            "toml",
            "lock",
            "mention",
            "expansion",
            "named",
            "member",
            "workspace",
            "resolve",
            "closure",
            "code",
        ],
    ),
    (
        "crates/core/src",
        &[
            "diagnostic",
            "digest",
            "id",
            "durable",
            "random",
            "arrays",
            "interval",
            "metric",
            "dataset",
            "spec",
            "provenance",
            "plan",
            "results",
            "event",
            "store",
        ],
    ),
    ("crates/worker/src", &["data", "jem", "eval", "training", "evaluation", "start", "run"]),
    (
        "src",
        &[
            "significance",
            "schedule",
            "query",
            "verify",
            "table",
            "compare",
            "chart",
            "report",
            "terminal",
            "progress",
            "cli",
        ],
    ),
];

/// Crates and the only places that may name them.
const HOMES: [(&str, &[&str]); 18] = [
    ("sha2", &["crates/core/src/digest.rs", "crates/fingerprint/src/"]),
    ("syn", &["crates/fingerprint/src/"]),
    ("toml", &["crates/core/src/spec/", "crates/core/src/dataset/catalogue.rs"]),
    ("git2", &["crates/core/src/provenance/"]),
    ("safetensors", &["crates/core/src/arrays.rs"]),
    ("ureq", &["crates/core/src/dataset/"]),
    ("tar", &["crates/core/src/dataset/"]),
    ("zip", &["crates/core/src/dataset/"]),
    ("flate2", &["crates/core/src/dataset/"]),
    ("zune_jpeg", &["crates/core/src/dataset/"]),
    ("tch", &["crates/worker/"]),
    ("polars", &["src/table/"]),
    ("statrs", &["src/significance/"]),
    ("plotters", &["src/chart/"]),
    ("minijinja", &["src/report/"]),
    ("indicatif", &["src/progress/", "src/cli/data.rs"]),
    ("clap", &["src/cli/"]),
    ("signal_hook", &["src/cli/"]),
];

/// No file is longer, tests included; most are much shorter.
const LONGEST: usize = 480;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, as a path from the root with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap_or_default()));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found.sort();
    found
}

/// The lines that are code: no comment lines.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

/// Whether `line` names `path` (such as `tch::`) as a word of its own.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn a_module_uses_only_modules_before_it() {
    let mut wrong = Vec::new();
    for (folder, table) in TABLES {
        for (file, text) in sources(folder) {
            let inside = file.strip_prefix(folder).unwrap_or(&file).trim_start_matches('/');
            let module = inside.split(['/', '.']).next().unwrap_or_default();
            let Some(place) = table.iter().position(|known| *known == module) else {
                assert!(
                    ["lib", "main"].contains(&module),
                    "{file}: module `{module}` is missing in the table of {folder}"
                );
                continue;
            };
            for later in &table[place + 1..] {
                let path = format!("crate::{later}");
                if code(&text).any(|line| names(line, &path)) {
                    wrong.push(format!("{file} uses {path}, which stands below it"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn chart_and_report_never_see_the_store() {
    for folder in ["src/chart", "src/report"] {
        for (file, text) in sources(folder) {
            let sees = code(&text).any(|line| names(line, "jem_core::store"));
            assert!(!sees, "{file} sees the store; it is given what it needs by table/");
        }
    }
}

#[test]
fn each_heavy_crate_has_one_home() {
    let mut wrong = Vec::new();
    let folders = ["src", "crates/core/src", "crates/fingerprint/src", "crates/worker/src"];
    let files: Vec<_> = folders.into_iter().flat_map(sources).collect();
    for (name, homes) in HOMES {
        let path = format!("{name}::");
        for (file, text) in &files {
            let at_home = homes.iter().any(|home| file.starts_with(home));
            // Unit tests may write and read what the code itself must not.
            let used = text.split("#[cfg(test)]").next().unwrap_or_default();
            if !at_home && code(used).any(|line| names(line, &path)) {
                wrong.push(format!("{file} names {name}; its home is {}", homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What changes a file system, of `std::fs` and `tempfile`.
const CHANGES: [&str; 19] = [
    "File::create",
    "File::options",
    "OpenOptions",
    "DirBuilder",
    "fs::write",
    "fs::create_dir",
    "fs::remove_",
    "fs::rename",
    "fs::hard_link",
    "fs::soft_link",
    "fs::copy",
    "fs::set_permissions",
    "fs::set_times",
    "fs::symlink(",
    "set_len",
    "set_modified",
    "sync_all",
    "sync_data",
    "tempfile::",
];

/// What may be imported from `std::fs` by itself.
const READS: [&str; 5] = ["self", "File", "Metadata", "FileType", "DirEntry"];

#[test]
fn the_store_changes_files_through_durable_alone() {
    // What goes another way is missing in the trace that the crash tests play.
    let mut wrong = Vec::new();
    let ours = sources("crates/core/src/store").into_iter();
    // Made for tests alone, and named as such where they are declared.
    let tested = |file: &str| file.ends_with("/tests.rs") || file.ends_with("/sample.rs");
    for (file, text) in ours.filter(|(file, _)| !tested(file)) {
        let used = text.split("#[cfg(test)]").next().unwrap_or_default();
        for change in CHANGES {
            if code(used).any(|line| line.contains(change)) {
                wrong.push(format!("{file} names {change}; use crate::durable instead"));
            }
        }
        for line in code(used).filter(|line| line.starts_with("use std::fs::")) {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let mut words = words.filter(|word| !word.is_empty()).skip(3);
            if words.any(|word| !READS.contains(&word)) {
                wrong.push(format!("{file} imports more than what reads: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What writes to standard output or standard error.
const PRINTS: [&str; 5] = ["println!(", "print!(", "dbg!(", "io::stdout", "io::stderr"];

/// The only places that may, and what they write.
const PRINTERS: [(&str, &str); 5] = [
    ("src/terminal/", "all that the front says"),
    ("crates/worker/src/run/note.rs", "words for the attempt's log"),
    ("crates/worker/src/run/serve.rs", "events"),
    ("crates/worker/src/main.rs", "what the worker was built from"),
    ("crates/worker/src/start.rs", "that CUDA cannot be loaded, before anything runs"),
];

#[test]
fn one_place_writes_to_the_terminal() {
    // A macro that prints panics where the terminal is closed or full, and
    // what is not cleaned obeys the words of a spec.
    let mut wrong = Vec::new();
    let folders = ["src", "crates/core/src", "crates/fingerprint/src", "crates/worker/src"];
    let tests = ["tests.rs", "test.rs", "null_sweep.rs"];
    for (file, text) in folders.into_iter().flat_map(sources) {
        let printer = PRINTERS.iter().any(|(place, _)| file.starts_with(place));
        if printer || tests.iter().any(|end| file.ends_with(end)) {
            continue;
        }
        let used = text.split("#[cfg(test)]\n").next().unwrap_or_default();
        for word in PRINTS.iter().filter(|word| code(used).any(|line| line.contains(*word))) {
            wrong.push(format!("{file} uses {word}; use crate::terminal instead"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What opens a file, of `std::fs`.
const OPENS: [&str; 5] =
    ["File::open", "File::options", "OpenOptions", "fs::read(", "fs::read_to_string"];

#[test]
fn files_are_opened_through_durable_alone() {
    // Opened in another way, a named pipe in a file's place is waited for
    // without end. Data sets open their files as regular ones by themselves;
    // `worker.log` is only ever appended to.
    let elsewhere = [
        "crates/core/src/durable/",
        "crates/core/src/dataset/",
        "src/schedule/live.rs",
        "src/schedule/place.rs",
    ];
    let mut wrong = Vec::new();
    for (file, text) in ["src", "crates/core/src"].into_iter().flat_map(sources) {
        let tests = ["/tests.rs", "_tests.rs", "/sample.rs", "fixture.rs"];
        let excepted = elsewhere.iter().any(|folder| file.starts_with(folder));
        if excepted || tests.iter().any(|ending| file.ends_with(ending)) {
            continue;
        }
        let used = text.split("mod tests {").next().unwrap_or_default();
        for opens in OPENS {
            if code(used).any(|line| line.contains(opens)) {
                wrong.push(format!("{file} names {opens}; use jem_core::durable instead"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_small_and_mod_files_hold_no_code() {
    let mut wrong = Vec::new();
    for (file, text) in ["src", "crates"].into_iter().flat_map(sources) {
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{file} has {lines} lines; {LONGEST} are the most"));
        }
        let holds_functions = code(&text).any(|line| {
            line.starts_with("fn ") || line.starts_with("pub fn ") || line.starts_with("impl ")
        });
        let allowed =
            ["src/cli/mod.rs", "src/progress/mod.rs", "crates/core/src/provenance/mod.rs"];
        if Path::new(&file).ends_with("mod.rs") && holds_functions && !allowed.contains(&&*file) {
            wrong.push(format!("{file} holds code; mod.rs files hold doc, `mod` and `pub use`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    // Spelled in parts, so that this file does not name them either.
    let hosts = [["py", "pi.org"], ["npm", "js.org"], ["crates", ".io/"], ["deb.", "debian.org"]];
    let folders = ["src", "crates", "tests", "scripts", "experiments", ".ci", ".cargo"];
    let mut wrong = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    for file in ["justfile", "justw", "Cargo.toml", "README.md"] {
        waiting.push(root().join(file));
    }
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|e| e.path()));
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        for parts in hosts {
            if text.contains(&parts.concat()) {
                wrong.push(format!("{} names {}", path.display(), parts.concat()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The fuzz targets are built by nobody else's command, so nothing but this
/// notices a lock that cargo refuses or one that lacks what `jem-core` needs.
#[test]
fn the_fuzz_targets_lock_can_be_used() {
    let text =
        |file: &str| fs::read_to_string(root().join(file)).expect("a file of the repository");
    let lock = text("fuzz/Cargo.lock");
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let named = |package: &&str| package.lines().take(2).collect::<Vec<_>>().join(" ");
    let mut names: Vec<String> = packages.iter().map(named).collect();
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "fuzz/Cargo.lock has packages twice: {twice:?}");

    let core = packages
        .iter()
        .find(|package| package.starts_with("name = \"jem-core\""))
        .expect("the targets need jem-core");
    let manifest = text("crates/core/Cargo.toml");
    let needed = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty()));
    for name in needed.filter(|name| !name.starts_with('#')) {
        let there = core.lines().any(|line| line.trim_start().starts_with(&format!("\"{name}")));
        assert!(there, "fuzz/Cargo.lock lacks `{name}`: cd fuzz && cargo metadata > /dev/null");
    }
}
