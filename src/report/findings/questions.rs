//! The comparisons behind one set of sentences: asked first, then tested
//! together, then put into words.

use jem_core::metric::label;

use crate::report::content::{Claim, Table, Way};
use crate::report::number::{interval, plain};
use crate::significance::{self, Outcome, Paired, Test};
use crate::table::{CellResult, Statistics};

/// What one comparison is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The quantity: a metric's path, or several put together.
    pub what: String,
    /// Where: a cell, or several together.
    pub place: String,
    /// What it is compared with.
    pub against: String,
}

/// Comparisons that will be tested together.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    asked: Vec<Asked>,
    comparisons: Vec<Paired>,
}

/// Comparisons that were tested together.
#[derive(Clone, Debug)]
pub struct Family {
    asked: Vec<Asked>,
    tested: significance::Family,
}

impl Questions {
    /// Adds a comparison; its number in the family.
    pub fn ask(&mut self, asked: Asked, comparison: Paired) -> usize {
        self.asked.push(asked);
        self.comparisons.push(comparison);
        self.asked.len() - 1
    }

    /// Tests all of them.
    pub fn tested(self) -> Family {
        Family { asked: self.asked, tested: significance::Family::of(self.comparisons) }
    }
}

impl Family {
    /// The comparison of this number.
    pub fn test(&self, number: usize) -> &Test {
        &self.tested.tests[number]
    }

    /// How many were tested.
    pub fn size(&self) -> usize {
        self.tested.size
    }

    /// What the comparison of this number claims, if anything.
    pub fn claim(&self, number: usize) -> Option<Claim> {
        let (test, asked) = (self.test(number), &self.asked[number]);
        let way = match test.outcome {
            Outcome::Lower => Way::Lower,
            Outcome::Higher => Way::Higher,
            _ => return None,
        };
        Some(Claim {
            metric: asked.what.clone(),
            place: asked.place.clone(),
            against: asked.against.clone(),
            way,
            corrected: test.corrected?,
        })
    }

    /// The method, the seeds and the size of the family.
    pub fn method(&self) -> String {
        self.tested.method_in_words()
    }

    /// A row for each comparison.
    pub fn table(&self, title: &str) -> Table {
        let columns =
            ["quantity", "at", "against", "seeds", "mean difference", "p", "corrected p", "result"];
        Table {
            title: title.to_owned(),
            note: format!(
                "{}. The mean paired difference ± half its 95 % t interval, which is not \
                 corrected. A direction is claimed where the corrected p is at most {} and that \
                 interval excludes 0.",
                crate::report::number::capital(&self.method()),
                significance::LEVEL,
            ),
            head: columns.map(str::to_owned).to_vec(),
            rows: (0..self.asked.len()).map(|number| self.row(number)).collect(),
        }
    }

    fn row(&self, number: usize) -> Vec<String> {
        let (asked, test) = (&self.asked[number], self.test(number));
        let none = || "–".to_owned();
        let mean = Statistics::of(test.paired.differences().to_vec());
        vec![
            label(&asked.what),
            asked.place.clone(),
            asked.against.clone(),
            test.paired.n().to_string(),
            mean.as_ref().map_or_else(none, interval),
            test.p.map_or_else(none, plain),
            test.corrected.map_or_else(none, plain),
            match test.outcome {
                Outcome::NoTest => "no test",
                Outcome::Equal => "equal in every seed",
                Outcome::Constant => "the same difference in every seed: no test",
                Outcome::Unclear => "no clear difference",
                Outcome::Lower => "lower",
                Outcome::Higher => "higher",
            }
            .to_owned(),
        ]
    }
}

/// The seeds and values of `metric` in `cell`; none where it has no value.
pub(super) fn values<'a>(cell: &'a CellResult, metric: &str) -> &'a [(u64, f64)] {
    cell.metrics.get(metric).map_or(&[], |found| &found.values)
}
