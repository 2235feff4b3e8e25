//! Log-likelihood of test images under the model, beside densities from the
//! images alone.

use super::paired::difference;
use crate::report::content::{Finding, Table};
use crate::report::label::value_shown;
use crate::report::number::{interval, listed};
use crate::report::view::View;
use crate::table::CellResult;

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

/// What the model's likelihood is beside the best of the others, cell by cell.
pub(super) fn finding(view: &View<'_>) -> Finding {
    let asked =
        view.cells.iter().filter(|cell| view.trials_of(cell).any(|t| t.parts.likelihood.is_some()));
    let said: Vec<String> =
        asked.clone().take(MOST_CELLS).map(|cell| sentence(view, cell)).collect();
    let more = asked.count().saturating_sub(MOST_CELLS);
    let mut text = said.join(" ");
    if more > 0 {
        text += &format!(" The table has {more} more settings.");
    }
    Finding { about: "Log-likelihood".to_owned(), text }
}

/// The model of one cell beside the density from the images alone that has the
/// highest mean.
fn sentence(view: &View<'_>, cell: &CellResult) -> String {
    let label = view.label(cell);
    let Some(model) = cell.metrics.get(&path("nats", "model")) else {
        return format!(
            "{label}: the model's log-likelihood is not known, since the estimate of its \
             normaliser is not to be trusted."
        );
    };
    let missing = cell.seeds.len() - cell.diverged - model.values.len();
    let others = DENSITIES
        .iter()
        .skip(1)
        .filter_map(|(name, shown)| Some((*name, *shown, cell.metrics.get(&path("nats", name))?)));
    let best = others.max_by(|a, b| a.2.mean.total_cmp(&b.2.mean));
    let mut text = format!("{label}: the test images have {} nats per image", interval(model));
    if let Some((name, shown, nats)) = best {
        text +=
            &format!(", under the best density from the images alone ({shown}) {}", interval(nats));
        let apart = difference(view, cell, &path("nats", "model"), &path("nats", name));
        if let Some(apart) = apart {
            text += &format!("; the difference, model less the other, is {}", interval(&apart));
        }
    }
    text += ".";
    if missing > 0 {
        text += &format!(" {missing} of its trials have no trusted estimate and are left out.");
    }
    text
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
