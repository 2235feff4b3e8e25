//! Maps over two swept values: where training survives, and what it gives there.

use jem_core::metric::{Direction, Range, describe, label, range};
use jem_core::spec::show_value;

use super::csv::{Csv, number};
use super::{Chart, Drafts, Planned, caption};
use crate::chart::{Better, HeatCell, HeatMap, Quantity};
use crate::report::number::{capital, plain};
use crate::report::view::View;
use crate::table::{CellResult, Statistics};

/// Out-of-distribution sets with a map; the sweeps have all.
const MOST_SETS: usize = 3;
/// A cell survives where a smaller share of its trials diverges.
const EDGE: f64 = 0.5;

/// The two axes of maps.
struct Axes<'v, 'a> {
    view: &'v View<'a>,
    /// Places among the swept fields, and the values in their order.
    x: (usize, Vec<f64>),
    y: (usize, Vec<f64>),
}

/// Where exactly two swept fields with numbers span the cells: the share of
/// trials that diverged, and the main metrics, over both.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    let Some(axes) = Axes::of(view) else { return drafts };
    if view.cells.iter().any(|cell| cell.diverged > 0) {
        drafts.figures.push(axes.divergence(footer));
    } else {
        let note = "No trial diverged: there is no map of where training survives.";
        drafts.notes.push(note.to_owned());
    }
    let mut metrics = vec!["clf/accuracy".to_owned()];
    metrics.extend(view.ece());
    let sets = view.ood_sets();
    metrics.extend(sets.iter().take(MOST_SETS).map(|set| format!("ood/auroc/{set}/energy")));
    for metric in metrics.iter().filter(|metric| view.has(metric)) {
        drafts.figures.push(axes.metric(metric, footer));
    }
    drafts
}

impl<'v, 'a> Axes<'v, 'a> {
    /// The axes, where there are two with two values or more each and no place
    /// has two cells.
    fn of(view: &'v View<'a>) -> Option<Self> {
        let x = view.x.as_ref()?.index;
        let y = view.second?;
        let values = |axis: usize| {
            let numbers = view.cells.iter().map(|cell| cell.values[axis].as_f64());
            let mut numbers = numbers.collect::<Option<Vec<f64>>>()?;
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            (numbers.len() > 1).then_some((axis, numbers))
        };
        let axes = Self { view, x: values(x)?, y: values(y)? };
        let mut places: Vec<(usize, usize)> =
            view.cells.iter().filter_map(|cell| axes.place(cell)).collect();
        places.sort_unstable();
        places.dedup();
        (places.len() == view.cells.len()).then_some(axes)
    }

    fn place(&self, cell: &CellResult) -> Option<(usize, usize)> {
        let at = |(axis, values): &(usize, Vec<f64>)| {
            let value = cell.values[*axis].as_f64()?;
            values.iter().position(|known| *known == value)
        };
        Some((at(&self.x)?, at(&self.y)?))
    }

    /// How the values of an axis are written, in their order.
    fn labels(&self, (axis, values): &(usize, Vec<f64>)) -> Vec<String> {
        let shown = |value: &f64| {
            let same = |cell: &&CellResult| cell.values[*axis].as_f64() == Some(*value);
            let cell = self.view.cells.iter().find(same);
            cell.map(|cell| show_value(&cell.values[*axis])).unwrap_or_default()
        };
        values.iter().map(shown).collect()
    }

    fn names(&self) -> (&'v str, &'v str) {
        (&self.view.names[self.x.0], &self.view.names[self.y.0])
    }

    /// The share of trials that diverged.
    fn divergence(&self, footer: &str) -> Planned {
        let (x, y) = self.names();
        let value = Quantity {
            label: "share of trials that diverged".to_owned(),
            unit: None,
            better: Some(Better::Lower),
            range: Range::UNIT,
        };
        let cell = |cell: &CellResult| HeatCell {
            value: Some(cell.diverged as f64 / cell.seeds.len().max(1) as f64),
            text: format!("{} of {}", cell.diverged, cell.seeds.len()),
            note: match cell.restarts {
                0 => String::new(),
                1 => "1 restart".to_owned(),
                n => format!("{n} restarts"),
            },
            place: (0, 0),
        };
        let title = format!("Where training survives, over {x} and {y}");
        let chart = HeatMap {
            range: Some((0.0, 1.0)),
            edge: Some((EDGE, "edge of survival: half of a cell's trials diverge".to_owned())),
            ..self.map(title, value, footer, cell)
        };
        let mut csv = Csv::new(&self.view.results.axes, &["diverged", "trials", "restarts"]);
        for cell in self.view.cells {
            let counts = [cell.diverged, cell.seeds.len(), cell.restarts];
            csv.row(&cell.values, &counts.map(|count| count.to_string()));
        }
        Planned {
            name: "map-divergence".to_owned(),
            caption: "In each field: trials that a detector ended, of those done. The line parts \
                      fields in which fewer than half of the trials diverge from the others. An \
                      accuracy that is lost without a detector's word is not divergence: see its \
                      map."
                .to_owned(),
            chart: Chart::Map(chart),
            csv: csv.text(),
        }
    }

