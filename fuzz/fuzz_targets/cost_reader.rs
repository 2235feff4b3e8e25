#![no_main]
// By path: the front as a whole would bring polars and plotters along.
#[allow(dead_code, reason = "the front uses the rest")]
#[path = "../../src/schedule/estimate.rs"]
mod estimate;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((seconds, _)) = estimate::recorded_cost(bytes) {
        assert!(seconds.is_finite());
    }
});
