//! `[model]`: the kinds of network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;
use crate::spec::network::{Norm, SamplerMode};
use crate::spec::preset;
use crate::spec::resolved::Activation;

table! {
    /// Fully connected layers on the flattened input.
    RawMlp {
        /// Widths of the hidden layers.
        #[schemars(length(min = 1, max = 64), inner(range(min = 1, max = 65536)))]
        hidden: Vec<u64>,
        /// The non-linearity between layers.
        activation: Activation,
        /// Every weight is divided by its largest singular value, followed by so many power iterations a step; 0 for weights as they are.
        #[schemars(range(min = 0, max = 100))]
        spectral_norm: u64,
    }
}

table! {
    /// Convolutions with a flattened, not pooled, head.
    RawCnn {
        /// Channels of the 3×3 convolutions; all but the first halve the image.
        #[schemars(length(min = 1, max = 16), inner(range(min = 1, max = 4096)))]
        channels: Vec<u64>,
        /// Width of the fully connected layer on the flattened features; 0 for none.
        #[schemars(range(min = 0, max = 65536))]
        hidden: u64,
        /// The non-linearity between layers.
        activation: Activation,
        /// Every weight is divided by its largest singular value, followed by so many power iterations a step; 0 for weights as they are.
        #[schemars(range(min = 0, max = 100))]
        spectral_norm: u64,
    }
}

table! {
    /// A wide residual network (Zagoruyko and Komodakis 2016) as JEM has it.
    RawWrn {
        /// Layers with weights on the longest path: 6n + 4, for three stages of n blocks.
        #[schemars(range(min = 10, max = 1000))]
        depth: u64,
        /// k: the stages have 16k, 32k and 64k channels.
        #[schemars(range(min = 1, max = 64))]
        width: u64,
        /// What stands before every activation.
        norm: Norm,
        /// The share of values dropped between the convolutions of a block in training; 0 for none.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        dropout: f64,
        /// The non-linearity before convolutions and head.
        activation: Activation,
        /// How batch normalisation acts inside the sampler's chain; unset for eval.
        sampler_mode: SamplerMode,
        /// Every weight is divided by its largest singular value, followed by so many power iterations a step; 0 for weights as they are.
        #[schemars(range(min = 0, max = 100))]
        spectral_norm: u64,
    }
}

/// The network: `[model.mlp]`, `[model.cnn]` or `[model.wrn]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawModel {
    /// Fully connected layers on the flattened input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mlp: Option<RawMlp>,
    /// Convolutions with a flattened, not pooled, head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnn: Option<RawCnn>,
    /// A wide residual network (Zagoruyko and Komodakis 2016) as JEM has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrn: Option<RawWrn>,
}

impl RawModel {
    /// Takes over every field that `over` sets; the other kinds of network
    /// are dropped when `over` names one.
    pub fn overlay(&mut self, over: &Self) {
        if let Some(mlp) = &over.mlp {
            *self = Self { mlp: self.mlp.take(), ..Self::default() };
            self.mlp.get_or_insert_default().overlay(mlp);
        }
        if let Some(cnn) = &over.cnn {
            *self = Self { cnn: self.cnn.take(), ..Self::default() };
            self.cnn.get_or_insert_default().overlay(cnn);
        }
        if let Some(wrn) = &over.wrn {
            *self = Self { wrn: self.wrn.take(), ..Self::default() };
            self.wrn.get_or_insert_default().overlay(wrn);
        }
    }

    /// The same network with the fields it lacks taken from the first preset
    /// that has its kind.
    pub fn filled(&self) -> Self {
        let mut filled = match self {
            Self { mlp: Some(_), .. } => {
                Self { mlp: Some(preset::mlp().clone()), ..Self::default() }
            }
            Self { cnn: Some(_), .. } => {
                Self { cnn: Some(preset::cnn().clone()), ..Self::default() }
            }
            Self { wrn: Some(_), .. } => {
                Self { wrn: Some(preset::wrn().clone()), ..Self::default() }
            }
            _ => Self::default(),
        };
        filled.overlay(self);
        filled
    }
}
