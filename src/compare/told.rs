//! A comparison in sentences and tables, for any form of output.

use jem_core::metric::{Direction, Unit, describe, label};

use super::settings::read_otherwise;
use super::{Cell, Change, Comparison, Difference, Same, Verdict, Which, accepted};
use crate::table::{axis_names, cell_label};

/// Files that differ and are named; the others are counted.
const MOST_FILES: usize = 40;

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The heading.
    pub title: String,
    /// What has to be known to read it; may be empty.
    pub note: String,
    /// The names of the columns.
    pub head: Vec<String>,
    /// Rows, each as long as the head; never none.
    pub rows: Vec<Vec<String>>,
}

/// What was found, a sentence or two about each thing: its name, and what is
/// said of it.
pub fn summary(found: &Comparison) -> Vec<(&'static str, String)> {
    let mut said = vec![("Code", code(found)), ("Settings", settings(found))];
    said.push(("Trials", trials(found)));
    said.push(("Differences", differences(found)));
    said.extend(hardware(found).map(|text| ("Hardware", text)));
    let diverged = |side: &super::SideFacts| format!("{} of {}", side.diverged, side.done);
    if found.a.diverged + found.b.diverged > 0 {
        let (a, b) = (diverged(&found.a), diverged(&found.b));
        said.push(("Diverged", format!("{a} on A, {b} on B; these have no metrics.")));
    }
    let dirty: Vec<&str> = [(&found.a, "A"), (&found.b, "B")]
        .into_iter()
        .filter(|(side, _)| side.dirty)
        .map(|(_, name)| name)
        .collect();
    if !dirty.is_empty() {
        let names = dirty.join(" and ");
        said.push(("Dirty", format!("{names}: the work tree differs from its commit.")));
    }
    let accepted = accepted::notes(found);
    if !accepted.is_empty() {
        said.push(("Accepted by hand", accepted.join(" ")));
    }
    said
}

/// The models of processor behind both sides, where it is not one alone, and
/// for how many pairs this matters.
fn hardware(found: &Comparison) -> Option<String> {
    let mut models: Vec<&str> = Vec::new();
    for (text, _) in found.a.hardware.iter().chain(&found.b.hardware) {
        if !models.contains(&text.as_str()) {
            models.push(text);
        }
    }
    let counts = found.counts();
    if models.len() < 2 && counts.other_hardware == 0 {
        return None;
    }
    let side = |name: &str, side: &super::SideFacts| {
        let trials = |n: usize| if n == 1 { "1 trial".to_owned() } else { format!("{n} trials") };
        let each = side.hardware.iter().map(|(text, n)| format!("{text} ({})", trials(*n)));
        format!("{name} was made on {}", each.collect::<Vec<_>>().join("; "))
    };
    let effect = match counts.other_hardware {
        0 => "Each pair was made on one model".to_owned(),
        n => format!(
            "In {n} of {} pairs the two trials were not made on one known model, so that their \
             differences include last digits that depend on the processor",
            counts.pairs
        ),
    };
    Some(format!("{}. {}. {effect}.", side("A", &found.a), side("B", &found.b)))
}

fn code(found: &Comparison) -> String {
    let files = match found.files.len() {
        0 => "no file differs".to_owned(),
        1 => "1 file differs".to_owned(),
        n => format!("{n} files differ"),
    };
    if found.code.is_empty() {
        return format!(
            "nothing numeric changed: training and evaluation have the same \
                        fingerprints on both sides; {files}."
        );
    }
    let stage = |change: &super::CodeChange| match &change.parts[..] {
        [] => format!("{} (in which parts is not recorded)", change.stage),
        parts => format!("{} in {}", change.stage, few(parts, 4)),
    };
    let stages: Vec<String> = found.code.iter().map(stage).collect();
    format!("differs where numbers pass through: {}; {files}.", stages.join("; "))
}

