//! The report as Markdown, with links to the figures and tables beside it.

use super::content::{Check, Content, Figure, Finding, Part, Table};

/// The report as GitHub-flavoured Markdown; `tables` are the names of the files
/// in `tables/`.
pub fn markdown(content: &Content, tables: &[String]) -> String {
    let mut page = Page(String::new());
    page.line(&format!("# {}", text(&content.title)));
    let failed: Vec<&Check> = content.checks.iter().filter(|check| !check.holds).collect();
    if !failed.is_empty() {
        page.line(&format!("## ✗ {} of {} checks failed", failed.len(), content.checks.len()));
        page.failed(&failed);
    }
    page.line(&format!("> **Question.** {}", text(&content.question)));
    for notice in &content.notices {
        page.line(&format!("**Note.** {}", text(notice)));
    }
    page.answer(content);
    page.line("## What this is");
    let row = |(name, value): &(String, String)| vec![name.clone(), value.clone()];
    page.table(&["".to_owned(), "".to_owned()], &content.facts.iter().map(row).collect::<Vec<_>>());
    if !content.further.is_empty() {
        page.line("## Further findings");
        page.parts(&content.further);
    }
    content.results.iter().for_each(|table| page.titled(table));
    for section in &content.sections {
        page.line(&format!("## {}", text(&section.title)));
        section.notes.iter().for_each(|note| page.line(&text(note)));
        section.figures.iter().for_each(|figure| page.figure(figure));
    }
    content.exceptions.iter().for_each(|table| page.titled(table));
    page.titled(&content.held());
    page.titled(&content.trials);
    page.line("## Files");
    let link = |name: &String| format!("[{name}](tables/{name})");
    let links: Vec<String> = tables.iter().map(link).collect();
    page.line(&format!("Tables: {}.", links.join(" · ")));
    page.line(
        "[manifest.json](manifest.json) names the runs and the digest of every file. Beside this \
         page: [index.html](index.html), the same for a browser.",
    );
    page.0
}

struct Page(String);

impl Page {
    /// A paragraph.
    fn line(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    fn answer(&mut self, content: &Content) {
        self.line("## Answer");
        let tile = |tile: &super::content::Tile| {
            let value = format!("{} {}", tile.value, tile.spread);
            vec![tile.label.clone(), value, tile.detail.clone()]
        };
        let rows: Vec<Vec<String>> = content.tiles.iter().map(tile).collect();
        self.table(&["".to_owned(), "value".to_owned(), "where".to_owned()], &rows);
        self.parts(&content.answer);
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            if let Some(heading) = &part.heading {
                self.line(&format!("### {}", text(heading)));
            }
            // A line between a paragraph and a list.
            for items in part.findings.chunk_by(|a, b| a.about.is_empty() == b.about.is_empty()) {
                let items: Vec<String> = items.iter().map(finding).collect();
                self.line(&items.join("\n"));
            }
        }
    }

    fn failed(&mut self, checks: &[&Check]) {
        let item = |check: &&Check| {
            let (name, found, source) = (&check.name, check.found(), &check.source);
            format!("- ✗ **{}**: {} (source: {})", text(name), text(&found), text(source))
        };
        let items: Vec<String> = checks.iter().map(item).collect();
        self.line(&items.join("\n"));
    }

    fn titled(&mut self, table: &Table) {
        if table.rows.is_empty() {
            return;
        }
        self.line(&format!("## {}", text(&table.title)));
        self.table(&table.head, &table.rows);
        self.line(&text(&table.note));
    }

    fn table(&mut self, head: &[String], rows: &[Vec<String>]) {
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| text(cell)).collect();
            format!("| {} |", cells.join(" | ").replace("  ", " "))
        };
        let rule = vec!["---"; head.len()].join(" | ");
        let mut lines = vec![row(head), format!("| {rule} |")];
        lines.extend(rows.iter().map(|cells| row(cells)));
        self.line(&lines.join("\n"));
    }

    fn figure(&mut self, figure: &Figure) {
        let (name, title) = (&figure.name, text(&figure.title));
        self.line(&format!("![{title}](charts/{name}.png)"));
        self.line(&format!(
            "**{title}.** {} ([SVG](charts/{name}.svg) · [PNG](charts/{name}.png) · \
             [data](charts/{name}.csv))",
            text(&figure.caption)
        ));
    }
}

fn finding(finding: &Finding) -> String {
    match finding.about.as_str() {
        "" => text(&finding.text),
        about => format!("- **{}**: {}", text(about), text(&finding.text)),
    }
}

/// Text that Markdown shows as it stands, on one line.
fn text(plain: &str) -> String {
    let mut shown = String::new();
    for letter in plain.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '|' | '#' | '~' | '$' => {
                shown.extend(['\\', letter]);
            }
            '&' => shown.push_str("&amp;"),
            '\n' | '\r' => shown.push(' '),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markdown_would_read_as_its_own_is_escaped() {
        assert_eq!(text("a|b\n# <i> & max_softmax"), r"a\|b \# \<i> &amp; max\_softmax");
    }
}
