//! All comparisons behind one set of statements, tested together.

use super::{FEWEST_FLIPPED, FEWEST_SEEDS, LEVEL, MOST_FLIPPED, Paired, flips, holm, student};

/// How the comparisons of a family are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// No comparison has enough shared seeds.
    None,
    /// Two-sided paired t tests, Holm's correction.
    PairedT,
    /// Joint sign flips, largest |t|, step-down.
    SignFlip,
}

/// Comparisons that were tested together.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// How they were tested.
    pub method: Method,
    /// How many were tested: those with [`FEWEST_SEEDS`] shared seeds.
    pub size: usize,
    /// Every comparison in the order given, tested or not.
    pub tests: Vec<Test>,
}

/// One comparison and what may be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The differences.
    pub paired: Paired,
    /// The p-value by itself; none where nothing was tested.
    pub p: Option<f64>,
    /// The p-value corrected over the family; none where nothing was tested.
    pub corrected: Option<f64>,
    /// The mean difference that would have been claimed given the spread of
    /// these differences: the critical |t| of the family's first step times the
    /// standard error. None where nothing was tested or no difference could be
    /// claimed.
    pub detectable: Option<f64>,
    /// What may be said.
    pub outcome: Outcome,
}

/// What may be said of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Fewer than [`FEWEST_SEEDS`] shared seeds.
    NoTest,
    /// Every difference is 0.
    Equal,
    /// All differences are the same number, not 0: without spread there is no
    /// t test.
    Constant,
    /// Tested; no direction may be claimed.
    Unclear,
    /// Lower by the corrected test, and the 95 % t interval excludes 0.
    Lower,
    /// Higher by the corrected test, and the 95 % t interval excludes 0.
    Higher,
}

impl Outcome {
    /// Whether a direction is claimed.
    pub fn is_claimed(self) -> bool {
        matches!(self, Self::Lower | Self::Higher)
    }
}

impl Family {
    /// Tests `comparisons` together.
    pub fn of(comparisons: Vec<Paired>) -> Self {
        let tested: Vec<usize> = (0..comparisons.len())
            .filter(|place| comparisons[*place].n() >= FEWEST_SEEDS)
            .collect();
        let some: Vec<Paired> = tested.iter().map(|place| comparisons[*place].clone()).collect();
        let method = method(&some);
        let mut tests: Vec<Test> = comparisons.into_iter().map(untested).collect();
        let made = match method {
            Method::None => Vec::new(),
            Method::PairedT => by_t(some),
            Method::SignFlip => by_flips(some),
        };
        let size = tested.len();
        for (place, test) in tested.into_iter().zip(made) {
            tests[place] = test;
        }
        Self { method, size, tests }
    }

    /// How the family was tested, in words: `paired t tests over 5 seeds,
    /// Holm-corrected over 45 tests`.
    pub fn method_in_words(&self) -> String {
        let tested = self.tests.iter().filter(|test| test.p.is_some());
        let seeds: Vec<usize> = tested.map(|test| test.paired.n()).collect();
        let (Some(least), Some(most)) = (seeds.iter().min(), seeds.iter().max()) else {
            return format!("no tests: none of the comparisons has {FEWEST_SEEDS} shared seeds");
        };
        let over = match least == most {
            true => format!("{most} seeds"),
            false => format!("{least} to {most} seeds"),
        };
        let tests = match self.size {
            1 => "1 test".to_owned(),
            n => format!("{n} tests"),
        };
        match self.method {
            Method::SignFlip => {
                format!("joint sign-flip tests over {over}, max-|t|-corrected over {tests}")
            }
            _ => format!("paired t tests over {over}, Holm-corrected over {tests}"),
        }
    }
}

/// Signs are flipped where every test could be claimed by it; the rule looks at
/// the numbers of seeds alone.
fn method(tested: &[Paired]) -> Method {
    let flipped = FEWEST_FLIPPED..=MOST_FLIPPED;
    match tested {
        [] => Method::None,
        some if some.iter().all(|one| flipped.contains(&one.n())) && few_seeds(some) => {
            Method::SignFlip
        }
        _ => Method::PairedT,
    }
}

/// Whether all tests together have few enough seeds for every flip.
fn few_seeds(tested: &[Paired]) -> bool {
    let mut seeds: Vec<u64> =
        tested.iter().flat_map(|one| one.differences().iter().map(|(seed, _)| *seed)).collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds.len() <= MOST_FLIPPED
}

fn untested(paired: Paired) -> Test {
    let outcome = match paired.n() > 0 && paired.is_zero() {
        true => Outcome::Equal,
        false => Outcome::NoTest,
    };
    Test { paired, p: None, corrected: None, detectable: None, outcome }
}

fn by_t(tested: Vec<Paired>) -> Vec<Test> {
    let p: Vec<f64> = tested.iter().map(|one| p_by_t(&one.on_scale_of_test())).collect();
    let corrected = holm::corrected(&p);
    let level = 1.0 - LEVEL / (2.0 * tested.len() as f64);
    let all = tested.into_iter().zip(p).zip(corrected);
    all.map(|((paired, p), corrected)| {
        let critical = student::quantile(level, paired.n() - 1);
        let no_t = paired.is_constant() && !paired.is_zero();
        let outcome = if no_t { Outcome::Constant } else { outcome(&paired, corrected) };
        let detectable =
            critical.filter(|_| !no_t).and_then(|c| Some(c * paired.standard_error()?));
        Test { paired, p: Some(p), corrected: Some(corrected), detectable, outcome }
    })
    .collect()
}

/// Differences without spread have no t; they count in the family and claim
/// nothing.
fn p_by_t(paired: &Paired) -> f64 {
    if paired.is_constant() {
        return 1.0;
    }
    paired.t().and_then(|t| student::two_sided(t, paired.n() - 1)).unwrap_or(1.0)
}

fn by_flips(tested: Vec<Paired>) -> Vec<Test> {
    let scaled: Vec<Paired> = tested.iter().map(Paired::on_scale_of_test).collect();
    let flipped = flips::flipped(&scaled);
    let all = tested.into_iter().zip(flipped.p).zip(flipped.corrected);
    all.map(|((paired, p), corrected)| {
        let outcome = outcome(&paired, corrected);
        let detectable =
            paired.standard_error().map(|error| flipped.critical * error).filter(|d| d.is_finite());
        Test { paired, p: Some(p), corrected: Some(corrected), detectable, outcome }
    })
    .collect()
}

/// A direction is claimed where the corrected test rejects and the interval
/// that is printed beside it does not say otherwise.
fn outcome(paired: &Paired, corrected: f64) -> Outcome {
    let (mean, half) = (paired.mean().unwrap_or(0.0), paired.half_width().unwrap_or(f64::INFINITY));
    match () {
        _ if paired.is_zero() => Outcome::Equal,
        _ if corrected > LEVEL || mean.abs() <= half => Outcome::Unclear,
        // On another scale the mean has another sign: no direction.
        _ if mean * paired.on_scale_of_test().mean().unwrap_or(0.0) <= 0.0 => Outcome::Unclear,
        _ if mean < 0.0 => Outcome::Lower,
        _ => Outcome::Higher,
    }
}
