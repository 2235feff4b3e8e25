//! What a single file names, for tests of who names what.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;

use crate::error::Error;
use crate::mention::Mentions;
use crate::tokens;

/// Every path that the code of a file with this `text` names, tests left out:
/// the leaves of its imports (`tch::Tensor`, `tch::*`), and the paths in its
/// code with what an import stands for put in (`t::Tensor` after
/// `use tch as t` is `tch::Tensor`). Words that stand alone are left out.
///
/// # Errors
/// When `text` is not Rust; `path` is only named in the error.
pub fn named(path: &str, text: &str) -> Result<BTreeSet<String>, Error> {
    let not_rust = |reason: String| Error::NotRust { path: path.to_owned(), reason };
    let tokens: TokenStream = text.parse().map_err(|error| not_rust(format!("{error}")))?;
    let mentions = Mentions::of(tokens::code(tokens), true);
    let mut found = BTreeSet::new();
    for import in &mentions.uses {
        let mut path = import.path.segments.clone();
        if import.path.all {
            path.push("*".to_owned());
        }
        found.insert(path.join("::"));
    }
    for path in mentions.paths.iter().filter(|path| path.segments.len() > 1 || path.all) {
        let first = &path.segments[0];
        let stands = mentions.uses.iter().filter(|import| import.name.as_ref() == Some(first));
        let mut stands = stands.map(|import| import.path.segments.as_slice()).peekable();
        let written = std::slice::from_ref(first);
        let starts: Vec<&[String]> =
            if stands.peek().is_some() { stands.collect() } else { vec![written] };
        for start in starts {
            let mut whole: Vec<&str> = start.iter().map(String::as_str).collect();
            whole.extend(path.segments[1..].iter().map(String::as_str));
            whole.extend(path.all.then_some("*"));
            found.insert(whole.join("::"));
        }
    }
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn imports_groups_renames_globs_and_macros_are_seen() {
        let text = "
            use tch::{self, Kind as K, nn::*};
            use super::a::Part;
            /// tch::Hidden
            fn f() { let x = K::Float; vec![tch::Tensor::from(1)]; Vec::<tch::Scalar>::new() }
            #[cfg(test)] mod tests { use tch::vision; }
        ";
        let names = named("a.rs", text).unwrap();
        let tch: Vec<&str> =
            names.iter().filter(|name| name.starts_with("tch")).map(String::as_str).collect();
        let expected = [
            "tch",
            "tch::Kind",
            "tch::Kind::Float",
            "tch::Scalar",
            "tch::Tensor::from",
            "tch::nn::*",
        ];
        assert_eq!(tch, expected);
        assert!(names.contains("super::a::Part"));
    }
}
