//! Whether metrics named in advance are worse on side B: a family of their own,
//! over all cells of all experiments compared.

use jem_core::metric::label;

use super::{Comparison, Difference, TestFacts, Verdict, difference};
use crate::significance::Family;

/// What is found of the metrics named.
#[derive(Clone, Debug)]
pub struct Gate {
    /// How they were tested.
    pub tests: TestFacts,
    /// Reasons to fail, a sentence each.
    pub failed: Vec<String>,
    /// What else is to be known, a sentence each.
    pub notes: Vec<String>,
}

/// A metric of one comparison, cell by cell.
#[derive(Default)]
struct Counted {
    worse: usize,
    untold: usize,
    alone: usize,
    /// Cells that were tested and are not worse.
    passed: usize,
    /// The largest change that would have been seen there.
    detectable: Option<f64>,
}

/// Tests `metrics` of all cells of `found` together. It fails for a cell that is
/// worse by the corrected test, and for one in which that cannot be known: what
/// was not measured must not pass.
pub fn gate(found: &[Comparison], metrics: &[String]) -> Gate {
    let mut differences: Vec<(usize, &Difference)> = Vec::new();
    for (place, comparison) in found.iter().enumerate() {
        for cell in comparison.cells.iter().filter(|cell| cell.is_measured_twice()) {
            let named = cell.metrics.iter().filter(|one| metrics.contains(&one.metric));
            differences.extend(named.map(|one| (place, one)));
        }
    }
    let family = Family::of(differences.iter().map(|(_, one)| one.paired()).collect());
    let mut gate = Gate { tests: TestFacts::of(&family), failed: Vec::new(), notes: Vec::new() };
    for (place, comparison) in found.iter().enumerate() {
        for metric in metrics {
            let own = differences.iter().zip(&family.tests);
            let own = own.filter(|((at, one), _)| *at == place && one.metric == *metric);
            let mut counted = untested(comparison, metric);
            for ((_, one), test) in own {
                let verdict = match one.verdict {
                    Verdict::NoPair | Verdict::Equal => one.verdict,
                    _ => difference::verdict(metric, test.outcome),
                };
                counted.add(verdict, test.detectable);
            }
            gate.tell(&comparison.experiment, metric, &counted);
        }
    }
    gate
}

/// The cells of which no difference was measured, or that have no such metric.
fn untested(comparison: &Comparison, metric: &str) -> Counted {
    let mut counted = Counted::default();
    for cell in &comparison.cells {
        let of = cell.metrics.iter().find(|of| of.metric == metric).map(|of| of.verdict);
        match of {
            Some(Verdict::NoPair) | None if cell.is_of_one_side() => counted.alone += 1,
            Some(Verdict::Equal) if !cell.is_measured_twice() => {}
            Some(_) if cell.is_measured_twice() => {}
            _ => counted.untold += 1,
        }
    }
    counted
}

impl Counted {
    fn add(&mut self, verdict: Verdict, detectable: Option<f64>) {
        match verdict {
            Verdict::Worse => self.worse += 1,
            Verdict::NoPair | Verdict::NoTest | Verdict::Constant => self.untold += 1,
            Verdict::Equal => {}
            Verdict::Unclear | Verdict::Differs | Verdict::Better => {
                self.passed += 1;
                let both = [self.detectable, detectable].into_iter().flatten();
                self.detectable = both.reduce(f64::max);
            }
        }
    }
}

impl Gate {
    fn tell(&mut self, experiment: &str, metric: &str, counted: &Counted) {
        let tests = &self.tests.words;
        if counted.worse > 0 {
            let cells = counted.worse;
            self.failed.push(format!("{experiment}: {metric} is worse in {cells} cells ({tests})"));
        }
        if counted.untold > 0 {
            self.failed.push(format!(
                "{experiment}: whether {metric} is worse cannot be told in {} cells: a test needs 3 \
                 seeds that both sides made, with values whose differences are not all the same",
                counted.untold
            ));
        }
        if counted.alone > 0 {
            self.notes.push(format!(
                "{experiment}: {} cells are planned on one side alone and were not compared",
                counted.alone
            ));
        }
        if counted.passed > 0 {
            let seen = counted.detectable.map_or_else(
                || "no change could have been seen".to_owned(),
                |least| format!("a change of {least:.2e} would have been seen"),
            );
            self.notes.push(format!(
                "{experiment}: {} is not shown to be worse in {} cells ({tests}); {seen}",
                label(metric),
                counted.passed
            ));
        }
    }
}
