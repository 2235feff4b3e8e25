//! Adversarial attacks on the test images, and whether they can be believed.

use std::error::Error;

use jem_core::results::{
    self, AttackConvergence, AttackPoint, AttackResults, AttackedNorm, MaskingVerdict, WORST,
};
use jem_core::spec::{ApgdLoss, AttackNorm, Attacks as Asked};
use tch::Tensor;

use super::part::{Found, Look, Subject};
use crate::eval::attack::{
    Apgd, Attacked, Ball, Pgd, Query, Square, Trace, Victim, fast_gradient, loss_of, margin,
    random_noise,
};
use crate::eval::{AtSize, NOISE_BATCH, masking};
use crate::jem::Mode;

/// Images attacked together: that of a wide network's walk fits a small memory.
const BATCH: i64 = 100;
/// Points of random noise tried of each image.
const DRAWS: u64 = 10;

/// Every attack at every size, its convergence, and the signs of masking.
///
/// # Errors
/// When a file cannot be written, or `look` fails.
pub fn measure(
    asked: &Asked,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let mut found = Found::default();
    let images = TestImages::of(asked, subject);
    look("images as they are")?;
    let right = images.right(subject);
    let n = right.len();
    let share = |right: usize| right as f64 / n.max(1) as f64;
    let clean = share(right.iter().filter(|r| **r).count());
    found.values.put("adversarial/clean_accuracy".to_owned(), clean);
    found.values.put("adversarial/n".to_owned(), n as f64);
    let mut norms = Vec::new();
    for (norm, sizes) in asked.sizes() {
        let mut at_sizes = Vec::new();
        for &eps in sizes {
            look(&format!("attacks {} {eps}", norm.name()))?;
            at_sizes.push(images.attacked(asked, subject, (norm, eps), &right));
        }
        let points = points(&at_sizes);
        for point in &points {
            let path =
                format!("adversarial/accuracy/{}/{}/{}", norm.name(), point.attack, point.eps);
            found.values.put(path, point.accuracy);
        }
        let free = makes_anything(norm, sizes, subject.test.shape);
        let masking = masking(&at_sizes, asked.steps, free);
        let flagged = |weak: bool| {
            let of = masking.iter().filter(|check| check.sign.is_of_a_weak_attack() == weak);
            of.filter(|check| check.verdict == MaskingVerdict::Flagged).count() as f64
        };
        found.values.put(format!("adversarial/masking_signs/{}", norm.name()), flagged(false));
        if asked.apgd.is_some() {
            let path = format!("adversarial/weak_attack_signs/{}", norm.name());
            found.values.put(path, flagged(true));
        }
        let convergence =
            at_sizes.iter().map(|at| convergence(at, asked.steps, asked.restarts)).collect();
        norms.push(AttackedNorm { norm, points, convergence, masking });
    }
    let results = AttackResults {
        n: n as u64,
        clean,
        steps: asked.steps,
        queries: asked.queries,
        loss: asked.loss,
        apgd: asked.apgd.clone(),
        noise_std: subject.spec.training.data.noise_std,
        norms,
    };
    found.files.push((results::ATTACKS, serde_json::to_vec_pretty(&results)?));
    Ok(found)
}

/// Whether the largest of `sizes` lets any image become any other: the whole
/// range in each value, or at least the middle grey, where all images meet.
fn makes_anything(norm: AttackNorm, sizes: &[f64], shape: [usize; 3]) -> bool {
    let needed = match norm {
        AttackNorm::Linf => 0.5,
        AttackNorm::L2 => 0.5 * (shape.iter().product::<usize>() as f64).sqrt(),
    };
    sizes.last().is_some_and(|&eps| eps >= needed)
}

/// The test images, and the draw of test noise that each keeps.
struct TestImages {
    x: Tensor,
    labels: Tensor,
    noise: Option<Tensor>,
}

impl TestImages {
    fn of(asked: &Asked, subject: &Subject<'_>) -> Self {
        let data = &subject.spec.training.data;
        let test = subject.test_images(asked.limit, "attacks");
        let images = subject.images(&test);
        let rows: Vec<i64> = (0..images.len() as i64).collect();
        let (x, labels) = images.batch(&rows);
        let noise = (data.noise_std > 0.0).then(|| {
            let noisy: Vec<Tensor> = rows
                .chunks(NOISE_BATCH)
                .enumerate()
                .map(|(batch, rows)| images.noisy_batch("test noise test", batch as u64, rows).0)
                .collect();
            Tensor::cat(&noisy, 0) - &x
        });
        Self { x, labels, noise }
    }

