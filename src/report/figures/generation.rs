//! Samples made anew, out of the buffer and of each class, beside their nearest
//! training images; and chains as filmstrips.

use jem_core::arrays::Arrays;
use jem_core::results::{Generation, ShownSamples};

use super::image_rows::{Drawn, Rows, image_grid};
use super::{Drafts, Paneled, Planned, by_line};
use crate::report::number::plain;
use crate::report::view::View;
use crate::table::CellResult;

/// Images in a row.
const COLUMNS: usize = 10;
/// Filmstrips of a cell.
const STRIPS: usize = 2;

/// Figures for each line: samples of each source, and filmstrips.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for figure in [Kind::Source("fresh"), Kind::Source("buffer"), Kind::Classes, Kind::Strips] {
        let found = by_line(view, figure.name(), |paneled| planned(view, paneled, figure, footer));
        // What is left out is the same for all of them.
        if !found.figures.is_empty() {
            drafts.notes = found.notes;
        }
        drafts.figures.extend(found.figures);
    }
    drafts
}

/// What a figure shows.
#[derive(Clone, Copy)]
enum Kind {
    /// Samples of a source, each above its nearest training image.
    Source(&'static str),
    /// Class-conditional samples, a column for each class.
    Classes,
    /// States of chains.
    Strips,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Source("fresh") => "generation-fresh",
            Self::Source(_) => "generation-buffer",
            Self::Classes => "generation-conditional",
            Self::Strips => "generation-strips",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Source("fresh") => "Samples from chains started anew",
            Self::Source(_) => "Samples out of the buffer",
            Self::Classes => "Class-conditional samples",
            Self::Strips => "Chains from start to end",
        }
    }

    fn read(self, known: &Generation) -> String {
        let steps = known.steps;
        let neighbours = format!(
            "Under each stands the nearest of the first {} training images, with its L2 distance \
             over pixels in [0, 1]: a copy would be at 0.",
            known.neighbours_among
        );
        match self {
            Self::Source("fresh") => {
                format!("The first chains on E(x), {steps} steps each, not chosen. {neighbours}")
            }
            Self::Source(_) => format!(
                "The first of the chains kept at the end of training, not chosen. {neighbours}"
            ),
            Self::Classes => format!(
                "The first chains on E(x, y), {steps} steps each, not chosen: a column for each \
                 class. The number under each is the class it was made for and, where the small \
                 classifier sees another in it, that one. {neighbours}"
            ),
            Self::Strips => format!(
                "The first chains on E(x), {steps} steps each, not chosen; the numbers are steps \
                 done."
            ),
        }
    }
}

fn planned<'a>(
    view: &View<'a>,
    paneled: Paneled<'_, 'a>,
    kind: Kind,
    footer: &str,
) -> Option<Planned> {
    let of_cell = |cell: &'a CellResult| {
        view.trials_of(cell).find_map(|trial| {
            let (known, images) = trial.generation.as_ref()?;
            let rows = rows(kind, known, images)?;
            let read = kind.read(known);
            Some((read, Drawn { cell, trial, rows }))
        })
    };
    let found: Vec<(String, Drawn<'_>)> =
        paneled.cells.iter().copied().filter_map(of_cell).collect();
    let read = found.first()?.0.clone();
    let drawn = found.into_iter().map(|(_, drawn)| drawn).collect();
    image_grid(view, paneled, drawn, (kind.title(), &read), footer)
}

/// The rows of one trial; none where it has no such images, or such as cannot
/// be drawn.
fn rows(kind: Kind, known: &Generation, images: &Arrays) -> Option<Rows> {
    let named = match kind {
        Kind::Source(source) => source,
        Kind::Classes => "conditional",
        Kind::Strips => "strips",
    };
    let (shape, all) = images.f32(named)?;
    let leading = if let Kind::Strips = kind { 2 } else { 1 };
    if shape.iter().take(leading).any(|side| *side == 0) {
        return None;
    }
    let mut rows = Rows::of(shape.get(leading..)?, COLUMNS)?;
    match kind {
        Kind::Source(source) => {
            let shown = known.shown.iter().find(|shown| shown.source == source)?;
            let (_, nearest) = images.f32(&format!("{source}/neighbours"))?;
            let n = shape[0].min(COLUMNS).min(shown.distances.len());
            let places: Vec<usize> = (0..n).collect();
            let distances = shown.distances[..n].iter().map(|d| plain(*d)).collect();
            rows.row("sample", all, &places, vec![String::new(); n]);
            rows.row("nearest", nearest, &places, distances);
        }
        Kind::Classes => {
            let shown = known.shown.iter().find(|shown| shown.source == named)?;
            let nearest = images.f32("conditional/neighbours").map(|(_, images)| images);
            classes(shown, all, nearest, &mut rows)?;
        }
        Kind::Strips => {
            rows.columns = shape[1];
            for strip in 0..shape[0].min(STRIPS) {
                let places: Vec<usize> = (0..shape[1]).map(|l| strip * shape[1] + l).collect();
                let last = strip + 1 == shape[0].min(STRIPS);
                let steps = known.looks.iter().map(u64::to_string);
                let tiles = if last { steps.collect() } else { Vec::new() };
                rows.row("another", all, &places, tiles);
            }
        }
    }
    Some(rows)
}

