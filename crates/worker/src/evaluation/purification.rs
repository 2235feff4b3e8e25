//! Accuracy behind purifiers, under attacks that know of them and under such
//! that do not.

use std::collections::BTreeMap;
use std::error::Error;

use jem_core::interval::wilson;
use jem_core::results::{
    self, MaskingVerdict, Purified, PurifiedPoint, PurifiedRow, PurifierMasking, WORST,
};
use jem_core::spec::{AttackNorm, Purification, PurifiedAttack, Purifier, PurifierKind};
use tch::Tensor;

use super::part::{Found, Look, Subject};
use crate::data::Images;
use crate::eval::attack::Ball;
use crate::eval::purify::{
    Defence, Detector, Inputs, Objective, Pass, Start, Strength, attack, attack_blind, energies,
    margins,
};
use crate::eval::{Behind, masking_behind};
use crate::jem::Mode;

/// The size at which signs of masked gradients are looked for, in units of the
/// pixel range's width: half of it makes any image any other.
const FREE: f64 = 0.5;

/// All attacks on the classifier alone and behind each purifier, and accuracy
/// by the length of purification.
///
/// # Errors
/// When there is no test image, a logit of one is not finite, a file cannot be
/// written, or `look` fails.
pub fn measure(
    asked: &Purification,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let inputs = inputs(asked, subject);
    let logits = |x: &Tensor| subject.network.logits(&subject.parameters, x, Mode::Eval);
    let bounds = subject.spec.training.data.range.bounds();
    let alone =
        Defence { logits: &logits, purifier: None, bounds, seed: subject.seed, name: "none" };
    let clean = energies(&alone, &inputs.x);
    let detector = Detector::fitted(&clean)?;
    let ball = Ball::of_pixels(AttackNorm::Linf, asked.epsilon, bounds);
    let width = bounds.1 - bounds.0;
    let mut trial =
        Trial { asked, inputs: &inputs, detector, ball, width, transferred: None, look };
    let mut found = Found::default();
    found.values.put("purified/threshold".to_owned(), detector.threshold);
    found.values.put("purified/n".to_owned(), inputs.rows.len() as f64);

    // Transferred adversarials are those of the classifier alone.
    let transferred = trial.against(&alone, PurifiedAttack::Transfer)?;
    trial.transferred = Some(transferred.x.shallow_clone());
    let (mut rows, mut fooled) = (Vec::new(), BTreeMap::new());
    for &attack in &asked.attacks {
        let (row, wrong) = match attack {
            // These are the attack on the classifier alone, by other names.
            PurifiedAttack::Bpda | PurifiedAttack::FullGradient => continue,
            PurifiedAttack::Transfer => trial.row(None, &alone, attack, &transferred),
            _ => {
                let made = trial.against(&alone, attack)?;
                trial.row(None, &alone, attack, &made)
            }
        };
        put(&mut found, &row, inputs.rows.len() as u64);
        rows.push(row);
        fooled.insert(attack, wrong);
    }
    put_worst(&mut found, "none", &fooled);
    let (mut curve, mut masking) = (Vec::new(), Vec::new());
    for (kind, purifier) in asked.purifiers() {
        let defence = Defence { purifier: Some(purifier), name: kind.name(), ..alone };
        let mut fooled = BTreeMap::new();
        for &attack in &asked.attacks {
            if attack == PurifiedAttack::FullGradient
                && let Err(why) = fits(asked, &defence, &purifier)
            {
                let path = format!("purified/accuracy/{}/{}", kind.name(), attack.name());
                found.values.put_or_why(path, Err(why));
                continue;
            }
            let made = match attack {
                PurifiedAttack::Transfer => transferred.handed_on(),
                _ => trial.against(&defence, attack)?,
            };
            let (row, wrong) = trial.row(Some(kind), &defence, attack, &made);
            put(&mut found, &row, inputs.rows.len() as u64);
            rows.push(row);
            fooled.insert(attack, wrong);
        }
        put_worst(&mut found, kind.name(), &fooled);
        if let Some(gradient) = fooled.remove(&PurifiedAttack::Bpda) {
            let square = fooled.remove(&PurifiedAttack::Square);
            let checks = masking_behind(&trial.behind(&defence, gradient, square)?);
            let flagged = checks.iter().filter(|c| c.verdict == MaskingVerdict::Flagged).count();
            found.values.put(format!("purified/masking_signs/{}", kind.name()), flagged as f64);
            masking.push(PurifierMasking { purifier: kind, checks });
        }
        let points = trial.curve((kind, purifier), &alone, &transferred, &rows)?;
        for PurifiedPoint { attack, steps, right, .. } in &points {
            let path = format!("purified/after/{}/{}/{steps}", kind.name(), attack.name());
            found.values.put(path, *right as f64 / inputs.rows.len() as f64);
        }
        curve.extend(points);
    }
    let n = inputs.rows.len() as u64;
    let purified = Purified { n, threshold: detector.threshold, rows, curve, masking };
    found.files.push((results::PURIFICATION, serde_json::to_vec_pretty(&purified)?));
    Ok(found)
}

