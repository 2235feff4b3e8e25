//! The wide residual network, and what every network can be asked for.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::resolved::{Activation, Model, Training};

/// `[model.wrn]`: a wide residual network (Zagoruyko and Komodakis 2016) as
/// JEM has it (Grathwohl et al. 2020): every convolution with a bias, and a
/// pooled head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrn {
    /// Layers with weights on the longest path, 6n + 4: three stages of n
    /// blocks of two convolutions.
    pub depth: u64,
    /// k: the stages have 16k, 32k and 64k channels.
    pub width: u64,
    /// What stands before every activation.
    pub norm: Norm,
    /// The share of values dropped between the convolutions of a block in
    /// training; 0 for none.
    pub dropout: f64,
    /// The non-linearity before convolutions and head.
    pub activation: Activation,
    /// How batch normalisation acts inside the sampler's chain.
    #[serde(default, skip_serializing_if = "SamplerMode::is_eval")]
    pub sampler_mode: SamplerMode,
    /// Power iterations a step; unset for weights as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectral_norm: Option<u64>,
}

/// A normalisation of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// No normalisation, as JEM.
    None,
    /// Batch normalisation, as JEM++.
    Batch,
    /// Groups of channels within each image (Wu and He 2018), 8 of them.
    Group,
}

/// How layers that act differently in training and in use act in the chain.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SamplerMode {
    /// By the running statistics.
    #[default]
    Eval,
    /// By the statistics of the batch of chains, as JEM++ (Yang and Ji 2021).
    Train,
}

impl SamplerMode {
    /// Whether it is that of a spec that names none.
    pub fn is_eval(&self) -> bool {
        *self == Self::Eval
    }
}

/// One block of a wide residual network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrnBlock {
    /// Its stage, 1 to 3.
    pub stage: u64,
    /// Its place in the stage, from 0.
    pub place: u64,
    /// Channels in.
    pub from: u64,
    /// Channels out.
    pub to: u64,
    /// Stride of its second convolution.
    pub stride: u64,
}

impl WrnBlock {
    /// Whether the way around the block is a convolution.
    pub fn projects(&self) -> bool {
        self.stride != 1 || self.from != self.to
    }
}

impl Wrn {
    /// Channels of the first convolution.
    pub const STEM: u64 = 16;

    /// Channels of the penultimate features.
    pub fn features(&self) -> u64 {
        64 * self.width
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> Vec<WrnBlock> {
        let each = self.depth.saturating_sub(4) / 6;
        let mut from = Self::STEM;
        let mut blocks = Vec::new();
        for (stage, channels, first) in [(1, 16, 1), (2, 32, 2), (3, 64, 2)] {
            let to = channels * self.width;
            for place in 0..each {
                let stride = if place == 0 { first } else { 1 };
                blocks.push(WrnBlock { stage, place, from, to, stride });
                from = to;
            }
        }
        blocks
    }

    /// Trained values on images of `channels` channels and `classes` classes.
    pub fn parameters(&self, channels: u64, classes: u64) -> u64 {
        let norm = |channels: u64| if self.norm == Norm::None { 0 } else { 2 * channels };
        let conv = |from: u64, to: u64, kernel: u64| to * (from * kernel + 1);
        let block = |block: WrnBlock| {
            let WrnBlock { from, to, .. } = block;
            let around = if block.projects() { conv(from, to, 1) } else { 0 };
            norm(from) + conv(from, to, 9) + norm(to) + conv(to, to, 9) + around
        };
        let inside: u64 = self.blocks().into_iter().map(block).sum();
        let last = self.features();
        conv(channels, Self::STEM, 9) + inside + norm(last) + (last + 1) * classes
    }
}

impl Model {
    /// Power iterations a step of its spectral normalisation; none where its
    /// weights are as they are.
    pub fn spectral_norm(&self) -> Option<u64> {
        match self {
            Self::Mlp(mlp) => mlp.spectral_norm,
            Self::Cnn(cnn) => cnn.spectral_norm,
            Self::Wrn(wrn) => wrn.spectral_norm,
        }
    }

    /// How it acts in the sampler's chain.
    pub fn sampler_mode(&self) -> SamplerMode {
        match self {
            Self::Wrn(wrn) => wrn.sampler_mode,
            Self::Mlp(_) | Self::Cnn(_) => SamplerMode::Eval,
        }
    }
}

/// What does not go together in the network alone.
pub(super) fn check_network(training: &Training, found: &mut Vec<Violation>) {
    let Model::Wrn(wrn) = &training.model else { return };
    if wrn.depth < 10 || wrn.depth % 6 != 4 {
        let below = (wrn.depth.max(10) - 4) / 6 * 6 + 4;
        found.push(Violation::new(
            format!("no wide residual network has a depth of {}", wrn.depth),
            &["model.wrn.depth"],
            format!("depths are 6n + 4, such as {below} and {}", below + 6),
        ));
    }
    if !wrn.sampler_mode.is_eval() && wrn.norm != Norm::Batch {
        found.push(Violation::new(
            "only batch normalisation acts differently in training".to_owned(),
            &["model.wrn.sampler_mode", "model.wrn.norm"],
            "write model.wrn.sampler_mode = \"eval\", or norm = \"batch\"",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrn(depth: u64, width: u64, norm: Norm) -> Wrn {
        Wrn {
            depth,
            width,
            norm,
            dropout: 0.0,
            activation: Activation::LeakyRelu,
            sampler_mode: SamplerMode::Eval,
            spectral_norm: None,
        }
    }

    #[test]
    fn the_parameters_are_those_of_the_hand() {
        // 3→16: 448. Stage 1, 16→16 twice: 4,640, no way around. Stage 2,
        // 16→32: 4,640 + 9,248 + 544. Stage 3, 32→64: 18,496 + 36,928 + 2,112.
        // Head 64→10: 650.
        assert_eq!(wrn(10, 1, Norm::None).parameters(3, 10), 77_706);
        // Two numbers a channel before each of 2 · 3 convolutions (16, 16,
        // 16, 32, 32, 64) and the head (64).
        assert_eq!(wrn(10, 1, Norm::Batch).parameters(3, 10), 77_706 + 2 * 240);
        // JEM's network; by PyTorch as well (`tests/fixtures/training`).
        assert_eq!(wrn(28, 10, Norm::None).parameters(3, 10), 36_471_338);
    }

    #[test]
    fn a_stage_halves_the_image_in_its_first_block_alone() {
        let blocks = wrn(28, 10, Norm::None).blocks();
        assert_eq!(blocks.len(), 12);
        let strides: Vec<u64> = blocks.iter().map(|block| block.stride).collect();
        assert_eq!(strides, [1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1]);
        assert!(blocks[0].projects() && !blocks[1].projects() && blocks[4].projects());
        assert!(!wrn(10, 1, Norm::None).blocks()[0].projects());
    }
}
