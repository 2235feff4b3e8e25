//! The table as Markdown and CSV.

use polars::prelude::DataFrame;

use super::frames::column;
use super::write::csv_as_it_is;
use super::{PaperTable, TableCell, TableError};
use crate::spreadsheet::plain_text;

impl PaperTable {
    /// As Markdown, after a comment with the command that makes it.
    pub fn to_markdown(&self) -> String {
        // Two hyphens would end the comment.
        let mut made_by = format!("{}; {}", self.command, self.commits);
        while made_by.contains("--") {
            made_by = made_by.replace("--", "- -");
        }
        let heads: Vec<String> = self.columns.iter().map(|c| markdown(&c.title())).collect();
        let rules: Vec<&str> =
            self.columns.iter().map(|c| if c.is_number() { "---:" } else { "---" }).collect();
        let mut lines = vec![
            format!("<!-- {made_by} -->"),
            format!("**{}**", markdown(&self.caption)),
            String::new(),
            format!("| {} |", heads.join(" | ")),
            format!("| {} |", rules.join(" | ")),
        ];
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| markdown(&cell.to_string())).collect();
            lines.push(format!("| {} |", cells.join(" | ")));
        }
        lines.extend([String::new(), markdown(&self.note), String::new()]);
        for note in &self.footnotes {
            lines.extend([markdown(note), String::new()]);
        }
        lines.join("\n")
    }

    /// As CSV, under the columns' keys; `commit` follows (of our rows), `published`
    /// where there are published rows, and `accepted` where some runs were
    /// accepted by hand. The numbers
    /// are those that people read; those to reckon with are in
    /// [`super::frames::cell_statistics`].
    ///
    /// # Errors
    /// When two columns have the same key.
    pub fn to_csv(&self) -> Result<String, TableError> {
        let texts = |place: usize| -> Vec<String> {
            let text = |row: &Vec<TableCell>| match &row[place] {
                // What begins with a minus here is a number with its interval.
                TableCell::Mean(mean) => mean.to_string(),
                TableCell::Marked(text, _) => plain_text(text).into_owned(),
                cell => plain_text(&cell.to_string()).into_owned(),
            };
            self.rows.iter().map(text).collect()
        };
        let keyed = self.columns.iter().enumerate();
        let commit = self.commits.trim_start_matches("commits ").trim_start_matches("commit ");
        let mut columns: Vec<_> = keyed.map(|(place, c)| column(&c.key, texts(place))).collect();
        let ours = |place: usize| (place < self.ours).then(|| commit.to_owned());
        let commits: Vec<Option<String>> = (0..self.rows.len()).map(ours).collect();
        columns.push(column("commit", commits));
        if !self.footnotes.is_empty() {
            let text = |text: String| plain_text(&text).into_owned();
            let sources = self.rows.iter().map(|row| self.source_of(row).map(text));
            let sources: Vec<Option<String>> = sources.collect();
            columns.push(column("published", sources));
        }
        if !self.accepted.is_empty() {
            columns.push(column(
                "accepted",
                self.rows
                    .iter()
                    .map(|row| self.reasons(row).map(|text| plain_text(&text).into_owned()))
                    .collect::<Vec<Option<String>>>(),
            ));
        }
        let bytes = csv_as_it_is(&DataFrame::new(self.rows.len(), columns)?)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl PaperTable {
    /// Where the published `row` comes from; none where it is ours.
    fn source_of(&self, row: &[TableCell]) -> Option<String> {
        let TableCell::Text(system) = row.first()? else { return None };
        let (_, number) = system.rsplit_once(" [")?;
        let number: usize = number.strip_suffix(']')?.parse().ok()?;
        self.footnotes.get(number.checked_sub(1)?).cloned()
    }

    /// What the mark of `row` stands for; none where it has none.
    fn reasons(&self, row: &[TableCell]) -> Option<String> {
        let mark = row.iter().find_map(|cell| match cell {
            TableCell::Marked(_, mark) => Some(mark),
            _ => None,
        })?;
        let numbers: Vec<&str> = mark.trim_start_matches('†').split(',').collect();
        let of = |(place, _): &(usize, &String)| {
            self.accepted.len() == 1 || numbers.contains(&(place + 1).to_string().as_str())
        };
        let notes = self.accepted.iter().enumerate().filter(of).map(|(_, note)| note.clone());
        Some(notes.collect::<Vec<_>>().join(" "))
    }
}

/// Text that Markdown shows as it stands, on one line.
pub(crate) fn markdown(text: &str) -> String {
    let mut shown = String::new();
    for (place, letter) in text.char_indices() {
        let rest = &text[place + letter.len_utf8()..];
        match letter {
            '\\' | '|' | '*' | '_' | '`' | '<' | '[' | ']' => shown.extend(['\\', letter]),
            // As mathematics, or struck through.
            '~' | '$' => shown.extend(['\\', letter]),
            // The name of a letter, such as `&lt;`.
            '&' if names_letter(rest) => shown.push_str("&amp;"),
            '\n' | '\r' | '\t' => shown.push(' '),
            control if control.is_control() => shown.push(char::REPLACEMENT_CHARACTER),
            other => shown.push(other),
        }
    }
    shown
}

/// Whether what follows an `&` makes it the name of a letter.
fn names_letter(rest: &str) -> bool {
    let name = rest.split_once(';').map_or("", |(name, _)| name.trim_start_matches('#'));
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::{Shown, sample};
    use super::*;

    /// λ, n, diverged, accuracy and error AUROC alone.
    fn table() -> PaperTable {
        let mut table = PaperTable::of(&sample::results(), Shown::Paper);
        table.columns.drain(4..9);
        table.rows.iter_mut().for_each(|row| drop(row.drain(4..9)));
        table.note = "A note.".to_owned();
        table
    }

    #[test]
    fn markdown_is_a_comment_a_caption_a_table_and_a_note() {
        let expected = "\
<!-- jem table experiments/sweep_lambda.toml; commit 0123456-dirty -->
**λ & accuracy, 50 % of MNIST (commit 0123456-dirty)**

| lambda | n | diverged | accuracy ↑ | error AUROC, energy ↑ |
| --- | ---: | ---: | ---: | ---: |
| 0 | 3 | 0/3 | 0.8125 \\[0.6100, 0.9231\\] | 0.6250 (0.5000–0.7500, 2 seeds) |
| 0.1 | 1 | 1/2 | 0.7500 | 0.7500 |
| 10 | 0 | 2/2 | diverged | diverged |

A note.
";
        assert_eq!(table().to_markdown(), expected);
    }

    #[test]
    fn csv_has_the_keys_as_header_and_the_commit_last() {
        let expected = "\
objective.lambda,n,diverged,clf/accuracy,error/auroc/energy,commit
0,3,0/3,\"0.8125 [0.6100, 0.9231]\",\"0.6250 (0.5000–0.7500, 2 seeds)\",0123456-dirty
0.1,1,1/2,0.7500,0.7500,0123456-dirty
10,0,2/2,diverged,diverged,0123456-dirty
";
        assert_eq!(table().to_csv().unwrap(), expected);
    }

    #[test]
    fn csv_quotes_what_holds_a_comma() {
        let mut table = table();
        table.rows.truncate(1);
        table.rows[0][0] = TableCell::Text("[256, \"256\"]".to_owned());
        let csv = table.to_csv().unwrap();
        assert!(csv.contains("\n\"[256, \"\"256\"\"]\",3,"), "{csv}");
    }

    #[test]
    fn markdown_escapes_what_it_would_read_as_its_own() {
        assert_eq!(markdown("a|b*c_d\n<e>"), r"a\|b\*c\_d \<e>");
        assert_eq!(
            markdown("a & b &lt; &#60; $x$ ~~y~~"),
            r"a & b &amp;lt; &amp;#60; \$x\$ \~\~y\~\~"
        );
        assert_eq!(markdown("bell \u{7}"), "bell \u{fffd}");
        let mut table = table();
        table.command = "jem table a--->b.toml".to_owned();
        assert!(table.to_markdown().starts_with("<!-- jem table a- - ->b.toml;"));
    }
}