/// The test images without test noise: the attacker's ball is around these.
fn inputs(asked: &Purification, subject: &Subject<'_>) -> Inputs {
    let test = subject.test_images(asked.limit, "purification");
    let data = &subject.spec.training.data;
    let images = Images::new(&test, data.range, 0.0, subject.seed, subject.device)
        .dequantised(data.dequantise);
    let rows: Vec<i64> = (0..images.len() as i64).collect();
    let (x, y) = images.batch(&rows);
    Inputs { x, y, rows }
}

/// Whether the chains of one input fit into what a graph may be kept of.
fn fits(asked: &Purification, defence: &Defence<'_>, purifier: &Purifier) -> Result<(), String> {
    let needed = purifier.steps * defence.chains(asked.eot);
    match needed <= asked.max_unrolled {
        true => Ok(()),
        false => Err(format!(
            "not run: would need a graph of {needed} inputs × steps for one input's {} chains of \
             {} steps; evaluate.purification.max_unrolled allows {}",
            defence.chains(asked.eot),
            purifier.steps,
            asked.max_unrolled
        )),
    }
}

/// Inputs after an attack, and whether a break of each was confirmed.
struct Made {
    x: Tensor,
    /// None where the attacker never asked the defence.
    broken: Option<Vec<bool>>,
}

impl Made {
    /// The same inputs, held against another defence.
    fn handed_on(&self) -> Self {
        Self { x: self.x.shallow_clone(), broken: None }
    }
}

/// What is the same for every attack.
struct Trial<'a, 'l> {
    asked: &'a Purification,
    inputs: &'a Inputs,
    detector: Detector,
    /// Where inputs may be moved to.
    ball: Ball,
    /// Of the pixel range.
    width: f64,
    /// Where the attack on the classifier alone ended: who attacks a purifier
    /// starts there too, so that knowing it is not the weaker attack.
    transferred: Option<Tensor>,
    look: Look<'l>,
}

impl Trial<'_, '_> {
    /// Adversarials of `kind` against `defence`.
    fn against(
        &mut self,
        defence: &Defence<'_>,
        kind: PurifiedAttack,
    ) -> Result<Made, Box<dyn Error>> {
        let asked = self.asked;
        let strength = self.strength();
        let objective = match kind {
            PurifiedAttack::None => {
                return Ok(Made { x: self.inputs.x.shallow_clone(), broken: None });
            }
            PurifiedAttack::Square => None,
            PurifiedAttack::Transfer | PurifiedAttack::Bpda => {
                Some(Objective::Fool(Pass::Straight))
            }
            PurifiedAttack::FullGradient => Some(Objective::Fool(Pass::Whole(asked.max_unrolled))),
            PurifiedAttack::Joint => Some(Objective::FoolAndPass(Pass::Straight, self.detector)),
        };
        let told = format!("purification {}: {}", defence.name, kind.name());
        let mut tick = || (self.look)(&told);
        let (inputs, name) = (self.inputs, kind.name());
        let given = self.transferred.as_ref().filter(|_| defence.purifier.is_some());
        let starts: Vec<Start<'_>> =
            [Start::Random].into_iter().chain(given.map(Start::At)).collect();
        let made = match objective {
            Some(objective) => {
                attack(defence, inputs, objective, &strength, (name, &starts), &mut tick)?
            }
            None => attack_blind(defence, inputs, asked.queries, &strength, name, &mut tick)?,
        };
        Ok(Made { x: made.x, broken: Some(made.broken) })
    }

