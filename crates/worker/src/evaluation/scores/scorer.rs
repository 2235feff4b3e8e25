//! One score with the values of its hyper-parameters that are looked at.

use jem_core::spec::{PostHoc, Scores};
use tch::{Kind, Tensor};

use super::Group;
use crate::eval::host;
use crate::eval::metric::{Logits, MetricError, Score};
use crate::eval::scores::{
    Bank, Head, Mahalanobis, Neighbours, Shape, Vim, approximate_mass, batches, grad_norm,
    negative_logsumexp, odin, percentile, pruned, react,
};
use crate::evaluation::Subject;
use crate::jem::Mode;

/// Values of a score's hyper-parameters, by name; empty where it has none.
pub type Setting = Vec<(String, f64)>;

/// A score, fitted to the training features for each of its settings.
pub struct Scorer {
    pub kind: PostHoc,
    pub settings: Vec<Setting>,
    how: How,
}

enum How {
    Energy(Vec<f64>),
    Mass,
    /// All ε for each T.
    Odin(Vec<f64>, Vec<f64>),
    Knn(Neighbours, Vec<usize>),
    Mahalanobis(Mahalanobis),
    Vim(Vec<Vim>),
    /// What features are clipped at.
    React(Vec<f64>),
    Ash(Vec<f64>, Shape),
    GradNorm,
}

/// The scores of one set of inputs.
pub struct Marks {
    /// Of the logits alone, in the order of [`Score::ALL`], `[n]` each.
    pub of_logits: Vec<Vec<f64>>,
    /// For each scorer and setting, `[n]`.
    pub own: Vec<Vec<Vec<f64>>>,
}

impl Scorer {
    /// `kind` as `asked`.
    ///
    /// # Errors
    /// Why the training features do not allow it, in words.
    pub fn new(kind: PostHoc, asked: &Scores, bank: &Bank, head: &Head) -> Result<Self, String> {
        let of_features = !matches!(
            kind,
            PostHoc::EnergyT | PostHoc::ApproximateMass | PostHoc::Odin | PostHoc::GradNorm
        );
        if of_features && bank.features.isfinite().all().int64_value(&[]) == 0 {
            return Err("a feature of a training image is not finite".to_owned());
        }
        let one = |name: &str, values: &[f64]| -> Vec<Setting> {
            values.iter().map(|value| vec![(name.to_owned(), *value)]).collect()
        };
        let ash = &asked.ash_percentile;
        let (settings, how) = match kind {
            PostHoc::EnergyT => {
                let values = &asked.energy_temperature;
                (one("T", values), How::Energy(values.clone()))
            }
            PostHoc::ApproximateMass => (vec![Vec::new()], How::Mass),
            PostHoc::Odin => {
                let (temperatures, steps) = (&asked.odin_temperature, &asked.odin_epsilon);
                let both = |t: &f64| -> Vec<Setting> {
                    let one = |e: &f64| vec![("T".to_owned(), *t), ("ε".to_owned(), *e)];
                    steps.iter().map(one).collect()
                };
                let settings = temperatures.iter().flat_map(both).collect();
                (settings, How::Odin(temperatures.clone(), steps.clone()))
            }
            PostHoc::Knn => {
                let ks: Vec<usize> = asked.knn_k.iter().map(|&k| neighbour(k, bank.n())).collect();
                if let Some(k) = ks.iter().find(|k| **k > bank.n()) {
                    return Err(format!("neighbour {k} of {} training images", bank.n()));
                }
                let values: Vec<f64> = ks.iter().map(|&k| k as f64).collect();
                (one("k", &values), How::Knn(Neighbours::new(&bank.features), ks))
            }
            PostHoc::Mahalanobis => (vec![Vec::new()], How::Mahalanobis(Mahalanobis::new(bank)?)),
            PostHoc::Vim => {
                let shares = &asked.vim_share;
                (one("share", shares), How::Vim(Vim::new(bank, head, shares)?))
            }
            PostHoc::React => {
                let percents = &asked.react_percentile;
                let mut values = host(&bank.features);
                let clips = percents.iter().map(|p| percentile(&mut values, *p)).collect();
                (one("percentile", percents), How::React(clips))
            }
            PostHoc::AshS => (one("percentile", ash), How::Ash(ash.clone(), Shape::Scaled)),
            PostHoc::AshB => (one("percentile", ash), How::Ash(ash.clone(), Shape::Binary)),
            PostHoc::AshP => (one("percentile", ash), How::Ash(ash.clone(), Shape::Pruned)),
            PostHoc::GradNorm => (vec![Vec::new()], How::GradNorm),
        };
        Ok(Self { kind, settings, how })
    }

