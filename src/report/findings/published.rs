//! Published values beside ours: values alone, without a comparison.

use jem_core::metric::label;
use jem_core::spec::Known;

use crate::report::content::Finding;
use crate::report::number::{capital, interval};
use crate::report::view::{Line, Rung, View};
use crate::table::CellResult;

/// Metrics that are shown of each system.
const MOST_METRICS: usize = 2;

/// For each system: its values at the ends of what both have, and ours there.
pub(super) fn findings(view: &View<'_>, line: &Line<'_>) -> Vec<Finding> {
    let rungs = view.rungs();
    let mut names: Vec<&String> = Vec::new();
    for rung in &rungs {
        if !names.contains(&&rung.result.name) {
            names.push(&rung.result.name);
        }
    }
    names.into_iter().filter_map(|name| beside(view, line, &rungs, name)).collect()
}

fn beside(view: &View<'_>, line: &Line<'_>, rungs: &[Rung<'_>], name: &str) -> Option<Finding> {
    let ours =
        |rung: &Rung<'_>| line.cells.iter().find(|cell| view.x_of(cell) == Some(rung.x)).copied();
    let mut shared: Vec<(&Rung<'_>, &CellResult)> = rungs
        .iter()
        .filter(|rung| rung.result.name == name)
        .filter_map(|rung| Some((rung, ours(rung)?)))
        .collect();
    shared.sort_by(|(a, _), (b, _)| a.x.total_cmp(&b.x));
    let (first, last) = (shared.first()?, shared.last()?);
    let ends = if std::ptr::eq(first, last) { vec![first] } else { vec![first, last] };
    let result = first.0.result;
    let paths = result.values.iter().map(|value| value.path.as_str());
    let text: Vec<String> =
        paths.filter_map(|path| values(view, path, &ends)).take(MOST_METRICS).collect();
    let doubt = if result.known == Known::Memory { ", unverified" } else { "" };
    (!text.is_empty()).then(|| Finding {
        about: format!("Published, {name} on {}{doubt}", result.dataset),
        text: text.join(" "),
        claims: Vec::new(),
    })
}

/// `Accuracy: 0.9767 at λ = 0 (here 0.961 ± 0.005) and 0.9092 at λ = 1 (here …).`
fn values(view: &View<'_>, path: &str, ends: &[&(&Rung<'_>, &CellResult)]) -> Option<String> {
    let at = |(rung, cell): &(&Rung<'_>, &CellResult)| {
        let theirs = rung.result.values.iter().find(|value| value.path == path)?;
        let ours = interval(cell.metrics.get(path)?);
        Some(format!("{} at {} (here {ours})", theirs.shown, view.label_in_line(cell)))
    };
    let both: Vec<String> = ends.iter().map(|end| at(end)).collect::<Option<_>>()?;
    Some(format!("{}: {}.", capital(&label(path)), both.join(" and ")))
}