/// A column for each of the first classes, a row for each sample of a class,
/// and under it the nearest training images where they were kept.
fn classes(
    shown: &ShownSamples,
    all: &[f32],
    nearest: Option<&[f32]>,
    rows: &mut Rows,
) -> Option<()> {
    let asked = shown.asked.as_ref()?;
    let classes: Vec<u64> = (0..COLUMNS as u64).filter(|class| asked.contains(class)).collect();
    rows.columns = classes.len();
    let of = |class: &u64| -> Vec<usize> {
        (0..asked.len()).filter(|&place| asked[place] == *class).collect()
    };
    let places: Vec<Vec<usize>> = classes.iter().map(of).collect();
    let most = places.iter().map(Vec::len).min()?.min(STRIPS);
    for number in 0..most {
        let places: Vec<usize> = places.iter().map(|of| of[number]).collect();
        let tile = |place: &usize| {
            let class = asked[*place];
            match shown.seen.as_ref().and_then(|seen| seen.get(*place)) {
                Some(seen) if *seen != class => format!("{class}, seen {seen}"),
                _ => class.to_string(),
            }
        };
        let tiles = places.iter().map(tile).collect();
        rows.row("another", all, &places, tiles);
        if let Some(nearest) = nearest {
            let distance = |place: &usize| shown.distances.get(*place).map(|d| plain(*d));
            let tiles = places.iter().map(|place| distance(place).unwrap_or_default()).collect();
            rows.row("nearest", nearest, &places, tiles);
        }
    }
    (most > 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::super::Chart;
    use super::*;
    use crate::chart::SampleGrid;
    use crate::report::fixture;
    use crate::table::{Results, cells};

    const SHAPE: [usize; 3] = [1, 4, 4];

    /// Two classes with three samples each, two fresh samples, one filmstrip.
    fn made() -> (Generation, Arrays) {
        let mut images = Arrays::default();
        let mut put = |name: &str, leading: &[usize]| {
            let n: usize = leading.iter().product();
            let shape: Vec<usize> = leading.iter().chain(&SHAPE).copied().collect();
            let values = (0..n * 16).map(|i| (i % 7) as f32 / 6.0).collect();
            images.insert_f32(name, &shape, values);
        };
        put("fresh", &[2]);
        put("fresh/neighbours", &[2]);
        put("conditional", &[6]);
        put("conditional/neighbours", &[6]);
        put("strips", &[1, 3]);
        let shown = |source: &str, n: usize| ShownSamples {
            source: source.to_owned(),
            asked: None,
            seen: None,
            neighbours: vec![5; n],
            distances: vec![1.25; n],
        };
        let by_class = ShownSamples {
            asked: Some(vec![0, 0, 0, 1, 1, 1]),
            seen: Some(vec![0, 1, 0, 1, 1, 1]),
            ..shown("conditional", 6)
        };
        let known = Generation {
            steps: 10,
            looks: vec![0, 5, 10],
            shown: vec![shown("fresh", 2), by_class],
            neighbours_among: 200,
            ..Generation::default()
        };
        (known, images)
    }

    fn results() -> Results {
        let mut results = fixture::results();
        for trial in results.trials.iter_mut().filter(|trial| trial.values[0] == 0.1) {
            trial.generation = Some(made());
        }
        results
    }

    fn grid(planned: &Planned) -> &SampleGrid {
        match &planned.chart {
            Chart::Samples(grid) => grid,
            other => panic!("{other:?} is no grid"),
        }
    }

    #[test]
    fn each_kind_of_image_that_is_there_has_a_figure_with_full_rows() {
        let results = results();
        let cells = cells(&results);
        let drafts = drafts(&View::new(&results, &cells), "footer");
        let names: Vec<&str> = drafts.figures.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["generation-fresh", "generation-conditional", "generation-strips"]);
        let [fresh, classes, strips] = [0, 1, 2].map(|i| grid(&drafts.figures[i]));
        assert_eq!((fresh.shape, fresh.columns), ([20, 1, 4, 4], 10));
        assert_eq!(fresh.row_labels[1], "nearest");
        assert_eq!(fresh.tile_labels[10..13], ["1.250", "1.250", ""]);
        assert_eq!((classes.shape, classes.columns), ([8, 1, 4, 4], 2));
        assert_eq!(classes.row_labels, ["λ = 0.1", "nearest", "another", "nearest"]);
        assert_eq!(classes.tile_labels[..4], ["0", "1", "1.250", "1.250"]);
        assert_eq!(classes.tile_labels[4..], ["0, seen 1", "1", "1.250", "1.250"]);
        assert_eq!((strips.shape, strips.columns), ([3, 1, 4, 4], 3));
        assert_eq!(strips.tile_labels, ["0", "5", "10"]);
        for figure in &drafts.figures {
            assert!(crate::chart::samples(grid(figure)).is_ok());
            assert!(figure.caption.contains("No row for"), "{}", figure.caption);
        }
    }

    #[test]
    fn without_samples_there_is_nothing() {
        let results = fixture::results();
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        assert!(drafts(&view, "footer").figures.is_empty());
    }
}
