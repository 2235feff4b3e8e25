//! `jem`: see `jem --help`.

fn main() -> std::process::ExitCode {
    jem::cli::main()
}
