//! Words for the attempt's log.

use std::io::Write;

/// Says `text` on standard error, which the front keeps in the attempt's log.
/// Where nobody reads it the front is gone, and the worker is about to end.
pub fn note(text: &str) {
    let line = format!("{text}\n");
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