    /// Calls `attack` with each batch, its first row and how many it has.
    fn batches(&self, subject: &Subject<'_>, mut attack: impl FnMut(&Victim<'_>)) {
        let n = self.x.size()[0];
        for from in (0..n).step_by(BATCH as usize) {
            let some = BATCH.min(n - from);
            let rows: Vec<u64> = (from..from + some).map(|row| row as u64).collect();
            let logits = |x: &Tensor, query: &Query<'_>| {
                let noisy = self.noise.as_ref().map(|noise| {
                    let rows: Vec<i64> = query.rows.iter().map(|&row| row as i64).collect();
                    x + noise.index_select(0, &Tensor::from_slice(&rows).to_device(x.device()))
                });
                let x = noisy.as_ref().unwrap_or(x);
                subject.network.logits(&subject.parameters, x, Mode::Eval)
            };
            attack(&Victim {
                logits: &logits,
                x: &self.x.narrow(0, from, some),
                labels: &self.labels.narrow(0, from, some),
                rows: &rows,
                seed: subject.seed,
            });
        }
    }

    /// Which images the network gets right as they are.
    fn right(&self, subject: &Subject<'_>) -> Vec<bool> {
        let bounds = subject.spec.training.data.range.bounds();
        let here = Ball { norm: AttackNorm::Linf, eps: 0.0, bounds };
        let mut right = Vec::new();
        self.batches(subject, |victim| {
            let fooled = random_noise(victim, here, 1, &margin).fooled();
            right.extend(fooled.iter().map(|fooled| !fooled));
        });
        right
    }

    /// Every attack of one size. Each is judged by all images; those that are
    /// wrong as they are (not `right`) count as fooled, and neither Auto-PGD nor
    /// Square spends steps on them.
    fn attacked(
        &self,
        asked: &Asked,
        subject: &Subject<'_>,
        (norm, eps): (AttackNorm, f64),
        right: &[bool],
    ) -> AtSize {
        let ball = Ball::of_pixels(norm, eps, subject.spec.training.data.range.bounds());
        let pgd = Pgd {
            ball,
            steps: asked.steps,
            step: asked.step(),
            restarts: asked.restarts,
            loss: loss_of(asked.loss),
            score: &margin,
            beyond: asked.steps,
        };
        let mut at = AtSize {
            eps,
            noise: Vec::new(),
            one_step: Vec::new(),
            pgd: Vec::new(),
            apgd: apgd_losses(asked).map(|loss| (loss, Vec::new())).collect(),
            square: (asked.queries > 0).then(Vec::new),
            trace: Trace::default(),
        };
        self.batches(subject, |victim| {
            at.noise.extend(random_noise(victim, ball, DRAWS, &margin).fooled());
            at.one_step.extend(fast_gradient(victim, ball, pgd.loss, &margin).fooled());
            let (walked, trace) = pgd.attack(victim);
            at.pgd.extend(walked.fooled());
            at.trace.join(&trace);
            for (loss, all) in &mut at.apgd {
                let walk = apgd(asked, ball, *loss);
                all.extend(of_right(victim, right, &|victim| walk.attack(victim)));
            }
            if let Some(square) = &mut at.square {
                let search = Square { ball, queries: asked.queries, score: &margin };
                square.extend(of_right(victim, right, &|victim| search.attack(victim)));
            }
        });
        at.leave_as_they_are(right);
        at
    }
}

/// The losses that Auto-PGD climbs, an attack of its own each.
fn apgd_losses(asked: &Asked) -> impl Iterator<Item = ApgdLoss> {
    asked.apgd.iter().flat_map(|apgd| apgd.losses.iter().copied())
}

/// Auto-PGD as asked for, by `loss`.
fn apgd(asked: &Asked, ball: Ball, loss: ApgdLoss) -> Apgd<'static> {
    let (steps, restarts) = asked.apgd.as_ref().map_or((0, 0), |apgd| (apgd.steps, apgd.restarts));
    Apgd { ball, steps, restarts, loss: loss_of(loss.loss()), score: &margin, name: loss.attack() }
}

