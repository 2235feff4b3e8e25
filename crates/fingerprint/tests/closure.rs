//! What is followed, and what is not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "fixture/workspace.rs"]
mod fixture;

use fixture::{Fixture, SAMPLER};
use jem_fingerprint::{Code, Error};

const TRAINING: &str = "crates/worker/src/training/mod.rs";
const CORE: &str = "crates/core/src/lib.rs";

#[test]
fn the_parts_of_training_are_the_files_that_its_paths_lead_to_and_through() {
    let parts = Fixture::new().code().training.parts;
    let names: Vec<&str> = parts.keys().map(String::as_str).collect();
    let expected = [
        "crate serde 1.0.0",
        "crate tch 0.24.0",
        "crate torch-sys 0.24.0",
        "crates/core/src/lib.rs (declarations)",
        "crates/core/src/random.rs",
        "crates/core/src/spec/mod.rs (declarations)",
        "crates/core/src/spec/resolved.rs",
        "crates/worker/src/data/inputs.rs",
        "crates/worker/src/jem/energy.rs",
        "crates/worker/src/jem/mod.rs (declarations)",
        "crates/worker/src/jem/sgld.rs",
        "crates/worker/src/lib.rs (declarations)",
        "crates/worker/src/start.rs",
        "crates/worker/src/training/mod.rs",
        "libtorch 2.0.0",
    ];
    assert_eq!(names, expected);
}

#[test]
fn comments_docs_tests_and_all_that_lies_beside_change_nothing() {
    let plain = Fixture::new();
    let edits = [
        (SAMPLER, "/// Steps.", "/// How many steps.\n// Many."),
        (SAMPLER, "SEEN: u64 = 1", "SEEN: u64 = 2"),
        ("src/chart.rs", "640", "800"),
        ("crates/core/src/spec/show.rs", "{}", "{ panic!() }"),
        ("crates/core/src/spec/identity.rs", "7", "8"),
        ("crates/core/src/spec/mod.rs", "pub use show::show;", ""),
        ("crates/worker/src/run.rs", "{}", "{ panic!() }"),
        ("crates/worker/src/lib.rs", "a worker", "the worker"),
        (
            "Cargo.lock",
            "name = \"plotters\"\nversion = \"0.3.7\"",
            "name = \"plotters\"\nversion = \"0.4.0\"",
        ),
        ("Cargo.lock", "checksum = \"ee\"", "checksum = \"ff\""),
    ];
    for (path, old, new) in edits {
        assert_eq!(plain.differs(&plain.clone().edit(path, old, new)), (false, false), "{new}");
    }
}

#[test]
fn what_can_change_a_number_changes_the_fingerprint_of_what_uses_it() {
    let plain = Fixture::new();
    let both = (true, true);
    let edits = [
        (SAMPLER, "= 20", "= 21", (true, false)),
        (TRAINING, "spec.rate *", "spec.rate +", (true, false)),
        ("crates/core/src/random.rs", "0.5", "0.25", (true, false)),
        ("crates/core/src/spec/resolved.rs", "rate: f64", "rate: f32", (true, false)),
        ("crates/worker/src/evaluation/mod.rs", "energy(x) }", "-energy(x) }", (false, true)),
        ("crates/worker/src/jem/energy.rs", "0.0", "1.0", both),
        ("crates/worker/src/start.rs", "1", "2", both),
        ("Cargo.lock", "checksum = \"dd\"", "checksum = \"de\"", both),
        ("Cargo.lock", "checksum = \"aa\"", "checksum = \"ab\"", (true, false)),
        ("Cargo.toml", "\"derive\"", "\"derive\", \"rc\"", (true, false)),
    ];
    for (path, old, new, expected) in edits {
        assert_eq!(plain.differs(&plain.clone().edit(path, old, new)), expected, "{new}");
    }
    let newer = Code::of(&plain.0, "2.1.0").unwrap();
    assert_ne!(plain.code().training.digest, newer.training.digest);
}

