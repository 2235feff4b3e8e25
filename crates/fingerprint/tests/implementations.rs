//! Code that runs without its file being named.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "fixture/workspace.rs"]
mod fixture;

use fixture::Fixture;

/// Whether a file with `text`, which nobody names, is a part of training.
fn counts(text: &str) -> bool {
    counts_in(Fixture::new(), text)
}

fn counts_in(fixture: Fixture, text: &str) -> bool {
    let fixture = fixture
        .edit("crates/core/src/lib.rs", "pub mod random;", "pub mod random; mod beside;")
        .with("crates/core/src/beside.rs", text);
    fixture.training().contains("core/src/beside.rs")
}

#[test]
fn a_trait_implemented_for_a_type_of_the_parts_counts() {
    for text in [
        "use crate::spec::Spec; impl Clone for Spec { fn clone(&self) -> Self { todo!() } }",
        "use crate::spec::Spec as S; impl Drop for S { fn drop(&mut self) {} }",
        "use crate::spec::*; impl Drop for Spec { fn drop(&mut self) {} }",
        "impl<'a> IntoIterator for &'a crate::spec::Spec { fn into_iter(self) {} }",
        "impl From<crate::spec::Spec> for Vec<u8> { fn from(_: crate::spec::Spec) -> Self { todo!() } }",
        "impl From<crate::spec::Spec> for crate::spec::Step { fn from(_: crate::spec::Spec) {} }",
        "type Other = crate::spec::Spec; impl Drop for Other { fn drop(&mut self) {} }",
        "fn f() { impl Drop for crate::spec::Spec { fn drop(&mut self) {} } }",
    ] {
        assert!(counts(text), "{text}");
    }
}

#[test]
fn what_nothing_in_the_parts_can_reach_does_not_count() {
    for text in [
        "impl From<crate::store::Store> for crate::spec::Spec { fn from(_: Store) {} }",
        "impl From<crate::spec::Spec> for crate::store::Store { fn from(_: Spec) {} }",
        "struct Own(crate::spec::Spec); impl Drop for Own { fn drop(&mut self) {} }",
        "trait Own { fn own(&self); } impl Own for crate::spec::Spec { fn own(&self) {} }",
        "#[cfg(test)] impl Drop for crate::spec::Spec { fn drop(&mut self) {} }",
        "impl crate::spec::Spec { pub fn never_called(&self) {} }",
    ] {
        assert!(!counts(text), "{text}");
    }
}

#[test]
fn an_inherent_block_counts_once_its_function_is_named() {
    let text = "impl crate::spec::Spec { pub fn doubled(&self) -> f64 { 2.0 } }";
    assert!(!counts(text));
    for call in ["spec.doubled()", "Spec::doubled(spec)", "format!(\"{}\", spec.doubled())"] {
        let training = "crates/worker/src/training/mod.rs";
        let called = Fixture::new().edit(training, "spec.rate", call);
        assert!(counts_in(called, text), "{call}");
    }
}

#[test]
fn whoever_implements_a_trait_of_the_parts_counts() {
    let random = "crates/core/src/random.rs";
    let noise = "pub trait Noise { fn at(&self) -> f64; } pub fn normal";
    let fixture = || Fixture::new().edit(random, "pub fn normal", noise);
    assert!(counts_in(fixture(), "struct Own; impl crate::random::Noise for Own { fn at() {} }"));
    assert!(counts_in(fixture(), "impl<T> crate::random::Noise for T { fn at() {} }"));
}

#[test]
fn implementations_bring_in_what_they_name_in_turn() {
    let fixture = Fixture::new()
        .edit("crates/core/src/lib.rs", "pub mod random;", "pub mod random; mod one; mod two;")
        .with(
            "crates/core/src/one.rs",
            "pub struct One; impl Drop for crate::spec::Spec { fn drop(&mut self) { One; } }",
        )
        .with("crates/core/src/two.rs", "impl Drop for crate::one::One { fn drop(&mut self) {} }");
    let parts = fixture.training();
    assert!(parts.contains("core/src/one.rs") && parts.contains("core/src/two.rs"));
}

#[test]
fn a_macro_between_items_counts_when_it_implements_something_for_a_part() {
    let implements =
        "macro_rules! own { ($t:ty) => { impl Drop for $t { fn drop(&mut self) {} } } }";
    assert!(counts(&format!("{implements} own!(crate::spec::Spec);")));
    assert!(!counts(&format!("{implements} own!(crate::store::Store);")));
    let fixed = "macro_rules! own { () => { impl Drop for crate::spec::Spec { fn drop() {} } } }";
    assert!(counts(&format!("{fixed} own!();")));
    // The type is the macro's own; the part is only a field.
    let declares =
        "macro_rules! own { ($n:ident, $t:ty) => { struct $n($t); impl $n { fn f() {} } } }";
    assert!(!counts(&format!("{declares} own!(New, crate::spec::Spec);")));
    // Nothing is known of another crate's macro.
    assert!(counts("serde::own!(crate::spec::Spec);"));
}

#[test]
fn a_macro_is_a_part_where_it_is_called_and_its_body_is_read_there() {
    let training = "crates/worker/src/training/mod.rs";
    let fixture = Fixture::new()
        .edit("crates/worker/src/lib.rs", "pub mod data;", "#[macro_use] mod rules; pub mod data;")
        .with("crates/worker/src/rules.rs", "macro_rules! scaled { ($x:expr) => { $x * FACTOR } }")
        .edit(training, "use jem_core", "use jem_core::store::*; use jem_core");
    let store = "crates/core/src/store.rs";
    let fixture = fixture.with(store, "pub struct Store; pub use crate::factor::FACTOR;");
    let fixture = fixture
        .edit("crates/core/src/lib.rs", "pub mod random;", "pub mod random; mod factor;")
        .with("crates/core/src/factor.rs", "pub const FACTOR: f64 = 2.0;");
    assert!(!fixture.training().contains("worker/src/rules.rs"));
    let called = fixture.edit(training, "spec.rate * langevin()", "scaled!(langevin())");
    let parts = called.training();
    assert!(parts.contains("worker/src/rules.rs") && parts.contains("core/src/factor.rs"));
    let text = String::from_utf8(called.0["crates/worker/src/rules.rs"].clone()).unwrap();
    let other = called.clone().with("crates/worker/src/rules.rs", &text.replace('*', "+"));
    assert_eq!(called.differs(&other), (true, false));
}

#[test]
fn macros_of_one_name_are_all_followed() {
    let training = "crates/worker/src/training/mod.rs";
    let fixture = Fixture::new()
        .edit("crates/worker/src/lib.rs", "pub mod data;", "mod one; mod two; pub mod data;")
        .with("crates/worker/src/one.rs", "macro_rules! scaled { ($x:expr) => { $x } }")
        .with("crates/worker/src/two.rs", "macro_rules! scaled { ($x:expr) => { -$x } }")
        .edit(training, "spec.rate * langevin()", "scaled!(langevin())");
    let parts = fixture.training();
    assert!(parts.contains("worker/src/one.rs") && parts.contains("worker/src/two.rs"));
}
