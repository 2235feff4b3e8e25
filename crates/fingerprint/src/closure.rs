//! Everything that numbers pass through, from the roots on.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::lock::{Package, features};
use crate::member::MEMBERS;
use crate::mention::{Impl, Include, Mentions, NamedPath};
use crate::resolve::{Meaning, Trail};
use crate::sources::{Sources, folder_of, join};
use crate::tokens::update_text;
use crate::toml::without_layout;
use crate::workspace::{ModuleId, Workspace};

/// Parts of the code, by path or name, with their digests.
pub type Parts = BTreeMap<String, [u8; 32]>;

/// The parts that the code in `roots` rests on, `roots` among them. A root is
/// a module's file; the modules below it belong to it.
///
/// # Errors
/// When a file is missing or unreadable, or a path leads nowhere.
pub fn closure(sources: &dyn Sources, roots: &[&str]) -> Result<Parts, Error> {
    let workspace = Workspace::load(sources, &MEMBERS)?;
    parts(&workspace, sources, roots)
}

/// As [`closure`], of a workspace already read.
pub(crate) fn parts(
    workspace: &Workspace,
    sources: &dyn Sources,
    roots: &[&str],
) -> Result<Parts, Error> {
    let mut walk = Walk {
        workspace,
        sources,
        whole: BTreeSet::new(),
        waiting: Vec::new(),
        words: BTreeSet::new(),
        passed: BTreeMap::new(),
        packages: BTreeSet::new(),
        included: BTreeMap::new(),
        expanded: BTreeSet::new(),
        opened: BTreeSet::new(),
    };
    for root in roots {
        walk.root(root)?;
    }
    while let Some(file) = walk.next() {
        walk.follow(&file)?;
    }
    Ok(walk.parts())
}

struct Walk<'a> {
    workspace: &'a Workspace,
    sources: &'a dyn Sources,
    /// Files that count with all their code.
    whole: BTreeSet<String>,
    waiting: Vec<String>,
    /// Every word in the code of those files.
    words: BTreeSet<&'a str>,
    /// Declarations followed in other files.
    passed: BTreeMap<String, BTreeSet<String>>,
    packages: BTreeSet<Package>,
    included: BTreeMap<String, [u8; 32]>,
    /// Macros whose bodies were read in the place of a call.
    expanded: BTreeSet<(ModuleId, String)>,
    /// Modules of which everything is named.
    opened: BTreeSet<ModuleId>,
}

impl<'a> Walk<'a> {
    fn root(&mut self, path: &str) -> Result<(), Error> {
        let modules = &self.workspace.modules;
        let Some(root) = modules.iter().find(|(_, module)| module.file == path) else {
            let wanted_by = "the list of roots in crates/fingerprint/src/code.rs".to_owned();
            return Err(Error::Missing { path: path.to_owned(), wanted_by });
        };
        let below = modules.iter().filter(|(id, _)| id.starts_with(root.0));
        let files: Vec<&str> = below.map(|(_, module)| module.file.as_str()).collect();
        files.into_iter().for_each(|file| self.add(file));
        Ok(())
    }

    fn add(&mut self, file: &str) {
        if self.whole.insert(file.to_owned()) {
            self.waiting.push(file.to_owned());
        }
    }

    /// The next file to read; when there is none, those that implement
    /// something for what is there.
    fn next(&mut self) -> Option<String> {
        if self.waiting.is_empty() {
            let outside = self.workspace.files.keys().filter(|file| !self.whole.contains(*file));
            let more: Vec<String> = outside.filter(|file| self.implements(file)).cloned().collect();
            more.iter().for_each(|file| self.add(file));
        }
        self.waiting.pop()
    }

    /// Follows everything that `file` names.
    fn follow(&mut self, file: &str) -> Result<(), Error> {
        let workspace = self.workspace;
        let Some(read) = workspace.files.get(file) else { return Ok(()) };
        for (module, mentions) in &read.modules {
            self.words.extend(mentions.words.iter().map(String::as_str));
            self.mentions(file, module, mentions)?;
            for include in &mentions.includes {
                self.include(file, include)?;
            }
        }
        Ok(())
    }

    fn mentions(
        &mut self,
        file: &str,
        module: &ModuleId,
        mentions: &'a Mentions,
    ) -> Result<(), Error> {
        for import in &mentions.uses {
            self.reach(file, module, &import.path, true)?;
        }
        for path in &mentions.paths {
            self.reach(file, module, path, false)?;
        }
        for name in &mentions.macros {
            self.expand(module, name)?;
        }
        Ok(())
    }

    fn reach(
        &mut self,
        file: &str,
        module: &ModuleId,
        path: &NamedPath,
        import: bool,
    ) -> Result<(), Error> {
        let mut trail = Trail::default();
        let meanings = self.workspace.meanings(module, path, import, &mut trail);
        if meanings.is_empty() && path.strict {
            let name = path.segments.join("::");
            return Err(Error::Unresolved { path: file.to_owned(), name });
        }
        for (file, declarations) in trail.passed {
            self.passed.entry(file).or_default().extend(declarations);
        }
        for meaning in meanings {
            match meaning {
                Meaning::Item(file) => self.add(&file),
                Meaning::Crate { of, name } => self.package(file, &of, &name)?,
                Meaning::Module(id) if path.all => self.open(file, &id)?,
                Meaning::Module(_) | Meaning::Standard => {}
            }
        }
        Ok(())
    }

