//! Writing, where the reader may be gone or the disk behind it be full.

use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use super::clean::clean;

/// Between two tries where whoever shares the terminal has set it not to wait.
const AGAIN: Duration = Duration::from_millis(10);

/// Standard output does not take what was to be written.
#[derive(Debug, thiserror::Error)]
#[error("the output could not be written: {0}")]
pub struct Unwritten(#[from] io::Error);

/// Prints `text` to standard output, cleaned. A reader that has seen enough,
/// as `head`, is no error: what is left is written to nobody.
///
/// # Errors
/// When the output cannot be written for another reason, such as a full disk.
pub fn print(text: &str) -> Result<(), Unwritten> {
    print_bytes(clean(text).as_bytes())
}

/// As [`print()`], for bytes that are a file of their own and stay as they are.
///
/// # Errors
/// As [`print()`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), Unwritten> {
    match write_all(io::stdout(), bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Unwritten(error)),
        _ => Ok(()),
    }
}

/// Says `text` and a line end on standard error, cleaned. That nobody can hear
/// it changes nothing: what counts is in the store, and in the exit code.
pub fn note(text: &str) {
    let _ = write_all(io::stderr(), format!("{}\n", clean(text)).as_bytes());
}

/// As [`note`], for a text with colours that this program put there. All else
/// in it must be clean.
pub fn note_coloured(text: &str) {
    let _ = write_all(io::stderr(), format!("{text}\n").as_bytes());
}

/// As [`note`], without a line end: the answer is written behind it.
pub fn prompt(text: &str) {
    let _ = write_all(io::stderr(), clean(text).as_bytes());
}

/// Whether a person may be looking at standard error.
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether what is said on standard error may be coloured.
pub fn colours() -> bool {
    watched() && std::env::var_os("NO_COLOR").is_none()
}

fn write_all(to: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&to, bytes).map_err(io::Error::from) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(AGAIN),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    #[test]
    fn a_reader_that_left_and_a_full_disk_are_errors_and_no_panics() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let gone = write_all(&writer, b"words").unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::BrokenPipe);
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(write_all(&full, b"words").unwrap_err().kind(), ErrorKind::StorageFull);
    }

    #[test]
    fn a_pipe_that_does_not_wait_still_gets_everything() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let text = vec![b'x'; 300_000];
        let read = thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all.len())
        });
        write_all(&writer, &text).unwrap();
        drop(writer);
        assert_eq!(read.join().unwrap().unwrap(), text.len());
    }
}
