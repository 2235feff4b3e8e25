//! Others' figures in the table for people: rows of their own below ours, each
//! with its citation and how it is known.

use jem_core::plan::SYSTEM;
use jem_core::spec::{Known, Published, PublishedValue, quantity, show_value};

use super::label::metric_paths;
use super::{Column, PaperTable, Results, TableCell};
use jem_core::metric::Direction;

/// Paths of published figures that `metrics` lack: those that the results have
/// a value of, and those that only papers have.
pub(super) fn further(results: &Results, metrics: &[String]) -> (Vec<String>, Vec<String>) {
    let known = metric_paths(results);
    let mut paths: Vec<String> = Vec::new();
    for value in results.experiment.report.published.iter().flat_map(|one| &one.values) {
        if !metrics.contains(&value.path) && !paths.contains(&value.path) {
            paths.push(value.path.clone());
        }
    }
    paths.into_iter().partition(|path| known.contains(&path.as_str()))
}

impl PaperTable {
    /// Adds the published rows of `results`, and columns for what only these
    /// have, `unmeasured`. Without published results the table stays as it is.
    pub(super) fn add_published(&mut self, results: &Results, unmeasured: &[String]) {
        let published = &results.experiment.report.published;
        if published.is_empty() {
            return;
        }
        self.ours = self.rows.len();
        let system = Column {
            key: SYSTEM.to_owned(),
            head: SYSTEM.to_owned(),
            unit: None,
            direction: Direction::None,
        };
        // Where our rows have names, the column is there.
        let named = self.columns.first().is_some_and(|column| column.key == SYSTEM);
        if named {
            for row in &mut self.rows {
                let ours = match &row[0] {
                    TableCell::Text(name) => format!("{name} (ours)"),
                    _ => "ours".to_owned(),
                };
                row[0] = TableCell::Text(ours);
            }
        } else {
            self.columns.insert(0, system);
            self.rows.iter_mut().for_each(|row| row.insert(0, TableCell::Text("ours".to_owned())));
        }
        self.columns.extend(unmeasured.iter().map(|path| column(path)));
        for row in &mut self.rows {
            row.extend(unmeasured.iter().map(|_| TableCell::Undefined));
        }
        for one in published {
            let note = footnote(one);
            let place = self.footnotes.iter().position(|known| *known == note);
            let place = place.unwrap_or_else(|| {
                self.footnotes.push(note);
                self.footnotes.len() - 1
            });
            let columns = &self.columns;
            let row = columns.iter().map(|column| cell(one, column, columns, place + 1)).collect();
            self.rows.push(row);
        }
        self.note += " Rows marked as published are others' figures as they were given, on the \
                      data set named; sd is their standard deviation over n trainings.";
        let notes = self.footnotes.iter().enumerate();
        self.footnotes = notes.map(|(place, note)| format!("[{}] {note}", place + 1)).collect();
    }
}

fn column(path: &str) -> Column {
    let (head, unit, direction) = match quantity(path) {
        Some((head, unit, direction)) => (head, Some(unit), direction),
        None => (path.to_owned(), None, Direction::None),
    };
    Column { key: path.to_owned(), head, unit, direction }
}

/// What the row of `one` says in `column`, one of `columns`; `number` is that of
/// its footnote.
fn cell(one: &Published, column: &Column, columns: &[Column], number: usize) -> TableCell {
    let text = |text: Option<String>| text.map_or(TableCell::Undefined, TableCell::Text);
    match column.key.as_str() {
        SYSTEM => TableCell::Text(system(one, columns, number)),
        "n" => text(one.seeds.map(|seeds| seeds.to_string())),
        key => {
            let setting = one.at.iter().find(|(path, _)| path == key);
            if let Some((_, value)) = setting {
                return TableCell::Text(show_value(value));
            }
            let value = one.values.iter().find(|value| value.path == key);
            value.map_or(TableCell::Undefined, |value| TableCell::Published(as_given(value)))
        }
    }
}

