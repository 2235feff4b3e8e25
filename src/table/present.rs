//! The table that people read: a row for each cell, means over its seeds.

use std::fmt;
use std::path::Path;

use jem_core::metric::{Direction, EFFECTIVE_TEMPERATURE, Unit, describe};
use jem_core::spec::show_value;

use super::cells::groups;
use super::label::{axis_names, cell_label, metric_paths};
use super::paper_metrics::{heading, paper_metrics};
use super::{CellResult, Results, ShownMean, cells, published};

/// Which metrics a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Accuracy, NLL, ECE and the signed gap, both after temperature scaling where
    /// it ran, the AUROC of every score on the first
    /// out-of-distribution set and of the energy on the others, the near and
    /// far means, the error AUROC of energy and maximal softmax, accuracy
    /// under PGD at a few sizes and behind purifiers, and the effective
    /// temperature where it differs between cells.
    Paper,
    /// Every metric there is.
    Everything,
}

/// A table for people. See `to_markdown`, `to_csv`, `to_tex`, `to_terminal`.
#[derive(Clone, Debug, PartialEq)]
pub struct PaperTable {
    /// The command that makes it.
    pub command: String,
    /// Title and commits; says where a checkout was dirty.
    pub caption: String,
    /// The commits alone, as in `commit abc1234-dirty`.
    pub commits: String,
    /// What the numbers mean.
    pub note: String,
    /// What each † stands for: numbers that count by a person's word.
    pub accepted: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell a column.
    pub rows: Vec<Vec<TableCell>>,
    /// How many of the rows are ours; published ones follow.
    pub ours: usize,
    /// Where the published rows come from, as `[1] …`.
    pub footnotes: Vec<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// A swept path, `n`, `diverged`, or a metric's path.
    pub key: String,
    /// What people call it.
    pub head: String,
    /// The unit, of a metric.
    pub unit: Option<Unit>,
    /// Which values are better.
    pub direction: Direction,
}

/// What stands in one place of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableCell {
    /// A swept value or a count.
    Text(String),
    /// A count, and the mark of a cell with accepted runs; see
    /// [`Results::mark_of`].
    Marked(String, String),
    /// A mean over seeds.
    Mean(ShownMean),
    /// Every trial of the cell diverged.
    Diverged,
    /// Another's figure, as it was given.
    Published(String),
    /// No trial of the cell has a value.
    Undefined,
}

impl PaperTable {
    /// The table of `results`, its rows in the order of the plan.
    pub fn of(results: &Results, shown: Shown) -> Self {
        let mut metrics = shown_metrics(results, shown);
        let (measured, unmeasured) = published::further(results, &metrics);
        metrics.extend(measured);
        let commits = results.commit_line();
        let rows: Vec<Vec<TableCell>> = cells(results)
            .iter()
            .zip(groups(results))
            .map(|(cell, trials)| row(cell, results.mark_of(&trials), &metrics))
            .collect();
        let mut table = Self {
            command: command(&results.experiment.file),
            caption: format!("{} ({commits})", results.experiment.report.title.trim()),
            note: note(results, &commits),
            accepted: results.accepted_notes(),
            commits,
            columns: columns(results, &metrics),
            ours: rows.len(),
            rows,
            footnotes: Vec::new(),
        };
        table.add_published(results, &unmeasured);
        table
    }
}

/// The paths of the metrics that a table of `results` shows, in its order.
pub fn shown_metrics(results: &Results, shown: Shown) -> Vec<String> {
    match shown {
        Shown::Paper => paper_metrics(results),
        Shown::Everything => metric_paths(results).into_iter().map(str::to_owned).collect(),
    }
}

/// The command that makes the table. An absolute path would name a folder of
/// this machine.
fn command(file: &Path) -> String {
    let name = file.file_name().filter(|_| file.is_absolute());
    format!("jem table {}", name.map_or(file, Path::new).display())
}

