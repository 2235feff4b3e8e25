//! A comparison as text for a terminal.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::{Comparison, Sheet, sheets, summary};

/// Rows of a table that lists files; the other forms have all.
const MOST_FILES: usize = 12;

/// The comparison for a terminal.
pub fn to_terminal(found: &Comparison) -> String {
    let mut text = format!("{}\n", found.heading());
    for (side, name) in [(&found.a, "A"), (&found.b, "B")] {
        let subject = if side.subject.is_empty() { "–" } else { &side.subject };
        text += &format!("  {name}  {}  {subject}  [{}]\n", side.title, side.known);
    }
    for (name, said) in summary(found) {
        text += &format!("{name}: {said}\n");
    }
    for mut sheet in sheets(found) {
        let all = sheet.rows.len();
        if sheet.head.first().is_some_and(|head| head == "file") && all > MOST_FILES {
            sheet.rows.truncate(MOST_FILES);
            sheet.note = format!("{MOST_FILES} of {} files; --format markdown has more", all);
        }
        text += &format!("\n{}\n{}\n", sheet.title, table(&sheet).trim_fmt());
        if !sheet.note.is_empty() {
            text += &format!("{}\n", sheet.note);
        }
    }
    text
}

fn table(sheet: &Sheet) -> Table {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(line));
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(&sheet.head);
    for row in &sheet.rows {
        table.add_row(row);
    }
    let number = |text: &String| {
        let plain = text.replace('−', "-");
        let first = plain.split(' ').next().unwrap_or_default().to_owned();
        text == "–" || first.parse::<f64>().is_ok()
    };
    for (place, column) in table.column_iter_mut().enumerate() {
        if sheet.rows.iter().all(|row| number(&row[place])) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
