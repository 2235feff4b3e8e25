//! The page of a comparison, and its figures.

use jem_core::metric::{Direction, Unit, describe, label, range};
use minijinja::{Error, context};
use rayon::prelude::*;

use super::content::{Figure, Table, name_apart};
use super::figures::{Csv, number};
use super::html::{all, environment, fact, figure, table, unbroken};
use super::label::{axis_names, values_label};
use crate::chart::{self, Caption, ChartError, DifferenceChart, DifferenceRow, Tone};
use crate::compare::{
    Cell, Comparison, Difference, Same, Sheet, SideFacts, Verdict, sheets, summary,
};

/// Rows of one chart; further cells are in its data alone.
const MOST_ROWS: usize = 60;

/// The figures of a comparison, and what is not drawn, in words.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// One for each metric that some pair differs in.
    pub figures: Vec<Figure>,
    /// What is not drawn.
    pub notes: Vec<String>,
}

/// Draws the differences, metric by metric.
///
/// # Errors
/// When a figure is too large to paint.
pub fn draw(found: &Comparison) -> Result<Drawn, ChartError> {
    let mut drawn = Drawn::default();
    let places: Vec<usize> =
        (0..found.metrics.len()).filter(|place| differs(found, *place)).collect();
    let equal: Vec<String> = (0..found.metrics.len())
        .filter(|place| !places.contains(place) && has_pairs(found, *place))
        .map(|place| label(&found.metrics[place]))
        .collect();
    if !equal.is_empty() {
        let listed = equal.join("; ");
        drawn.notes.push(format!("Equal in every pair, to the bit, and not drawn: {listed}."));
    }
    if !places.is_empty() && found.cells.len() > MOST_ROWS {
        let (most, cells) = (MOST_ROWS, found.cells.len());
        drawn
            .notes
            .push(format!("Drawn for the first {most} of {cells} cells; the data have all."));
    }
    drawn.figures =
        places.into_par_iter().map(|place| drawing(found, place)).collect::<Result<_, _>>()?;
    name_apart(drawn.figures.iter_mut());
    Ok(drawn)
}

fn differs(found: &Comparison, place: usize) -> bool {
    let same = [Verdict::Equal, Verdict::NoPair];
    found.cells.iter().any(|cell| !same.contains(&cell.metrics[place].verdict))
}

fn has_pairs(found: &Comparison, place: usize) -> bool {
    found.cells.iter().any(|cell| cell.metrics[place].verdict != Verdict::NoPair)
}

fn drawing(found: &Comparison, place: usize) -> Result<Figure, ChartError> {
    let metric = &found.metrics[place];
    let info = describe(metric);
    let title = format!("{}: B − A", super::number::capital(&label(metric)));
    let unit = if info.is_some_and(|info| info.unit == Unit::Nat) { " (nats)" } else { "" };
    let better = match info.map(|info| info.direction) {
        Some(Direction::HigherIsBetter) => "; right of 0 B is better",
        Some(Direction::LowerIsBetter) => "; left of 0 B is better",
        _ => "",
    };
    let pairs = found.cells.iter().map(|cell| cell.metrics[place].pairs.len()).max().unwrap_or(0);
    let pairs =
        if pairs == 1 { "one pair each".to_owned() } else { format!("up to {pairs} pairs each") };
    let names = axis_names(&found.axes);
    let rows = found.cells.iter().filter(|cell| !cell.pairs.is_empty()).take(MOST_ROWS);
    let chart = DifferenceChart {
        caption: Caption {
            title: title.clone(),
            subtitle: Some(format!("A: {}; B: {}; {pairs}", found.a.title, found.b.title)),
            footer: Some(footer(found)),
        },
        x_label: format!("{}, B − A{unit}{better}", label(metric)),
        range: range(metric).of_differences(),
        rows: rows.map(|cell| row(&names, cell, &cell.metrics[place])).collect(),
    };
    Ok(Figure {
        name: file_name(metric),
        title,
        caption: format!(
            "{}Large marks are means over pairs of the same seed with their 95 % t interval, \
             which is not corrected; small dots are single pairs. Colours are those of the \
             verdicts, by {}.",
            info.map_or_else(String::new, |info| format!("{} ", info.doc)),
            found.tests.words
        ),
        drawing: chart::difference(&chart)?,
        csv: data(found, place),
    })
}

/// A metric's path as the name of a file.
fn file_name(metric: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    metric.chars().map(safe).collect()
}

