//! What a stretch of code names: every path, wherever it stands.
//!
//! Paths are read from the tokens rather than from the syntax tree, so that
//! those inside macro calls are seen like all others. What looks like a path
//! and is none (a field, a variable) leads nowhere and does no harm.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{ImplItem, ItemImpl, ItemUse, UseTree};

/// A path as code writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NamedPath {
    pub segments: Vec<String>,
    /// Written with `::` before it: the first part is a crate.
    pub global: bool,
    /// It must lead somewhere.
    pub strict: bool,
    /// Everything that it leads to is meant: a glob, or a macro's variable in
    /// the place of the last part.
    pub all: bool,
}

/// A leaf of a `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub path: NamedPath,
    /// The name it brings in; none for a glob.
    pub name: Option<String>,
}

impl Use {
    /// How it is hashed where only this leaf of its file counts.
    pub fn declaration(&self) -> String {
        let global = if self.path.global { "::" } else { "" };
        let name = self.name.as_deref().unwrap_or("*");
        format!("use {global}{} as {name}", self.path.segments.join("::"))
    }
}

/// An `impl` block.
#[derive(Clone, Debug)]
pub(crate) struct Impl {
    /// The paths of the trait with its arguments and of the type.
    pub header: BTreeSet<NamedPath>,
    /// The paths that the trait itself is named by; none for an inherent one.
    pub of_trait: Option<BTreeSet<NamedPath>>,
    /// What it defines; none where a macro does.
    pub names: Option<BTreeSet<String>>,
}

/// A file whose bytes are compiled in: its path, where it is written out, and
/// whether it is code.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    pub path: Option<String>,
    pub code: bool,
}

/// All that a stretch of code names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    pub paths: BTreeSet<NamedPath>,
    pub uses: Vec<Use>,
    pub words: BTreeSet<String>,
    /// The last parts of the names of macros that are called.
    pub macros: BTreeSet<String>,
    pub impls: Vec<Impl>,
    pub includes: Vec<Include>,
}

impl Mentions {
    /// What `tokens` name. Inside macros (`strict` unset) a path may lead
    /// nowhere: it can be anything that looks like one.
    pub fn of(tokens: TokenStream, strict: bool) -> Self {
        let mut found = Self::default();
        found.scan(tokens, strict);
        found
    }

