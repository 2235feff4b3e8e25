//! A comparison as Markdown.

use super::{Comparison, Sheet, sheets, summary};
use crate::table::escaped_markdown as escaped;

/// The comparison as GitHub-flavoured Markdown, under a heading of its own.
pub fn to_markdown(found: &Comparison) -> String {
    let mut lines = vec![format!("## {}", escaped(&found.heading())), String::new()];
    for (name, said) in summary(found) {
        lines.push(format!("- **{name}**: {}", escaped(&said)));
    }
    for sheet in sheets(found) {
        lines.extend([String::new(), table(&sheet)]);
    }
    lines.join("\n") + "\n"
}

fn table(sheet: &Sheet) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = vec!["---"; sheet.head.len()].join(" | ");
    let mut lines = vec![format!("### {}", escaped(&sheet.title)), String::new()];
    lines.extend([row(&sheet.head), format!("| {rule} |")]);
    lines.extend(sheet.rows.iter().map(|cells| row(cells)));
    if !sheet.note.is_empty() {
        lines.extend([String::new(), escaped(&sheet.note)]);
    }
    lines.join("\n")
}

impl Comparison {
    /// `sweep-lambda: HEAD~1 (1a2b3c4) → work tree (5d6e7f8)`
    pub fn heading(&self) -> String {
        format!("{}: {} → {}", self.experiment, self.a.title, self.b.title)
    }
}
