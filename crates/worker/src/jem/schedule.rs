//! The learning rate over training.

use std::f64::consts::PI;

use jem_core::spec::{Schedule, Train};

/// The learning rate of step `step` (from 0) of `steps`: it rises linearly
/// over the warm-up, so that step w−1 of w has the full rate. By steps it is
/// multiplied by `decay_factor` once for every fraction of training passed. By
/// the cosine it has the full rate at the end of the warm-up, half of it in
/// the middle of what is left, and would be 0 at step `steps`.
pub fn learning_rate(train: &Train, lr: f64, step: u64, steps: u64) -> f64 {
    let warmup =
        if step < train.warmup_steps { (step + 1) as f64 / train.warmup_steps as f64 } else { 1.0 };
    match train.schedule {
        Schedule::Step => {
            let done = step as f64 / steps.max(1) as f64;
            let passed = train.decay_at.iter().filter(|&&at| done >= at).count();
            lr * warmup * train.decay_factor.powi(passed as i32)
        }
        Schedule::Cosine => {
            // The last step of the warm-up has the full rate.
            let risen = train.warmup_steps.saturating_sub(1);
            let left = steps.saturating_sub(risen).max(1);
            let done = step.saturating_sub(risen) as f64 / left as f64;
            lr * warmup * 0.5 * (1.0 + (PI * done).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jem_core::spec::Length;

    #[test]
    fn it_rises_in_the_warm_up_and_falls_at_each_fraction() {
        let train = Train {
            length: Length::Steps(100),
            batch_size: 8,
            clip_grad_norm: None,
            warmup_steps: 4,
            decay_at: vec![0.5, 0.9],
            decay_factor: 0.1,
            independent_px_batch: false,
            pretrain_steps: None,
            schedule: Schedule::Step,
            label_smoothing: None,
            ema: None,
            ema_warmup: false,
        };
        let rate = |step| learning_rate(&train, 2.0, step, 100);
        assert_eq!([rate(0), rate(1), rate(3), rate(49)], [0.5, 1.0, 2.0, 2.0]);
        assert!((rate(50) - 0.2).abs() < 1e-12 && (rate(99) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn the_cosine_falls_from_the_full_rate_to_nothing() {
        let train = Train {
            length: Length::Steps(104),
            batch_size: 8,
            clip_grad_norm: None,
            warmup_steps: 5,
            decay_at: Vec::new(),
            decay_factor: 1.0,
            independent_px_batch: false,
            pretrain_steps: None,
            schedule: Schedule::Cosine,
            label_smoothing: None,
            ema: None,
            ema_warmup: false,
        };
        let rate = |step| learning_rate(&train, 2.0, step, 104);
        assert_eq!([rate(0), rate(4)], [0.4, 2.0]);
        assert!((rate(54) - 1.0).abs() < 1e-12 && rate(104).abs() < 1e-12);
        // 25 of 100: (1 + cos 45°) / 2.
        assert!((rate(29) - 2.0 * 0.853_553_390_593_273_8).abs() < 1e-12);
    }
}
