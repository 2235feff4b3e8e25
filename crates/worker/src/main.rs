//! `jem-worker`: started by `jem run`, told what to do on standard input.

fn main() {
    if std::env::args().nth(1).is_some() {
        eprintln!("jem-worker is started by `jem run` and takes no arguments; see jem --help");
        std::process::exit(64);
    }
    jem_worker::start::start();
    jem_worker::run::serve();
}
