//! Training steps per second of an experiment's last cell, on made-up images:
//! any network and sampler, on the device that the file names.
//!
//!     cargo run --package jem-worker --example step_speed -- experiments/ood-cifar10-full.toml 20
//!
//! `tests/reference/step_speed.py` is the same step by PyTorch, for the network
//! and the sampler of JEM's script; ratios are of runs side by side.

use std::error::Error;
use std::time::Instant;

use jem_core::dataset::{LabelledImages, Source, Split, catalogue};
use jem_core::plan::Plan;
use jem_core::spec::{Device as Asked, Spec};
use jem_worker::data::Images;
use jem_worker::jem::Trainer;
use tch::Device;

const ROUNDS: usize = 5;
/// Made-up training images; no step looks at more.
const IMAGES: usize = 2000;

fn made_up(spec: &Spec) -> Result<LabelledImages, Box<dyn Error>> {
    let Source::Catalogue(name) = &spec.training.data.train else {
        return Err("only sets of the catalogue have a shape that is known here".into());
    };
    let entry = catalogue().entry(name)?;
    let n = IMAGES.min(entry.splits.map_or(IMAGES, |splits| splits.count(Split::Train)));
    let pixels = n * entry.shape.iter().product::<usize>();
    Ok(LabelledImages {
        shape: entry.shape,
        pixels: (0..pixels).map(|i| (i * 7919 % 251) as u8).collect(),
        labels: (0..n).map(|i| (i % entry.classes) as u8).collect(),
        pixel_max: entry.pixel_max,
        classes: entry.classes,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: step_speed EXPERIMENT.toml [STEPS]")?;
    let steps: u32 = arguments.next().map_or(Ok(10), |steps| steps.parse())?;
    jem_worker::start::start();
    let plan = Plan::parse("step_speed", &path, &std::fs::read_to_string(&path)?)?;
    let trial = plan.trials.last().ok_or("the experiment has no trial")?;
    let spec = plan.spec_of(trial);
    let device = match spec.resources.device {
        Asked::Cuda => Device::Cuda(0),
        Asked::Cpu => Device::Cpu,
    };
    let training = &spec.training;
    let images =
        Images::new(&made_up(&spec)?, training.data.range, training.data.noise_std, 0, device);
    let mut trainer = Trainer::new(training, 0, images);
    // What is compiled or tuned at the first steps is not counted.
    for _ in 0..3 {
        trainer.step().read();
    }
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..steps {
                // Reading the losses waits for the device.
                trainer.step().read();
            }
            f64::from(steps) / begun.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    println!(
        "{device:?}: median {:.3} steps/s ({:.3} to {:.3}, n = {ROUNDS} rounds of {steps}), \
         batch {}, chains of {} steps",
        rates[ROUNDS / 2],
        rates[0],
        rates[ROUNDS - 1],
        training.train.batch_size,
        training.sampler.steps
    );
    Ok(())
}