fn settings(found: &Comparison) -> String {
    let change = |change: &Change| format!("{} {} → {}", change.what, change.a, change.b);
    let own = found.cells.iter().filter(|cell| !cell.settings.is_empty()).count();
    let more = match own {
        0 => String::new(),
        n => format!(" {n} of {} cells differ in settings of their own.", found.cells.len()),
    };
    let readers = match read_otherwise(&found.files) {
        true => {
            " The code that reads experiment files differs as well; both sides are read here as \
             this build reads them."
        }
        false => "",
    };
    let said = match &found.settings[..] {
        [] if own == 0 => "none differs beside the values swept.".to_owned(),
        [] => format!("none differs in every cell.{more}"),
        some => {
            let some: Vec<String> = some.iter().map(change).collect();
            format!("in every cell {}.{more}", few(&some, 6))
        }
    };
    format!("{said}{readers}")
}

fn trials(found: &Comparison) -> String {
    let counts = found.counts();
    let side = |side: &super::SideFacts, name: &str| {
        format!("{name} has {} of {} trials done", side.done, side.planned)
    };
    let mut text = format!(
        "{}, {}; {} are paired by swept values and seed",
        side(&found.a, "A"),
        side(&found.b, "B"),
        counts.pairs
    );
    if counts.pairs > 0 {
        text += &format!(
            ": {} share their run (run once, since nothing numeric differs), {} were run twice \
             with the same bytes, {} differ",
            counts.shared, counts.identical, counts.differ
        );
    }
    let pairs = found.cells.iter().flat_map(|cell| &cell.pairs);
    let evaluated = pairs.filter(|pair| pair.same == Same::Training).count();
    if evaluated > 0 {
        text += &format!(" ({evaluated} of them in evaluation alone)");
    }
    if counts.accepted > 0 {
        text += &format!(
            "; {} are the same by a person's word alone and in no difference",
            counts.accepted
        );
    }
    if counts.alone > 0 {
        text += &format!("; {} have a result on one side alone", counts.alone);
    }
    text + "."
}

fn differences(found: &Comparison) -> String {
    let counts = found.counts();
    let of = |wanted: Verdict| {
        let all = found.cells.iter().flat_map(|cell| &cell.metrics);
        all.filter(|metric| metric.verdict == wanted).count()
    };
    if counts.pairs == 0 {
        return "no trial has a partner, so nothing can be told.".to_owned();
    }
    let untold = match counts.accepted {
        0 => String::new(),
        n => format!(" Of {n} pairs that is not known: a person accepted runs of other code."),
    };
    if !found.differs() {
        return match counts.pairs - counts.accepted {
            0 => format!("not known of any pair.{untold}"),
            _ if counts.accepted == 0 => {
                "none: every pair has the same results, to the bit.".to_owned()
            }
            made => format!("none in {made} pairs, to the bit.{untold}"),
        };
    }
    if counts.tested == 0 {
        let fewest = crate::significance::FEWEST_SEEDS;
        return format!("no cell has {fewest} pairs, so nothing was tested.{untold}");
    }
    let ways = [
        (of(Verdict::Better), "better on B"),
        (of(Verdict::Worse), "worse on B"),
        (of(Verdict::Differs), "without a better or worse"),
    ];
    let ways = ways.iter().filter(|(n, _)| *n > 0).map(|(n, way)| format!("{n} {way}"));
    let ways: Vec<String> = ways.collect();
    let ways = if ways.is_empty() { String::new() } else { format!(" ({})", ways.join(", ")) };
    format!(
        "{} of {} are clear{ways}, by {}.{untold}",
        counts.claimed, counts.tested, found.tests.words
    )
}

/// The tables, without those that would have no rows.
pub fn sheets(found: &Comparison) -> Vec<Sheet> {
    let mut sheets = vec![by_metric(found), accepted::sheet_of(found), alone(found)];
    sheets.extend([diverged(found), changes(found)]);
    sheets.extend([parts(found), files(found), environment(found)]);
    sheets.retain(|sheet| !sheet.rows.is_empty());
    sheets
}

pub(super) fn sheet(title: &str, note: &str, head: &[&str]) -> Sheet {
    Sheet {
        title: title.to_owned(),
        note: note.to_owned(),
        head: head.iter().map(|name| (*name).to_owned()).collect(),
        rows: Vec::new(),
    }
}