fn row(names: &[String], cell: &Cell, found: &Difference) -> DifferenceRow {
    let label = values_label(names.iter().zip(&cell.values));
    let n = found.pairs.len();
    let accepted = cell.pairs.iter().filter(|pair| pair.same == Same::Accepted).count();
    let lost = cell.pairs.len() - n - accepted;
    let mut note = format!("n = {n}");
    for (without, why) in [(lost, "without value"), (accepted, "accepted by hand")] {
        if without > 0 {
            note += &format!(", {without} {why}");
        }
    }
    DifferenceRow {
        label: if label.is_empty() { "all trials".to_owned() } else { label },
        values: found.pairs.iter().map(|(_, a, b)| b - a).collect(),
        mean: found.mean.unwrap_or(f64::NAN),
        half_width: found.half_width,
        note,
        tone: match found.verdict {
            Verdict::Better => Tone::Better,
            Verdict::Worse => Tone::Worse,
            Verdict::Differs => Tone::Apart,
            _ => Tone::Open,
        },
    }
}

fn footer(found: &Comparison) -> String {
    let side = |side: &SideFacts| side.short.clone();
    let dirty = match found.a.dirty_runs || found.b.dirty_runs {
        true => "; some runs from a dirty checkout",
        false => "",
    };
    let counts = found.counts();
    let by_word = found.cells.iter().flat_map(|cell| &cell.pairs).filter(|pair| pair.is_accepted());
    let accepted = match by_word.count() {
        0 => String::new(),
        n => format!("; {n} accepted by hand"),
    };
    format!(
        "jem compare {} {}; {} pairs, {} shared{accepted}{dirty}",
        side(&found.a),
        side(&found.b),
        counts.pairs,
        counts.shared
    )
}

/// One row for each pair.
fn data(found: &Comparison, place: usize) -> String {
    let columns = [
        "metric",
        "seed",
        "a",
        "b",
        "difference",
        "mean",
        "half_width",
        "n",
        "p",
        "corrected_p",
        "verdict",
        "accepted",
    ];
    let mut csv = Csv::new(&found.axes, &columns);
    for cell in &found.cells {
        let difference = &cell.metrics[place];
        for (seed, a, b) in &difference.pairs {
            let pair = cell.pairs.iter().find(|pair| pair.seed == *seed);
            let word = pair.map(|pair| [pair.accepted.0.as_deref(), pair.accepted.1.as_deref()]);
            let words: Vec<&str> = word.into_iter().flatten().flatten().collect();
            let fields = [
                difference.metric.clone(),
                seed.to_string(),
                number(Some(*a)),
                number(Some(*b)),
                number(Some(b - a)),
                number(difference.mean),
                number(difference.half_width),
                difference.pairs.len().to_string(),
                number(difference.p),
                number(difference.corrected_p),
                difference.verdict.name().to_owned(),
                words.join("; "),
            ];
            csv.row(&cell.values, &fields);
        }
    }
    csv.text()
}

/// The comparison as a page that needs no other file.
///
/// # Errors
/// When the template is wrong, which a test holds that it is not.
pub fn page(found: &Comparison, drawn: &Drawn, command: &str) -> Result<String, Error> {
    let told: Vec<Table> = sheets(found).into_iter().map(told).collect();
    let said: Vec<(String, String)> = {
        // That a side is dirty stands in a notice.
        let said = summary(found).into_iter().filter(|(name, _)| *name != "Dirty");
        said.map(|(name, text)| (name.to_owned(), unbroken(&text))).collect()
    };
    let sides = [("A", &found.a), ("B", &found.b)].map(|(name, side)| (name.to_owned(), of(side)));
    let environment = environment()?;
    environment.get_template("comparison.html")?.render(context! {
        title => format!("{} → {}", found.a.title, found.b.title),
        name => found.experiment.clone(),
        sides => all(sides.iter(), fact),
        notices => notices(found),
        summary => all(said.iter(), fact),
        figures => all(drawn.figures.iter(), figure),
        undrawn => drawn.notes.clone(),
        tables => all(told.iter(), table),
        command,
    })
}

fn of(side: &SideFacts) -> String {
    let subject =
        if side.subject.is_empty() { String::new() } else { format!(": {}", side.subject) };
    format!("{}{subject} (fingerprints: {})", side.title, side.known)
}

/// What has to be known before the numbers are read.
fn notices(found: &Comparison) -> Vec<String> {
    let mut notices = Vec::new();
    for (side, name) in [(&found.a, "A"), (&found.b, "B")] {
        if side.done < side.planned {
            let (missing, all) = (side.planned - side.done, side.planned);
            notices.push(format!("{name}: {missing} of {all} trials have no result yet."));
        }
        if side.dirty {
            notices.push(format!("{name} is a work tree that differs from its commit."));
        }
    }
    notices
}

fn told(sheet: Sheet) -> Table {
    Table { title: sheet.title, note: sheet.note, head: sheet.head, rows: sheet.rows }
}
