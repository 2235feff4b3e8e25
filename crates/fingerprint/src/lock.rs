//! Cargo.lock and manifests, as far as they say what a named crate is.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::tokens::update_text;

/// A locked package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub name: String,
    pub version: String,
    /// Where it comes from; none for a member of the workspace.
    pub source: Option<String>,
    pub checksum: Option<String>,
    /// `name`, or `name version` where several versions are locked.
    dependencies: Vec<String>,
}

/// The packages of a Cargo.lock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lock(Vec<Package>);

impl Lock {
    /// Reads what cargo writes: one `key = "value"` a line, lists broken over
    /// lines.
    pub fn parse(text: &str) -> Self {
        let value = |line: &str, key: &str| {
            let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
            Some(rest.trim().trim_matches('"').to_owned())
        };
        let read = |block: &str| {
            let mut package = Package::default();
            let mut listing = false;
            for line in block.lines().map(str::trim) {
                if listing && line.starts_with(']') {
                    listing = false;
                } else if listing {
                    package.dependencies.push(line.trim_matches(['"', ',']).to_owned());
                } else if line.starts_with("dependencies") {
                    listing = !line.ends_with(']');
                } else if let Some(name) = value(line, "name") {
                    package.name = name;
                } else if let Some(version) = value(line, "version") {
                    package.version = version;
                } else if let Some(source) = value(line, "source") {
                    package.source = Some(source);
                } else if let Some(checksum) = value(line, "checksum") {
                    package.checksum = Some(checksum);
                }
            }
            package
        };
        Self(text.split("[[package]]").skip(1).map(read).collect())
    }

    /// The package that the code of the workspace's package `of` calls `name`.
    pub fn dependency(&self, of: &str, name: &str) -> Option<&Package> {
        let of = self.0.iter().find(|package| package.name == of)?;
        self.dependencies(of).find(|package| package.name.replace('-', "_") == name)
    }

    /// The packages that `package` depends on and that bring native code along.
    /// windows-sys only declares what the system has.
    pub fn native<'a>(&'a self, package: &'a Package) -> impl Iterator<Item = &'a Package> {
        let native = |name: &str| name.ends_with("-sys") && name != "windows-sys";
        self.dependencies(package).filter(move |package| native(&package.name))
    }

    fn dependencies<'a>(&'a self, of: &'a Package) -> impl Iterator<Item = &'a Package> {
        of.dependencies.iter().filter_map(|dependency| {
            let mut words = dependency.split(' ');
            let (name, version) = (words.next()?, words.next());
            self.0.iter().find(|package| {
                package.name == name && version.is_none_or(|version| package.version == version)
            })
        })
    }
}

impl Package {
    /// `crate serde 1.0.0`
    pub fn part(&self) -> String {
        format!("crate {} {}", self.name, self.version)
    }

    /// The digest of what is locked and of the features asked for.
    pub fn digest(&self, features: &BTreeSet<String>) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let origin = self.checksum.as_ref().or(self.source.as_ref());
        let origin = origin.map(String::as_str).unwrap_or_default();
        let features = features.iter().map(String::as_str);
        for text in [&self.name, &self.version, origin].into_iter().chain(features) {
            update_text(text, &mut hasher);
        }
        hasher.finalize().into()
    }
}

/// The features of `package` that the manifest `text` asks for; also
/// `default-features = false` where it says so. Tests and build scripts do not
/// count.
pub(crate) fn features(text: &str, package: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut section = String::new();
    let mut lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').replace('"', "");
            continue;
        }
        let mut value = line.to_owned();
        let open = |text: &str| text.matches(['[', '{']).count() > text.matches([']', '}']).count();
        while open(&value) {
            let Some(more) = lines.next() else { break };
            value.push_str(more);
        }
        if section.contains("dev-") || section.contains("build-") {
            continue;
        }
        let key = value.split('=').next().unwrap_or_default().trim().replace('"', "");
        let own_table = section.ends_with(&format!("dependencies.{package}"));
        let listed = section.ends_with("dependencies")
            && (key == package || key.starts_with(&format!("{package}.")));
        if own_table || listed {
            words(&value, &mut found);
        }
    }
    found
}

/// The features that one dependency's declaration asks for.
fn words(declaration: &str, found: &mut BTreeSet<String>) {
    let plain = match declaration.split_once("default-features") {
        Some((before, after)) => {
            let set = after.trim_start().trim_start_matches('=').trim_start();
            if set.starts_with("false") {
                found.insert("default-features = false".to_owned());
            }
            format!("{before}{after}")
        }
        None => declaration.to_owned(),
    };
    let list = plain.split_once("features").and_then(|(_, rest)| {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start().strip_prefix('[')?;
        rest.split(']').next()
    });
    for word in list.unwrap_or_default().split(',') {
        let word = word.trim().trim_matches('"');
        if !word.is_empty() {
            found.insert(word.to_owned());
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "jem-worker"
version = "0.1.0"
dependencies = [
 "safetensors 0.8.0",
 "tch",
]
[[package]]
name = "safetensors"
version = "0.3.3"
source = "registry"
checksum = "aa"
[[package]]
name = "safetensors"
version = "0.8.0"
source = "registry"
checksum = "bb"
[[package]]
name = "tch"
version = "0.24.0"
source = "registry"
dependencies = [
 "safetensors 0.3.3",
 "torch-sys",
]
[[package]]
name = "torch-sys"
version = "0.24.0"
"#;

    #[test]
    fn the_version_is_the_one_that_the_package_depends_on() {
        let lock = Lock::parse(LOCK);
        assert_eq!(lock.dependency("jem-worker", "safetensors").unwrap().version, "0.8.0");
        let tch = lock.dependency("jem-worker", "tch").unwrap();
        let native: Vec<String> = lock.native(tch).map(Package::part).collect();
        assert_eq!(native, ["crate torch-sys 0.24.0"]);
        assert_eq!(lock.dependency("jem-worker", "torch_sys"), None);
    }

    #[test]
    fn features_are_read_in_every_way_that_manifests_write_them() {
        let manifest = r#"
[workspace.dependencies]
one = { version = "1", features = ["a"] } # kept
two = { version = "1", default-features = false, features = [
    "b",
    "c",
] }
three.features = ["d"]
four = "1"
[dependencies.five]
version = "1"
features = ["e"]
[dev-dependencies]
four = { version = "1", features = ["f"] }
"#;
        let of = |name: &str| features(manifest, name).into_iter().collect::<Vec<_>>();
        assert_eq!(of("one"), ["a"]);
        assert_eq!(of("two"), ["b", "c", "default-features = false"]);
        assert_eq!(of("three"), ["d"]);
        assert_eq!(of("five"), ["e"]);
        assert!(of("four").is_empty());
    }
}
