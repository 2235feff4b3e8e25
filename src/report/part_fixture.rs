//! Made-up results of the parts of an evaluation, for tests.

use jem_core::results::{
    AttackResults, AttackedNorm, Calibration, CorruptionPoint, LOGISTIC, LongRun, MaskingCheck,
    MaskingSign, MaskingVerdict, RANK_MEAN, ReliabilityBin, RiskCurve,
};
use jem_core::spec::{Apgd, ApgdLoss, AttackLoss, AttackNorm, ChainStart, Corruption};

use super::fixture::results;
use crate::table::{PartFiles, Results};

/// The made-up sweep, every finished trial with all parts. Max softmax finds
/// errors better than the energy in every trial, and scaling halves the ECE.
pub(crate) fn with_parts() -> Results {
    let mut results = results();
    for trial in results.trials.iter_mut().filter(|trial| !trial.outcome.diverged()) {
        let lambda = trial.values[0].as_f64().unwrap_or(0.0);
        trial.parts = parts(&trial.reliability, lambda, trial.seed);
        let wobble = 0.0002 * trial.seed as f64;
        let ece = trial.metrics["calib/ece/bins=15"];
        let aurc = trial.metrics["error/aurc/max_softmax"];
        trial.metrics.insert("error/aurc/energy".to_owned(), aurc + 0.01 + wobble);
        let more = [
            ("calib/temperature", 1.0 + lambda / 5.0 + wobble),
            ("calib/classwise_ece/bins=15", ece / 4.0),
            ("calib_scaled/nll", 0.14),
            ("calib_scaled/brier", 0.06),
            ("calib_scaled/ece/bins=15", ece / 2.0 + wobble),
            ("calib_scaled/classwise_ece/bins=15", ece / 8.0),
            ("error/aurc/rank_mean", aurc + 0.004 - wobble),
            ("error/aurc/logistic", aurc + wobble - 0.0002),
            ("error/risk/energy/percent=90", 0.03 + wobble),
            ("error/risk/max_softmax/percent=90", 0.01 + wobble),
            ("error/risk/logistic/percent=90", 0.011),
            ("chains/energy/buffer", -9.0),
            ("chains/energy/uniform", -7.0),
            ("chains/rhat/buffer", 1.4 + wobble),
            ("chains/ess/buffer", 21.0),
        ];
        trial.metrics.extend(more.map(|(path, value)| (path.to_owned(), value)));
    }
    results
}

/// What attacks in L∞ leave, with Auto-PGD or without, and the `checks`, of
/// which only signs and verdicts matter.
pub(crate) fn attacked(apgd: bool, checks: &[(MaskingSign, MaskingVerdict)]) -> AttackResults {
    let losses = vec![ApgdLoss::CrossEntropy];
    AttackResults {
        n: 50,
        clean: 0.9,
        steps: 2,
        queries: 0,
        loss: AttackLoss::CrossEntropy,
        apgd: apgd.then_some(Apgd { steps: 5, restarts: 1, losses }),
        noise_std: 0.0,
        norms: vec![AttackedNorm {
            norm: AttackNorm::Linf,
            points: Vec::new(),
            convergence: Vec::new(),
            masking: checks.iter().map(|(sign, verdict)| check(*sign, *verdict)).collect(),
        }],
    }
}

/// A sign without its numbers.
pub(crate) fn check(sign: MaskingSign, verdict: MaskingVerdict) -> MaskingCheck {
    let (eps, found, against, only, p, flagged) = (None, None, None, None, None, Vec::new());
    MaskingCheck { sign, verdict, eps, found, against, only, p, flagged }
}

fn parts(reliability: &[ReliabilityBin], lambda: f64, seed: u64) -> PartFiles {
    let curve = |score: &str, slope: f64| RiskCurve {
        score: score.to_owned(),
        n: 1000,
        answered: (1..=200).map(|k| 5 * k).collect(),
        risk: (1..=200)
            .map(|k| {
                let coverage = f64::from(k) / 200.0;
                0.05 * coverage.powf(slope) * (1.0 + 0.1 * seed as f64)
            })
            .collect(),
    };
    let corruption = |severity: u64| CorruptionPoint {
        kind: Corruption::Contrast,
        severity,
        n: 500,
        accuracy: 0.95 - 0.08 * severity as f64,
        ece: 0.02 * severity as f64 + 0.001 * seed as f64,
    };
    let run = |from, start: f64| LongRun {
        from,
        n: 16,
        steps: (0..=40).map(|look| 10 * look).collect(),
        energy: (0..=40).map(|look| -9.0 + start * (-f64::from(look) / 8.0).exp()).collect(),
        displacement: (0..=40).map(|look| f64::from(look).sqrt() + lambda).collect(),
        acceptance: None,
    };
    PartFiles {
        corruptions: (1..=5).map(corruption).collect(),
        chains: vec![run(ChainStart::Buffer, 1.0), run(ChainStart::Uniform, 8.0)],
        calibration: Some(Calibration {
            temperature: Some(1.0 + lambda / 5.0),
            n_validation: 5000,
            before: reliability.to_vec(),
            after: reliability.to_vec(),
        }),
        curves: vec![
            curve("energy", 1.2),
            curve("max_softmax", 3.0),
            curve(RANK_MEAN, 2.0),
            curve(LOGISTIC, 3.1),
        ],
        ..PartFiles::default()
    }
}