    /// The mean of `metric` over the trials that did not diverge.
    fn metric(&self, metric: &str, footer: &str) -> Planned {
        let (x, y) = self.names();
        let info = describe(metric);
        let value = Quantity {
            label: label(metric),
            unit: None,
            better: match info.map(|info| info.direction) {
                Some(Direction::HigherIsBetter) => Some(Better::Higher),
                Some(Direction::LowerIsBetter) => Some(Better::Lower),
                _ => None,
            },
            range: range(metric),
        };
        let cell = |cell: &CellResult| {
            let found = cell.metrics.get(metric);
            HeatCell {
                value: found.map(|found| found.mean),
                text: match found {
                    Some(found) => rounded(found),
                    None if cell.finished() == 0 => "diverged".to_owned(),
                    None => "–".to_owned(),
                },
                note: match cell.diverged {
                    lost if lost > 0 && found.is_some() => {
                        format!("{lost} of {} div.", cell.seeds.len())
                    }
                    _ => String::new(),
                },
                place: (0, 0),
            }
        };
        let title = format!("{} over {x} and {y}", capital(&label(metric)));
        let mut csv = Csv::new(&self.view.results.axes, &["metric", "mean", "low", "high", "n"]);
        for cell in self.view.cells {
            let found = cell.metrics.get(metric);
            let texts = [
                metric.to_owned(),
                number(found.map(|found| found.mean)),
                number(found.and_then(|found| found.interval).map(|one| one.low)),
                number(found.and_then(|found| found.interval).map(|one| one.high)),
                found.map_or(0, |found| found.values.len()).to_string(),
            ];
            csv.row(&cell.values, &texts);
        }
        Planned {
            name: format!("map-{}", file_name(metric)),
            caption: format!(
                "{} In each field: the mean over the trials that did not diverge; below it, how \
                 many of the cell's trials diverged (div.), where some did. The table has the \
                 intervals.",
                info.map_or("", |info| info.doc)
            ),
            chart: Chart::Map(self.map(title, value, footer, cell)),
            csv: csv.text(),
        }
    }

    fn map(
        &self,
        title: String,
        value: Quantity,
        footer: &str,
        cell: impl Fn(&CellResult) -> HeatCell,
    ) -> HeatMap {
        let (x, y) = self.names();
        let n = self.view.most_seeds();
        let seeds =
            if n == 1 { "one seed each".to_owned() } else { format!("up to {n} seeds each") };
        let placed = |one: &CellResult| Some(HeatCell { place: self.place(one)?, ..cell(one) });
        HeatMap {
            caption: caption(title, seeds, footer),
            x_label: x.to_owned(),
            x: self.labels(&self.x),
            y_label: y.to_owned(),
            y: self.labels(&self.y),
            value,
            range: None,
            edge: None,
            cells: self.view.cells.iter().filter_map(placed).collect(),
        }
    }
}

/// Three digits after the point, or as any other number where that is not
/// enough to tell it.
fn rounded(found: &Statistics) -> String {
    match found.mean.abs() {
        size if (0.001..100.0).contains(&size) => format!("{:.3}", found.mean).replace('-', "−"),
        _ => plain(found.mean),
    }
}

/// The metric as a part of a file's name: `accuracy`, `ece`,
/// `ood-fashion-mnist`.
fn file_name(metric: &str) -> String {
    let parts: Vec<&str> = metric.split('/').collect();
    match parts.as_slice() {
        ["ood", _, set, ..] => format!("ood-{set}"),
        [_, name, ..] => (*name).to_owned(),
        _ => metric.to_owned(),
    }
}