    /// The same with the setting at `place` alone.
    pub fn keep(&mut self, place: usize) {
        let keep = |values: &mut Vec<f64>, place: usize| {
            *values = values.get(place).copied().into_iter().collect();
        };
        match &mut self.how {
            How::Energy(values) | How::React(values) | How::Ash(values, _) => keep(values, place),
            How::Odin(temperatures, steps) => {
                let n = steps.len();
                keep(temperatures, place / n);
                keep(steps, place % n);
            }
            How::Knn(_, ks) => *ks = ks.get(place).copied().into_iter().collect(),
            How::Vim(all) => {
                all.truncate(place + 1);
                all.drain(..place.min(all.len()));
            }
            How::Mass | How::Mahalanobis(_) | How::GradNorm => {}
        }
        self.settings.truncate(place + 1);
        self.settings.drain(..place.min(self.settings.len()));
    }

    /// The score of each input of a batch, for each setting.
    fn of(&self, subject: &Subject<'_>, head: &Head, batch: &Batch) -> Vec<Vec<f64>> {
        let Batch { x, features, logits } = batch;
        let (network, parameters) = (subject.network.as_ref(), &subject.parameters[..]);
        let energy = |features: Tensor| host(&negative_logsumexp(&head.logits(&features), 1.0));
        match &self.how {
            How::Energy(temperatures) => {
                temperatures.iter().map(|t| host(&negative_logsumexp(logits, *t))).collect()
            }
            How::Mass => vec![approximate_mass(network, parameters, x)],
            How::Odin(temperatures, steps) => {
                let (low, high) = subject.spec.training.data.range.bounds();
                let scaled: Vec<f64> = steps.iter().map(|step| step * (high - low)).collect();
                let with = |t: &f64| -> Vec<Vec<f64>> {
                    let found = odin(network, parameters, x, *t, &scaled);
                    found.iter().map(|logits| unsure(&(logits / *t))).collect()
                };
                temperatures.iter().flat_map(with).collect()
            }
            How::Knn(neighbours, ks) => neighbours.distances(features, ks),
            How::Mahalanobis(fitted) => vec![host(&fitted.distances(features))],
            How::Vim(all) => all.iter().map(|vim| host(&vim.scores(features, logits))).collect(),
            How::React(clips) => clips.iter().map(|clip| energy(react(features, *clip))).collect(),
            How::Ash(percents, shape) => {
                percents.iter().map(|p| energy(pruned(features, *p, *shape))).collect()
            }
            How::GradNorm => vec![host(&grad_norm(logits, features))],
        }
    }
}

/// Inputs, their features and their logits, the latter two on the host in
/// double precision.
struct Batch {
    x: Tensor,
    features: Tensor,
    logits: Tensor,
}

/// The number of the neighbour that `k` stands for among `n` training images.
fn neighbour(k: u64, n: usize) -> usize {
    if k == 0 { Scores::usual_k(n) } else { k as usize }
}

/// 1 − max softmax of `logits` `[n, k]`, as `[n]`, to full precision where it
/// is near 0.
fn unsure(logits: &Tensor) -> Vec<f64> {
    let classes = logits.size()[1] as usize;
    let values = host(logits);
    values.chunks_exact(classes).map(|row| Score::MaxSoftmax.of_row(row)).collect()
}

/// What `scorers`, and the scores of logits alone, say of `group`.
///
/// # Errors
/// When a logit is not finite.
pub fn marks(
    group: &Group,
    scorers: &[Scorer],
    subject: &Subject<'_>,
    head: &Head,
) -> Result<Marks, MetricError> {
    let mut own: Vec<Vec<Vec<f64>>> =
        scorers.iter().map(|scorer| vec![Vec::new(); scorer.settings.len()]).collect();
    let mut logits = Vec::new();
    for (x, _) in batches(&group.images, &group.noise) {
        let batch = seen(subject, x);
        logits.extend(host(&batch.logits));
        for (scorer, own) in scorers.iter().zip(&mut own) {
            let found = scorer.of(subject, head, &batch);
            own.iter_mut().zip(found).for_each(|(all, some)| all.extend(some));
        }
    }
    let logits = Logits::new(&logits, group.images.classes())?;
    let of_logits = Score::ALL.map(|score| score.of(&logits)).to_vec();
    Ok(Marks { of_logits, own })
}

fn seen(subject: &Subject<'_>, x: Tensor) -> Batch {
    let _guard = tch::no_grad_guard();
    let (network, parameters) = (&subject.network, &subject.parameters);
    let features = network.features(parameters, &x, Mode::Eval);
    let (weight, bias) = network.head(parameters);
    // In single precision, as every other score of logits sees them.
    let logits = features.linear(&weight, Some(&bias));
    let host = |t: Tensor| t.to_device(tch::Device::Cpu).to_kind(Kind::Double);
    Batch { x, features: host(features), logits: host(logits) }
}
