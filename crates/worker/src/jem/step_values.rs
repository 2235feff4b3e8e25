//! What one training step measured.

use jem_core::spec::{SamplerKind, Training};
use tch::{Device, Kind, Tensor};

use super::{Chains, Samples};

/// What one step measured, as a tensor on the device: reading it waits.
#[derive(Debug)]
pub struct StepValues(Tensor);

/// Values of every step.
const PLAIN: usize = StepValues::NAMES.len();

impl StepValues {
    /// Names of the values of every step, in order. Where no term has chains
    /// there are no samples: their energy is that of the data, and the gap 0.
    /// Where p(x, y) alone has chains, its samples are the samples.
    pub const NAMES: [&'static str; 7] = [
        "train/loss",
        "train/ce",
        "train/accuracy",
        "train/grad_norm",
        "train/energy_data",
        "train/energy_samples",
        "train/energy_gap",
    ];

    /// Names of the values that tell of chains, in order, after
    /// [`StepValues::NAMES`]: mean ‖∇E‖ at the start of a chain's last step,
    /// mean ‖x_K − x₀‖, the share of the samples' values at an end of the
    /// pixel range or beyond, the share of steps accepted, mean chain steps
    /// since a slot's chain started, and mean E(x⁻, y) − mean E(x⁺, y). Samples
    /// of 0 Langevin steps have the third and the last alone.
    pub const CHAINS: [&'static str; 6] = [
        "train/chain_gradient_norm",
        "train/chain_displacement",
        "train/saturation",
        "train/acceptance",
        "train/buffer_age",
        "train/energy_gap_joint",
    ];

    /// All values.
    pub const COUNT: usize = PLAIN + Self::CHAINS.len();

    /// From the scalars of [`StepValues::NAMES`], and what tells of chains.
    pub(super) fn new(
        plain: [Tensor; PLAIN],
        samples: &Samples,
        chains: Option<&Chains>,
        gap_joint: Option<Tensor>,
        bounds: (f64, f64),
    ) -> Self {
        let _guard = tch::no_grad_guard();
        let device = plain[0].device();
        let number = |value: f64| Tensor::from(value).to_device(device);
        let mut all: Vec<Tensor> = plain.into();
        match chains {
            Some(chains) => {
                all.extend(samples.measures(bounds));
                all.push(number(chains.buffer().mean_age()));
            }
            None => all.extend((0..5).map(|_| number(0.0))),
        }
        all.push(gap_joint.unwrap_or_else(|| number(0.0)));
        let all: Vec<Tensor> = all.iter().map(|value| value.to_kind(Kind::Double)).collect();
        Self(Tensor::stack(&all, 0).detach())
    }

    /// The values of every step, in the order of [`StepValues::NAMES`].
    pub fn read(&self) -> [f64; 7] {
        let mut values = [0f64; PLAIN];
        self.0.slice(0, 0, PLAIN as i64, 1).to_device(Device::Cpu).copy_data(&mut values, PLAIN);
        values
    }

    /// The values that tell of chains, in the order of [`StepValues::CHAINS`].
    pub fn read_chains(&self) -> [f64; 6] {
        const N: usize = StepValues::CHAINS.len();
        let mut values = [0f64; N];
        self.0.slice(0, PLAIN as i64, None, 1).to_device(Device::Cpu).copy_data(&mut values, N);
        values
    }

    /// The tensor of all values, `[COUNT]`, double precision.
    pub fn tensor(&self) -> &Tensor {
        &self.0
    }

    /// Place and name of each value that means something in a training of
    /// `spec`.
    pub fn of(spec: &Training) -> impl Iterator<Item = (usize, &'static str)> {
        let (sampled, moving) = (spec.objective.contrastive(), spec.runs_chains());
        let mala = spec.sampler.kind == SamplerKind::Mala;
        let joint = spec.objective.joint() > 0.0;
        let known = move |name: &str| match name {
            "train/energy_samples" | "train/energy_gap" | "train/saturation" => sampled,
            "train/acceptance" => moving && mala,
            "train/energy_gap_joint" => joint,
            name => moving || !Self::CHAINS.contains(&name),
        };
        let all = Self::NAMES.into_iter().chain(Self::CHAINS).enumerate();
        all.filter(move |(_, name)| known(name))
    }
}
