//! The runs that were found: which columns, in which order, as text.

use std::cmp::Ordering;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use jem_core::provenance::{NO_COMMIT, UNKNOWN_COMMIT};
use jem_core::spec::show_value;
use serde_json::{Map, Value};

use super::check::Asked;
use super::load::Run;
use super::names::{FACTS, Kind};
use crate::spreadsheet::line;

/// Characters of an id, and of a commit, that people are shown.
const SHORT: usize = 10;
const SHORT_COMMIT: usize = 7;
/// Digits after the first that people are shown of a metric.
const DIGITS: usize = 5;

/// By which names, given in full, runs are sorted.
#[derive(Clone, Debug, Default)]
pub struct Sort {
    /// The first tells, the next where that is equal.
    pub names: Vec<String>,
    /// Largest first. Runs without a value stand last either way.
    pub reverse: bool,
}

/// Runs and columns.
#[derive(Clone, Debug)]
pub struct List<'a> {
    /// The columns, by full name.
    pub columns: Vec<String>,
    /// The runs.
    pub runs: Vec<&'a Run>,
}

impl<'a> List<'a> {
    /// Those of `runs` that `asked` picks, at most `limit` of them, with the
    /// columns that it names between those that say which run it is.
    pub fn new(runs: &'a [Run], asked: &Asked, sort: &Sort, limit: usize) -> Self {
        let mut runs: Vec<&Run> = runs.iter().filter(|run| asked.picks(run)).collect();
        if !sort.names.is_empty() {
            runs.sort_by(|a, b| sort.order(a, b));
        }
        runs.truncate(limit);
        let fixed = ["trial", "seed", "outcome", "commit", "dirty"];
        let named = asked.names.iter().filter(|name| !fixed.contains(&name.as_str()));
        let columns = fixed[..2].iter().map(|name| (*name).to_owned());
        let rest = fixed[2..].iter().map(|name| (*name).to_owned());
        Self { columns: columns.chain(named.cloned()).chain(rest).collect(), runs }
    }

