//! The strip under a plot where trials that diverged are marked and counted.

use super::canvas::{Canvas, Label};
use super::plot::Plot;
use super::theme::{Color, GRID, MARGIN, SMALL};

/// The cells of one series in which trials diverged, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) color: Color,
    pub(super) cells: Vec<Cell>,
}

/// How many trials of a cell diverged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Its place on the page.
    pub(super) x: f64,
    pub(super) diverged: usize,
    /// All trials of the cell.
    pub(super) trials: usize,
}

const ROW: f64 = 17.0;
const GAP: f64 = 4.0;
/// Room of a × to each side.
const CROSS: f64 = 8.0;

/// Height of the strip, with its gap to the plot.
pub(super) fn height(rows: &[Row]) -> f64 {
    if rows.is_empty() { 0.0 } else { rows.len() as f64 * ROW + GAP + 2.0 }
}

/// Draws a × under the value of every cell, and beside it how many of how many.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let top = plot.area.bottom() + GAP;
    let edges = [(plot.area.left, top), (plot.area.right(), top)];
    canvas.line(&edges, GRID.solid(), 1.0);
    let right = plot.area.right() + 0.5 * MARGIN;
    for (index, row) in rows.iter().enumerate() {
        let middle = top + 1.0 + (index as f64 + 0.5) * ROW;
        for cell in &row.cells {
            canvas.cross((cell.x, middle), 4.0, row.color.solid());
        }
        let baseline = middle + 0.36 * SMALL;
        let mut labels = counts(&row.cells, baseline, right, " diverged");
        if labels.len() < row.cells.len() {
            labels = counts(&row.cells, baseline, right, "");
        }
        for label in labels {
            canvas.label(label);
        }
    }
}

/// The count of each cell right of its ×, or left of it where that is the only
/// room, or nowhere where there is none.
fn counts(cells: &[Cell], baseline: f64, right: f64, words: &str) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    let mut free_from = 0.0;
    for (index, cell) in cells.iter().enumerate() {
        let text = format!("{}/{}{words}", cell.diverged, cell.trials);
        let after = Label::new(text, SMALL, (cell.x + CROSS, baseline));
        let width = after.width();
        let until = cells.get(index + 1).map_or(right, |next| next.x - CROSS);
        let label = if after.at.0 + width <= until {
            after
        } else if cell.x - CROSS - width >= free_from {
            Label { at: (cell.x - CROSS, baseline), ..after.end() }
        } else {
            free_from = cell.x + CROSS;
            continue;
        };
        free_from = (label.left() + width + 4.0).max(cell.x + CROSS);
        labels.push(label);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(places: &[f64]) -> Vec<Cell> {
        places.iter().map(|x| Cell { x: *x, diverged: 2, trials: 3 }).collect()
    }

    #[test]
    fn counts_go_where_there_is_room_and_nowhere_else() {
        let texts = |places: &[f64], words: &str| {
            let labels = counts(&cells(places), 0.0, 300.0, words);
            labels.iter().map(|l| l.left().round()).collect::<Vec<_>>()
        };
        // The last one, at the edge, has room to its left alone.
        let places = texts(&[100.0, 295.0], " diverged");
        assert_eq!(places[0], 108.0);
        assert!(places[1] > 200.0 && places[1] < 287.0);
        // Between crosses 10 pixels apart there is none.
        assert!(texts(&[100.0, 110.0, 120.0], " diverged").len() < 3);
    }
}