    fn strength(&self) -> Strength {
        let asked = self.asked;
        Strength {
            ball: self.ball,
            step_size: asked.step_size() * self.width,
            steps: asked.attack_steps,
            eot: asked.eot,
            replicates: asked.replicates,
        }
    }

    /// What is looked at for signs of masked gradients: `gradient` and `square`
    /// say which inputs BPDA and Square fooled.
    fn behind(
        &mut self,
        defence: &Defence<'_>,
        gradient: Vec<bool>,
        square: Option<Vec<bool>>,
    ) -> Result<Behind, Box<dyn Error>> {
        let as_asked = self.strength();
        let twice = Strength { steps: 2 * as_asked.steps, ..as_asked };
        // Half the range: any two images meet in the middle grey.
        let eps = FREE * self.width;
        let step_size = 2.5 * eps / as_asked.steps.max(1) as f64;
        let free = Strength { ball: Ball { eps, ..self.ball }, step_size, ..as_asked };
        let twice = self.fooled_by_bpda(defence, &twice, "bpda twice")?;
        let free = (FREE, self.fooled_by_bpda(defence, &free, "bpda free")?);
        Ok(Behind { eps: self.asked.epsilon, gradient, square, twice, free })
    }

    fn fooled_by_bpda(
        &mut self,
        defence: &Defence<'_>,
        strength: &Strength,
        name: &str,
    ) -> Result<Vec<bool>, Box<dyn Error>> {
        let told = format!("purification {}: {name}", defence.name);
        let mut tick = || (self.look)(&told);
        let starts: Vec<Start<'_>> =
            [Start::Random].into_iter().chain(self.transferred.as_ref().map(Start::At)).collect();
        let how = (name, &starts[..]);
        let fool = Objective::Fool(Pass::Straight);
        let made = attack(defence, self.inputs, fool, strength, how, &mut tick)?;
        let right = self.checked(defence, self.asked.replicates, name, &made.x);
        Ok(right.into_iter().map(|right| !right).collect())
    }

    /// The final check: chains of which the attacker saw none.
    fn final_check(&self, defence: &Defence<'_>, kind: PurifiedAttack, x: &Tensor) -> Vec<bool> {
        // Without an attack the defence is what its user has; else it is as
        // sure of itself as it can be.
        let chains = match kind {
            PurifiedAttack::None => 1,
            _ => self.asked.replicates,
        };
        self.checked(defence, chains, kind.name(), x)
    }

    /// Which inputs `defence` gets right at `x`, by `chains` or its own number
    /// of chains if that is larger.
    fn checked(&self, defence: &Defence<'_>, chains: u64, name: &str, x: &Tensor) -> Vec<bool> {
        let own = defence.purifier.map_or(1, |purifier| purifier.chains);
        let purpose = format!("{name} final");
        let moved = self.inputs.moved(x.shallow_clone());
        let logits = defence.predict(&moved, chains.max(own), &purpose);
        margins(&logits, &self.inputs.y).into_iter().map(|margin| margin > 0.0).collect()
    }

    /// The row of an attack, and which inputs it fooled.
    fn row(
        &self,
        purifier: Option<PurifierKind>,
        defence: &Defence<'_>,
        attack: PurifiedAttack,
        made: &Made,
    ) -> (PurifiedRow, Vec<bool>) {
        let right = self.final_check(defence, attack, &made.x);
        let accepted: Vec<bool> =
            energies(defence, &made.x).iter().map(|&e| self.detector.accepts(e)).collect();
        let count = |of: &dyn Fn(usize) -> bool| (0..right.len()).filter(|&i| of(i)).count() as u64;
        let rights = count(&|i| right[i]);
        let unbroken = |i: usize| match &made.broken {
            Some(broken) => !broken[i],
            None => right[i],
        };
        let moved = (&made.x - &self.inputs.x).abs();
        let distance = match right.is_empty() {
            true => 0.0,
            false => moved.max().double_value(&[]) / self.width,
        };
        let row = PurifiedRow {
            purifier,
            attack,
            right: rights,
            unbroken: count(&unbroken),
            accepted: count(&|i| accepted[i]),
            accepted_right: count(&|i| accepted[i] && right[i]),
            interval: wilson(rights, right.len() as u64),
            distance,
        };
        (row, right.into_iter().map(|right| !right).collect())
    }

