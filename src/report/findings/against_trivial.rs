//! The energy against scores that are computed from the images alone: what a
//! network has to do better than to have learned anything about them.

use super::detection::sets;
use super::grouped::{At, Grouped, Said};
use super::questions::{Asked, Family, Questions, values};
use super::words::{detectable, difference};
use crate::report::content::{Finding, Way};
use crate::report::label::score_name;
use crate::report::number::plain;
use crate::report::view::{Line, View};
use crate::significance::{Outcome, Paired};
use crate::table::CellResult;

/// Scores of the images alone, as metric paths name them.
const TRIVIAL: [&str; 3] = ["lit_pixels", "pca_residual", "gaussian"];

/// The trivial score with the highest AUROC at `path`, the first of equals; none
/// where none was measured. It is the same for all trials, but for rounding.
pub(super) fn best_trivial(view: &View<'_>, path: &str) -> Option<&'static str> {
    let reached = |score: &&'static str| Some((*score, reached(view, path, score)?));
    let known = TRIVIAL.iter().filter_map(reached);
    known.reduce(|best, one| if one.1 > best.1 { one } else { best }).map(|(score, _)| score)
}

/// What `score` reaches: the first cell's mean.
fn reached(view: &View<'_>, path: &str, score: &str) -> Option<f64> {
    let path = format!("{path}/{score}");
    view.cells.iter().find_map(|cell| Some(cell.metrics.get(&path)?.mean))
}

/// The energy less a trivial score in `cell`, seed by seed.
fn less(cell: &CellResult, path: &str, score: &str) -> Paired {
    let of = |score: &str| values(cell, &format!("{path}/{score}"));
    // The trivial score is the same in every trial.
    Paired::of_logits(of("energy"), of(score))
}

/// The mean over a line of the energy less the best trivial score.
pub(super) struct Trivial {
    score: &'static str,
    reached: f64,
    settings: usize,
    metric: String,
    number: usize,
}

impl Trivial {
    /// Asks for the mean over the cells of `line` in which every seed has a
    /// value.
    pub(super) fn ask_over(
        view: &View<'_>,
        line: &Line<'_>,
        (path, score): (&str, &'static str),
        all: &mut Questions,
    ) -> Self {
        let each = line.cells.iter().map(|cell| less(cell, path, score));
        let (settings, paired) = super::errors::mean_of_full(each.collect());
        let metric = format!("{path}/energy");
        let asked = Asked {
            what: metric.clone(),
            place: format!("mean of {settings} settings"),
            against: score_name(score).to_owned(),
        };
        let reached = reached(view, path, score).unwrap_or(f64::NAN);
        Self { score, reached, settings, metric, number: all.ask(asked, paired) }
    }

    /// `The best trivial score, the residual of principal components, reaches
    /// 0.995; the energy is below it by 0.04 ± 0.01 (mean of 9 settings).`
    pub(super) fn said(&self, view: &View<'_>, family: &Family) -> Said {
        let test = family.test(self.number);
        let claim = family.claim(self.number);
        let first =
            format!("Best trivial score: {} with {}", score_name(self.score), plain(self.reached));
        let over = match self.settings {
            0 | 1 => String::new(),
            _ if view.cells.len() == 1 => String::new(),
            n => format!(", mean of {n} settings"),
        };
        let energy = match (&claim, test.outcome) {
            (Some(claim), _) => {
                let way = if claim.way == Way::Higher { "above" } else { "below" };
                format!("; the energy is {way} it by {}{over}", difference(&test.paired))
            }
            (_, Outcome::NoTest) => String::new(),
            _ => {
                let seen = test.detectable.and_then(|value| detectable(&self.metric, value));
                let seen = seen.map_or_else(String::new, |d| format!("; {d} would have been seen"));
                let over = over.trim_start_matches(", ");
                let inside = format!("{over}{seen}");
                let inside = inside.trim_start_matches("; ");
                match inside.is_empty() {
                    true => "; no clear difference from the energy".to_owned(),
                    false => format!("; no clear difference from the energy ({inside})"),
                }
            }
        };
        Said { text: vec![format!("{first}{energy}.")], claims: claim.into_iter().collect() }
    }
}

/// For every set, in which cells the energy is above or below the best trivial
/// score.
pub(super) struct ByCell<'a> {
    sets: Vec<(String, &'static str, Vec<At<'a>>)>,
}

impl<'a> ByCell<'a> {
    pub(super) fn ask(view: &View<'a>, all: &mut Questions) -> Self {
        let mut asked = Vec::new();
        for set in sets(view) {
            let Some(score) = best_trivial(view, &set.path) else { continue };
            let metric = format!("{}/energy", set.path);
            let measured = view.cells.iter().filter(|cell| cell.metrics.contains_key(&metric));
            let at = |cell: &'a CellResult| {
                let asked = Asked {
                    what: metric.clone(),
                    place: view.label(cell),
                    against: score_name(score).to_owned(),
                };
                At { cell, number: all.ask(asked, less(cell, &set.path, score)) }
            };
            asked.push((set.name, score, measured.map(at).collect()));
        }
        Self { sets: asked }
    }

    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let finding = |(set, score, all): &(String, &'static str, Vec<At<'a>>)| {
            let metric = format!("ood/auroc/{set}/energy");
            let said = Grouped { view, family, all, metric: &metric }.said();
            let about = format!("Energy against {}, {set} (AUROC)", score_name(score));
            Finding { about, text: said.joined(), claims: said.claims }
        };
        self.sets.iter().map(finding).collect()
    }
}
