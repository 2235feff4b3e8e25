//! All that is written to standard output and standard error. Nothing else
//! prints: a closed or full terminal must stop no sweep, and no text of a spec
//! may command the terminal.

mod clean;
mod write;

pub use clean::{clean, is_clean};
pub use write::{Unwritten, colours, note, note_coloured, print, print_bytes, prompt, watched};