    /// For a terminal: ids by their first characters, and `-dirty` at the
    /// commit instead of a column of its own.
    pub fn to_terminal(&self) -> String {
        if self.runs.is_empty() {
            return String::new();
        }
        let marked = self.columns.iter().any(|name| name == "commit");
        let columns = self.columns.iter().filter(|name| !(marked && *name == "dirty"));
        let columns: Vec<&str> = columns.map(String::as_str).collect();
        let mut table = Table::new();
        let line = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().header_separator(line));
        table.set_header(columns.iter().copied());
        for run in &self.runs {
            table.add_row(columns.iter().map(|name| shown(run, name)));
        }
        for (column, name) in table.column_iter_mut().zip(&columns) {
            if self.runs.iter().any(|run| run.values.get(*name).is_some_and(Value::is_number)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{}\n", table.trim_fmt())
    }

    /// With a line of names, and nothing where a run has no value.
    pub fn to_csv(&self) -> String {
        let mut text = line(self.columns.iter().map(String::as_str));
        for run in &self.runs {
            let cells = self.columns.iter().map(|name| run.values.get(name));
            let cells: Vec<String> =
                cells.map(|value| value.map(show_value).unwrap_or_default()).collect();
            text += &line(cells.iter().map(String::as_str));
        }
        text
    }

    /// A list of objects, with null where a run has no value.
    pub fn to_json(&self) -> String {
        let object = |run: &&Run| {
            let value = |name: &String| run.values.get(name).cloned().unwrap_or_default();
            let pairs = self.columns.iter().map(|name| (name.clone(), value(name)));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        let objects = Value::Array(self.runs.iter().map(object).collect());
        format!("{objects:#}\n")
    }
}

impl Sort {
    fn order(&self, a: &Run, b: &Run) -> Ordering {
        let by = |name: &String| match (a.values.get(name), b.values.get(name)) {
            (Some(a), Some(b)) if self.reverse => order(b, a),
            (Some(a), Some(b)) => order(a, b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        self.names.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a.as_u64(), b.as_u64(), a.as_f64(), b.as_f64()) {
        (Some(a), Some(b), ..) => a.cmp(&b),
        (.., Some(a), Some(b)) => a.total_cmp(&b),
        _ => show_value(a).cmp(&show_value(b)),
    }
}

fn shown(run: &Run, name: &str) -> String {
    let Some(value) = run.values.get(name) else {
        let nothing = if name == "commit" { NO_COMMIT } else { "" };
        return nothing.to_owned();
    };
    let first = |n: usize| show_value(value).chars().take(n).collect::<String>();
    if name == "commit" {
        let dirty = run.values.get("dirty") == Some(&Value::Bool(true));
        // As tables call it.
        return match show_value(value) {
            unknown if unknown == UNKNOWN_COMMIT => unknown,
            _ => first(SHORT_COMMIT) + if dirty { "-dirty" } else { "" },
        };
    }
    match value.as_f64() {
        Some(real) if name.contains('/') => {
            let rounded = format!("{real:.DIGITS$e}").parse().unwrap_or(real);
            show_value(&Value::from(rounded))
        }
        _ if FACTS.contains(&(name, Kind::Id)) => first(SHORT),
        _ => show_value(value),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Vocabulary;
    use super::*;
    use serde_json::json;

    fn run(trial: &str, lambda: f64, accuracy: Option<f64>) -> Run {
        let accuracy = accuracy.map(|value| ("clf/accuracy", json!(value)));
        let values = [
            ("trial", json!(trial)),
            ("seed", json!(1)),
            ("outcome", json!("finished")),
            ("commit", json!("4fa08924fa08924fa0892")),
            ("dirty", json!(lambda > 0.0)),
            ("host", json!("a, \"b\"")),
            ("objective.lambda", json!(lambda)),
        ];
        Run::of(values.into_iter().chain(accuracy).map(|(name, value)| (name.to_owned(), value)))
    }

    fn runs() -> Vec<Run> {
        vec![
            run("aaaaaaaaaaaaaaa", 0.0, Some(2.0 / 3.0)),
            run("b", 1.5, None),
            run("c", 1.0, Some(0.75)),
        ]
    }

    fn list<'a>(runs: &'a [Run], query: &str, sort: &[&str], reverse: bool) -> List<'a> {
        let asked = Asked::parse(query, &Vocabulary::new(["clf/accuracy"])).unwrap();
        let names = sort.iter().map(|name| (*name).to_owned()).collect();
        List::new(runs, &asked, &Sort { names, reverse }, usize::MAX)
    }

    #[test]
    fn a_terminal_shows_what_the_query_names_and_marks_what_is_dirty() {
        let runs = runs();
        let expected = "\
\u{20}trial        seed   objective.lambda   clf/accuracy   outcome    commit
────────────────────────────────────────────────────────────────────────────────
 aaaaaaaaaa      1                  0       0.666667   finished   4fa0892
 b               1                1.5                  finished   4fa0892-dirty
 c               1                  1           0.75   finished   4fa0892-dirty
";
        let text = list(&runs, "lambda >= 0 or exists(accuracy)", &[], false).to_terminal();
        assert_eq!(text, expected, "{text}");
        assert_eq!(list(&runs, "lambda > 7", &[], false).to_terminal(), "");
    }

    #[test]
    fn csv_and_json_hold_whole_values_and_say_what_is_missing() {
        let runs = runs();
        let mut list = list(&runs, "lambda > 0", &["clf/accuracy"], false);
        list.columns = ["host", "clf/accuracy", "dirty"].map(str::to_owned).to_vec();
        let expected =
            "host,clf/accuracy,dirty\n\"a, \"\"b\"\"\",0.75,true\n\"a, \"\"b\"\"\",,true\n";
        assert_eq!(list.to_csv(), expected);
        let json: Value = serde_json::from_str(&list.to_json()).unwrap();
        assert_eq!(json[0], json!({"host": "a, \"b\"", "clf/accuracy": 0.75, "dirty": true}));
        assert_eq!(json[1]["clf/accuracy"], Value::Null);
        list.runs.clear();
        assert_eq!((list.to_csv().lines().count(), list.to_json()), (1, "[]\n".to_owned()));
    }

    #[test]
    fn runs_without_a_value_stand_last_whichever_way_it_is_sorted() {
        let runs = runs();
        let order = |sort: &[&str], reverse: bool| -> Vec<String> {
            let list = list(&runs, "", sort, reverse);
            list.runs.iter().map(|run| shown(run, "trial")).collect()
        };
        assert_eq!(order(&["clf/accuracy"], false), ["aaaaaaaaaa", "c", "b"]);
        assert_eq!(order(&["clf/accuracy"], true), ["c", "aaaaaaaaaa", "b"]);
        assert_eq!(order(&["seed", "objective.lambda"], true), ["b", "c", "aaaaaaaaaa"]);
        let limited =
            List::new(&runs, &Asked::parse("", &Vocabulary::new([])).unwrap(), &Sort::default(), 2);
        assert_eq!(limited.runs.len(), 2);
    }
}
