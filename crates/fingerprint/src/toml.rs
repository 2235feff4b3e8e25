//! What of an included TOML file counts: not its comments, nor its layout.

use std::iter::Peekable;
use std::str::Chars;

/// Characters beside which a blank means nothing.
const MARKS: &str = "=,[]{}\n";

/// `text` without comments and without blanks that mean nothing. What stands in
/// quotation marks stays as it is; so does a line's end, unless a list goes on
/// after it.
pub(crate) fn without_layout(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '#' => while letters.next_if(|letter| *letter != '\n').is_some() {},
            '"' | '\'' => {
                blank(&mut kept, letter);
                quoted(letter, &mut letters, &mut kept);
            }
            '\n' => {
                let trimmed = kept.trim_end_matches(' ').len();
                kept.truncate(trimmed);
                if !kept.is_empty() && !kept.ends_with(['\n', '[', ',', '{']) {
                    kept.push('\n');
                }
            }
            ' ' | '\t' | '\r' => {
                if !kept.is_empty() && !kept.ends_with(' ') {
                    kept.push(' ');
                }
            }
            other => {
                blank(&mut kept, other);
                // The line before ended inside a list.
                if matches!(other, ']' | '}') && kept.ends_with('\n') {
                    kept.pop();
                }
                kept.push(other);
            }
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Drops the blank at the end of `kept` where it means nothing before `next`.
fn blank(kept: &mut String, next: char) {
    let Some(before) = kept.strip_suffix(' ') else { return };
    if MARKS.contains(next) || before.is_empty() || before.ends_with(|mark| MARKS.contains(mark)) {
        kept.pop();
    }
}

/// Takes over a text whose first `mark` was read, as it is written.
fn quoted(mark: char, letters: &mut Peekable<Chars<'_>>, kept: &mut String) {
    kept.push(mark);
    let mut marks = 1;
    while marks < 3 && letters.next_if_eq(&mark).is_some() {
        kept.push(mark);
        marks += 1;
    }
    // Two marks are an empty text.
    if marks == 2 {
        return;
    }
    let mut closing = 0;
    while let Some(letter) = letters.next() {
        kept.push(letter);
        closing = if letter == mark { closing + 1 } else { 0 };
        if letter == '\\' && mark == '"' {
            kept.extend(letters.next());
        }
        if closing == marks {
            // A long text may end with marks of its own.
            while marks == 3 && letters.next_if_eq(&mark).is_some() {
                kept.push(mark);
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# where it is from\n[a]\nb = \"x # y\"\nc = [1, 2]\nd = 07 08\n[[e]]\nf = ''\n";

    #[test]
    fn comments_and_layout_do_not_count() {
        for same in [
            "[a]\n\n  b=\"x # y\" # why\n\tc = [ # two\n  1, # one\n  2\n]\nd =  07   08\n[[e]]\nf=''",
            "[a]\r\nb = \"x # y\"\r\nc = [1,2]\r\nd = 07 08\r\n[[e]]\r\nf = ''\r\n",
        ] {
            assert_eq!(without_layout(same), without_layout(TEXT));
        }
    }

    #[test]
    fn values_names_and_texts_count_to_the_last_blank() {
        for (from, to) in [
            ("x # y", "x #  y"),
            ("[1, 2]", "[12]"),
            ("07 08", "0708"),
            ("[[e]]", "[e]"),
            ("b =", "bb ="),
            ("''", "' '"),
        ] {
            assert_ne!(without_layout(&TEXT.replace(from, to)), without_layout(TEXT), "{from}");
        }
        let long = "a = \"\"\"\n  x \\\" # no comment\n\"\"\"\"\nb = 1 # one\n";
        assert_eq!(without_layout(long), "a=\"\"\"\n  x \\\" # no comment\n\"\"\"\"\nb=1");
        // A mark that never closes ends with the file.
        assert_eq!(without_layout("a = 'x # y"), "a='x # y");
    }
}
