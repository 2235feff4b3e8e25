//! What a `macro_rules!` can leave where it is called, as far as it matters to
//! those who do not call it: implementations.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::mention::{Mentions, NamedPath};

/// A macro's definition.
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    /// What its body names, where the call stands.
    pub mentions: Mentions,
    /// It implements something for what its caller names.
    pub for_arguments: bool,
    /// The paths written out in the headers of its implementations.
    pub headers: BTreeSet<NamedPath>,
}

impl Macro {
    /// Reads the definition's `body`.
    pub fn new(body: TokenStream) -> Self {
        let mut made = BTreeSet::new();
        declared(body.clone(), &mut made);
        let mut read = Self {
            mentions: Mentions::of(body.clone(), false),
            for_arguments: false,
            headers: BTreeSet::new(),
        };
        read.implementations(body, &made);
        read
    }

    /// Looks at every `impl` in `tokens`. Those for a type that the macro
    /// itself declares are for nothing that stands elsewhere.
    fn implementations(&mut self, tokens: TokenStream, made: &BTreeSet<String>) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => self.implementations(group.stream(), made),
                TokenTree::Ident(word) if word == "impl" => {
                    let brace = |tree: &TokenTree| matches!(tree, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
                    let length = trees[at..].iter().position(brace).unwrap_or(trees.len() - at);
                    let header: TokenStream = trees[at + 1..at + length].iter().cloned().collect();
                    let mut variables = BTreeSet::new();
                    after_dollar(header.clone(), &mut variables);
                    self.for_arguments |= !variables.is_subset(made);
                    self.headers.extend(Mentions::of(header, false).paths);
                }
                _ => {}
            }
        }
    }
}

/// The variables that stand where a type's or trait's own name stands.
fn declared(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => declared(group.stream(), found),
            TokenTree::Ident(word) => {
                let declares =
                    ["struct", "enum", "union", "trait"].iter().any(|known| word == known);
                if declares
                    && let (Some(TokenTree::Punct(dollar)), Some(TokenTree::Ident(name))) =
                        (trees.get(at + 1), trees.get(at + 2))
                    && dollar.as_char() == '$'
                {
                    found.insert(name.to_string());
                }
            }
            _ => {}
        }
    }
}

/// Every `$name` in `tokens`; `$crate` is none.
fn after_dollar(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut dollar = false;
    for tree in tokens {
        match &tree {
            TokenTree::Group(group) => after_dollar(group.stream(), found),
            TokenTree::Ident(word) if dollar && word != "crate" => {
                found.insert(word.to_string());
            }
            _ => {}
        }
        dollar = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '$');
    }
}
