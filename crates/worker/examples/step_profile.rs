//! What one training step costs: steps per second, peak memory, and the share
//! of the step that is matrix products, for the network and the protocol of
//! experiments/sweep-lambda.toml on made-up images.
//!
//! The share is measured by running just the products that a step needs (same
//! shapes, same number) beside the steps themselves, interleaved.

use std::time::Instant;

use jem_core::dataset::LabelledImages;
use jem_core::spec::{
    Activation, Adam, ChainInit, Data, Divergence, Length, Mlp, Model, Objective, Optimizer,
    PixelRange, ReplayBuffer, Sampler, Schedule, Train, Training,
};
use jem_worker::data::Images;
use jem_worker::jem::Trainer;
use tch::{Device, Kind, Tensor};

const BATCH: i64 = 64;
const WIDTHS: [i64; 4] = [784, 256, 256, 10];
const CHAIN: u64 = 20;
const ROUNDS: usize = 7;
const STEPS: u32 = 40;

fn training() -> Training {
    Training {
        data: Data {
            train: jem_core::dataset::Source::Catalogue("mnist".to_owned()),
            validation: 0,
            limit: None,
            range: PixelRange::MinusOneOne,
            noise_std: 0.0,
            augment: Default::default(),
            px_augment: None,
            px_noise: None,
            labels: None,
            auxiliary: None,
            dequantise: false,
        },
        model: Model::Mlp(Mlp {
            hidden: vec![256, 256],
            activation: Activation::Silu,
            spectral_norm: None,
        }),
        objective: Objective { lambda: 1.0, energy_l2: 0.01, ..Default::default() },
        sampler: Sampler {
            steps: CHAIN,
            step_size: 1.0,
            noise_std: 0.01,
            clamp: false,
            init: ChainInit::Uniform,
            ..Default::default()
        },
        replay_buffer: ReplayBuffer { size: 5000, reinit: 0.05, keep: None },
        optimizer: Optimizer::Adam(Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 }),
        train: Train {
            length: Length::Steps(100_000),
            batch_size: BATCH as u64,
            clip_grad_norm: Some(1.0),
            warmup_steps: 0,
            decay_at: Vec::new(),
            decay_factor: 1.0,
            independent_px_batch: false,
            pretrain_steps: None,
            schedule: Schedule::Step,
            label_smoothing: None,
            ema: None,
            ema_warmup: false,
        },
        divergence: Divergence { max_energy_gap: 1e4, check_every: 10, ..Default::default() },
    }
}

/// The products of one step: 2 a layer and Langevin step (forward, and back to
/// the input), 6 a layer for the update (data and samples: forward, back to
/// the input, to the weight).
fn products(layers: &[(Tensor, Tensor, Tensor)]) {
    let _guard = tch::no_grad_guard();
    for round in 0..CHAIN + 2 {
        for (x, w, g) in layers {
            let _ = x.matmul(&w.transpose(0, 1));
            let _ = g.matmul(w);
            if round >= CHAIN {
                let _ = g.transpose(0, 1).matmul(x);
            }
        }
    }
}

fn main() {
    jem_worker::start::start();
    let n = 60_000u64;
    let pixels: Vec<u8> = (0..n * 784).map(|i| (i * 7919 % 251) as u8).collect();
    let labels = (0..n).map(|i| (i % 10) as u8).collect();
    let set = LabelledImages { shape: [1, 28, 28], pixels, labels, pixel_max: 255, classes: 10 };
    let images = Images::new(&set, PixelRange::MinusOneOne, 0.0, 0, Device::Cpu);
    let mut trainer = Trainer::new(&training(), 0, images);
    let random = |shape: [i64; 2]| Tensor::rand(shape, (Kind::Float, Device::Cpu));
    let layers: Vec<_> = WIDTHS
        .windows(2)
        .map(|pair| {
            (random([BATCH, pair[0]]), random([pair[1], pair[0]]), random([BATCH, pair[1]]))
        })
        .collect();
    let (mut steps, mut shares) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..STEPS {
            trainer.step().read();
        }
        let step = begun.elapsed().as_secs_f64() / f64::from(STEPS);
        let begun = Instant::now();
        for _ in 0..STEPS {
            products(&layers);
        }
        let product = begun.elapsed().as_secs_f64() / f64::from(STEPS);
        steps.push(step * 1e3);
        shares.push(100.0 * product / step);
    }
    steps.sort_by(f64::total_cmp);
    shares.sort_by(f64::total_cmp);
    let middle = ROUNDS / 2;
    println!(
        "step: median {:.1} ms ({:.1} to {:.1}, n = {ROUNDS} rounds of {STEPS}), {:.1} steps/s",
        steps[middle],
        steps[0],
        steps[ROUNDS - 1],
        1e3 / steps[middle]
    );
    println!(
        "matrix products: {:.0} % of the step ({:.0} to {:.0})",
        shares[middle],
        shares[0],
        shares[ROUNDS - 1]
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!("peak resident memory: {}", peak.trim_start_matches("VmHWM:").trim());
}
