//! Chains that are started anew: samples on E(x) and, class by class, on
//! E(x, y), with states on the way.

use std::error::Error;
use std::rc::Rc;

use jem_core::random::{At, Stream};
use jem_core::spec::Sampler;
use tch::Tensor;

use super::part::{Look, Subject};
use crate::data::Images;
use crate::jem::{Chain, Mode, Starts, energy, energy_of_class};

/// Chains run together. Fixed: a chain's numbers are named by its chunk and
/// its place there.
const CHUNK: usize = 100;

/// How chains are run.
pub(super) struct Making<'a> {
    subject: &'a Subject<'a>,
    sampler: Sampler,
    bounds: (f64, f64),
    /// Steps done at each look.
    looks: Vec<u64>,
    starts: Starts,
}

/// Where chains ended, and states on the way.
pub(super) struct Made {
    /// `[n, c, h, w]`, in the training's pixel range.
    pub x: Tensor,
    /// `[strips, looks, c, h, w]`; none where no strip was asked for.
    pub strips: Option<Tensor>,
}

impl<'a> Making<'a> {
    /// Chains by `sampler`, looked at after `looks` steps. Those that start
    /// from data, or from its moments, start from `images`.
    pub fn new(
        subject: &'a Subject<'a>,
        sampler: Sampler,
        looks: Vec<u64>,
        images: Rc<Images>,
    ) -> Self {
        let bounds = subject.spec.training.data.range.bounds();
        let starts = Starts::new(sampler.init, bounds, images, true);
        Self { subject, sampler, bounds, looks, starts }
    }

    /// Runs a chain for each of `classes`: on E(x, y) where `conditional`,
    /// else on E(x), the class then telling only what it starts from. The
    /// states of the first `strips` chains are kept, at most a chunk. Streams:
    /// `generation start <name>`, `generation noise <name>`, `generation
    /// accept <name>`.
    ///
    /// # Errors
    /// When `look`, which is told now and then, fails.
    pub fn run(
        &self,
        name: &str,
        classes: &[usize],
        (conditional, strips): (bool, usize),
        look: Look<'_>,
    ) -> Result<Made, Box<dyn Error>> {
        let stream =
            |what: &str| Stream::new(self.subject.seed, &format!("generation {what} {name}"));
        let (start, accept) = (stream("start"), stream("accept"));
        let mut noise = stream("noise");
        let (mut ends, mut states) = (Vec::new(), Vec::new());
        for (number, classes) in classes.chunks(CHUNK).enumerate() {
            let mut x = self.starts.draw(&start, At::step(number as u64), classes);
            let labels: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
            let labels = Tensor::from_slice(&labels).to_device(x.device());
            let energy = |x: &Tensor| {
                let logits = self.subject.network.logits(&self.subject.parameters, x, Mode::Eval);
                if conditional { energy_of_class(&logits, &labels) } else { energy(&logits) }
            };
            let shown = if number == 0 { strips.min(classes.len()) as i64 } else { 0 };
            let mut keep = |x: &Tensor| {
                if shown > 0 {
                    states.push(x.narrow(0, 0, shown).copy());
                }
            };
            keep(&x);
            for (place, pair) in self.looks.windows(2).enumerate() {
                let done = (number * CHUNK + classes.len(), pair[1]);
                look(&format!("{name} samples to {}, step {}", done.0, done.1))?;
                let sampler = Sampler { steps: pair[1] - pair[0], ..self.sampler.clone() };
                let step = (number * self.looks.len() + place) as u64;
                let chain = Chain { sampler: &sampler, bounds: self.bounds, step };
                x = chain.walk(&energy, &x, &mut noise, &accept).x;
                keep(&x);
            }
            ends.push(x);
        }
        let strips = (!states.is_empty()).then(|| Tensor::stack(&states, 1));
        Ok(Made { x: Tensor::cat(&ends, 0), strips })
    }
}