fn columns(results: &Results, metrics: &[String]) -> Vec<Column> {
    let plain = |key: &str, head: String| Column {
        key: key.to_owned(),
        head,
        unit: None,
        direction: Direction::None,
    };
    let axes = axis_names(&results.axes).into_iter().zip(&results.axes);
    let mut columns: Vec<Column> = axes.map(|(name, path)| plain(path, name)).collect();
    columns.push(plain("n", "n".to_owned()));
    columns.push(plain("diverged", "diverged".to_owned()));
    columns.extend(metrics.iter().map(|path| Column {
        key: path.clone(),
        head: heading(path),
        unit: describe(path).map(|info| info.unit),
        direction: describe(path).map_or(Direction::None, |info| info.direction),
    }));
    columns
}

fn row(cell: &CellResult, mark: Option<String>, metrics: &[String]) -> Vec<TableCell> {
    let value = |value: &serde_json::Value| match value.is_null() {
        true => TableCell::Undefined,
        false => TableCell::Text(show_value(value)),
    };
    let mut row: Vec<TableCell> = cell.values.iter().map(value).collect();
    let n = cell.finished().to_string();
    row.push(match mark {
        Some(mark) => TableCell::Marked(n, mark),
        None => TableCell::Text(n),
    });
    row.push(TableCell::Text(divergence(cell)));
    row.extend(metrics.iter().map(|path| match cell.metrics.get(path) {
        // No digits after the point suit all temperatures.
        Some(found) if path == EFFECTIVE_TEMPERATURE => TableCell::Text(significant(found.mean)),
        Some(found) => TableCell::Mean(ShownMean::of(found, cell.finished())),
        None if cell.finished() == 0 => TableCell::Diverged,
        None => TableCell::Undefined,
    }));
    row
}

/// `1/3`: trials that diverged for good, of those done; `1/3, 4 restarts` where
/// trials went back to an earlier point.
fn divergence(cell: &CellResult) -> String {
    let rate = format!("{}/{}", cell.diverged, cell.seeds.len());
    match cell.restarts {
        0 => rate,
        1 => format!("{rate}, 1 restart"),
        n => format!("{rate}, {n} restarts"),
    }
}

/// What the intervals of a table are.
const INTERVALS: &str = "Mean over the n trials that did not diverge and its 95 % t interval (n − 1 \
    degrees of freedom), as ± half its width or as [low, high]: that of a share is made on the \
    logit scale and that of what has one bound on the logarithmic one, so that none leaves the \
    metric's range. Where all trials have the same share it is Wilson's interval for the inputs \
    of one, and for an AUROC of 0 or 1 Clopper and Pearson's for as many pairs as the smaller set \
    has inputs. Of two trials the range is shown; a mean alone has no interval.";

fn note(results: &Results, commits: &str) -> String {
    let mut said = vec![
        INTERVALS.to_owned(),
        "“diverged” counts trials that a divergence detector ended, of those done; “–” is \
         undefined; ↑ higher is better, ↓ lower is better."
            .to_owned(),
    ];
    if results.trials.iter().any(|trial| !trial.outcome.restarts().is_empty()) {
        let what = "A restart is a trial that diverged and went on from an earlier point with \
                    other noise; it is in the means like any other.";
        said.push(what.to_owned());
    }
    let done = results.trials.len();
    let missing = results.missing.len();
    let all = done + missing;
    match results.missing_told(|values| cell_label(&results.axes, values)) {
        None => said.push(format!("All {all} trials are done.")),
        Some(places) => {
            said.push(format!("{missing} of {all} trials have no result yet: {places}."));
        }
    }
    let attacked = results.trials.iter().filter_map(|trial| trial.metrics.get("purified/n"));
    if let Some(n) = attacked.copied().reduce(f64::min) {
        said.push(format!("Behind purifiers {n} test inputs are looked at."));
    }
    let dirty = if results.dirty() { "; dirty: the checkout differed from the commit" } else { "" };
    said.push(format!("From {commits}{dirty}."));
    said.extend(results.set_notes());
    said.extend(results.hardware_notes());
    said.extend(results.accepted_notes());
    said.join(" ")
}