/// A row for each metric and cell that is not equal on both sides.
fn by_metric(found: &Comparison) -> Sheet {
    let names = axis_names(&found.axes);
    let mut told = sheet(
        "Differences",
        "",
        &[&["metric"], names.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat(),
    );
    told.head.extend(["n", "A", "B", "B − A", "p", "corrected p", "verdict"].map(str::to_owned));
    let (mut equal, mut none, mut marked) = (0, 0, false);
    for (place, metric) in found.metrics.iter().enumerate() {
        for cell in &found.cells {
            let difference = &cell.metrics[place];
            match difference.verdict {
                Verdict::Equal => equal += 1,
                Verdict::NoPair => none += 1,
                _ => {
                    marked |= accepted::behind(cell, difference);
                    told.rows.push(row(metric, cell, difference));
                }
            }
        }
    }
    let mut note = vec![
        "Mean over n pairs of the same seed; B − A ± half the width of the 95 % t interval of the \
         mean paired difference, which is not corrected; no ± for a single pair. A verdict is \
         that of the test, corrected over all metrics and cells of this table; ↑ higher is \
         better, ↓ lower is better."
            .to_owned(),
    ];
    note.push(format!("Tests: {}.", found.tests.words));
    if equal > 0 {
        note.push(format!("Not shown: {equal} that are equal in every pair, to the bit."));
    }
    if none > 0 {
        note.push(format!("Not shown: {none} without a pair that has a value."));
    }
    if marked {
        note.push("†: a side's run is one that a person accepted.".to_owned());
    }
    told.note = note.join(" ");
    told
}

fn row(metric: &str, cell: &Cell, found: &Difference) -> Vec<String> {
    let mut row = vec![metric_title(metric)];
    row.extend(cell.values.iter().map(shown));
    let mark = if accepted::behind(cell, found) { " †" } else { "" };
    row.push(format!("{}{mark}", found.pairs.len()));
    let mean = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), |mean| number(mean, 4));
    row.extend([mean(found.mean_a), mean(found.mean_b), difference_text(found)]);
    row.extend([found.p, found.corrected_p].map(p_text));
    row.push(found.verdict.name().to_owned());
    row
}

fn shown(value: &serde_json::Value) -> String {
    if value.is_null() { "–".to_owned() } else { jem_core::spec::show_value(value) }
}

/// `NLL (nat) ↓`
fn metric_title(metric: &str) -> String {
    let info = describe(metric);
    let unit = if info.is_some_and(|info| info.unit == Unit::Nat) { " (nat)" } else { "" };
    let arrow = match info.map(|info| info.direction) {
        Some(Direction::HigherIsBetter) => " ↑",
        Some(Direction::LowerIsBetter) => " ↓",
        _ => "",
    };
    format!("{}{unit}{arrow}", label(metric))
}

/// `+0.0031 ± 0.0047`: two digits of the interval's half width; four of the
/// difference where there is none.
pub fn difference_text(found: &Difference) -> String {
    let Some(mean) = found.mean else { return "–".to_owned() };
    let size = |value: f64| value.abs().log10().floor();
    let places = match found.half_width {
        // A mean that its interval dwarfs has a place more, to show any digit.
        Some(half) if half > 0.0 && mean != 0.0 => {
            let wanted = 1.0 - size(half);
            wanted.max((1.0 - size(mean)).min(wanted + 1.0))
        }
        Some(half) if half > 0.0 => 1.0 - size(half),
        _ if mean != 0.0 => 3.0 - size(mean),
        _ => 4.0,
    };
    let places = places.clamp(0.0, 10.0) as usize;
    let sign = if mean > 0.0 { "+" } else { "" };
    let half = found.half_width.map_or_else(String::new, |half| format!(" ± {half:.places$}"));
    format!("{sign}{}{half}", number(mean, places))
}

/// A p-value, to two digits.
fn p_text(p: Option<f64>) -> String {
    match p {
        None => "–".to_owned(),
        Some(p) if p >= 0.001 => format!("{p:.3}"),
        Some(p) => format!("{p:.1e}").replace('-', "−"),
    }
}

fn number(value: f64, places: usize) -> String {
    format!("{value:.places$}").replace('-', "−")
}

