//! A normaliser by annealed importance sampling, and whether it is to be
//! trusted.

use jem_core::random::Stream;
use jem_core::results::AnnealingRun;
use jem_core::spec::Likelihood as Asked;
use tch::Tensor;

use crate::eval::likelihood::{
    Annealing, TruncatedNormals, betas, bootstrap, effective_size, log_mean_exp, standard_error,
};
use crate::jem::EnergyOf;

/// Below this effective number of weights an estimate is not trusted: the
/// standard error of log Z is then about a third of a nat or more, and is
/// itself an estimate from a few weights.
const LEAST_ESS: f64 = 10.0;
/// Above this many nats between the runs backwards and forwards an estimate is
/// not trusted.
const LARGEST_GAP: f64 = 3.0;
/// Points of the acceptance that are kept.
const POINTS: usize = 50;

/// How normalisers are estimated.
pub(super) struct Settings<'a> {
    pub asked: &'a Asked,
    pub base: &'a TruncatedNormals,
    pub seed: u64,
}

/// What was found.
pub(super) struct Normaliser {
    pub run: AnnealingRun,
    /// ln Ẑ, or why it is not trusted.
    pub log_z: Result<f64, String>,
    /// ln Ẑ of the run backwards less this, or why there is none.
    pub gap: Result<f64, String>,
}

impl Settings<'_> {
    /// ∫ exp(−E) over the box for the density `name`. `kept` are states of
    /// its chains, from which the annealing is run backwards.
    pub fn normaliser(&self, name: &str, of_x: EnergyOf<'_>, kept: Option<&Tensor>) -> Normaliser {
        let Asked { chains, temperatures, steps, schedule, step_size, reverse } = *self.asked;
        let places = betas(schedule, temperatures as usize);
        let stream = format!("likelihood {name}");
        let annealing = Annealing::new(
            (self.base, of_x),
            places.clone(),
            (steps as u32, step_size),
            (self.seed, &stream),
        );
        let ran = annealing.forward(chains as usize);
        let log_z = log_mean_exp(&ran.log_weights);
        let ess = effective_size(&ran.log_weights);
        let backwards = reverse.zip(kept).map(|(transitions, kept)| {
            let rows = kept.size()[0].min(chains as i64);
            let samples = annealing.settle(&kept.narrow(0, 0, rows), transitions);
            -log_mean_exp(&annealing.reverse(&samples).log_weights)
        });
        let gap = backwards.map(|upper| upper - log_z);
        let doubt = doubt(log_z, ess, gap);
        let finite = |value: f64| value.is_finite().then_some(value);
        let interval =
            bootstrap(&ran.log_weights, &Stream::new(self.seed, &format!("{stream} bootstrap")));
        let points: Vec<usize> = thinned(ran.acceptance.len());
        let run = AnnealingRun {
            density: name.to_owned(),
            chains,
            temperatures,
            log_z: finite(log_z),
            log_z_interval: finite(interval.0).zip(finite(interval.1)),
            log_z_se: finite(standard_error(&ran.log_weights)),
            ess: finite(ess),
            log_z_reverse: backwards.and_then(finite),
            doubt: doubt.clone(),
            // The first β is 0, where nothing is accepted or refused.
            betas: points.iter().map(|&k| places[k + 1]).collect(),
            acceptance: points.iter().map(|&k| ran.acceptance[k]).collect(),
            step_sizes: points.iter().map(|&k| annealing.step_sizes()[k + 1]).collect(),
        };
        Normaliser {
            run,
            log_z: doubt.map_or(Ok(log_z), Err),
            gap: gap.ok_or_else(|| NO_CHAINS.to_owned()),
        }
    }
}

/// Why there is no run backwards.
const NO_CHAINS: &str =
    "the annealing was not run backwards: no chain ran in training, or reverse = 0";

/// Why `log_z` is not to be trusted; none where nothing speaks against it.
fn doubt(log_z: f64, ess: f64, gap: Option<f64>) -> Option<String> {
    if !log_z.is_finite() || !ess.is_finite() {
        return Some(format!("the estimate of log Z is {log_z}"));
    }
    if ess < LEAST_ESS {
        return Some(format!(
            "the effective number of weights of annealed importance sampling is {ess:.1}, below \
             {LEAST_ESS}: set more evaluate.likelihood.temperatures or chains"
        ));
    }
    let gap = gap?;
    (gap.is_nan() || gap.abs() > LARGEST_GAP).then(|| {
        format!(
            "annealing backwards from the model's chains gives a log Z that differs by {gap:.1} \
             nats, more than {LARGEST_GAP}: the chains are not at the model's distribution, or \
             the annealing misses a part of it; set more evaluate.likelihood.temperatures, or a \
             greater reverse"
        )
    })
}

/// At most [`POINTS`] places of `n`, evenly apart.
fn thinned(n: usize) -> Vec<usize> {
    let every = n.div_ceil(POINTS).max(1);
    (0..n).step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_doubted_for_few_weights_and_for_a_gap() {
        assert_eq!(doubt(-3.0, 10.0, Some(3.0)), None);
        assert_eq!(doubt(-3.0, 12.0, None), None);
        for (log_z, ess, gap) in [
            (f64::NAN, 12.0, None),
            (f64::NEG_INFINITY, f64::NAN, None),
            (1.0, 9.9, None),
            (1.0, 12.0, Some(3.1)),
            (1.0, 12.0, Some(-3.1)),
            (1.0, 12.0, Some(f64::NAN)),
        ] {
            assert!(doubt(log_z, ess, gap).is_some(), "{log_z} {ess} {gap:?}");
        }
    }
}