/// Which inputs of `victim` the attack fools, where only those that are `right`
/// as they are, by their rows, are attacked; the others count as fooled.
fn of_right(
    victim: &Victim<'_>,
    right: &[bool],
    attack: &dyn Fn(&Victim<'_>) -> Attacked,
) -> Vec<bool> {
    let is_right = |row: u64| right.get(row as usize).copied().unwrap_or(true);
    let places: Vec<usize> = (0..victim.len()).filter(|&i| is_right(victim.rows[i])).collect();
    let rows: Vec<u64> = places.iter().map(|&i| victim.rows[i]).collect();
    let index: Vec<i64> = places.iter().map(|&i| i as i64).collect();
    let index = Tensor::from_slice(&index).to_device(victim.x.device());
    let (x, labels) = (victim.x.index_select(0, &index), victim.labels.index_select(0, &index));
    let found = attack(&Victim { x: &x, labels: &labels, rows: &rows, ..*victim });
    let mut fooled = vec![true; victim.len()];
    for (i, found) in places.into_iter().zip(found.fooled()) {
        fooled[i] = found;
    }
    fooled
}

/// Every attack at every size. The worst of all takes in what smaller sizes
/// fooled, since those perturbations are allowed too.
fn points(sizes: &[AtSize]) -> Vec<AttackPoint> {
    let mut gone = vec![false; sizes.first().map_or(0, |at| at.pgd.len())];
    let mut points = Vec::new();
    for at in sizes {
        let first = [("noise", &at.noise), ("fgsm", &at.one_step), ("pgd", &at.pgd)];
        let apgd = at.apgd.iter().map(|(loss, fooled)| (loss.attack(), fooled));
        let square = at.square.iter().map(|fooled| ("square", fooled));
        let mut put = |attack: &str, fooled: &[bool]| {
            let left = fooled.iter().filter(|fooled| !**fooled).count();
            let accuracy = left as f64 / fooled.len().max(1) as f64;
            points.push(AttackPoint { attack: attack.to_owned(), eps: at.eps, accuracy });
        };
        for (attack, fooled) in first.into_iter().chain(apgd).chain(square) {
            gone.iter_mut().zip(fooled).for_each(|(gone, fooled)| *gone |= fooled);
            put(attack, fooled);
        }
        put(WORST, &gone);
    }
    points
}

/// The first walk at 1, 2, 5, 10, 20 … steps, at those that count and at
/// twice as many.
fn convergence(at: &AtSize, counted: u64, restarts: u64) -> AttackConvergence {
    let decades = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10u64.pow(power)));
    let mut steps: Vec<u64> = decades.take_while(|&step| step < 2 * counted).collect();
    steps.extend([counted, 2 * counted]);
    steps.sort_unstable();
    steps.dedup();
    AttackConvergence {
        eps: at.eps,
        accuracy: steps.iter().map(|&step| at.trace.accuracy(step)).collect(),
        loss: steps
            .iter()
            .map(|&step| at.trace.loss.get(step as usize).copied().filter(|loss| loss.is_finite()))
            .collect(),
        by_restart: (0..restarts).map(|restart| at.trace.accuracy_after(restart)).collect(),
        steps,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::eval::metric::{Logits, Predictions};
    use crate::jem::{Parameters, build};
    use jem_core::dataset::LabelledImages;
    use jem_core::metric::describe;
    use jem_core::plan::Plan;

    const SPEC: &str = "question = \"?\"\npreset = \"seed-chapter\"\ndata.train = \"digits\"\n\
        data.range = \"[-1, 1]\"\ndata.validation = 200\ndata.noise_std = 0.1\n\
        model.mlp.hidden = [16]\nevaluate.ood = []\nevaluate.attacks = { norms = [\"linf\", \"l2\"], \
        linf = [0.05, 1], l2 = [8], steps = 5, restarts = 2, apgd_steps = 8, queries = 20, \
        limit = 30 }\n";

    fn images() -> LabelledImages {
        LabelledImages {
            shape: [1, 8, 8],
            pixels: (0..40 * 64u32).map(|i| (i * 7919 % 251 % 17) as u8).collect(),
            labels: (0..40).map(|i| i % 3).collect(),
            pixel_max: 16,
            classes: 10,
        }
    }

    #[test]
    fn every_metric_is_declared_and_the_unattacked_accuracy_is_that_of_every_evaluation() {
        let plan = Plan::parse("t", "t.toml", SPEC).unwrap();
        let spec = plan.spec_of(&plan.trials[0]);
        let set = images();
        let device = tch::Device::Cpu;
        let network = build(&spec.training.model, set.shape, set.classes);
        let parameters = Parameters::init(&network.parameters(), 4, device).frozen();
        let subject = Subject {
            spec: &spec,
            seed: 4,
            network,
            parameters,
            test: &set,
            training: &set,
            buffer: None,
            sets: &[],
            inception: None,
            device,
            used: Default::default(),
        };
        let asked = spec.evaluate.attacks.as_ref().unwrap();
        let found = measure(asked, &subject, &mut |_| Ok(())).unwrap();
        assert!(found.values.metrics.keys().all(|path| describe(path).is_some()));
        assert!(found.values.undefined.is_empty());
        let metrics = &found.values.metrics;
        let drawn_30 = subject.images(&subject.test_images(Some(30), "attacks"));
        let outputs = subject.outputs(&drawn_30, "test noise test");
        let logits = Logits::new(&outputs.logits, outputs.classes).unwrap();
        let predictions = Predictions::new(&logits, &outputs.labels).unwrap();
        assert_eq!(metrics["adversarial/clean_accuracy"], predictions.accuracy());
        for attack in results::ATTACK_NAMES {
            let at = |eps: &str| metrics[&format!("adversarial/accuracy/linf/{attack}/{eps}")];
            assert!(at("0.05") <= predictions.accuracy(), "{attack}");
            assert!(at("1") <= at("0.05") || attack != WORST);
            assert!(metrics.contains_key(&format!("adversarial/accuracy/l2/{attack}/8")));
        }
        let again = measure(asked, &subject, &mut |_| Ok(())).unwrap();
        assert_eq!(found.files, again.files, "the same bytes twice");
        let read: AttackResults = serde_json::from_slice(&found.files[0].1).unwrap();
        assert_eq!((read.n, read.norms.len()), (30, 2));
        assert_eq!(read.norms[0].convergence[0].steps, [1, 2, 5, 10]);
        assert_eq!(read.norms[0].convergence[0].by_restart.len(), 2);
        assert_eq!(read.norms[0].masking.len(), 9);
        assert_eq!(metrics["adversarial/weak_attack_signs/linf"], 0.0);
    }
}
