//! States of chains that went on for long, as filmstrips.

use jem_core::spec::ChainStart;

use super::image_rows::{Drawn, Rows, image_grid};
use super::samples::unit;
use super::{Drafts, Paneled, Planned, by_line};
use crate::report::view::View;
use crate::table::{CellResult, ChainStates, TrialResult, spread};

/// States of a chain; of more, so many are drawn that are evenly apart.
const STATES: usize = 12;

/// Figures for each line and start: a row for each chain, a column for each
/// state that was kept of it; nothing where no trial has long chains.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for start in [ChainStart::Buffer, ChainStart::Uniform] {
        let name = format!("long-chain-states-{}", start.name());
        let found = by_line(view, &name, |paneled| planned(view, paneled, start, footer));
        drafts = drafts.and(found);
    }
    drafts
}

fn planned<'a>(
    view: &View<'a>,
    paneled: Paneled<'_, 'a>,
    start: ChainStart,
    footer: &str,
) -> Option<Planned> {
    let of_cell = |cell: &'a CellResult| {
        let found = view.trials_of(cell).find_map(|trial| Some((trial, rows(trial, start)?)));
        found.map(|(trial, rows)| Drawn { cell, trial, rows })
    };
    let found: Vec<Drawn<'_>> = paneled.cells.iter().copied().filter_map(of_cell).collect();
    let from = match start {
        ChainStart::Buffer => "samples of the buffer",
        ChainStart::Uniform => "uniform noise",
    };
    let read = format!(
        "The first chains from {from}, not chosen, by the training's sampler at its first step \
         size, for longer than training ran them; the numbers are steps done. Pixels beyond the \
         training range are clipped for display, and the data has them as they are, the range's \
         ends as 0 and 1."
    );
    image_grid(view, paneled, found, (&format!("Long chains from {from}"), &read), footer)
}

/// The first chains of `trial`; none where it kept no states of this start.
fn rows(trial: &TrialResult, start: ChainStart) -> Option<Rows> {
    let kept = trial.parts.chain_states.as_ref()?;
    let (shape, all) = kept.states.f32(&format!("{}/states", start.name()))?;
    let (&[n, states], own) = shape.split_at_checked(2)? else { return None };
    let shown = spread(states, STATES);
    let mut rows = Rows::of(own, shown.len())?;
    let all: Vec<f32> = all.iter().map(|pixel| unit(*pixel, trial.bounds)).collect();
    let chains = n.min(ChainStates::CHAINS);
    for chain in 0..chains {
        let places: Vec<usize> = shown.iter().map(|state| chain * states + state).collect();
        let steps = shown.iter().filter_map(|state| kept.steps.get(*state));
        let last = chain + 1 == chains;
        let tiles = if last { steps.map(u64::to_string).collect() } else { Vec::new() };
        rows.row("another", &all, &places, tiles);
    }
    (chains > 0).then_some(rows)
}

#[cfg(test)]
mod tests {
    use jem_core::arrays::Arrays;

    use super::super::Chart;
    use super::*;
    use crate::chart::SampleGrid;
    use crate::report::fixture;
    use crate::table::{Results, cells};

    /// λ = 0.1 with three chains of four states from the buffer, in [-1, 1].
    fn results() -> Results {
        let mut results = fixture::results();
        for trial in results.trials.iter_mut().filter(|trial| trial.values[0] == 0.1) {
            let mut states = Arrays::default();
            let pixels = (0..3 * 4 * 4).map(|place| (place / 4) as f32 / 6.0 - 1.0).collect();
            states.insert_f32("buffer/states", &[3, 4, 1, 2, 2], pixels);
            let steps = vec![0, 40, 80, 120];
            trial.parts.chain_states = Some(ChainStates { steps, states });
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
    fn a_row_is_a_chain_and_its_columns_go_with_time() {
        let results = results();
        let cells = cells(&results);
        let drafts = drafts(&View::new(&results, &cells), "footer");
        let names: Vec<&str> = drafts.figures.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["long-chain-states-buffer"]);
        let grid = grid(&drafts.figures[0]);
        assert_eq!((grid.shape, grid.columns), ([8, 1, 2, 2], 4));
        assert_eq!(grid.row_labels, ["λ = 0.1", "another"]);
        assert_eq!(grid.tile_labels[..5], ["", "", "", "", "0"]);
        assert_eq!(grid.tile_labels[5..], ["40", "80", "120"]);
        // -1 and 0 of the training's range are 0 and 1/2 of a picture's.
        let first: Vec<f32> = grid.pixels.iter().step_by(4).copied().take(7).collect();
        let expected = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|place| place / 12.0);
        assert!(first.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{first:?}");
        assert!(crate::chart::samples(grid).is_ok());
        assert!(drafts.figures[0].caption.contains("No row for"), "{}", drafts.figures[0].caption);
        assert_eq!(drafts.figures[0].csv.lines().count(), 1 + 8);
    }

    #[test]
    fn states_of_another_shape_are_not_drawn() {
        let mut results = results();
        for trial in &mut results.trials {
            if let Some(kept) = &mut trial.parts.chain_states {
                kept.states = Arrays::default();
                kept.states.insert_f32("buffer/states", &[3, 4], vec![0.0; 12]);
            }
        }
        let cells = cells(&results);
        assert!(drafts(&View::new(&results, &cells), "footer").figures.is_empty());
    }
}
