//! Fields of CSV files (RFC 4180, with a bare newline), which people open with
//! spreadsheets. There a text that begins as a formula is one, and is carried
//! out; so it gets an apostrophe, which spreadsheets take for "this is text".

use std::borrow::Cow;

/// Text that no spreadsheet takes for a formula; a number stays as it is.
pub fn plain_text(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    match formula && text.trim().parse::<f64>().is_err() {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// One line of a CSV file.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let field = |field: &str| {
        let field = plain_text(field);
        match field.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", field.replace('"', "\"\"")),
            false => field.into_owned(),
        }
    };
    fields.into_iter().map(field).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_formula_and_a_number_stays_one() {
        for number in ["-0.5", "+1", "1e-9", "-inf", "-1.5e3", ""] {
            assert_eq!(plain_text(number), number);
        }
        for text in ["=1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "+a", "\t=1", "-a"] {
            assert_eq!(plain_text(text), format!("'{text}"));
        }
        assert_eq!(plain_text("a=1"), "a=1");
    }

    #[test]
    fn fields_with_commas_quotes_or_line_ends_are_quoted() {
        assert_eq!(
            line(["a,b", "say \"a\"", "", "=1,2"]),
            "\"a,b\",\"say \"\"a\"\"\",,\"'=1,2\"\n"
        );
    }
}