/// `JEM on cifar-10, published (Grathwohl et al. 2020) [1]`, with the settings
/// that have no column.
fn system(one: &Published, columns: &[Column], number: usize) -> String {
    let Published { name, cite, dataset, .. } = one;
    let shown = |path: &String| columns.iter().any(|column| column.key == *path);
    let untold = one.at.iter().filter(|(path, _)| !shown(path));
    let settings = untold.map(|(path, value)| format!(", {path} = {}", show_value(value)));
    let settings: String = settings.collect();
    let doubt = if one.known == Known::Memory { ", unverified" } else { "" };
    format!("{name}{settings} on {dataset}, published ({cite}){doubt} [{number}]")
}

/// `0.9609 (sd 0.0004)`: with the digits that were given.
fn as_given(value: &PublishedValue) -> String {
    match &value.sd {
        Some(sd) => format!("{} (sd {sd})", value.shown),
        None => value.shown.clone(),
    }
}

fn footnote(one: &Published) -> String {
    let known = match one.known {
        Known::Primary => "read in the primary source",
        Known::Later => "read in a later paper's table",
        Known::Memory => "unverified: from memory, read in no source",
    };
    let note = one.note.as_ref().map_or_else(String::new, |note| format!(" {}.", note.trim()));
    format!("{}, {}: {known}.{note}", one.name, one.cite)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::super::{Shown, sample};
    use super::*;

    fn figure(path: &str, shown: &str, sd: Option<&str>) -> PublishedValue {
        PublishedValue {
            path: path.to_owned(),
            value: shown.parse().unwrap(),
            shown: shown.to_owned(),
            sd: sd.map(str::to_owned),
        }
    }

    /// The sample's results with three published ones: two of a ladder and one
    /// from memory.
    fn results() -> Results {
        let mut results = sample::results();
        let ladder = |lambda: f64, accuracy: &str| Published {
            name: "ladder".to_owned(),
            cite: "A & B 2020".to_owned(),
            dataset: "mnist".to_owned(),
            known: Known::Primary,
            note: Some("5 % of it".to_owned()),
            seeds: Some(5),
            at: vec![
                ("objective.lambda".to_owned(), json!(lambda)),
                ("sampler.steps".to_owned(), json!(20)),
            ],
            values: vec![figure("clf/accuracy", accuracy, Some("0.0010"))],
        };
        let other = Published {
            name: "JEM".to_owned(),
            cite: "C 2021".to_owned(),
            dataset: "cifar-10".to_owned(),
            known: Known::Memory,
            note: None,
            seeds: None,
            at: Vec::new(),
            values: vec![
                figure("fid", "38.40", None),
                figure("ood/auroc/fashion-mnist/max_softmax", "0.9", None),
            ],
        };
        results.experiment.report.published =
            vec![ladder(0.0, "0.970"), ladder(0.1, "0.96"), other];
        results
    }

    /// The column called `key` of `table`, as it is shown.
    fn shown(table: &PaperTable, key: &str) -> Vec<String> {
        let place = table.columns.iter().position(|column| column.key == key).unwrap();
        table.rows.iter().map(|row| row[place].to_string()).collect()
    }

    #[test]
    fn published_rows_stand_below_ours_with_citation_mark_and_footnote() {
        let table = PaperTable::of(&results(), Shown::Paper);
        assert_eq!((table.ours, table.rows.len()), (3, 6));
        assert_eq!(
            shown(&table, "system"),
            [
                "ours",
                "ours",
                "ours",
                "ladder, sampler.steps = 20 on mnist, published (A & B 2020) [1]",
                "ladder, sampler.steps = 20 on mnist, published (A & B 2020) [1]",
                "JEM on cifar-10, published (C 2021), unverified [2]",
            ]
        );
        assert_eq!(
            table.footnotes,
            [
                "[1] ladder, A & B 2020: read in the primary source. 5 % of it.",
                "[2] JEM, C 2021: unverified: from memory, read in no source.",
            ]
        );
        assert_eq!(shown(&table, "objective.lambda"), ["0", "0.1", "10", "0", "0.1", "–"]);
        assert_eq!(shown(&table, "n"), ["3", "1", "0", "5", "5", "–"]);
        assert_eq!(shown(&table, "diverged")[3..], ["–", "–", "–"]);
    }

    #[test]
    fn figures_keep_their_digits_and_what_one_side_lacks_is_a_dash() {
        let table = PaperTable::of(&results(), Shown::Paper);
        let accuracy = shown(&table, "clf/accuracy");
        assert_eq!(accuracy[0], "0.8125 [0.6100, 0.9231]");
        assert_eq!(accuracy[3..], ["0.970 (sd 0.0010)", "0.96 (sd 0.0010)", "–"]);
        assert_eq!(shown(&table, "fid"), ["–", "–", "–", "–", "–", "38.40"]);
        // Measured here, but shown only since a published row has it.
        let softmax = shown(&table, "ood/auroc/fashion-mnist/max_softmax");
        assert_eq!(softmax, ["0.6250", "0.6250", "diverged", "–", "–", "0.9"]);
        let titles: Vec<String> = table.columns.iter().map(Column::title).collect();
        assert_eq!(titles.last().map(String::as_str), Some("FID ↓"));
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }

    #[test]
    fn every_form_has_the_rows_and_says_where_they_are_from() {
        let table = PaperTable::of(&results(), Shown::Paper);
        let csv = table.to_csv().unwrap();
        let header = csv.lines().next().unwrap();
        assert!(header.starts_with("system,objective.lambda,n,diverged,clf/accuracy"), "{header}");
        assert!(header.ends_with(",fid,commit,published"), "{header}");
        assert!(csv.contains("\nours,0,3,0/3,"), "{csv}");
        let last = csv.lines().last().unwrap();
        let source = "38.40,,\"[2] JEM, C 2021: unverified: from memory, read in no source.\"";
        assert!(last.ends_with(source), "{last}");
        for text in [table.to_terminal(), table.to_markdown(), csv, table.to_tex()] {
            for needed in ["0.970 (sd 0.0010)", "38.40", "unverified", "read in the primary"] {
                assert!(text.contains(needed), "no {needed} in {text}");
            }
        }
        let tex = table.to_tex();
        let rule = "diverged & -- \\\\\n\\midrule\nladder, sampler.steps = 20 on mnist, published \
                    (A \\& B 2020) {[}1{]} & 0 & 5 & --";
        assert!(tex.contains(rule), "{tex}");
        assert!(tex.ends_with("read in no source.\\par}\n"), "{tex}");
    }

    #[test]
    fn where_our_rows_have_names_these_stand_in_the_same_column() {
        let mut results = results();
        results.axes = vec![SYSTEM.to_owned()];
        for (place, trial) in results.trials.iter_mut().enumerate() {
            trial.values = vec![json!(if place < 3 { "classifier" } else { "JEM" })];
        }
        let table = PaperTable::of(&results, Shown::Paper);
        let systems = shown(&table, SYSTEM);
        assert_eq!(systems[..2], ["classifier (ours)", "JEM (ours)"]);
        assert!(systems.last().is_some_and(|last| last.ends_with("unverified [2]")), "{systems:?}");
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert_eq!(table.columns.iter().filter(|column| column.key == SYSTEM).count(), 1);
    }

    #[test]
    fn without_published_results_the_table_has_no_such_column() {
        let table = PaperTable::of(&sample::results(), Shown::Paper);
        assert_eq!(table.columns[0].key, "objective.lambda");
        assert!(table.footnotes.is_empty() && table.ours == table.rows.len());
        assert!(!table.to_csv().unwrap().contains("published"));
    }
}
