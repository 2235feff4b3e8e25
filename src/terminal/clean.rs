//! Control characters made visible. Names, questions and file names are other
//! people's words, and a terminal obeys what stands in them: an escape
//! sequence can move the cursor, change the title, or hide what follows.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with every character that commands a terminal written as its number,
/// such as `\u001b`, which JSON and TOML read as the same character. Line ends
/// and tabs stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if commands(letter) {
            // A string takes whatever is written to it.
            let _ = write!(cleaned, "\\u{:04x}", u32::from(letter));
        } else {
            cleaned.push(letter);
        }
    }
    Cow::Owned(cleaned)
}

/// Whether nothing in `text` commands a terminal.
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(commands)
}

/// Controls of ASCII and of ISO 6429, and those that turn the direction of
/// what follows, so that it reads as something else than it is.
fn commands(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_written_as_its_number() {
        let harmful = "red \x1b[31m, title \x1b]0;x\x07, C1 \u{9b}2J, back \x08\r, hidden \u{202e}";
        let shown = "red \\u001b[31m, title \\u001b]0;x\\u0007, C1 \\u009b2J, back \\u0008\\u000d, \
                     hidden \\u202e";
        assert_eq!(clean(harmful), shown);
        assert!(is_clean(shown));
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        let text = "λ = 0.1\té “ok” ─ 手\n";
        assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn json_with_such_a_character_stays_the_same_json() {
        let value = serde_json::json!({ "name": "a\u{9b}b\u{7f}c\x1bd" });
        let text = value.to_string();
        let read: Result<serde_json::Value, _> = serde_json::from_str(&clean(&text));
        assert_eq!(read.ok(), Some(value));
    }
}
