//! How long trials will take: counted in multiplications, and brought to
//! seconds by trials that are done.

use jem_core::event::Event;
use jem_core::spec::{Model, Spec, Wrn};

/// Multiply-adds per second assumed where no trial is done yet: about what
/// one core of a laptop does on these networks.
const ASSUMED: f64 = 2.0e10;

/// What an update, and a Langevin step, cost beside their products, in
/// multiply-adds: dozens of small kernels, measured on small networks.
const UPDATE_OVERHEAD: f64 = 5.0e7;
const LANGEVIN_OVERHEAD: f64 = 1.0e7;

/// Multiply-adds of one forward pass of `model` on one input of `shape`
/// `[c, h, w]`.
pub fn forward_macs(model: &Model, shape: [usize; 3], classes: usize) -> f64 {
    let [c, h, w] = shape.map(|n| n as f64);
    let dense = |widths: &[f64]| widths.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
    match model {
        Model::Mlp(mlp) => {
            let mut widths = vec![c * h * w];
            widths.extend(mlp.hidden.iter().map(|&n| n as f64));
            widths.push(classes as f64);
            dense(&widths)
        }
        Model::Cnn(cnn) => {
            let (mut from, mut area, mut sum) = (c, (h, w), 0.0);
            for (i, &to) in cnn.channels.iter().enumerate() {
                if i > 0 {
                    area = ((area.0 / 2.0).ceil(), (area.1 / 2.0).ceil());
                }
                sum += from * to as f64 * 9.0 * area.0 * area.1;
                from = to as f64;
            }
            let mut widths = vec![from * area.0 * area.1];
            if cnn.hidden > 0 {
                widths.push(cnn.hidden as f64);
            }
            widths.push(classes as f64);
            sum + dense(&widths)
        }
        Model::Wrn(wrn) => wide_macs(wrn, shape, classes),
    }
}

/// Multiply-adds of one forward pass of a wide residual network.
fn wide_macs(wrn: &Wrn, [c, h, w]: [usize; 3], classes: usize) -> f64 {
    let (mut h, mut w) = (h as u64, w as u64);
    let mut sum = c as u64 * Wrn::STEM * 9 * h * w;
    for block in wrn.blocks() {
        sum += 9 * block.from * block.to * h * w;
        (h, w) = (h.div_ceil(block.stride), w.div_ceil(block.stride));
        let around = if block.projects() { block.from * block.to } else { 0 };
        sum += (9 * block.to * block.to + around) * h * w;
    }
    (sum + wrn.features() * classes as u64) as f64
}

/// Multiply-adds of a whole training. A pass back costs as much as a pass
/// forward for each of input and parameters: a training step three passes a
/// batch (data, and the samples of each term that has chains), a Langevin step two.
pub fn trial_flops(spec: &Spec, shape: [usize; 3], classes: usize, n_train: usize) -> f64 {
    let training = &spec.training;
    let batch = training.train.batch_size as f64;
    let steps = training.updates(n_train as u64) as f64;
    let pass = batch * forward_macs(&training.model, shape, classes);
    let chain = training.sampler.steps as f64 * (2.0 * pass + LANGEVIN_OVERHEAD);
    let update = 3.0 * pass + training.objective.rounds() as f64 * (3.0 * pass + chain);
    steps * (update + UPDATE_OVERHEAD)
}

/// Multiply-adds per second, from trials that are done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calibration {
    work: f64,
    seconds: f64,
}

impl Calibration {
    /// Learns from a training run that took `seconds` for `work`.
    pub fn learn(&mut self, work: f64, seconds: f64) {
        if seconds > 0.0 {
            self.work += work;
            self.seconds += seconds;
        }
    }

    /// Whether nothing has been learnt: then an estimate is a rough guess.
    pub fn is_guess(&self) -> bool {
        self.seconds == 0.0
    }

    /// Seconds for `work` on one slot.
    pub fn seconds(&self, work: f64) -> f64 {
        let rate = if self.is_guess() { ASSUMED } else { self.work / self.seconds };
        work / rate
    }
}

/// The seconds that a training run took, and its peak resident bytes, from the
/// text of its events. An event of another version of the log is passed over:
/// times are no results.
pub fn recorded_cost(events: &[u8]) -> Option<(f64, u64)> {
    let lines = events.split(|byte| *byte == b'\n');
    let mut events = lines.filter_map(|line| serde_json::from_slice::<Event>(line).ok());
    events.find_map(|event| match event {
        Event::TrainingFinished { seconds, peak_rss, .. } => Some((seconds, peak_rss)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jem_core::spec::{Activation, Cnn, Mlp, Norm, SamplerMode};

    #[test]
    fn the_passes_of_small_networks_are_those_of_the_hand() {
        let activation = Activation::Silu;
        let mlp = Model::Mlp(Mlp { hidden: vec![5], activation, spectral_norm: None });
        assert_eq!(forward_macs(&mlp, [1, 2, 3], 4), 6.0 * 5.0 + 5.0 * 4.0);
        let cnn = Cnn { channels: vec![2, 3], hidden: 0, activation, spectral_norm: None };
        // 1→2 on 4×4, 2→3 on 2×2, then 12 features to 4 classes.
        let macs = forward_macs(&Model::Cnn(cnn), [1, 4, 4], 4);
        assert_eq!(macs, 2.0 * 9.0 * 16.0 + 6.0 * 9.0 * 4.0 + 48.0);
        let wrn = Wrn {
            depth: 10,
            width: 1,
            norm: Norm::None,
            dropout: 0.0,
            activation,
            sampler_mode: SamplerMode::Eval,
            spectral_norm: None,
        };
        // 4×4: 1→16 and 16→16 twice, 16→32; on 2×2 32→32, 16→32 around and
        // 32→64; on 1×1 64→64, 32→64 around; then 64 features to 4 classes.
        let by_hand = 16 * (144 + 2 * 2304 + 4608) + 4 * (9216 + 512 + 18432) + 36864 + 2048 + 256;
        assert_eq!(forward_macs(&Model::Wrn(wrn), [1, 4, 4], 4), f64::from(by_hand));
    }

    #[test]
    fn what_was_measured_replaces_the_guess() {
        let mut calibration = Calibration::default();
        assert!(calibration.is_guess());
        calibration.learn(100.0, 4.0);
        assert_eq!(calibration.seconds(50.0), 2.0);
    }
}