/// Three digits of a number that may be far from 1, such as `5e-5`.
fn significant(value: f64) -> String {
    let rounded = format!("{value:.2e}").parse().unwrap_or(value);
    show_value(&serde_json::Value::from(rounded))
}

impl Column {
    /// `NLL (nat) ↓`: head, unit where it is no pure number, direction.
    pub fn title(&self) -> String {
        let unit = match self.unit {
            Some(Unit::Nat) => " (nat)",
            _ => "",
        };
        let arrow = match self.direction {
            Direction::HigherIsBetter => " ↑",
            Direction::LowerIsBetter => " ↓",
            Direction::None => "",
        };
        format!("{}{unit}{arrow}", self.head)
    }

    /// Whether it holds numbers, which stand at the right.
    pub fn is_number(&self) -> bool {
        self.unit.is_some() || matches!(self.key.as_str(), "n" | "diverged")
    }
}

impl fmt::Display for TableCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Published(text) => f.write_str(text),
            Self::Marked(text, mark) => write!(f, "{text} {mark}"),
            Self::Mean(mean) => mean.fmt(f),
            Self::Diverged => f.write_str("diverged"),
            Self::Undefined => f.write_str("–"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_first_set_evaluated_has_every_score_and_the_others_the_energy() {
        let table = PaperTable::of(&sample::results(), Shown::Paper);
        let heads: Vec<String> = table.columns.iter().map(Column::title).collect();
        assert_eq!(
            heads,
            [
                "lambda",
                "n",
                "diverged",
                "accuracy ↑",
                "NLL (nat) ↓",
                "ECE, 15 bins ↓",
                "AUROC, rotated, energy ↑",
                "AUROC, rotated, max_softmax ↑",
                "AUROC, fashion-mnist, energy ↑",
                "error AUROC, energy ↑",
            ]
        );
    }

    #[test]
    fn a_cell_shows_mean_and_interval_or_why_there_is_none() {
        let table = PaperTable::of(&sample::results(), Shown::Paper);
        let shown: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| [0, 1, 2, 3, 9].map(|place| row[place].to_string()).to_vec())
            .collect();
        // expit(logit(0.8125) ± 4.302652729911275 · 0.0625 / (√3 · 0.8125 · 0.1875)).
        let accuracy = "0.8125 [0.6100, 0.9231]";
        assert_eq!(shown[0], ["0", "3", "0/3", accuracy, "0.6250 (0.5000–0.7500, 2 seeds)"]);
        assert_eq!(shown[1], ["0.1", "1", "1/2", "0.7500", "0.7500"]);
        assert_eq!(shown[2], ["10", "0", "2/2", "diverged", "diverged"]);
    }

    #[test]
    fn what_no_seed_has_is_undefined() {
        let mut results = sample::results();
        results.trials.retain(|trial| trial.metrics.is_empty() || trial.seed == 1);
        let table = PaperTable::of(&results, Shown::Paper);
        assert_eq!(table.rows[0][9], TableCell::Undefined);
        assert_eq!(table.rows[0][9].to_string(), "–");
    }

    #[test]
    fn everything_shows_every_metric_in_the_order_of_their_declaration() {
        let table = PaperTable::of(&sample::results(), Shown::Everything);
        let keys: Vec<&str> = table.columns.iter().map(|column| column.key.as_str()).collect();
        assert_eq!(keys.len(), 3 + 11);
        assert_eq!(keys[5..7], ["calib/ece/bins=15", "calib/ece/bins=20"]);
        assert_eq!(keys[13], "energy/mean/test");
        let counts = keys.iter().position(|key| *key == "ood/n_ood/fashion-mnist");
        let shown = counts.map(|place| table.rows[0][place].to_string());
        assert_eq!(shown.as_deref(), Some("10000.0"));
    }

    #[test]
    fn a_dirty_checkout_and_missing_trials_are_said() {
        let mut results = sample::results();
        let table = PaperTable::of(&results, Shown::Paper);
        assert_eq!(table.caption, "λ & accuracy, 50 % of MNIST (commit 0123456-dirty)");
        let missing = "2 of 9 trials have no result yet: lambda=0.1 (seed 2); lambda=10 (seed 2).";
        assert!(table.note.contains(missing), "{}", table.note);
        assert!(table.note.contains("dirty: the checkout differed"), "{}", table.note);
        for trial in &mut results.trials {
            trial.provenance.source = None;
            trial.evaluated.source = None;
        }
        results.missing.clear();
        results.experiment.file = "/home/someone/a.toml".into();
        let table = PaperTable::of(&results, Shown::Paper);
        assert!(table.note.ends_with("All 7 trials are done. From commit no-commit."));
        assert_eq!(table.command, "jem table a.toml");
    }

    #[test]
    fn a_cell_with_accepted_runs_is_marked_and_the_reason_stands_below_in_every_form() {
        let mut results = sample::results();
        results.trials[3].accepted =
            Some("same kernels (differs in environment: a → b)".to_owned());
        let table = PaperTable::of(&results, Shown::Paper);
        assert_eq!([&table.rows[0][1], &table.rows[1][1]].map(ToString::to_string), ["3", "1 †"]);
        let reason = "same kernels (differs in environment: a";
        let csv = table.to_csv().unwrap();
        assert!(csv.lines().next().unwrap().ends_with("commit,accepted"), "{csv}");
        assert!(csv.contains("\n0.1,1,1/2,"), "{csv}");
        for text in [table.to_terminal(), table.to_markdown(), csv, table.to_tex()] {
            assert!(text.contains(reason), "{text}");
        }
        let tex = table.to_tex();
        assert!(tex.contains(r"1 $\dagger$ &"), "{tex}");
        assert!(tex.contains(r"{\footnotesize $\dagger$ 1 trial accepted by hand"), "{tex}");
    }

    #[test]
    fn purifiers_have_columns_with_short_heads_and_temperatures_where_they_differ() {
        let with = |temperature: fn(u64) -> f64| {
            let mut results = sample::results();
            for (place, trial) in results.trials.iter_mut().enumerate() {
                if trial.metrics.is_empty() {
                    continue;
                }
                for (path, value) in [
                    ("purified/accuracy/none/none", 0.75),
                    ("purified/accuracy/seed/bpda", 0.25),
                    ("purified/accuracy/stochastic/joint", 0.125),
                    ("purified/n", 100.0),
                    (EFFECTIVE_TEMPERATURE, temperature(u64::from(place > 2))),
                ] {
                    trial.metrics.insert(path.to_owned(), value);
                }
            }
            PaperTable::of(&results, Shown::Paper)
        };
        let table = with(|cell| [5e-5, 0.1][cell as usize]);
        let heads: Vec<String> = table.columns.iter().skip(10).map(Column::title).collect();
        let expected =
            ["acc., no purifier, clean ↑", "acc., seed purifier, BPDA ↑", "effective temperature"];
        assert_eq!(heads, expected);
        let shown: Vec<String> = table.rows.iter().map(|row| row[12].to_string()).collect();
        assert_eq!(shown, ["5e-5", "0.1", "diverged"]);
        assert!(table.note.contains("Behind purifiers 100 test inputs"), "{}", table.note);
        let same = with(|_| 0.1);
        assert!(same.columns.iter().all(|column| column.key != EFFECTIVE_TEMPERATURE));
    }

    #[test]
    fn trials_that_all_diverged_still_make_a_table() {
        let mut results = sample::results();
        results.trials.retain(|trial| trial.outcome.diverged());
        let table = PaperTable::of(&results, Shown::Paper);
        assert_eq!(table.columns.len(), 4);
        assert!(table.rows.iter().all(|row| row[3] == TableCell::Diverged));
    }
}
