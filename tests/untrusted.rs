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
use jem::report::ReportManifest;

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

#[test]
fn the_reader_of_a_reports_manifest_survives_any_bytes() {
    // It reads a file; one in memory, where there is such a folder.
    let reader = |bytes: &[u8]| {
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = folder.join(format!("jem-untrusted-{}.json", std::process::id()));
        std::fs::write(&path, bytes).expect("a temporary folder can be written");
        let read = ReportManifest::read(&path);
        std::fs::remove_file(&path).expect("it was written just now");
        match read {
            Ok((manifest, at)) => {
                assert_eq!(at, path);
                let text = serde_json::to_string(&manifest).expect("what was read can be written");
                let again: ReportManifest = serde_json::from_str(&text).expect("and read again");
                assert_eq!(again, manifest);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    };
    bombard("report_manifest", reader, 1000, 256);
}
