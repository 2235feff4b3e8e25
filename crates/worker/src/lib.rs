//! The worker of `jem`: trains and evaluates joint energy models on libtorch,
//! one trial after another, as the front tells it. Modules in the order in
//! which one may use another.

pub mod data;
pub mod jem;
pub mod eval;
pub mod training;
pub mod evaluation;
pub mod start;
pub mod run;

use std::sync::LazyLock;

use jem_core::provenance::Fingerprints;

/// What this worker was built from, as its build script computed it.
pub static FINGERPRINTS: LazyLock<Fingerprints> = LazyLock::new(|| {
    serde_json::from_str(env!("JEM_FINGERPRINTS"))
        .expect("the build script writes the fingerprints that are read here")
});

/// The version of libtorch this worker was built against.
pub const LIBTORCH: &str = env!("JEM_LIBTORCH");
