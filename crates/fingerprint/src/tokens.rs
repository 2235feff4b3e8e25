//! The tokens of a file that are code, and their digest.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use sha2::{Digest as _, Sha256};

/// Pairs of characters that Rust reads as one operator. Whether they touch is
/// part of the program (`a && b` is not `a & &b`); whether other punctuation
/// touches is layout.
const GLUED: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<<", ">>",
    "->", "=>", "::", "..", ".=", "<-",
];

/// `tokens` without documentation and without what only tests compile.
pub(crate) fn code(tokens: TokenStream) -> TokenStream {
    let all: Vec<TokenTree> = tokens.into_iter().collect();
    let mut kept = Vec::with_capacity(all.len());
    let mut at = 0;
    while at < all.len() {
        let begun = at;
        let mut attributes = Vec::new();
        let mut test = false;
        while let Some((inner, group, next)) = attribute(&all, at) {
            test |= !inner && only_for_tests(group);
            if !is_doc(group) {
                attributes.extend(all[at..next].iter().cloned());
            }
            at = next;
            if inner {
                break;
            }
        }
        if test && let Some(end) = item_end(&all, at) {
            at = end;
            continue;
        }
        kept.extend(attributes);
        if at > begun {
            continue;
        }
        kept.push(match &all[at] {
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), code(group.stream()));
                inside.set_span(group.span());
                inside.into()
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept.into_iter().collect()
}

/// Whether an attribute starts at `at`: whether it is an inner one, its
/// brackets, and the place after it.
fn attribute(all: &[TokenTree], at: usize) -> Option<(bool, &Group, usize)> {
    let is = |place: usize, what: char| matches!(all.get(place), Some(TokenTree::Punct(p)) if p.as_char() == what);
    if !is(at, '#') {
        return None;
    }
    let inner = is(at + 1, '!');
    let place = at + 1 + usize::from(inner);
    match all.get(place) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            Some((inner, group, place + 1))
        }
        _ => None,
    }
}

fn is_doc(attribute: &Group) -> bool {
    matches!(attribute.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == "doc")
}

/// `#[test]`, `#[cfg(test)]` and `#[cfg(all(…, test, …))]`.
fn only_for_tests(attribute: &Group) -> bool {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(word)] => word == "test",
        [TokenTree::Ident(word), TokenTree::Group(condition)] => {
            word == "cfg" && asks_for_test(condition.stream())
        }
        _ => false,
    }
}

/// Whether the condition cannot hold outside tests.
fn asks_for_test(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(word)] => word == "test",
        [TokenTree::Ident(word), TokenTree::Group(parts)] if word == "all" => {
            let parts: Vec<TokenTree> = parts.stream().into_iter().collect();
            let comma = |t: &TokenTree| matches!(t, TokenTree::Punct(p) if p.as_char() == ',');
            parts.split(comma).any(|part| asks_for_test(part.iter().cloned().collect()))
        }
        _ => false,
    }
}

/// The place after the item or `let` that starts at `at`; none where something
/// else stands there (a field, an arm), which then stays.
fn item_end(all: &[TokenTree], mut at: usize) -> Option<usize> {
    let word = |place: usize| match all.get(place) {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    };
    if word(at) == "pub" {
        at += 1;
        let scope = matches!(all.get(at), Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis);
        at += usize::from(scope);
    }
    let next = word(at + 1);
    let to_semicolon = match word(at).as_str() {
        "use" | "static" | "type" | "let" => true,
        "const" => !["fn", "unsafe", "async", "extern"].contains(&next.as_str()),
        "extern" => next == "crate",
        "mod" | "fn" | "struct" | "enum" | "union" | "trait" | "impl" | "unsafe" | "async"
        | "macro_rules" => false,
        _ => return None,
    };
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => !to_semicolon && group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    let length = all[at..].iter().position(ends)?;
    Some(at + length + 1)
}

/// The digest of a file's code. See the crate for the bytes.
pub(crate) fn digest(code: &TokenStream) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hash(code.clone(), &mut hasher);
    hasher.finalize().into()
}

fn hash(tokens: TokenStream, hasher: &mut Sha256) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                hasher.update([match group.delimiter() {
                    Delimiter::Parenthesis => b'(',
                    Delimiter::Brace => b'{',
                    Delimiter::Bracket => b'[',
                    Delimiter::None => b'n',
                }]);
                hash(group.stream(), hasher);
                hasher.update(b")");
            }
            TokenTree::Ident(word) => text(b'i', &word.to_string(), hasher),
            TokenTree::Literal(literal) => text(b'l', &literal.to_string(), hasher),
            TokenTree::Punct(punct) => {
                let next = match tokens.peek() {
                    Some(TokenTree::Punct(next)) => next.as_char(),
                    _ => ' ',
                };
                let pair: String = [punct.as_char(), next].iter().collect();
                let glued = punct.spacing() == Spacing::Joint && GLUED.contains(&pair.as_str());
                hasher.update([if glued { b'j' } else { b'p' }]);
                hasher.update([punct.as_char() as u8]);
            }
        }
    }
}

fn text(tag: u8, text: &str, hasher: &mut Sha256) {
    hasher.update([tag]);
    update_text(text, hasher);
}

/// Feeds the length of `text` and its bytes.
pub(crate) fn update_text(text: &str, hasher: &mut Sha256) {
    hasher.update((text.len() as u32).to_le_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn of(text: &str) -> [u8; 32] {
        digest(&code(text.parse().unwrap()))
    }

    #[test]
    fn comments_docs_tests_and_layout_do_not_count() {
        let plain = of("pub fn f(x: f64) -> f64 { x * 2.0 }");
        for other in [
            "//! A file.\n/// Twice.\npub fn f(x: f64) -> f64 {\n    // said\n    x*2.0 }",
            "pub fn f(x: f64) -> f64 { x * 2.0 } #[cfg(test)] #[expect(x)] mod tests { fn g() {} }",
            "#[expect(x)] #[cfg(test)] mod t; pub fn f(x: f64) -> f64 { x * 2.0 }",
            "#[cfg(test)] use a::{b, c}; pub fn f(x: f64) -> f64 { x * 2.0 }",
            "#[cfg(all(unix, test))] const A: B = B { c: 1 }; pub fn f(x: f64) -> f64 { x * 2.0 }",
            "#[cfg(test)] pub(crate) fn g() {} pub fn f(x: f64) -> f64 { x * 2.0 }",
            "#[cfg(test)] impl A { fn g() {} } pub fn f(x: f64) -> f64 { x * 2.0 }",
        ] {
            assert_eq!(of(other), plain, "{other}");
        }
    }

    #[test]
    fn whatever_compiles_outside_tests_counts() {
        let pairs = [
            ("fn f() { a && b }", "fn f() { a & &b }"),
            ("const A: f64 = 1.0;", "const A: f64 = 1.5;"),
            ("struct A { #[cfg(test)] a: u8, b: u8 }", "struct A { #[cfg(test)] a: u8, b: u16 }"),
            ("#[cfg(any(test, unix))] fn f() {}", "#[cfg(any(test, unix))] fn f() { g() }"),
            ("#[cfg(not(test))] fn f() {}", "#[cfg(not(test))] fn f() { g() }"),
            ("fn f() {} #[cfg(test)] mod t {} fn g() {}", "fn f() {} #[cfg(test)] mod t {}"),
            (r#"const A: &str = "a b";"#, r#"const A: &str = "ab";"#),
            ("fn f() { (a) }", "fn f() { [a] }"),
        ];
        for (one, two) in pairs {
            assert_ne!(of(one), of(two), "{one}");
        }
    }
}
