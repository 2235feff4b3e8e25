//! Where a path leads.

use std::collections::{BTreeMap, BTreeSet};

use crate::mention::NamedPath;
use crate::workspace::{ModuleId, Workspace};

/// What a path, or its beginning, names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// A module of the workspace.
    Module(ModuleId),
    /// An item in this file.
    Item(String),
    /// A locked crate, as the code of a crate of the workspace names it.
    Crate {
        /// The package that names it.
        of: String,
        /// The name in code.
        name: String,
    },
    /// The standard library.
    Standard,
}

/// What was passed on the way of one path.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    busy: BTreeSet<(ModuleId, String)>,
    /// Declarations (`mod`, `use`) that were followed, by file.
    pub passed: BTreeMap<String, BTreeSet<String>>,
    /// Take a name for another type as that type.
    pub through_aliases: bool,
}

impl Workspace {
    /// All that `path`, written in the module `at`, can name: one name can be
    /// a module, a type and a function at once, and all are followed.
    pub fn meanings(
        &self,
        at: &ModuleId,
        path: &NamedPath,
        import: bool,
        trail: &mut Trail,
    ) -> BTreeSet<Meaning> {
        let Some((first, rest)) = path.segments.split_first() else { return BTreeSet::new() };
        let mut now = match first.as_str() {
            _ if path.global => self.crate_named(at, first),
            "crate" => BTreeSet::from([Meaning::Module(vec![at[0].clone()])]),
            "self" => BTreeSet::from([Meaning::Module(at.clone())]),
            "super" => BTreeSet::from([Meaning::Module(parent(at))]),
            "Self" => BTreeSet::new(),
            name => {
                let mut found = self.lookup(at, name, trail);
                // A word alone is a variable rather than a crate.
                if import || path.all || !rest.is_empty() {
                    found.extend(self.crate_named(at, name));
                }
                found
            }
        };
        for name in rest {
            now = now.into_iter().flat_map(|meaning| self.inside(meaning, name, trail)).collect();
        }
        now
    }

    fn inside(&self, meaning: Meaning, name: &str, trail: &mut Trail) -> BTreeSet<Meaning> {
        let Meaning::Module(module) = meaning else { return BTreeSet::from([meaning]) };
        match name {
            "self" => BTreeSet::from([Meaning::Module(module)]),
            "super" => BTreeSet::from([Meaning::Module(parent(&module))]),
            name => {
                let mut found = self.lookup(&module, name, trail);
                let hidden = self.modules.get(&module).filter(|module| module.made_by_macros);
                if let Some(module) = hidden.filter(|_| found.is_empty()) {
                    found.insert(Meaning::Item(module.file.clone()));
                }
                found
            }
        }
    }

    /// What `name` is in `module`: declared there, or brought in.
    fn lookup(&self, module: &ModuleId, name: &str, trail: &mut Trail) -> BTreeSet<Meaning> {
        let mut found = BTreeSet::new();
        let Some(place) = self.modules.get(module) else { return found };
        let pass = |trail: &mut Trail, declaration: String| {
            trail.passed.entry(place.file.clone()).or_default().insert(declaration);
        };
        for child in place.children.get(name).into_iter().flatten() {
            pass(trail, child.declaration.clone());
            found.insert(Meaning::Module(child.id.clone()));
        }
        // `use a::a` asks for `a` again on its own way: then what is declared
        // here is meant.
        let key = (module.clone(), name.to_owned());
        let first = trail.busy.insert(key.clone());
        let alias = place.aliases.get(name).filter(|_| first && trail.through_aliases).cloned();
        if let Some(segments) = alias {
            let path = NamedPath { segments, global: false, strict: false, all: false };
            found.extend(self.meanings(module, &path, false, trail));
        } else if place.items.contains(name) {
            found.insert(Meaning::Item(place.file.clone()));
        }
        if !first {
            return found;
        }
        for import in &place.uses {
            match &import.name {
                Some(own) if own == name => {
                    pass(trail, import.declaration());
                    found.extend(self.meanings(module, &import.path, true, trail));
                }
                None => {
                    let mut through = BTreeSet::new();
                    for meaning in self.meanings(module, &import.path, true, trail) {
                        if let Meaning::Module(from) = meaning {
                            through.extend(self.lookup(&from, name, trail));
                        }
                    }
                    if !through.is_empty() {
                        pass(trail, import.declaration());
                    }
                    found.extend(through);
                }
                Some(_) => {}
            }
        }
        trail.busy.remove(&key);
        found
    }

    /// The crate that code in the module `at` calls `name`.
    fn crate_named(&self, at: &ModuleId, name: &str) -> BTreeSet<Meaning> {
        let mut found = BTreeSet::new();
        let of = at[0].replace('_', "-");
        if ["std", "core", "alloc", "proc_macro"].contains(&name) {
            found.insert(Meaning::Standard);
        } else if self.modules.contains_key(&vec![name.to_owned()]) {
            found.insert(Meaning::Module(vec![name.to_owned()]));
        } else if self.lock.dependency(&of, name).is_some() {
            found.insert(Meaning::Crate { of, name: name.to_owned() });
        }
        found
    }
}

fn parent(module: &ModuleId) -> ModuleId {
    module[..module.len().saturating_sub(1).max(1)].to_vec()
}
