//! `[optimizer]`: the kinds of optimiser.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;

table! {
    /// Adam (Kingma and Ba 2015) with bias correction.
    RawAdam {
        /// Learning rate.
        #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
        lr: f64,
        /// Decay of the first moment.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta1: f64,
        /// Decay of the second moment.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta2: f64,
        /// Added to the root of the second moment.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        eps: f64,
    }
}

table! {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    RawAdamW {
        /// Learning rate; 1e-3 where it is not written.
        #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
        lr: f64,
        /// Decay of the first moment; 0.9 where it is not written.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta1: f64,
        /// Decay of the second moment; 0.999 where it is not written.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        beta2: f64,
        /// Added to the root of the second moment; 1e-8 where it is not written.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        eps: f64,
        /// Every step takes this share, times the learning rate, off every parameter; 0.01 where it is not written.
        #[schemars(range(min = 0, max = 1000))]
        weight_decay: f64,
    }
}

table! {
    /// Gradient descent with momentum.
    RawSgd {
        /// Learning rate; 0.1 where it is not written.
        #[schemars(range(max = 1000), extend("exclusiveMinimum" = 0))]
        lr: f64,
        /// Decay of the sum of gradients that is descended along; 0.9 where it is not written, 0 for none.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        momentum: f64,
        /// Whether the step looks ahead along that sum; false where it is not written.
        nesterov: bool,
        /// This share of every parameter is added to its gradient; 5e-4 where it is not written.
        #[schemars(range(min = 0, max = 1000))]
        weight_decay: f64,
    }
}

/// The optimiser: `[optimizer.adam]`, `[optimizer.adamw]` or `[optimizer.sgd]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawOptimizer {
    /// Adam (Kingma and Ba 2015) with bias correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adam: Option<RawAdam>,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adamw: Option<RawAdamW>,
    /// Gradient descent with momentum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sgd: Option<RawSgd>,
}

impl RawOptimizer {
    /// Takes over every field that `over` sets; the other kinds are dropped
    /// when `over` names one.
    pub fn overlay(&mut self, over: &Self) {
        if let Some(adam) = &over.adam {
            *self = Self { adam: self.adam.take(), ..Self::default() };
            self.adam.get_or_insert_default().overlay(adam);
        }
        if let Some(adamw) = &over.adamw {
            *self = Self { adamw: self.adamw.take(), ..Self::default() };
            self.adamw.get_or_insert_default().overlay(adamw);
        }
        if let Some(sgd) = &over.sgd {
            *self = Self { sgd: self.sgd.take(), ..Self::default() };
            self.sgd.get_or_insert_default().overlay(sgd);
        }
    }
}
