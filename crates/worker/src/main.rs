//! `jem-worker`: started by `jem run`, told what to do on standard input. With
//! `--fingerprints` it says what it was built from, and leaves.

use std::ffi::OsStr;
use std::io::Write;

use jem_worker::run::note;

fn main() {
    // An argument may be no text.
    let argument = std::env::args_os().nth(1);
    if argument.as_deref() == Some(OsStr::new("--fingerprints")) {
        let known = include_str!(concat!(env!("OUT_DIR"), "/fingerprint.json"));
        let mut out = std::io::stdout().lock();
        if out.write_all(known.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(74);
        }
        return;
    }
    if argument.is_some() {
        note("jem-worker is started by `jem run` and takes only --fingerprints; see jem --help");
        std::process::exit(64);
    }
    jem_worker::start::start();
    jem_worker::run::serve();
}