/// The trials that one side alone has a result of, by cell.
fn alone(found: &Comparison) -> Sheet {
    let note = "“not run yet”: the other side plans it as well; “not planned”: it does not.";
    let head = ["cell", "seeds", "only on", "the other side"];
    let mut told = sheet("Trials of one side alone", note, &head);
    for cell in &found.cells {
        for (side, name) in [(Which::A, "A"), (Which::B, "B")] {
            for (planned, why) in [(true, "not run yet"), (false, "not planned")] {
                let of = |one: &&super::Alone| one.side == side && one.planned == planned;
                let seeds: Vec<String> =
                    cell.alone.iter().filter(of).map(|one| one.seed.to_string()).collect();
                if !seeds.is_empty() {
                    let label = cell_label(&found.axes, &cell.values);
                    told.rows.push(vec![label, few(&seeds, 12), name.to_owned(), why.to_owned()]);
                }
            }
        }
    }
    told
}

/// The cells in which a paired trial diverged.
fn diverged(found: &Comparison) -> Sheet {
    let note = "Of the pairs of the cell. A trial that diverged has no metrics, so its pair is in \
                no difference.";
    let mut told = sheet("Diverged trials", note, &["cell", "pairs", "A", "B", "both"]);
    for cell in &found.cells {
        let of = |which: fn(&super::Pair) -> bool| cell.pairs.iter().filter(|p| which(p)).count();
        let (a, b) = (of(|pair| pair.diverged.0), of(|pair| pair.diverged.1));
        if a + b > 0 {
            let both = of(|pair| pair.diverged.0 && pair.diverged.1);
            let mut row = vec![cell_label(&found.axes, &cell.values)];
            row.extend([cell.pairs.len(), a, b, both].map(|n| n.to_string()));
            told.rows.push(row);
        }
    }
    told
}

fn changes(found: &Comparison) -> Sheet {
    let mut told = sheet("Settings that differ", "", &["setting", "where", "A", "B"]);
    let row = |change: &Change, place: &str| {
        vec![change.what.clone(), place.to_owned(), change.a.clone(), change.b.clone()]
    };
    told.rows.extend(found.settings.iter().map(|change| row(change, "every cell")));
    for cell in &found.cells {
        let label = cell_label(&found.axes, &cell.values);
        told.rows.extend(cell.settings.iter().map(|change| row(change, &label)));
    }
    told
}

fn parts(found: &Comparison) -> Sheet {
    let note = "What of the code numbers pass through; comments, docs and tests do not count.";
    let mut told = sheet("Numeric code that differs", note, &["stage", "part", "A", "B"]);
    for change in &found.code {
        let (from, to) = (change.from.short(10), change.to.short(10));
        let unknown = ["not recorded".to_owned()];
        let parts = if change.parts.is_empty() { &unknown[..] } else { &change.parts };
        told.rows.extend(
            parts
                .iter()
                .map(|part| vec![change.stage.to_owned(), part.clone(), from.clone(), to.clone()]),
        );
    }
    told
}

fn files(found: &Comparison) -> Sheet {
    let mut told = sheet("Files that differ", "", &["file", "lines +", "lines −", "numeric"]);
    let numeric = |path: &str| {
        let parts = found.code.iter().flat_map(|change| &change.parts);
        parts.into_iter().any(|part| part.split(' ').next() == Some(path))
    };
    told.rows.extend(found.files.iter().take(MOST_FILES).map(|file| {
        let yes = if numeric(&file.path) { "yes" } else { "" };
        let lines = [file.added.to_string(), file.removed.to_string()];
        [vec![file.path.clone()], lines.to_vec(), vec![yes.to_owned()]].concat()
    }));
    if found.files.len() > MOST_FILES {
        told.note = format!("The first {MOST_FILES} of {} files.", found.files.len());
    }
    told
}

fn environment(found: &Comparison) -> Sheet {
    let mut told = sheet("Environment of the runs", "", &["", "A", "B", "differs"]);
    told.rows.extend(found.environment.iter().map(|change| {
        let unknown = change.a == "–" || change.b == "–";
        let differs = if change.a == change.b || unknown { "" } else { "yes" };
        vec![change.what.clone(), change.a.clone(), change.b.clone(), differs.to_owned()]
    }));
    told
}

/// The first `most` of them, and how many more there are.
pub(super) fn few(items: &[String], most: usize) -> String {
    let shown = items.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        n => format!("{shown} and {n} more"),
    }
}
