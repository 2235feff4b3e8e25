//! The learning rate over training.

use jem_core::spec::Train;

/// The learning rate of step `step` (from 0) of `steps`: it rises linearly
/// over the warm-up, so that step w−1 of w has the full rate, and is
/// multiplied by `decay_factor` once for every fraction of training passed.
pub fn learning_rate(train: &Train, lr: f64, step: u64, steps: u64) -> f64 {
    let warmup =
        if step < train.warmup_steps { (step + 1) as f64 / train.warmup_steps as f64 } else { 1.0 };
    let done = step as f64 / steps.max(1) as f64;
    let passed = train.decay_at.iter().filter(|&&at| done >= at).count();
    lr * warmup * train.decay_factor.powi(passed as i32)
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
        };
        let rate = |step| learning_rate(&train, 2.0, step, 100);
        assert_eq!([rate(0), rate(1), rate(3), rate(49)], [0.5, 1.0, 2.0, 2.0]);
        assert!((rate(50) - 0.2).abs() < 1e-12 && (rate(99) - 0.02).abs() < 1e-12);
    }
}
