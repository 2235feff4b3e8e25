//! What is known of the training set: its features.

use tch::{Device, Kind, Tensor};

use crate::data::Images;
use crate::eval::NOISE_BATCH;
use crate::jem::{Mode, Network};

/// Penultimate features of training images, on the host.
#[derive(Debug)]
pub struct Bank {
    /// `[n, d]`, double.
    pub features: Tensor,
    /// The class of each image, `[n]`; −1 where the training did not know it.
    pub labels: Tensor,
    /// k
    pub classes: usize,
}

impl Bank {
    /// The features of all of `images`, in eval mode; where the set has test
    /// noise it comes from the stream `noise`. `known` says of which images
    /// the training knew the label.
    pub fn new(
        network: &dyn Network,
        parameters: &[Tensor],
        images: &Images,
        noise: &str,
        known: &[bool],
    ) -> Self {
        let _guard = tch::no_grad_guard();
        let mut features = Vec::new();
        for (x, _) in batches(images, noise) {
            let batch = network.features(parameters, &x, Mode::Eval);
            features.push(batch.to_device(Device::Cpu).to_kind(Kind::Double));
        }
        let labels = images.labels().into_iter().zip(known);
        let labels: Vec<i64> = labels.map(|(y, known)| if *known { y } else { -1 }).collect();
        Self {
            features: Tensor::cat(&features, 0),
            labels: Tensor::from_slice(&labels),
            classes: images.classes(),
        }
    }

    /// How many images.
    pub fn n(&self) -> usize {
        self.features.size()[0] as usize
    }

    /// Dimensions of the features.
    pub fn dimensions(&self) -> usize {
        self.features.size()[1] as usize
    }
}

/// The batches of `images` with their labels, as the network's outputs are
/// made of.
pub(crate) fn batches<'a>(
    images: &'a Images,
    noise: &'a str,
) -> impl Iterator<Item = (Tensor, Tensor)> + 'a {
    let n = images.len();
    (0..n.div_ceil(NOISE_BATCH)).map(move |batch| {
        let rows: Vec<i64> =
            (batch * NOISE_BATCH..n.min((batch + 1) * NOISE_BATCH)).map(|i| i as i64).collect();
        images.noisy_batch(noise, batch as u64, &rows)
    })
}
