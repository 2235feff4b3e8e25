//! Log-likelihood of test images under the model, beside densities from the
//! images alone.

use super::questions::{Asked, Family, Questions};
use super::words::difference;
use crate::report::content::{Finding, Table, Way};
use crate::report::label::value_shown;
use crate::report::number::{interval, listed};
use crate::report::view::View;
use crate::significance::Paired;
use crate::table::{CellResult, Statistics};

/// The densities, as metric paths name them, and their names for people.
const DENSITIES: [(&str, &str); 6] = [
    ("model", "model, exp(−E)/Z"),
    ("gaussian_box", "Gaussian, on the box"),
    ("ppca_box", "probabilistic PCA, on the box"),
    ("gaussian", "Gaussian"),
    ("ppca", "probabilistic PCA"),
    ("base", "independent pixels"),
];

/// What is shown of each: head and metric.
const COLUMNS: [(&str, &str); 7] = [
    ("nats per image", "nats"),
    ("bits per dimension", "bits_per_dim"),
    ("log Z", "log_z"),
    ("standard error", "log_z_se"),
    ("backwards − forwards", "log_z_gap"),
    ("ESS", "ess"),
    ("acceptance", "acceptance"),
];

/// Cells that are described in words.
const MOST_CELLS: usize = 6;

fn path(metric: &str, density: &str) -> String {
    format!("likelihood/{metric}/{density}")
}

/// The comparisons of the model with the best density from the images alone,
/// cell by cell.
pub(super) struct Likelihood<'a> {
    cells: Vec<OfCell<'a>>,
    more: usize,
}

/// One cell: the density from the images alone with the highest mean, and the
/// number of the comparison with it.
struct OfCell<'a> {
    cell: &'a CellResult,
    best: Option<(&'static str, &'a Statistics)>,
    number: Option<usize>,
}

impl<'a> Likelihood<'a> {
    /// Nothing where no likelihood was measured.
    pub(super) fn ask(view: &View<'a>, all: &mut Questions) -> Self {
        let is_measured =
            |cell: &&CellResult| view.trials_of(cell).any(|t| t.parts.likelihood.is_some());
        let asked: Vec<&'a CellResult> = view.cells.iter().filter(is_measured).collect();
        let cells = asked.iter().take(MOST_CELLS).map(|cell| OfCell::ask(view, cell, all));
        Self { cells: cells.collect(), more: asked.len().saturating_sub(MOST_CELLS) }
    }

    /// A finding for each cell.
    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.cells.iter().map(|one| one.finding(view, family)).collect();
        if self.more > 0 {
            let text = format!("The table has {} more settings.", self.more);
            findings.push(Finding { about: "Others".to_owned(), text, claims: Vec::new() });
        }
        findings
    }
}

impl<'a> OfCell<'a> {
    fn ask(view: &View<'a>, cell: &'a CellResult, all: &mut Questions) -> Self {
        let nats = |density: &str| cell.metrics.get(&path("nats", density));
        let others = DENSITIES.iter().skip(1);
        let known = others.filter_map(|(name, shown)| Some((*name, *shown, nats(name)?)));
        let best = known.max_by(|a, b| a.2.mean.total_cmp(&b.2.mean));
        let number = nats("model").zip(best).map(|(model, (name, shown, other))| {
            let asked = Asked {
                what: path("nats", "model"),
                place: view.label(cell),
                against: format!("{shown} ({})", path("nats", name)),
            };
            all.ask(asked, Paired::of(&model.values, &other.values))
        });
        Self { cell, best: best.map(|(_, shown, nats)| (shown, nats)), number }
    }

    fn finding(&self, view: &View<'a>, family: &Family) -> Finding {
        let about = match view.cells.len() {
            1 => "Log-likelihood".to_owned(),
            _ => format!("Log-likelihood, {}", view.label(self.cell)),
        };
        let Some(model) = self.cell.metrics.get(&path("nats", "model")) else {
            let text = "The log-likelihood is not known: the estimate of the normaliser is not to \
                        be trusted."
                .to_owned();
            return Finding { about, text, claims: Vec::new() };
        };
        let mut text = vec![format!("The model gives {} nats per image.", interval(model))];
        if let Some((shown, nats)) = self.best {
            text.push(format!(
                "The best density from the images alone ({shown}) gives {}.",
                interval(nats)
            ));
        }
        let claim = self.number.and_then(|number| family.claim(number));
        if let Some(number) = self.number {
            let by = difference(&family.test(number).paired);
            text.push(match claim.as_ref().map(|claim| claim.way) {
                Some(Way::Higher) => format!("The model is {by} higher."),
                Some(Way::Lower) => format!("The model is {by} lower."),
                None => "There is no clear difference.".to_owned(),
            });
        }
        let missing = self.cell.finished().saturating_sub(model.values.len());
        if missing > 0 {
            text.push(format!("{missing} of its trials have no trusted estimate."));
        }
        Finding { about, text: text.join(" "), claims: claim.into_iter().collect() }
    }
}

/// A row for each cell and density; no rows without the part.
pub fn table(view: &View<'_>) -> Table {
    let mut head = view.names.clone();
    head.push("density".to_owned());
    head.extend(COLUMNS.map(|(name, _)| name.to_owned()));
    head.push("n".to_owned());
    let row = |cell: &CellResult, (name, shown): (&str, &str)| -> Option<Vec<String>> {
        let has = |metric: &str| cell.metrics.contains_key(&path(metric, name));
        (has("nats") || has("ess")).then_some(())?;
        let mut row: Vec<String> = cell.values.iter().map(value_shown).collect();
        row.push(shown.to_owned());
        row.extend(COLUMNS.map(|(_, metric)| {
            let found = cell.metrics.get(&path(metric, name));
            found.map_or_else(|| "–".to_owned(), interval)
        }));
        row.push(cell.metrics.get(&path("nats", name)).map_or(0, |n| n.values.len()).to_string());
        Some(row)
    };
    Table {
        title: "Log-likelihood of test images".to_owned(),
        note: note(view),
        head,
        rows: view
            .cells
            .iter()
            .flat_map(|cell| DENSITIES.into_iter().filter_map(move |density| row(cell, density)))
            .collect(),
    }
}

/// What the numbers are of, and what they rest on.
fn note(view: &View<'_>) -> String {
    let known = view.results.trials.iter().find_map(|trial| trial.parts.likelihood.as_ref());
    let Some(known) = known else { return String::new() };
    let mut chosen: Vec<String> = known
        .densities
        .iter()
        .filter_map(|density| match density.name.as_str() {
            "gaussian" => Some(format!("a ridge of {:.2e}", density.chosen?)),
            "ppca" => Some(format!("{} components", density.chosen?)),
            _ => None,
        })
        .collect();
    chosen.sort();
    let chosen = match chosen.is_empty() {
        true => String::new(),
        false => format!(" (in the first trial {})", listed(&chosen)),
    };
    format!(
        "Densities of {} dequantised test images (uniform noise of one of {} levels a pixel), the \
         same for every trial, in nats per image over scaled pixels and in bits per dimension with \
         levels one apart. The model is a density on the box of the pixel range, its Z by annealed \
         importance sampling from independent pixels: on average the estimate of log Z is too \
         small, and the log-likelihood too large. Gaussian and probabilistic PCA are chosen on \
         validation images{chosen}; on the whole space they lose what lies outside the box, so \
         they are also restricted to it. A run backwards starts from chains that need not have \
         converged: its difference is a check and no bound. Estimates with an ESS below 10, or a \
         difference above 3 nats, are not used.",
        known.n, known.levels,
    )
}
