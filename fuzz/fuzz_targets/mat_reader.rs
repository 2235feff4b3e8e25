#![no_main]
#[path = "../../crates/core/tests/untrusted/entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::mat_reader(bytes));
