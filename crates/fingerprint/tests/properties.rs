//! The closure of random modules, against reachability found otherwise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "fixture/workspace.rs"]
mod fixture;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use fixture::Fixture;
use jem_fingerprint::{Folder, closure};
use proptest::prelude::*;

const N: usize = 8;

/// How one module names another.
fn naming(way: usize, to: usize) -> String {
    match way {
        0 => format!("use crate::m{to}::f{to};"),
        1 => format!("use crate::{{m{to}::{{f{to} as g{to}}}}};"),
        2 => format!("use super::m{to}; fn h{to}() {{ m{to}::f{to}() }}"),
        3 => format!("fn h{to}() {{ let _ = vec![crate::m{to}::f{to}()]; }}"),
        4 => format!("use crate::m{to}::*;"),
        _ => format!("use crate::all::f{to};"),
    }
}

/// A crate with a module for each node, that names those its edges lead to.
fn workspace(edges: &BTreeMap<(usize, usize), usize>) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::from([("Cargo.lock".to_owned(), b"version = 4\n".to_vec())]);
    let mut put = |name: &str, text: String| {
        files.insert(format!("crates/core/src/{name}.rs"), text.into_bytes());
    };
    let modules: String = (0..N).map(|n| format!("pub mod m{n}; ")).collect();
    put("lib", format!("pub mod all; {modules}"));
    put("all", (0..N).map(|n| format!("pub use crate::m{n}::f{n}; ")).collect());
    for n in 0..N {
        let named = edges.iter().filter(|((from, _), _)| *from == n);
        let named: Vec<String> = named.map(|((_, to), way)| naming(*way, *to)).collect();
        put(&format!("m{n}"), format!("{} pub fn f{n}() -> u8 {{ {n} }}", named.join("\n")));
    }
    files
}

/// What can be reached from 0.
fn reachable(edges: &BTreeMap<(usize, usize), usize>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::from([0]);
    for _ in 0..N {
        let next = edges.keys().filter(|(from, _)| seen.contains(from)).map(|(_, to)| *to);
        seen = seen.iter().copied().chain(next).collect();
    }
    seen
}

/// Up to 13 edges between different modules, each named in some way.
fn edges() -> impl Strategy<Value = BTreeMap<(usize, usize), usize>> {
    let pair = (0..N, 0..N).prop_filter("no module names itself", |(from, to)| from != to);
    proptest::collection::btree_map(pair, 0..6usize, 0..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_parts_are_what_can_be_reached(edges in edges()) {
        let files = workspace(&edges);
        let parts = closure(&files, &["crates/core/src/m0.rs"]).unwrap();
        let found: BTreeSet<usize> =
            (0..N).filter(|n| parts.contains_key(&format!("crates/core/src/m{n}.rs"))).collect();
        prop_assert_eq!(found, reachable(&edges));
    }

    #[test]
    fn files_written_in_any_order_have_the_same_fingerprint(
        order in Just(Fixture::new().0.into_iter().collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in order {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let on_disk = jem_fingerprint::Code::of(&Folder::new(folder.path()), "2.0.0").unwrap();
        prop_assert_eq!(on_disk, Fixture::new().code());
    }

    #[test]
    fn an_edit_outside_the_parts_changes_nothing_and_one_inside_does(
        edges in edges(), touched in 0..N,
    ) {
        let files = workspace(&edges);
        let path = format!("crates/core/src/m{touched}.rs");
        let mut edited = files.clone();
        edited.get_mut(&path).unwrap().extend(b" pub const MORE: u8 = 1;");
        let root = ["crates/core/src/m0.rs"];
        let same = closure(&files, &root).unwrap() == closure(&edited, &root).unwrap();
        prop_assert_eq!(same, !reachable(&edges).contains(&touched));
    }
}
