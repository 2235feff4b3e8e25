//! The front's readers of what nobody vouches for, on what nobody would write:
//! see `crates/core/tests/untrusted.rs`, of which this is the same.

#[path = "../crates/core/tests/untrusted/allocation.rs"]
mod allocation;
#[path = "../crates/core/tests/untrusted/bombard.rs"]
mod bombard;
#[path = "../crates/core/tests/untrusted/mutation.rs"]
mod mutation;
#[path = "untrusted/query.rs"]
mod untrusted;

use bombard::bombard;
use jem::query;

#[test]
fn the_query_language_survives_any_text() {
    bombard("query_language", untrusted::query_language, 800, 1 << 12);
}

#[test]
fn the_reader_of_recorded_costs_survives_any_log() {
    let reader = |bytes: &[u8]| {
        if let Some((seconds, _)) = jem::schedule::recorded_cost(bytes) {
            assert!(seconds.is_finite());
        }
    };
    bombard("cost_reader", reader, 2000, 256);
}
