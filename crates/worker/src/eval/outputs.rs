//! A network's outputs on a whole set.

use tch::{Kind, Tensor};

use crate::data::Images;
use crate::jem::{Mode, Network, to_host};

/// Images per forward pass. Fixed: the test noise of an image is named by its
/// batch and its place there.
pub const NOISE_BATCH: usize = 500;

/// Logits and labels of a set, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// `[n, k]`, row-major.
    pub logits: Vec<f32>,
    /// `[n]`
    pub labels: Vec<i64>,
    /// k
    pub classes: usize,
}

/// The values of a tensor, on the host.
pub fn host(values: &Tensor) -> Vec<f64> {
    let flat = values.detach().to_device(tch::Device::Cpu).to_kind(Kind::Double).contiguous();
    let mut out = vec![0f64; flat.numel()];
    let n = out.len();
    flat.copy_data(&mut out, n);
    out
}

/// Runs `network`, in eval mode, over all of `images`. Where the set has test
/// noise, it comes from the stream `noise`.
pub fn predict(
    network: &dyn Network,
    parameters: &[Tensor],
    images: &Images,
    noise: &str,
) -> Outputs {
    let _guard = tch::no_grad_guard();
    let rows: Vec<i64> = (0..images.len() as i64).collect();
    let mut outputs = Outputs { logits: Vec::new(), labels: Vec::new(), classes: images.classes() };
    for (batch, rows) in rows.chunks(NOISE_BATCH).enumerate() {
        let (x, y) = images.noisy_batch(noise, batch as u64, rows);
        let logits = network.logits(parameters, &x, Mode::Eval).to_kind(Kind::Float);
        outputs.logits.extend(to_host(&logits).1);
        let mut labels = vec![0i64; rows.len()];
        y.to_device(tch::Device::Cpu).copy_data(&mut labels, rows.len());
        outputs.labels.extend(labels);
    }
    outputs
}
