//! What a worker writes, read on threads of their own, line by line. A worker
//! that never ends a line, or writes without end, takes no more memory than
//! one line and what the channel holds.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::thread;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::worker::Heard;

/// The longest line that a worker may write, in bytes; an event has a few
/// thousand.
pub const LONGEST_LINE: usize = 1 << 20;

/// Reads both outputs of the process `pid` and tells what comes, at last that
/// the outputs are closed and the process has ended.
pub fn listen(
    pid: Pid,
    out: impl io::Read + Send + 'static,
    err: impl io::Read + Send + 'static,
    tell: impl Fn(Heard) + Clone + Send + 'static,
) {
    let complain = tell.clone();
    let errors = thread::spawn(move || {
        each_line(err, |line| {
            complain(line.map_or(Heard::Flooded, |line| Heard::Wrote(text(&line))));
        });
    });
    thread::spawn(move || {
        each_line(out, |line| {
            tell(match line {
                None => Heard::Flooded,
                Some(line) => match serde_json::from_slice(&line) {
                    Ok(event) => Heard::Said(Box::new(event)),
                    Err(_) => Heard::Wrote(text(&line)),
                },
            });
        });
        // What was written last comes before the news that it is over. The
        // thread only reads, so all that can have gone wrong is a panic, whose
        // words are out.
        let _ = errors.join();
        // A process may close its outputs and live on: whoever asks how it
        // ended must not have to wait.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), ended).is_err_and(|error| error == rustix::io::Errno::INTR) {
        }
        tell(Heard::Ended);
    });
}

/// Every line of `from`, without its end, until it is closed; once none for a
/// line that is too long, of which nothing is kept.
fn each_line(from: impl io::Read, mut take: impl FnMut(Option<Vec<u8>>)) {
    let mut from = BufReader::new(from);
    let (mut line, mut flooded) = (Vec::new(), false);
    while let Ok(buffer) = from.fill_buf() {
        if buffer.is_empty() {
            break;
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if line.len() + part.len() > LONGEST_LINE {
            line = Vec::new();
            if !std::mem::replace(&mut flooded, true) {
                take(None);
            }
        } else if !flooded {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            match std::mem::take(&mut flooded) {
                true => line.clear(),
                false => take(Some(std::mem::take(&mut line))),
            }
        }
    }
    if !line.is_empty() {
        take(Some(line));
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// The last lines that a worker wrote, in `words`, below `how` it ended.
pub fn with_last_words(how: &str, words: &VecDeque<String>) -> String {
    let mut text = how.to_owned();
    for (place, line) in words.iter().enumerate() {
        text += if place == 0 { ":\n" } else { "\n" };
        text += line;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut found = Vec::new();
        each_line(bytes, |line| found.push(line));
        found
    }

    #[test]
    fn lines_come_without_their_ends_also_the_last_one() {
        let found = lines(b"one\n\ntwo");
        assert_eq!(found, [Some(b"one".to_vec()), Some(Vec::new()), Some(b"two".to_vec())]);
    }

    #[test]
    fn a_line_that_does_not_end_is_told_once_and_not_kept() {
        let mut bytes = b"before\n".to_vec();
        bytes.extend(vec![b'x'; 3 * LONGEST_LINE]);
        bytes.extend(b"\nafter\n");
        assert_eq!(lines(&bytes), [Some(b"before".to_vec()), None, Some(b"after".to_vec())]);
        assert_eq!(lines(&vec![b'x'; LONGEST_LINE + 1]), [None]);
        assert_eq!(lines(&vec![b'x'; LONGEST_LINE]).len(), 1);
    }

    #[test]
    fn last_words_stand_below_how_it_ended() {
        let words = VecDeque::from(["a".to_owned(), "b".to_owned()]);
        assert_eq!(with_last_words("gone", &words), "gone:\na\nb");
        assert_eq!(with_last_words("gone", &VecDeque::new()), "gone");
    }
}
