#![no_main]
// By path: the front as a whole would bring polars and plotters along.
#[allow(dead_code, unused_imports, reason = "the front uses the rest")]
#[path = "../../src/query/mod.rs"]
mod query;
#[allow(dead_code, reason = "the property test uses the rest")]
#[path = "../../tests/untrusted/query.rs"]
mod untrusted;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| untrusted::query_language(bytes));
