//! The table of chains that went on for long.

use jem_core::spec::ChainStart;

use crate::report::content::Table;
use crate::report::label::value_shown;
use crate::report::number::interval;
use crate::report::view::View;
use crate::table::CellResult;

/// What is told of them: head and metric.
const COLUMNS: [(&str, &str); 7] = [
    ("E(x) at the end", "energy"),
    ("change of E(x)", "energy_change"),
    ("displacement", "displacement"),
    ("saturation", "saturation"),
    ("acceptance", "acceptance"),
    ("R-hat", "rhat"),
    ("ESS", "ess"),
];

/// A row for each cell and start; no rows where no long chain ran.
pub fn table(view: &View<'_>) -> Table {
    let path = |metric: &str, from: ChainStart| format!("chains/{metric}/{}", from.name());
    let starts = [ChainStart::Buffer, ChainStart::Uniform];
    let columns: Vec<&(&str, &str)> = COLUMNS
        .iter()
        .filter(|(_, metric)| starts.iter().any(|from| view.has(&path(metric, *from))))
        .collect();
    let mut head = view.names.clone();
    head.push("start".to_owned());
    head.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    let row = |cell: &CellResult, from: ChainStart| -> Option<Vec<String>> {
        cell.metrics.get(&path("energy", from))?;
        let shown = |metric: &str| {
            let found = cell.metrics.get(&path(metric, from));
            found.map_or_else(|| "–".to_owned(), interval)
        };
        let mut row: Vec<String> = cell.values.iter().map(value_shown).collect();
        row.push(from.name().to_owned());
        row.extend(columns.iter().map(|(_, metric)| shown(metric)));
        Some(row)
    };
    Table {
        title: "Long chains".to_owned(),
        note: "R-hat (rank-normalised, split) and bulk effective sample size (ESS) of the energy \
               over the second half of the chains' looks, all chains of a trial together: above \
               about 1.01 chains have not mixed; a small R-hat says nothing of what the energy \
               does not see."
            .to_owned(),
        head,
        rows: view
            .cells
            .iter()
            .flat_map(|cell| starts.into_iter().filter_map(move |from| row(cell, from)))
            .collect(),
    }
}
