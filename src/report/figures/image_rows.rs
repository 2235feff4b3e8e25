//! Rows of images of some cells in one grid, with their data.

use super::csv::Csv;
use super::{Chart, Paneled, Planned, absent, caption};
use crate::chart::SampleGrid;
use crate::report::view::View;
use crate::table::{CellResult, TrialResult};

/// Rows of images of one trial.
#[derive(Default)]
pub(super) struct Rows {
    /// `[c, h, w]`
    pub(super) shape: Vec<usize>,
    /// Images in a row.
    pub(super) columns: usize,
    /// In [0, 1], every row full.
    pixels: Vec<f32>,
    /// Of each image.
    tiles: Vec<String>,
    /// Of each row; the first bears the cell's name instead.
    names: Vec<&'static str>,
    /// For the data: what each image is, and its pixels.
    data: Vec<(String, Vec<f32>)>,
}

impl Rows {
    /// No rows yet, of images `[c, h, w]` as `own` has it; none where they
    /// cannot be drawn.
    pub(super) fn of(own: &[usize], columns: usize) -> Option<Self> {
        let &[c, h, w] = own else { return None };
        let drawable = (c == 1 || c == 3) && h > 0 && w > 0 && columns > 0;
        drawable.then(|| Self { shape: own.to_vec(), columns, ..Self::default() })
    }

    /// Adds a row of images of `all` `[n, c, h, w]`, those at `places`.
    pub(super) fn row(
        &mut self,
        name: &'static str,
        all: &[f32],
        places: &[usize],
        tiles: Vec<String>,
    ) {
        let size: usize = self.shape.iter().product();
        for &place in places {
            let image = all.get(place * size..(place + 1) * size).unwrap_or_default();
            self.data.push((format!("{name} {place}"), image.to_vec()));
            self.pixels.extend_from_slice(image);
        }
        self.names.push(name);
        self.tiles.extend(tiles);
        // Rows are full, so that rows and labels agree.
        self.pixels.resize(self.names.len() * self.columns * size, 0.0);
        self.tiles.resize(self.names.len() * self.columns, String::new());
    }
}

/// The rows of a cell, and the trial that they are of.
pub(super) struct Drawn<'a> {
    /// The cell.
    pub(super) cell: &'a CellResult,
    /// Its trial.
    pub(super) trial: &'a TrialResult,
    /// Its rows.
    pub(super) rows: Rows,
}

/// The grid of all `found`, of the cells of `paneled`, under `title`; `read`
/// says what it shows. None where nothing was found.
pub(super) fn image_grid(
    view: &View<'_>,
    paneled: Paneled<'_, '_>,
    found: Vec<Drawn<'_>>,
    (title, read): (&str, &str),
    footer: &str,
) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let first = found.first()?;
    let (shape, columns, seed) = (first.rows.shape.clone(), first.rows.columns, first.trial.seed);
    let same = found.iter().all(|drawn| drawn.trial.seed == seed);
    let seeds = if same { format!("seed {seed}") } else { "one seed each".to_owned() };
    let (mut pixels, mut row_labels, mut tile_labels) = (Vec::new(), Vec::new(), Vec::new());
    let size: usize = shape.iter().product();
    let headers: Vec<String> = (0..size).map(|index| format!("pixel_{index}")).collect();
    let header: Vec<&str> =
        ["seed", "image"].into_iter().chain(headers.iter().map(String::as_str)).collect();
    let mut csv = Csv::new(&view.results.axes, &header);
    let mut drawn: Vec<&CellResult> = Vec::new();
    // What has another shape than the first cannot stand in the same grid.
    let fits = |drawn: &&Drawn<'_>| drawn.rows.shape == shape && drawn.rows.columns == columns;
    for Drawn { cell, trial, rows } in found.iter().filter(fits) {
        drawn.push(cell);
        pixels.extend_from_slice(&rows.pixels);
        tile_labels.extend(rows.tiles.iter().cloned());
        let names = rows.names.iter().skip(1).map(|name| (*name).to_owned());
        row_labels.extend(std::iter::once(view.label_of_images(cell, trial)).chain(names));
        for (what, image) in &rows.data {
            let named = [trial.seed.to_string(), what.clone()].into_iter();
            let fields: Vec<String> = named.chain(image.iter().map(f32::to_string)).collect();
            csv.row(&cell.values, &fields);
        }
    }
    let missing: Vec<&CellResult> = cells
        .iter()
        .copied()
        .filter(|cell| !drawn.iter().any(|d| std::ptr::eq(*d, *cell)))
        .collect();
    let &[c, h, w] = &shape[..] else { return None };
    Some(Planned {
        name,
        caption: format!("{read} ({seeds}){}", absent(view, &missing, "row")),
        chart: Chart::Samples(SampleGrid {
            caption: caption(format!("{title}{of}"), seeds, footer),
            shape: [pixels.len() / size, c, h, w],
            pixels,
            columns,
            row_labels,
            tile_labels,
        }),
        csv: csv.text(),
    })
}
