//! Does purification survive attacks that know of it? In words, from the
//! values and from paired tests over seeds.

use jem_core::results::WORST;
use jem_core::spec::PurifierKind;

use super::{Share, attack_name, defence_name, share};
use crate::report::content::{Claim, Finding, Way};
use crate::report::findings::{Asked, Family, Questions, difference};
use crate::report::judged::judged_behind;
use crate::report::number::counted;
use crate::report::view::View;
use crate::significance::{Outcome, Paired};
use crate::table::CellResult;

/// Cells that have findings.
const MOST_CELLS: usize = 6;
/// Attacks that know of the purifier, or ask it.
const ADAPTIVE: [&str; 4] = ["bpda", "full_gradient", "square", "joint"];
/// Every attack: a defence is as strong as what the strongest leaves, whether
/// or not that one knows of it.
const ALL: [&str; 5] = ["transfer", "bpda", "full_gradient", "square", "joint"];
/// What is called to survive keeps this share of the accuracy on clean inputs.
const HALF: f64 = 0.5;
/// Attacks on the classifier alone.
const PLAIN: [&str; 3] = ["transfer", "square", "joint"];
/// Attacks that follow gradients through the purifier.
const GRADIENT: [&str; 2] = ["bpda", "full_gradient"];

/// What is asked of every cell and purifier.
pub struct Verdicts<'a> {
    about: Vec<Verdict<'a>>,
    more: usize,
}

/// What is asked of one cell and purifier; comparisons by their numbers.
struct Verdict<'a> {
    cell: &'a CellResult,
    purifier: &'static str,
    about: String,
    /// The strongest attack against the strongest on the classifier alone.
    survives: Option<usize>,
    /// The strongest attack that knows of the purifier against one that does
    /// not.
    transfer: Option<usize>,
    /// The strongest gradient attack against the black box.
    black_box: Option<usize>,
    /// Why no gain in robustness may be claimed.
    doubt: Option<String>,
}

impl<'a> Verdicts<'a> {
    /// Nothing where nothing was purified.
    pub fn ask(view: &View<'a>, all: &mut Questions) -> Self {
        let measured = |cell: &&CellResult| cell.metrics.contains_key("purified/n");
        let cells: Vec<&CellResult> = view.cells.iter().filter(measured).collect();
        let mut about = Vec::new();
        for cell in cells.iter().take(MOST_CELLS) {
            for kind in [PurifierKind::Seed, PurifierKind::Stochastic] {
                about.push(Verdict::ask(view, cell, kind, all));
            }
        }
        Self { about, more: cells.len().saturating_sub(MOST_CELLS) }
    }

    /// A finding for each cell and purifier.
    pub fn findings(&self, family: &Family) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.about.iter().map(|one| one.finding(family)).collect();
        if self.more > 0 {
            let text = format!("The tables have {}.", counted(self.more, "more cell"));
            findings.push(Finding { about: "Others".to_owned(), text, claims: Vec::new() });
        }
        findings
    }
}

impl<'a> Verdict<'a> {
    fn ask(view: &View<'a>, cell: &'a CellResult, kind: PurifierKind, all: &mut Questions) -> Self {
        let purifier = kind.name();
        let at = match view.cells.len() {
            1 => String::new(),
            _ => format!(", {}", view.label(cell)),
        };
        let about = match purifier {
            "seed" => format!("The seed's purifier{at}"),
            _ => format!("Stochastic purifier{at}"),
        };
        let mut compare = |one: (&str, &str), other: (&str, &str)| {
            let of = |(defence, attack): (&str, &str)| {
                Some(&cell.metrics.get(&metric(defence, attack))?.values)
            };
            let asked = Asked {
                what: metric(one.0, one.1),
                place: view.label(cell),
                against: format!("{}, {}", defence_name(other.0), attack_name(other.1)),
            };
            Some(all.ask(asked, Paired::of(of(one)?, of(other)?)))
        };
        let worst = worst_of(cell, purifier, &ALL);
        let alone = worst_of(cell, "none", &PLAIN);
        let survives =
            worst.zip(alone).and_then(|(worst, alone)| compare((purifier, worst), ("none", alone)));
        let adaptive = strongest(cell, purifier, &ADAPTIVE).map(|(attack, _)| attack);
        let transfer =
            adaptive.and_then(|attack| compare((purifier, attack), (purifier, "transfer")));
        let gradient = strongest(cell, purifier, &GRADIENT).map(|(attack, _)| attack);
        let black_box =
            gradient.and_then(|attack| compare((purifier, attack), (purifier, "square")));
        let doubt = judged_behind(view, cell, kind).doubt();
        Self { cell, purifier, about, survives, transfer, black_box, doubt }
    }

    fn finding(&self, family: &Family) -> Finding {
        let (mut text, mut claims) = (Vec::new(), Vec::new());
        self.values(&mut text);
        if text.is_empty() {
            return Finding::default();
        }
        match strongest(self.cell, self.purifier, &ADAPTIVE) {
            None => text.push(
                "No attack that knows of it was tried: nothing follows on its strength.".to_owned(),
            ),
            Some(_) => self.tests(family, &mut text, &mut claims),
        }
        Finding { about: self.about.clone(), text: text.join(" "), claims }
    }

