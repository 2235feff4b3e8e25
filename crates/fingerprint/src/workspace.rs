//! The modules of the workspace's crates, as their `mod` declarations have it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Expr, Item, Lit, Meta};

use crate::error::Error;
use crate::expansion::Macro;
use crate::lock::Lock;
use crate::member::Member;
use crate::mention::{Mentions, Use};
use crate::sources::{Sources, folder_of, join};
use crate::tokens;

/// A module's path: its crate, then the names of modules.
pub(crate) type ModuleId = Vec<String>;

/// A module: a file of its own, or a part of one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file it stands in.
    pub file: String,
    /// Its modules by name; several where they are for different platforms.
    pub children: BTreeMap<String, Vec<Child>>,
    /// The names of its items.
    pub items: BTreeSet<String>,
    /// Its imports, those inside functions too.
    pub uses: Vec<Use>,
    /// Names that stand for another type.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Macros are called between its items: it may have items that nobody sees.
    pub made_by_macros: bool,
}

/// A declared module.
#[derive(Debug)]
pub(crate) struct Child {
    pub id: ModuleId,
    /// How it is hashed where only this declaration of its file counts.
    pub declaration: String,
}

/// What a file says, module by module.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Of its code.
    pub digest: [u8; 32],
    pub modules: Vec<(ModuleId, Mentions)>,
    /// Calls of macros between items: module, name, and what the call names.
    pub calls: Vec<(ModuleId, String, Mentions)>,
    pub macros: BTreeMap<String, Macro>,
}

/// The crates of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub modules: BTreeMap<ModuleId, Module>,
    pub files: BTreeMap<String, SourceFile>,
    pub lock: Lock,
    /// The texts of the manifests.
    pub manifests: Vec<String>,
}

impl Workspace {
    /// Reads every module of the crates `members` that are there.
    pub fn load(sources: &dyn Sources, members: &[Member]) -> Result<Self, Error> {
        let mut workspace = Self::default();
        let text = |path: &str| Some(String::from_utf8_lossy(&sources.read(path)?).into_owned());
        let lock = text("Cargo.lock").ok_or_else(|| missing("Cargo.lock", "the fingerprint"))?;
        workspace.lock = Lock::parse(&lock);
        workspace.manifests.extend(text("Cargo.toml"));
        for member in members {
            let root = format!("{}/lib.rs", member.folder);
            if sources.read(&root).is_some() {
                let manifest = format!("{}/Cargo.toml", folder_of(member.folder));
                workspace.manifests.extend(text(&manifest));
                workspace.file(sources, vec![member.name.to_owned()], root, member.folder)?;
            }
        }
        Ok(workspace)
    }

    /// Reads the module `id` from the file at `path`; its own modules lie in
    /// `folder`.
    fn file(
        &mut self,
        sources: &dyn Sources,
        id: ModuleId,
        path: String,
        folder: &str,
    ) -> Result<(), Error> {
        let bytes = sources.read(&path).ok_or_else(|| missing(&path, &id.join("::")))?;
        let not_rust = |reason: String| Error::NotRust { path: path.clone(), reason };
        let text = String::from_utf8(bytes).map_err(|error| not_rust(error.to_string()))?;
        let tokens: TokenStream = text.parse().map_err(|e| not_rust(format!("{e}")))?;
        let code = tokens::code(tokens);
        let digest = tokens::digest(&code);
        let syntax: syn::File = syn::parse2(code).map_err(|e| not_rust(e.to_string()))?;
        let mut file =
            SourceFile { digest, modules: Vec::new(), calls: Vec::new(), macros: BTreeMap::new() };
        self.module(sources, id, &path, folder, syntax.items, &mut file)?;
        self.files.insert(path, file);
        Ok(())
    }

    fn module(
        &mut self,
        sources: &dyn Sources,
        id: ModuleId,
        path: &str,
        folder: &str,
        items: Vec<Item>,
        file: &mut SourceFile,
    ) -> Result<(), Error> {
        let mut module = Module { file: path.to_owned(), ..Module::default() };
        let mut mentions = Mentions::default();
        for item in items {
            if let Item::Mod(item) = item {
                let name = plain(&item.ident);
                let known = module.children.entry(name.clone()).or_default();
                let mut child = id.clone();
                child.push(if known.is_empty() { name } else { format!("{name}#{}", known.len()) });
                known.push(declare(child.clone(), &item.attrs, &item.ident));
                let inside = format!("{folder}/{}", plain(&item.ident));
                match item.content {
                    Some((_, items)) => self.module(sources, child, path, &inside, items, file)?,
                    None => self.declared(sources, child, path, &inside, &item.attrs)?,
                }
                continue;
            }
            if let Item::Macro(item) = &item {
                let tokens = item.mac.tokens.clone();
                match &item.ident {
                    Some(name) => {
                        file.macros.insert(plain(name), Macro::new(tokens));
                    }
                    None => {
                        module.made_by_macros = true;
                        let name = item.mac.path.segments.last();
                        let name = name.map(|part| plain(&part.ident)).unwrap_or_default();
                        file.calls.push((id.clone(), name, Mentions::of(tokens, false)));
                    }
                }
            }
            names(&item, &mut module);
            mentions.scan(item.into_token_stream(), true);
        }
        module.uses.clone_from(&mentions.uses);
        file.modules.push((id.clone(), mentions));
        self.modules.insert(id, module);
        Ok(())
    }

    /// The module that `mod name;` in `path` declares; `inside` is the path of
    /// its file without `.rs`, or of its folder.
    fn declared(
        &mut self,
        sources: &dyn Sources,
        id: ModuleId,
        path: &str,
        inside: &str,
        attributes: &[Attribute],
    ) -> Result<(), Error> {
        if let Some(written) = attributes.iter().find_map(written_path) {
            let file = join(folder_of(path), &written);
            let file = file.ok_or_else(|| Error::Include { path: path.to_owned() })?;
            let folder = folder_of(&file).to_owned();
            return self.file(sources, id, file, &folder);
        }
        let own = format!("{inside}.rs");
        if sources.read(&own).is_some() {
            return self.file(sources, id, own, inside);
        }
        let own = format!("{inside}/mod.rs");
        if sources.read(&own).is_some() {
            return self.file(sources, id, own, inside);
        }
        Err(missing(&format!("{inside}.rs"), path))
    }
}

fn missing(path: &str, wanted_by: &str) -> Error {
    Error::Missing { path: path.to_owned(), wanted_by: wanted_by.to_owned() }
}

fn plain(name: &syn::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

fn declare(id: ModuleId, attributes: &[Attribute], name: &syn::Ident) -> Child {
    let attributes: TokenStream = attributes.iter().map(ToTokens::to_token_stream).collect();
    Child { id, declaration: format!("{attributes} mod {name}") }
}

/// The text of `#[path = "…"]`.
fn written_path(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    if !pair.path.is_ident("path") {
        return None;
    }
    match &pair.value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Notes the names that `item` declares.
fn names(item: &Item, module: &mut Module) {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(syn::ItemMacro { ident: Some(ident), .. }) => ident,
        Item::Type(item) => {
            if let syn::Type::Path(target) = &*item.ty {
                let path = target.path.segments.iter().map(|part| plain(&part.ident));
                module.aliases.insert(plain(&item.ident), path.collect());
            }
            &item.ident
        }
        // Foreign functions, and what this version of syn does not know.
        Item::ForeignMod(_) | Item::Verbatim(_) => {
            module.made_by_macros = true;
            return;
        }
        _ => return,
    };
    module.items.insert(plain(name));
}
