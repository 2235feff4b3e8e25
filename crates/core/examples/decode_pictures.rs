//! Decodes the PNG and JPEG files that standard input names, one path a line:
//! beside each the planes as `<path>.planes`, and on standard output a line of
//! path, a tab, and the shape (`3 10 12`) or `error: …`. `scripts/picture_matrix.py`
//! compares them with another decoder's.

use std::fs;
use std::io::{self, BufRead, Write};

use jem_core::dataset::untrusted::image;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for path in io::stdin().lock().lines() {
        let path = path?;
        match image(&fs::read(&path)?) {
            Ok(([c, h, w], planes)) => {
                fs::write(format!("{path}.planes"), planes)?;
                writeln!(out, "{path}\t{c} {h} {w}")?;
            }
            Err(reason) => writeln!(out, "{path}\terror: {}", reason.replace('\n', " "))?,
        }
    }
    Ok(())
}
