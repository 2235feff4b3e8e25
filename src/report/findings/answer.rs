//! The answer: for each line of cells a headline and a finding a subject, then
//! what concerns all cells. Its tests are one family.

use super::accuracy::Accuracy;
use super::attacks::Attacks;
use super::calibration::Calibration;
use super::detection::{Detection, targets};
use super::errors::Errors;
use super::headline::Headline;
use super::questions::{Family, Questions};
use super::{divergence, published};
use crate::report::content::{Finding, Part, Table};
use crate::report::view::{Line, View};
use crate::significance::FEWEST_SEEDS;

/// Lines that the answer is about.
const MOST_LINES: usize = 4;

/// What the table of the answer's tests is called.
const TABLE: &str = "Tests behind the answer";

/// The answer in words, and its tests.
#[derive(Debug)]
pub struct Answer {
    /// The findings.
    pub parts: Vec<Part>,
    /// A row for each comparison; none where there are none.
    pub tests: Table,
}

/// What is asked about one line.
struct Subjects<'a> {
    heading: Option<String>,
    accuracy: Option<Accuracy<'a>>,
    calibration: Option<Calibration<'a>>,
    detection: Vec<Detection<'a>>,
    attacks: Attacks<'a>,
    published: Vec<Finding>,
}

impl<'a> Subjects<'a> {
    fn ask(view: &View<'a>, line: &Line<'a>, all: &mut Questions) -> Self {
        let target = |target| Detection::ask(view, line, target, all);
        let detection = targets(view).into_iter().filter_map(target).collect();
        Self {
            heading: Some(line.label.clone()).filter(|label| !label.is_empty()),
            accuracy: Accuracy::ask(view, line, all),
            calibration: Calibration::ask(view, line, all),
            detection,
            attacks: Attacks::ask(view, line, all),
            published: published::findings(view, line),
        }
    }

    fn part(self, view: &View<'a>, family: &Family) -> Part {
        let headline = Headline {
            accuracy: self.accuracy.as_ref(),
            calibration: self.calibration.as_ref(),
            detection: &self.detection,
        };
        let mut findings = vec![headline.finding(view, family)];
        findings.extend(self.accuracy.iter().map(|one| one.finding(view, family)));
        findings.extend(self.calibration.iter().map(|one| one.finding(view, family)));
        findings.extend(self.detection.iter().map(|one| one.finding(view, family)));
        findings.extend(self.attacks.findings(view, family));
        findings.extend(self.published);
        Part { heading: self.heading, findings }
    }
}

/// The answer to the experiment's question.
pub fn answer(view: &View<'_>) -> Answer {
    let mut all = Questions::default();
    let lines = view.lines.iter().take(MOST_LINES);
    let subjects: Vec<Subjects<'_>> =
        lines.map(|line| Subjects::ask(view, line, &mut all)).collect();
    let errors = Errors::ask(view, &mut all);
    let family = all.tested();
    let mut parts: Vec<Part> = subjects.into_iter().map(|one| one.part(view, &family)).collect();
    let mut common: Vec<Finding> = errors.iter().map(|one| one.finding(&family)).collect();
    common.push(divergence::finding(view));
    common.push(how(view, &family));
    match &mut parts[..] {
        [only] => only.findings.extend(common),
        _ => parts.push(Part { heading: Some("All settings".to_owned()), findings: common }),
    }
    for part in &mut parts {
        part.findings.retain(|finding| !finding.text.is_empty());
    }
    parts.retain(|part| !part.findings.is_empty());
    Answer { parts, tests: family.table(TABLE) }
}

/// How differences were tested, and what is not shown.
fn how(view: &View<'_>, family: &Family) -> Finding {
    let mut text = Vec::new();
    let n = view.most_seeds();
    text.push(match family.size() {
        _ if !view.has("clf/accuracy") => "No trial has values: all of them diverged.".to_owned(),
        0 if n < FEWEST_SEEDS => format!("n = {n}: no test, so no direction is claimed."),
        0 => "No test was made.".to_owned(),
        _ => format!(
            "Intervals are 95 % intervals over seeds. Directions are claimed by {}; see “{TABLE}”.",
            family.method()
        ),
    });
    if view.lines.len() > MOST_LINES {
        text.push(format!(
            "Of {} combinations of the other values the first {MOST_LINES} are described here; \
             the tables have all.",
            view.lines.len()
        ));
    }
    Finding { about: "Tests".to_owned(), text: text.join(" "), claims: Vec::new() }
}
