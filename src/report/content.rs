//! What a report says, in the order in which it says it, as text and drawings.
//! The page and the Markdown are two forms of it.

use std::collections::BTreeSet;

use crate::chart::Drawing;

/// A report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Its title.
    pub title: String,
    /// The experiment's name.
    pub name: String,
    /// What the experiment is to find out.
    pub question: String,
    /// The expectations, checked.
    pub checks: Vec<Check>,
    /// What has to be known before the numbers are read, such as trials that
    /// are missing.
    pub notices: Vec<String>,
    /// The numbers that matter most.
    pub tiles: Vec<Tile>,
    /// The answer in words; its tests are one family.
    pub answer: Vec<Part>,
    /// Further findings; the tests of each part are a family of their own.
    pub further: Vec<Part>,
    /// Commit, command, machine, …: what it is called and what it is.
    pub facts: Vec<(String, String)>,
    /// The best cell by each metric, and the results of every cell.
    pub results: Vec<Table>,
    /// The figures.
    pub sections: Vec<Section>,
    /// The tests behind the answer, diverged trials, and metrics without a value;
    /// each may have no rows.
    pub exceptions: Vec<Table>,
    /// Every trial with its runs.
    pub trials: Table,
}

/// An expectation and how it came out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub metric: String,
    /// The cell.
    pub cell: String,
    /// The value found.
    pub value: String,
    /// The values expected.
    pub range: String,
    /// Where the range comes from.
    pub source: String,
    /// Whether the value is in the range.
    pub holds: bool,
}

/// One number, large.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tile {
    /// What it is.
    pub label: String,
    /// The number.
    pub value: String,
    /// Its interval, as `± 0.003` or `[0.95, 0.97]`; nothing where it has none.
    pub spread: String,
    /// Where it was found.
    pub detail: String,
}

/// Findings that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The values that its cells share; nothing where there are no others.
    pub heading: Option<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What the numbers say of one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// The thing, in a word or two.
    pub about: String,
    /// What is said, in sentences.
    pub text: String,
    /// The directions that the sentences claim, each by a corrected test.
    pub claims: Vec<Claim>,
}

/// A direction that a sentence claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The quantity, as a metric's path.
    pub metric: String,
    /// Where: a setting, or several together.
    pub place: String,
    /// What it is compared with.
    pub against: String,
    /// The direction.
    pub way: Way,
    /// The p-value, corrected over the family.
    pub corrected: f64,
}

/// Which way a quantity differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is lower.
    Lower,
    /// It is higher.
    Higher,
}

/// Figures that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What was not drawn, and why.
    pub notes: Vec<String>,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// A figure with its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The name of its files, without their endings.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How it is read.
    pub caption: String,
    /// The drawing.
    pub drawing: Drawing,
    /// Its data as CSV.
    pub csv: String,
}

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// What has to be known to read it.
    pub note: String,
    /// The names of the columns.
    pub head: Vec<String>,
    /// Rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// Gives figures that share a name names of their own: files of one name would
/// replace each other. Names that differ in their case alone share it, as on
/// some file systems.
pub(super) fn name_apart<'a>(figures: impl Iterator<Item = &'a mut Figure>) {
    let mut taken = BTreeSet::new();
    for figure in figures {
        let (name, mut number) = (figure.name.clone(), 1);
        while !taken.insert(figure.name.to_lowercase()) {
            number += 1;
            figure.name = format!("{name}-{number}");
        }
    }
}

impl Figure {
    /// Its files, by path from the report's folder.
    pub(super) fn files(&self) -> [(String, Vec<u8>); 3] {
        let path = |ending: &str| format!("charts/{}.{ending}", self.name);
        [
            (path("svg"), self.drawing.svg.clone().into_bytes()),
            (path("png"), self.drawing.png.clone()),
            (path("csv"), self.csv.clone().into_bytes()),
        ]
    }
}

impl Check {
    /// `accuracy, λ = 10: mean 0.1 (n = 3), expected at least 0.5`.
    pub fn found(&self) -> String {
        format!("{}, {}: {}, expected {}", self.metric, self.cell, self.value, self.range)
    }
}

impl Content {
    /// The checks that hold, as a table.
    pub fn held(&self) -> Table {
        let row = |check: &Check| {
            let texts = [
                &check.name,
                &check.metric,
                &check.cell,
                &check.value,
                &check.range,
                &check.source,
            ];
            texts.map(String::clone).to_vec()
        };
        Table {
            title: "Expectations that hold".to_owned(),
            note: "An expectation is checked on every cell that it is about.".to_owned(),
            head: ["expectation", "metric", "cell", "found", "expected", "source"]
                .map(str::to_owned)
                .to_vec(),
            rows: self.checks.iter().filter(|check| check.holds).map(row).collect(),
        }
    }

    /// Whether every expectation holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    /// All figures.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.figures)
    }
}
