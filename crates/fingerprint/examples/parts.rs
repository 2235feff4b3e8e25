//! Prints the parts of the workspace's fingerprints: `cargo run -p
//! jem-fingerprint --example parts`.

use std::time::Instant;

use jem_fingerprint::{Code, Folder};

fn main() {
    let begun = Instant::now();
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../..").to_owned();
    let root = std::env::args().nth(1).unwrap_or(here);
    match Code::of(&Folder::new(root), "none") {
        Ok(code) => print!("{}", code.to_json()),
        Err(error) => eprintln!("{error}"),
    }
    eprintln!("{:.2} s", begun.elapsed().as_secs_f64());
}
