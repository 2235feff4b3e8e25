//! Samples out of the replay buffer, a row for each cell.

use super::csv::Csv;
use super::{Chart, Drafts, Paneled, Planned, absent, by_line, caption};
use crate::chart::SampleGrid;
use crate::report::view::View;
use crate::table::{CellResult, TrialResult};

/// Samples in a row.
const COLUMNS: usize = 10;

/// Samples of one trial: how many, of which shape, and their elements.
struct Row<'a> {
    cell: &'a CellResult,
    trial: &'a TrialResult,
    shape: [usize; 3],
    /// `[n, c, h, w]` with n up to [`COLUMNS`].
    pixels: &'a [f32],
}

/// A chart for each line.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    by_line(view, "samples", |paneled| planned(view, paneled, footer))
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let found: Vec<Row<'_>> = cells.iter().filter_map(|cell| row(view, cell)).collect();
    let shape = found.first()?.shape;
    // Rows of another shape than the first cannot stand in the same grid.
    let rows: Vec<Row<'_>> = found.into_iter().filter(|row| row.shape == shape).collect();
    let has = |cell: &CellResult| rows.iter().any(|row| std::ptr::eq(row.cell, cell));
    let missing: Vec<&CellResult> = cells.iter().copied().filter(|cell| !has(cell)).collect();
    let [c, h, w] = shape;
    let mut pixels = Vec::new();
    for row in &rows {
        pixels.extend(row.pixels.iter().map(|pixel| unit(*pixel, row.trial.bounds)));
        // Every row is full, so that rows and labels agree.
        pixels.resize(pixels.len().next_multiple_of(COLUMNS * c * h * w), 0.0);
    }
    let seeds = seeds(&rows);
    let chart = SampleGrid {
        caption: caption(format!("Replay-buffer samples{of}"), seeds.clone(), footer),
        shape: [pixels.len() / (c * h * w), c, h, w],
        pixels,
        columns: COLUMNS,
        row_labels: rows.iter().map(|row| view.label_of_images(row.cell, row.trial)).collect(),
        tile_labels: Vec::new(),
    };
    Some(Planned {
        name,
        caption: format!(
            "The first {COLUMNS} of the chains kept at the end of training, which were drawn at \
             random and not chosen ({seeds}); pixels beyond the training range are clipped for \
             display, and the data has them as they are.{}",
            absent(view, &missing, "samples")
        ),
        chart: Chart::Samples(chart),
        csv: data(view, &rows),
    })
}

/// The samples of the first seed of `cell` that has some fit to be drawn.
fn row<'a>(view: &View<'a>, cell: &'a CellResult) -> Option<Row<'a>> {
    view.trials_of(cell).find_map(|trial| {
        let (shape, pixels) = trial.samples.as_ref()?;
        let &[n, c, h, w] = &shape[..] else { return None };
        let size = c.checked_mul(h)?.checked_mul(w)?;
        let pixels = pixels.get(..n.min(COLUMNS).checked_mul(size)?)?;
        let drawable = (c == 1 || c == 3) && size > 0 && !pixels.is_empty();
        drawable.then_some(Row { cell, trial, shape: [c, h, w], pixels })
    })
}

/// From the scaled pixel range to [0, 1].
pub(super) fn unit(pixel: f32, (low, high): (f64, f64)) -> f32 {
    ((f64::from(pixel) - low) / (high - low)) as f32
}

fn seeds(rows: &[Row<'_>]) -> String {
    let mut seeds: Vec<u64> = rows.iter().map(|row| row.trial.seed).collect();
    seeds.dedup();
    match seeds[..] {
        [seed] => format!("seed {seed}"),
        _ => "one seed each".to_owned(),
    }
}

fn data(view: &View<'_>, rows: &[Row<'_>]) -> String {
    let size = rows.first().map_or(1, |row| row.shape.iter().product());
    let pixels: Vec<String> = (0..size).map(|index| format!("pixel_{index}")).collect();
    let columns: Vec<&str> =
        ["seed", "sample"].into_iter().chain(pixels.iter().map(String::as_str)).collect();
    let mut csv = Csv::new(&view.results.axes, &columns);
    for row in rows {
        for (index, sample) in row.pixels.chunks(size).enumerate() {
            let named = [row.trial.seed.to_string(), index.to_string()].into_iter();
            let fields: Vec<String> = named.chain(sample.iter().map(f32::to_string)).collect();
            csv.row(&row.cell.values, &fields);
        }
    }
    csv.text()
}
