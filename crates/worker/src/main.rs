//! `jem-worker`: started by `jem run`, told what to do on standard input. With
//! `--fingerprints` it says what it was built from, and leaves.

fn main() {
    // An argument may be no text.
    let argument = std::env::args_os().nth(1);
    if argument.as_deref().is_some_and(|argument| argument == "--fingerprints") {
        print!("{}", include_str!(concat!(env!("OUT_DIR"), "/fingerprint.json")));
        return;
    }
    if argument.is_some() {
        eprintln!(
            "jem-worker is started by `jem run` and takes only --fingerprints; see jem --help"
        );
        std::process::exit(64);
    }
    jem_worker::start::start();
    jem_worker::run::serve();
}