    /// Accuracies, without a comparison.
    fn values(&self, text: &mut Vec<String>) {
        let of = |defence: &str, attack: &str| share(self.cell, &path(defence, attack));
        for (attack, what) in [("none", "Clean"), ("transfer", "Transferred attack")] {
            if let (Some(behind), Some(alone)) = (of(self.purifier, attack), of("none", attack)) {
                text.push(format!("{what}: {} with it, {} without.", behind.shown, alone.shown));
            }
        }
        if let Some((attack, left)) = strongest(self.cell, self.purifier, &ADAPTIVE) {
            let name = attack_name(attack);
            text.push(format!("Strongest attack that knows of it ({name}): {}.", left.shown));
        }
        let Some(worst) = worst_of(self.cell, self.purifier, &ALL) else { return };
        let without = worst_of(self.cell, "none", &PLAIN).and_then(|attack| of("none", attack));
        if let (Some(with), Some(without)) = (of(self.purifier, worst), without) {
            text.push(format!("All attacks: {} with it, {} without.", with.shown, without.shown));
        }
    }

    fn tests(&self, family: &Family, text: &mut Vec<String>, claims: &mut Vec<Claim>) {
        text.push(match self.survives {
            None => {
                "Without an attack on the classifier alone there is nothing to compare it with."
                    .to_owned()
            }
            Some(number) => {
                claims.extend(family.claim(number));
                survival(family, number, self.kept(), self.doubt.as_deref())
            }
        });
        let misled = [
            (self.transfer, "attacks that know of it leave more than one that does not"),
            (self.black_box, "gradient attacks leave more than the black-box attack"),
        ];
        for (number, what) in misled {
            let claim = number.and_then(|number| family.claim(number));
            if let Some(claim) = claim.filter(|claim| claim.way == Way::Higher) {
                text.push(format!(
                    "But {what}: gradients are masked or the attacks too short, so this is no \
                     robustness."
                ));
                claims.push(claim);
            }
        }
    }

    /// What is left under all attacks, as a share of the accuracy on clean
    /// inputs.
    fn kept(&self) -> Option<f64> {
        let of = |attack: &str| share(self.cell, &path(self.purifier, attack));
        let clean = of("none").filter(|clean| clean.value > 0.0)?;
        Some(of(worst_of(self.cell, self.purifier, &ALL)?)?.value / clean.value)
    }
}

/// Whether what is left is more than the classifier alone has, and how much it
/// is of the accuracy on clean inputs.
/// `doubt` is why that may be no gain in robustness.
fn survival(family: &Family, number: usize, kept: Option<f64>, doubt: Option<&str>) -> String {
    let test = family.test(number);
    let by = difference(&test.paired);
    let of_clean = kept
        .map_or_else(String::new, |kept| format!(", {:.0} % of its clean accuracy", 100.0 * kept));
    match (family.claim(number).map(|claim| claim.way), test.outcome) {
        (Some(Way::Lower), _) => format!("It does not survive: {by} lower than no defence."),
        (Some(Way::Higher), _) if kept.is_some_and(|kept| kept < HALF) => {
            format!("It does not survive: {by} higher than no defence, but only{}.", &of_clean[1..])
        }
        (Some(Way::Higher), _) if let Some(doubt) = doubt => format!(
            "Accuracy is {by} higher than without a defence{of_clean}; but {doubt}, so it is not \
             said to survive."
        ),
        (Some(Way::Higher), _) => {
            format!("It survives these attacks: {by} higher than no defence{of_clean}.")
        }
        (None, Outcome::NoTest) => {
            format!("n = {}: whether it survives was not tested.", test.paired.n())
        }
        (None, Outcome::Equal) => {
            "Not shown to survive: equal to no defence in every seed.".to_owned()
        }
        _ => "Not shown to survive: no clear difference from no defence.".to_owned(),
    }
}

fn metric(defence: &str, attack: &str) -> String {
    format!("purified/{}", path(defence, attack))
}

/// The attack of `attacks` that leaves the least.
fn strongest<'n>(
    cell: &CellResult,
    defence: &str,
    attacks: &[&'n str],
) -> Option<(&'n str, Share)> {
    let of = |attack: &&'n str| Some((*attack, share(cell, &path(defence, attack))?));
    attacks.iter().filter_map(of).min_by(|a, b| a.1.value.total_cmp(&b.1.value))
}

/// All attacks together where they were measured as such, else the strongest
/// of `attacks`.
fn worst_of<'n>(cell: &CellResult, defence: &str, attacks: &[&'n str]) -> Option<&'n str> {
    match share(cell, &path(defence, WORST)) {
        Some(_) => Some(WORST),
        None => strongest(cell, defence, attacks).map(|(attack, _)| attack),
    }
}

fn path(defence: &str, attack: &str) -> String {
    format!("accuracy/{defence}/{attack}")
}