    /// Accuracy after each part of the steps of `purifier`, under the attacks
    /// that were asked for of "none", "transfer" and "bpda", the last made for
    /// each length anew.
    fn curve(
        &mut self,
        (kind, purifier): (PurifierKind, Purifier),
        alone: &Defence<'_>,
        transferred: &Made,
        rows: &[PurifiedRow],
    ) -> Result<Vec<PurifiedPoint>, Box<dyn Error>> {
        let mut points = Vec::new();
        let drawn = [PurifiedAttack::None, PurifiedAttack::Transfer, PurifiedAttack::Bpda];
        for attack in drawn.into_iter().filter(|attack| self.asked.attacks.contains(attack)) {
            let parts = self.asked.points;
            for part in (0..=parts).filter(|_| parts > 0) {
                let steps = purifier.steps * part / parts;
                let whole = rows.iter().find(|r| r.purifier == Some(kind) && r.attack == attack);
                let right = match (part, whole) {
                    (0, _) => self.right(alone, attack, transferred, alone)?,
                    (_, Some(row)) if part == parts => row.right,
                    _ => {
                        let name = format!("{} {steps}", kind.name());
                        let purifier = Some(Purifier { steps, ..purifier });
                        let defence = Defence { purifier, name: &name, ..*alone };
                        self.right(&defence, attack, transferred, alone)?
                    }
                };
                points.push(PurifiedPoint { purifier: kind, attack, steps, right });
            }
        }
        Ok(points)
    }

    /// How many `defence` gets right. The classifier alone has no chain to be
    /// attacked through: all that knows it is what is transferred.
    fn right(
        &mut self,
        defence: &Defence<'_>,
        attack: PurifiedAttack,
        transferred: &Made,
        alone: &Defence<'_>,
    ) -> Result<u64, Box<dyn Error>> {
        let known = attack == PurifiedAttack::Transfer
            || (attack == PurifiedAttack::Bpda && defence.name == alone.name);
        let made = if known { transferred.handed_on() } else { self.against(defence, attack)? };
        let right = self.final_check(defence, attack, &made.x);
        Ok(right.into_iter().filter(|right| *right).count() as u64)
    }
}

/// The metrics of a row.
/// The share of inputs right under every attack, where there was any: `fooled`
/// says which inputs each fooled.
fn put_worst(found: &mut Found, defence: &str, fooled: &BTreeMap<PurifiedAttack, Vec<bool>>) {
    let attacks = fooled.iter().filter(|(attack, _)| **attack != PurifiedAttack::None);
    let all: Vec<&Vec<bool>> = attacks.map(|(_, wrong)| wrong).collect();
    let Some(n) = all.first().map(|wrong| wrong.len()) else { return };
    let right = (0..n).filter(|&input| all.iter().all(|wrong| !wrong[input])).count();
    let path = format!("purified/accuracy/{defence}/{WORST}");
    found.values.put(path, right as f64 / n as f64);
}

fn put(found: &mut Found, row: &PurifiedRow, n: u64) {
    let purifier = row.purifier.map_or("none", PurifierKind::name);
    let path = |what: &str| format!("purified/{what}/{purifier}/{}", row.attack.name());
    let share = |count: u64| count as f64 / n as f64;
    found.values.put(path("accuracy"), share(row.right));
    found.values.put(path("unbroken"), share(row.unbroken));
    found.values.put(path("detected"), share(n - row.accepted));
    found.values.put(path("accepted_right"), share(row.accepted_right));
    found.values.put(path("accepted_wrong"), share(row.accepted - row.accepted_right));
}