#[test]
fn every_way_to_name_a_file_brings_it_in() {
    let ways = [
        "use jem_core::noise::made;",
        "use jem_core::{noise::{self, made}, random};",
        "use jem_core::noise as other; fn f() { other::made() }",
        "use jem_core::noise::made as other;",
        "use jem_core::noise::*;",
        "use jem_core::{noise}; fn f() { let x = vec![noise::made()]; }",
        "use jem_core as core_of_it; fn f() { core_of_it::noise::made() }",
        "fn f() { jem_core::noise::made() }",
        "fn f() { ::jem_core::noise::made() }",
        "fn f() { println!(\"{}\", jem_core::noise::made()) }",
        "fn f() { outer!(inner!(jem_core::noise::made())) }",
        "fn f() { use jem_core::noise::made; made() }",
        "fn f(x: Vec<jem_core::noise::Made>) {}",
        "fn f(x: u8) { match x { jem_core::noise::SEEN => {} _ => {} } }",
        "#[serde(with = \"jem_core::noise\")] struct A; #[serde(default = \"jem_core::noise::made\")] struct B;",
        "mod inside { use super::super::training::jem_core_noise as _; } use jem_core::noise::made as jem_core_noise;",
        "use crate::bridge::made;",
        "use crate::bridge::deeper::made;",
        "use crate::bridge::everything::made;",
        "fn f() { <jem_core::noise::Made as Clone>::clone(&x) }",
        "macro_rules! call { ($x:ident) => { jem_core::noise::$x() } } fn f() { call!(made) }",
        "fn f() { shared!() }",
    ];
    let noise = "pub fn made() {} #[derive(Clone)] pub struct Made; pub const SEEN: u8 = 1;";
    for way in ways {
        let fixture = Fixture::new()
            .edit(CORE, "pub mod random;", "pub mod random; pub mod noise;")
            .with("crates/core/src/noise.rs", noise)
            .edit("crates/worker/src/lib.rs", "pub mod data;", "pub mod bridge; pub mod data;")
            .with(
                "crates/worker/src/bridge.rs",
                "pub use jem_core::noise::made; pub mod deeper { pub use super::made; } \
                 pub mod everything { pub use jem_core::noise::*; } \
                 macro_rules! shared { () => { jem_core::noise::made() } }",
            );
        assert!(!fixture.training().contains("core/src/noise.rs"));
        let text = String::from_utf8(fixture.0[TRAINING].clone()).unwrap();
        let named = fixture.clone().with(TRAINING, &format!("{text}\n{way}"));
        assert!(named.training().contains("core/src/noise.rs"), "{way}");
        assert_eq!(fixture.differs(&named), (true, false), "{way}");
    }
}

#[test]
fn a_test_that_names_a_file_does_not_bring_it_in() {
    let plain = Fixture::new();
    let text = String::from_utf8(plain.0[TRAINING].clone()).unwrap();
    let tested = format!(
        "{text}\n/// [`jem_core::store::Store`]\n#[cfg(test)]\nmod tests {{ use jem_core::store::Store; }}"
    );
    assert_eq!(plain.differs(&plain.clone().with(TRAINING, &tested)), (false, false));
}

#[test]
fn a_name_that_is_a_module_and_a_function_is_followed_as_both() {
    let fixture = Fixture::new()
        .with("crates/core/src/random.rs", "mod normal; pub use normal::normal;")
        .with("crates/core/src/random/normal.rs", "pub fn normal(step: u64) -> f64 { 0.0 }");
    let parts = fixture.training();
    assert!(parts.contains("core/src/random/normal.rs"));
    assert!(parts.contains("core/src/random.rs (declarations)"));
}