    /// Everything in the module `id` is named.
    fn open(&mut self, file: &str, id: &ModuleId) -> Result<(), Error> {
        let Some(module) = self.workspace.modules.get(id) else { return Ok(()) };
        if !self.opened.insert(id.clone()) {
            return Ok(());
        }
        if !module.items.is_empty() || module.made_by_macros {
            self.add(&module.file);
        }
        for import in &module.uses {
            self.passed.entry(module.file.clone()).or_default().insert(import.declaration());
            self.reach(file, id, &import.path, true)?;
        }
        Ok(())
    }

    /// The body of a macro is code where it is called.
    fn expand(&mut self, module: &ModuleId, name: &str) -> Result<(), Error> {
        if !self.expanded.insert((module.clone(), name.to_owned())) {
            return Ok(());
        }
        let workspace = self.workspace;
        for (file, read) in &workspace.files {
            if let Some(body) = read.macros.get(name) {
                self.add(file);
                self.words.extend(body.mentions.words.iter().map(String::as_str));
                self.mentions(file, module, &body.mentions)?;
            }
        }
        Ok(())
    }

    fn package(&mut self, file: &str, of: &str, name: &str) -> Result<(), Error> {
        let lock = &self.workspace.lock;
        let Some(package) = lock.dependency(of, name) else { return Ok(()) };
        if package.source.is_none() {
            return Err(Error::UnknownMember { path: file.to_owned(), name: name.to_owned() });
        }
        self.packages.insert(package.clone());
        self.packages.extend(lock.native(package).cloned());
        Ok(())
    }

    fn include(&mut self, file: &str, include: &Include) -> Result<(), Error> {
        let outside = || Error::Include { path: file.to_owned() };
        let relative = include.path.as_deref().filter(|_| !include.code).ok_or_else(outside)?;
        let path = join(folder_of(file), relative).ok_or_else(outside)?;
        let missing = || Error::Missing { path: path.clone(), wanted_by: file.to_owned() };
        let bytes = self.sources.read(&path).ok_or_else(missing)?;
        let digest = match std::str::from_utf8(&bytes) {
            Ok(text) if path.ends_with(".toml") => Sha256::digest(without_layout(text)),
            _ => Sha256::digest(&bytes),
        };
        self.included.insert(path, digest.into());
        Ok(())
    }

    /// Whether the code that counts can come to run something in `file`
    /// without naming it: an implementation for its types, or of its traits.
    fn implements(&self, file: &str) -> bool {
        let read = &self.workspace.files[file];
        let blocks = read.modules.iter().any(|(module, mentions)| {
            mentions.impls.iter().any(|block| self.counts(module, block))
        });
        blocks || read.calls.iter().any(|(module, name, call)| self.call_counts(module, name, call))
    }

    fn counts(&self, module: &ModuleId, block: &Impl) -> bool {
        if let Some(of_trait) = &block.of_trait
            && self.items(module, of_trait).iter().any(|file| self.whole.contains(file))
        {
            return true;
        }
        // A value of a type that the code does not name never gets there.
        let header = self.items(module, &block.header);
        if header.is_empty() || !header.is_subset(&self.whole) {
            return false;
        }
        let called =
            |names: &BTreeSet<String>| names.iter().any(|name| self.words.contains(name.as_str()));
        block.of_trait.is_some() || block.names.as_ref().is_none_or(called)
    }

    /// Whether a macro called between items may implement something for the
    /// types, or of the traits, that count.
    fn call_counts(&self, module: &ModuleId, name: &str, call: &Mentions) -> bool {
        let mut bodies =
            self.workspace.files.values().filter_map(|f| f.macros.get(name)).peekable();
        let unknown = bodies.peek().is_none();
        let (mut of_arguments, mut headers) = (unknown, false);
        for body in bodies {
            let calls_more = body.mentions.macros.iter().any(|called| {
                called != name
                    && self.workspace.files.values().any(|f| f.macros.contains_key(called))
            });
            of_arguments |= body.for_arguments || calls_more;
            headers |= !self.items(module, &body.headers).is_disjoint(&self.whole);
        }
        headers || of_arguments && !self.items(module, &call.paths).is_disjoint(&self.whole)
    }

    /// The files of the items that `paths` lead to.
    fn items(&self, module: &ModuleId, paths: &BTreeSet<NamedPath>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for path in paths {
            let mut trail = Trail::default();
            trail.through_aliases = true;
            for meaning in self.workspace.meanings(module, path, false, &mut trail) {
                if let Meaning::Item(file) = meaning {
                    found.insert(file);
                }
            }
        }
        found
    }

    fn parts(self) -> Parts {
        let mut parts = Parts::new();
        for (file, declarations) in self.passed {
            if self.whole.contains(&file) {
                continue;
            }
            let mut hasher = Sha256::new();
            declarations.iter().for_each(|declaration| update_text(declaration, &mut hasher));
            parts.insert(format!("{file} (declarations)"), hasher.finalize().into());
        }
        for file in self.whole {
            let digest = self.workspace.files[&file].digest;
            parts.insert(file, digest);
        }
        parts.extend(self.included);
        for package in self.packages {
            let asked = self.workspace.manifests.iter();
            let features = asked.flat_map(|text| features(text, &package.name)).collect();
            parts.insert(package.part(), package.digest(&features));
        }
        parts
    }
}
