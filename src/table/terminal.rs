//! The table as text for a terminal.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::{PaperTable, TableCell};

impl PaperTable {
    /// For a terminal: metrics that do not fit beside each other stand in
    /// tables below each other, each with the columns that name the cell.
    /// Where the width is not known, in one table.
    pub fn to_terminal(&self) -> String {
        self.within(Table::new().width().map_or(usize::MAX, usize::from))
    }

    fn within(&self, width: usize) -> String {
        let mut text = format!("{}\n", self.caption);
        for columns in self.parts(width) {
            text += &format!("{}\n\n", self.part(&columns).trim_fmt());
        }
        let footnotes = self.footnotes.iter().map(|note| format!("{note}\n"));
        text + &self.note + "\n" + &footnotes.collect::<String>()
    }

    /// The columns of each table, by their places.
    fn parts(&self, width: usize) -> Vec<Vec<usize>> {
        let names: Vec<usize> =
            (0..self.columns.len()).filter(|place| self.columns[*place].unit.is_none()).collect();
        let taken: usize = names.iter().map(|place| self.width_of(*place)).sum();
        let (mut parts, mut left) = (vec![names.clone()], width.saturating_sub(taken));
        for metric in (0..self.columns.len()).filter(|place| !names.contains(place)) {
            let wanted = self.width_of(metric);
            let full = parts.last().is_some_and(|part| part.len() > names.len());
            if wanted > left && full {
                parts.push(names.clone());
                left = width.saturating_sub(taken);
            }
            if let Some(part) = parts.last_mut() {
                part.push(metric);
            }
            left = left.saturating_sub(wanted);
        }
        parts
    }

    /// How wide a column is, with a space at both sides and one between
    /// columns.
    fn width_of(&self, place: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[place].to_string().chars().count());
        let head = self.head(place);
        3 + cells.chain(head.lines().map(|line| line.chars().count())).max().unwrap_or(0)
    }

    /// The column's title, its parameters on lines of their own.
    fn head(&self, place: usize) -> String {
        self.columns[place].title().replace(", ", ",\n")
    }

    fn part(&self, columns: &[usize]) -> Table {
        let mut table = Table::new();
        let line = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().header_separator(line));
        table.set_header(columns.iter().map(|place| self.head(*place)));
        for row in &self.rows {
            table.add_row(columns.iter().map(|place| TableCell::to_string(&row[*place])));
        }
        for (column, place) in table.column_iter_mut().zip(columns) {
            if self.columns[*place].is_number() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shown, sample};
    use super::*;

    fn table() -> PaperTable {
        let mut table = PaperTable::of(&sample::results(), Shown::Paper);
        table.columns.drain(5..9);
        table.rows.iter_mut().for_each(|row| drop(row.drain(5..9)));
        table.note = "A note.".to_owned();
        table
    }

    #[test]
    fn a_wide_terminal_shows_one_table() {
        let expected = "\
λ & accuracy, 50 % of MNIST (commit 0123456-dirty)
 lambda   n   diverged                accuracy ↑   NLL (nat) ↓                      error AUROC,
                                                                                        energy ↑
─────────────────────────────────────────────────────────────────────────────────────────────────
 0        3        0/3   0.8125 [0.6100, 0.9231]        0.5000   0.6250 (0.5000–0.7500, 2 seeds)
";
        let shown = table().within(usize::MAX);
        assert!(shown.starts_with(expected), "{shown}");
        assert!(shown.ends_with("diverged\n\nA note.\n"), "{shown}");
    }

    #[test]
    fn in_a_narrow_terminal_every_table_names_its_cells_and_fits() {
        let shown = table().within(60);
        assert_eq!(shown.matches("lambda").count(), 3, "{shown}");
        let rows = shown.lines().skip(1).filter(|line| line.chars().count() > 60);
        assert_eq!(rows.count(), 0, "{shown}");
        // A width that nothing fits in still shows everything.
        assert_eq!(table().within(0).matches("lambda").count(), 3);
    }
}
