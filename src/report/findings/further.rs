//! Findings beyond the answer, each heading with a family of tests of its own.

use super::against_trivial::ByCell;
use super::attacks;
use super::likelihood::Likelihood;
use super::ood::Scores;
use super::questions::{Family, Questions};
use super::scaling::Scaling;
use super::scores;
use super::selective::Selective;
use crate::report::content::{Finding, Part};
use crate::report::purified;
use crate::report::view::View;

/// The further findings; parts without any are left out.
pub fn further(view: &View<'_>) -> Vec<Part> {
    let parts = [
        detection(view),
        errors(view),
        scaling(view),
        attacked(view),
        purified(view),
        likelihood(view),
    ];
    let some = |part: &Part| part.findings.iter().any(|finding| !finding.about.is_empty());
    parts.into_iter().filter(some).collect()
}

/// A part with its heading, whose last finding says how it was tested.
fn part(heading: &str, mut findings: Vec<Finding>, family: &Family) -> Part {
    findings.retain(|finding| !finding.text.is_empty());
    if family.size() > 0 && !findings.is_empty() {
        let method = crate::report::number::capital(&family.method());
        findings.push(Finding { text: format!("{method}."), ..Finding::default() });
    }
    Part { heading: Some(heading.to_owned()), findings }
}

fn detection(view: &View<'_>) -> Part {
    let mut all = Questions::default();
    let trivial = ByCell::ask(view, &mut all);
    let rivals = Scores::ask(view, &mut all);
    let family = all.tested();
    let mut findings = rivals.findings(view, &family);
    findings.extend(trivial.findings(view, &family));
    findings.push(scores::finding(view));
    part("Detection of OOD images", findings, &family)
}

fn errors(view: &View<'_>) -> Part {
    let mut all = Questions::default();
    let selective = Selective::ask(view, &mut all);
    let family = all.tested();
    part("Detection of errors", selective.findings(view, &family), &family)
}

fn scaling(view: &View<'_>) -> Part {
    let mut all = Questions::default();
    let scaling = Scaling::ask(view, &mut all);
    let family = all.tested();
    let findings = scaling.map(|scaling| scaling.findings(view, &family)).unwrap_or_default();
    part("Temperature scaling", findings, &family)
}

/// Accuracy under attack at the sizes that the answer leaves out.
fn attacked(view: &View<'_>) -> Part {
    let mut all = Questions::default();
    let lines = view.lines.iter().map(|line| (line, attacks::larger(view, line, &mut all)));
    let changes: Vec<_> = lines.collect();
    let family = all.tested();
    let mut findings = Vec::new();
    for (line, changes) in &changes {
        for (name, change) in changes {
            let said = change.said(view, &family);
            let place = match line.label.as_str() {
                "" => String::new(),
                label => format!(", {label}"),
            };
            let about = format!("{name}{place}");
            findings.push(Finding { about, text: said.joined(), claims: said.claims });
        }
    }
    part("Accuracy under larger attacks", findings, &family)
}

fn purified(view: &View<'_>) -> Part {
    let mut all = Questions::default();
    let verdicts = purified::Verdicts::ask(view, &mut all);
    let family = all.tested();
    part("Purification", verdicts.findings(&family), &family)
}

fn likelihood(view: &View<'_>) -> Part {
    let mut all = Questions::default();
    let likelihood = Likelihood::ask(view, &mut all);
    let family = all.tested();
    part("Log-likelihood", likelihood.findings(view, &family), &family)
}