    /// Adds what `tokens` name.
    pub fn scan(&mut self, tokens: TokenStream, strict: bool) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            at = self.step(&trees, at, strict);
        }
    }

    fn step(&mut self, trees: &[TokenTree], at: usize, strict: bool) -> usize {
        match &trees[at] {
            TokenTree::Group(group) => self.scan(group.stream(), strict),
            TokenTree::Ident(word) if word == "use" => {
                if let Some(end) = self.import(&trees[at..], strict) {
                    return at + end;
                }
            }
            TokenTree::Ident(word) => {
                if word == "impl" {
                    self.implementation(&trees[at..]);
                }
                return self.path(trees, at, false, strict);
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let place = at + 1 + usize::from(is(trees.get(at + 1), '!'));
                if let Some(TokenTree::Group(group)) = trees.get(place)
                    && group.delimiter() == Delimiter::Bracket
                {
                    self.attribute(group.stream());
                    return place + 1;
                }
            }
            // `Vec::<T>::new` and `<T as Trait>::f` go on with `::` as well.
            TokenTree::Punct(_) if colons(trees, at) && !(at > 0 && is(trees.get(at - 1), '>')) => {
                if let Some(TokenTree::Ident(_)) = trees.get(at + 2) {
                    return self.path(trees, at + 2, true, strict);
                }
                return at + 2;
            }
            _ => {}
        }
        at + 1
    }

    /// A path that starts at `at`, and the macro call that it may begin.
    fn path(&mut self, trees: &[TokenTree], at: usize, global: bool, strict: bool) -> usize {
        let mut segments = vec![word(&trees[at])];
        let mut next = at + 1;
        let mut all = false;
        while colons(trees, next) {
            match trees.get(next + 2) {
                Some(tree @ TokenTree::Ident(_)) => segments.push(word(tree)),
                other => {
                    all = is(other, '$');
                    break;
                }
            }
            next += 3;
        }
        self.words.extend(segments.iter().cloned());
        let called = self.call(trees, next, &segments);
        let rooted = ["crate", "self", "super"].contains(&segments[0].as_str());
        let strict = strict && rooted && called.is_none();
        if segments.len() > 1 || all || !rooted {
            self.paths.insert(NamedPath { segments, global, strict, all });
        }
        called.unwrap_or(next)
    }

    /// The macro call `name!(…)` whose `!` stands at `at`: the place after it.
    fn call(&mut self, trees: &[TokenTree], at: usize, name: &[String]) -> Option<usize> {
        if !is(trees.get(at), '!') {
            return None;
        }
        // `macro_rules! name { … }`
        let place = at + 1 + usize::from(matches!(trees.get(at + 1), Some(TokenTree::Ident(_))));
        let Some(TokenTree::Group(group)) = trees.get(place) else { return None };
        let name = name.last().map(String::as_str).unwrap_or_default();
        self.macros.insert(name.to_owned());
        if matches!(name, "include_str" | "include_bytes" | "include") {
            let path = syn::parse2::<syn::LitStr>(group.stream()).ok();
            let path = path.map(|literal| literal.value());
            self.includes.push(Include { path, code: name == "include" });
        }
        self.scan(group.stream(), false);
        Some(place + 1)
    }

    /// An attribute: its texts may be paths (`with = "crate::hex"`).
    fn attribute(&mut self, tokens: TokenStream) {
        for tree in tokens.clone() {
            match tree {
                TokenTree::Group(group) => self.attribute(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = syn::parse2::<syn::LitStr>(TokenTree::Literal(literal).into());
                    if let Some(inside) = text.ok().and_then(|text| text.value().parse().ok()) {
                        self.scan(inside, false);
                    }
                }
                _ => {}
            }
        }
        self.scan(tokens, false);
    }

    /// The `use` that starts `trees`: its length.
    fn import(&mut self, trees: &[TokenTree], strict: bool) -> Option<usize> {
        let end = trees.iter().position(|tree| is(Some(tree), ';'))? + 1;
        let item: ItemUse = syn::parse2(trees[..end].iter().cloned().collect()).ok()?;
        let global = item.leading_colon.is_some();
        let mut leaf = |segments: &[String], name: Option<String>| {
            let all = name.is_none();
            let segments = segments.to_vec();
            self.words.extend(segments.iter().cloned());
            self.uses.push(Use { path: NamedPath { segments, global, strict, all }, name });
        };
        leaves(&item.tree, &mut Vec::new(), &mut leaf);
        Some(end)
    }

    /// The `impl` block that starts `trees`, if one does.
    fn implementation(&mut self, trees: &[TokenTree]) {
        let brace = |tree: &TokenTree| matches!(tree, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
        let Some(end) = trees.iter().position(brace) else { return };
        let Ok(item) = syn::parse2::<ItemImpl>(trees[..=end].iter().cloned().collect()) else {
            return;
        };
        let mut header = Self::of(item.self_ty.to_token_stream(), false).paths;
        let of_trait = item.trait_.as_ref().map(|(path, _)| {
            header.extend(Self::of(path.to_token_stream(), false).paths);
            let segments = path.segments.iter().map(|part| plain(&part.ident.to_string()));
            let global = path.leading_colon.is_some();
            let segments = segments.collect();
            BTreeSet::from([NamedPath { segments, global, strict: false, all: false }])
        });
        let names = item.items.iter().map(|item| match item {
            ImplItem::Fn(item) => Some(item.sig.ident.to_string()),
            ImplItem::Const(item) => Some(item.ident.to_string()),
            ImplItem::Type(item) => Some(item.ident.to_string()),
            _ => None,
        });
        self.impls.push(Impl { header, of_trait, names: names.collect() });
    }
}

/// Calls `leaf` with the path and the name of every leaf of `tree`.
fn leaves(
    tree: &UseTree,
    before: &mut Vec<String>,
    leaf: &mut impl FnMut(&[String], Option<String>),
) {
    match tree {
        UseTree::Path(path) => {
            before.push(plain(&path.ident.to_string()));
            leaves(&path.tree, before, leaf);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, before, leaf)),
        UseTree::Glob(_) => leaf(before, None),
        UseTree::Name(name) => named(&name.ident.to_string(), None, before, leaf),
        UseTree::Rename(name) => {
            named(&name.ident.to_string(), Some(name.rename.to_string()), before, leaf);
        }
    }
}

fn named(
    last: &str,
    rename: Option<String>,
    before: &[String],
    leaf: &mut impl FnMut(&[String], Option<String>),
) {
    let mut path = before.to_vec();
    // `use a::{self}` names `a`.
    if last != "self" || path.is_empty() {
        path.push(plain(last));
    }
    let name = rename.or_else(|| path.last().cloned()).map(|name| plain(&name));
    leaf(&path, name);
}

/// A word without the mark of raw words.
fn plain(word: &str) -> String {
    word.strip_prefix("r#").unwrap_or(word).to_owned()
}

fn word(tree: &TokenTree) -> String {
    plain(&tree.to_string())
}

fn is(tree: Option<&TokenTree>, what: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == what)
}

/// Whether `::` stands at `at`.
fn colons(trees: &[TokenTree], at: usize) -> bool {
    let joint = matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.spacing() == Spacing::Joint);
    joint && is(trees.get(at), ':') && is(trees.get(at + 1), ':')
}