#[test]
fn a_re_export_that_points_elsewhere_counts_though_both_files_were_there() {
    let plain = Fixture::new()
        .with(
            "crates/worker/src/jem/mod.rs (declarations)",
            "pub mod energy; pub mod sgld; pub use energy::energy; pub use sgld::langevin;",
        )
        .edit(
            TRAINING,
            "use crate::jem::{energy, langevin};",
            "use crate::jem::{energy, langevin, sgld};",
        )
        .edit(TRAINING, "pub fn train", "pub fn more() { sgld::energy() } pub fn train")
        .edit(SAMPLER, "pub fn langevin", "pub fn energy() {} pub fn langevin");
    let other =
        plain.clone().edit("crates/worker/src/jem/mod.rs", "energy::energy;", "sgld::energy;");
    let file_digests = |fixture: &Fixture| {
        let parts = fixture.code().training.parts;
        [SAMPLER, "crates/worker/src/jem/energy.rs"].map(|path| parts.get(path).copied())
    };
    assert_eq!(file_digests(&plain)[0], file_digests(&other)[0]);
    assert!(plain.differs(&other).0);
}

#[test]
fn a_path_attribute_and_included_files_are_followed() {
    let fixture = Fixture::new()
        .edit(SAMPLER, "use jem_core", "#[path = \"../odd/table.rs\"] pub mod table; use jem_core")
        .edit(SAMPLER, "normal(STEPS)", "normal(STEPS) + table::VALUE")
        .with(
            "crates/worker/src/odd/table.rs",
            "pub const VALUE: f64 = 1.0; const BYTES: &[u8] = include_bytes!(\"../../bytes.bin\");",
        )
        .with("crates/worker/bytes.bin", "\u{1}\u{2}");
    let parts = fixture.training();
    assert!(parts.contains("worker/src/odd/table.rs") && parts.contains("worker/bytes.bin"));
    let other = fixture.clone().with("crates/worker/bytes.bin", "\u{1}\u{3}");
    assert_eq!(fixture.differs(&other), (true, false));
    let table = "crates/worker/src/odd/table.rs";
    let toml = fixture
        .clone()
        .edit(table, "bytes.bin", "table.toml")
        .with("crates/worker/table.toml", "a = 1 # why\n");
    let comment = toml.clone().with("crates/worker/table.toml", "# for this:\na = 1\n");
    let value = toml.clone().with("crates/worker/table.toml", "a = 2 # why\n");
    assert_eq!(toml.differs(&comment), (false, false));
    assert_eq!(toml.differs(&value), (true, false));
    for other in ["include_bytes!(concat!(env!(\"OUT_DIR\"), \"/x\"))", "include!(\"x.rs\")"] {
        let known = "include_bytes!(\"../../bytes.bin\")";
        let error = Code::of(&fixture.clone().edit(table, known, other).0, "none").unwrap_err();
        assert_eq!(error, Error::Include { path: table.to_owned() });
    }
}

#[test]
fn what_leads_nowhere_is_an_error_and_not_left_out() {
    let of = |fixture: Fixture| Code::of(&fixture.0, "none").unwrap_err();
    let unresolved =
        |name: &str| Error::Unresolved { path: TRAINING.to_owned(), name: name.to_owned() };
    let appended = |more: &str| {
        let text = String::from_utf8(Fixture::new().0[TRAINING].clone()).unwrap();
        of(Fixture::new().with(TRAINING, &format!("{text}\n{more}")))
    };
    assert_eq!(appended("use crate::gone::Thing;"), unresolved("crate::gone::Thing"));
    assert_eq!(appended("fn f() { crate::jem::gone() }"), unresolved("crate::jem::gone"));
    assert_eq!(appended("use serde_json::Value;"), unresolved("serde_json::Value"));
    let member = Error::UnknownMember { path: TRAINING.to_owned(), name: "jem_chart".to_owned() };
    assert_eq!(appended("use jem_chart::draw;"), member);
    assert!(matches!(appended("fn f( {"), Error::NotRust { .. }));
    let mut fixture = Fixture::new();
    fixture.0.remove(SAMPLER);
    let missing = Error::Missing {
        path: SAMPLER.to_owned(),
        wanted_by: "crates/worker/src/jem/mod.rs".to_owned(),
    };
    assert_eq!(of(fixture), missing);
    let mut fixture = Fixture::new();
    fixture.0.remove(TRAINING);
    let lib = fixture.edit("crates/worker/src/lib.rs", "pub mod training;", "");
    assert!(of(lib).to_string().starts_with(TRAINING));
}
