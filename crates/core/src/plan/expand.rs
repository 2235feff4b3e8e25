//! Cells and trials of a block, in parallel.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::axis::{AxisValue, Column};
use super::block::Block;
use super::counts::Counts;
use super::leaves::{Part, Splicer};
use super::naming::Naming;
use super::trials::Trial;
use crate::dataset::{Source, Split};
use crate::diagnostic::Diagnostic;
use crate::id::{CellId, EvalId, TrialId};
use crate::spec::{Device, Document, Entry, Resources, Violation, violations};

/// The most trials that an experiment may have.
const MAX_TRIALS: usize = 1_000_000;

/// The most violations that are told apart.
const MAX_VIOLATIONS: usize = 10;

/// The most different violations that are kept while cells are looked at.
const KEPT_VIOLATIONS: usize = 10_000;

/// Cells that are resolved at a time: what is wrong with each takes more
/// memory than the trials made of it.
const CHUNK: usize = 1 << 14;

/// One cell that was resolved.
struct Cell {
    number: u32,
    choices: Vec<usize>,
    id: CellId,
    resources: Resources,
    violations: Vec<Violation>,
}

/// The trials of all `blocks` in their order, each once. What is wrong with
/// cells goes to `problems`.
pub fn expand(
    document: &Document,
    blocks: &[Block],
    (counts, naming): (&Counts, &Naming),
    problems: &mut Vec<Diagnostic>,
) -> Vec<Trial> {
    let count: usize =
        blocks.iter().map(|block| block.cells.len().saturating_mul(block.seeds.len())).sum();
    if count > MAX_TRIALS {
        let place = document.tree.entry("sweep").map_or(0..0, |entry| entry.key_span.clone());
        problems.push(
            Diagnostic::new(format!("this experiment has {count} trials"))
                .at(&document.source, place, format!("at most {MAX_TRIALS} are accepted"))
                .help("use fewer values or seeds, or draw: `random = { n = …, over = { … } }`"),
        );
        return Vec::new();
    }
    let mut trials: Vec<Trial> = Vec::with_capacity(count);
    let mut seen = HashSet::with_capacity(count);
    let mut wrong = Wrong::default();
    for (index, block) in blocks.iter().enumerate() {
        let splicer = Splicer::new(block, naming);
        for numbers in block.cells.chunks(CHUNK) {
            let cells: Vec<Cell> =
                numbers.par_iter().map(|number| cell(block, &splicer, counts, *number)).collect();
            for cell in &cells {
                wrong.take_in(block, cell);
            }
            let made: Vec<Trial> = cells
                .par_iter()
                .flat_map_iter(|cell| make_trials(block, &splicer, index, cell))
                .collect();
            trials.extend(made.into_iter().filter(|trial| seen.insert((trial.eval, asked(trial)))));
        }
    }
    problems.extend(wrong.tell(document));
    trials
}

/// What of the resources tells one run from another.
fn asked(trial: &Trial) -> (Device, u64) {
    (trial.resources.device, trial.resources.threads)
}

fn cell(block: &Block, splicer: &Splicer, counts: &Counts, number: u32) -> Cell {
    let choices = block.choices(number);
    let spec = block.spec(&choices);
    let replaced = splicer.replaced(Part::Training, &choices);
    let id = CellId::new(&splicer.training, &replaced);
    let images = |source: &Source| counts.of(source, Split::Train);
    let violations = violations(&spec, &images);
    Cell { number, choices, id, resources: spec.resources, violations }
}

fn make_trials(block: &Block, splicer: &Splicer, index: usize, cell: &Cell) -> Vec<Trial> {
    let replaced = splicer.replaced(Part::Evaluate, &cell.choices);
    let make = |seed: &u64| {
        let id = TrialId::new(cell.id, *seed);
        Trial {
            cell: cell.id,
            id,
            eval: EvalId::new(id, &splicer.evaluate, &replaced),
            seed: *seed,
            resources: cell.resources,
            block: index as u32,
            number: cell.number,
        }
    };
    block.seeds.iter().map(make).collect()
}

/// The violations of all cells, each with the first cell that has it.
#[derive(Default)]
struct Wrong<'a> {
    cells: usize,
    found: Vec<(Violation, &'a Block, Vec<usize>)>,
    counts: HashMap<Violation, usize>,
    /// Violations that are not kept.
    untold: usize,
}

impl<'a> Wrong<'a> {
    fn take_in(&mut self, block: &'a Block, cell: &Cell) {
        self.cells += 1;
        for violation in &cell.violations {
            if let Some(count) = self.counts.get_mut(violation) {
                *count += 1;
            } else if self.found.len() == KEPT_VIOLATIONS {
                self.untold += 1;
            } else {
                self.counts.insert(violation.clone(), 1);
                self.found.push((violation.clone(), block, cell.choices.clone()));
            }
        }
    }

    fn tell(&self, document: &Document) -> Vec<Diagnostic> {
        let shown = self.found.iter().take(MAX_VIOLATIONS);
        let mut told: Vec<Diagnostic> = shown
            .map(|(violation, block, choices)| {
                let chosen: Vec<_> = block.values(choices).collect();
                let told = diagnose(document, violation, &chosen);
                match (self.counts.get(violation).copied().unwrap_or(1), self.cells) {
                    (_, 1) => told,
                    (n, all) if n == all => told.help(format!("in all {all} cells")),
                    (n, all) => {
                        told.help(format!("in {n} of {all} cells; `exclude` can leave cells out"))
                    }
                }
            })
            .collect();
        if self.found.len() > MAX_VIOLATIONS {
            let more = self.found.len() - MAX_VIOLATIONS + self.untold;
            let message = format!("{more} more combinations of values do not go together");
            told.push(Diagnostic::new(message));
        }
        told
    }
}

/// Points at the values concerned: on an axis, in a table, or in a preset.
fn diagnose(
    document: &Document,
    violation: &Violation,
    chosen: &[(&Column, &AxisValue)],
) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(&violation.message);
    for path in &violation.paths {
        diagnostic = match chosen.iter().find(|(column, _)| column.field.path == *path) {
            Some((_, value)) => diagnostic.at(&document.source, value.span.clone(), ""),
            None => document.point_at(diagnostic, path, ""),
        };
    }
    if diagnostic.labels.is_empty() {
        let preset = document.tree.entry("preset");
        let place = preset.map_or(0..0, Entry::place);
        diagnostic = diagnostic.at(&document.source, place, "");
    }
    diagnostic.help(&violation.help)
}
