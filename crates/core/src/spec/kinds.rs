//! The tables of which one of several kinds is chosen, network and optimiser:
//! from what is written to what is meant, and back.

use super::network::Wrn;
use super::optimizer::{Adam, AdamW, Optimizer, Sgd};
use super::raw::{RawAdam, RawAdamW, RawCnn, RawMlp, RawModel, RawOptimizer, RawSgd, RawWrn};
use super::resolve::{Unset, get, unless_zero};
use super::resolved::{Cnn, Mlp, Model};

/// The network that `model` means. Fields that it lacks are those of the
/// first preset that has its kind.
pub(super) fn model(model: &RawModel) -> Result<Model, Unset> {
    match model.filled() {
        RawModel { mlp: Some(mlp), .. } => Ok(Model::Mlp(Mlp {
            hidden: get!(mlp.hidden).clone(),
            activation: *get!(mlp.activation),
            spectral_norm: mlp.spectral_norm.and_then(unless_zero),
        })),
        RawModel { cnn: Some(cnn), .. } => Ok(Model::Cnn(Cnn {
            channels: get!(cnn.channels).clone(),
            hidden: *get!(cnn.hidden),
            activation: *get!(cnn.activation),
            spectral_norm: cnn.spectral_norm.and_then(unless_zero),
        })),
        RawModel { wrn: Some(wrn), .. } => Ok(Model::Wrn(Wrn {
            depth: *get!(wrn.depth),
            width: *get!(wrn.width),
            norm: *get!(wrn.norm),
            dropout: *get!(wrn.dropout),
            activation: *get!(wrn.activation),
            sampler_mode: wrn.sampler_mode.unwrap_or_default(),
            spectral_norm: wrn.spectral_norm.and_then(unless_zero),
        })),
        RawModel { mlp: None, cnn: None, wrn: None } => Err(Unset("model")),
    }
}

/// The optimiser that `optimizer` means. What it lacks is PyTorch's default for
/// Adam and AdamW; for SGD what Zagoruyko and Komodakis (2016) train with, but
/// Nesterov.
pub(super) fn optimizer(optimizer: &RawOptimizer) -> Result<Optimizer, Unset> {
    Ok(match optimizer {
        RawOptimizer { adamw: Some(adamw), .. } => Optimizer::AdamW(AdamW {
            lr: adamw.lr.unwrap_or(1e-3),
            beta1: adamw.beta1.unwrap_or(0.9),
            beta2: adamw.beta2.unwrap_or(0.999),
            eps: adamw.eps.unwrap_or(1e-8),
            weight_decay: adamw.weight_decay.unwrap_or(1e-2),
        }),
        RawOptimizer { sgd: Some(sgd), .. } => Optimizer::Sgd(Sgd {
            lr: sgd.lr.unwrap_or(0.1),
            momentum: sgd.momentum.unwrap_or(0.9),
            nesterov: sgd.nesterov.unwrap_or(false),
            weight_decay: sgd.weight_decay.unwrap_or(5e-4),
        }),
        RawOptimizer { adam, .. } => {
            let adam = adam.as_ref().ok_or(Unset("optimizer"))?;
            Optimizer::Adam(Adam {
                lr: adam.lr.unwrap_or(1e-3),
                beta1: adam.beta1.unwrap_or(0.9),
                beta2: adam.beta2.unwrap_or(0.999),
                eps: adam.eps.unwrap_or(1e-8),
            })
        }
    })
}

/// `model` as one would write it.
pub(super) fn spell_out_model(model: &Model) -> RawModel {
    match model {
        Model::Mlp(mlp) => {
            let mlp = RawMlp {
                hidden: Some(mlp.hidden.clone()),
                activation: Some(mlp.activation),
                spectral_norm: Some(mlp.spectral_norm.unwrap_or_default()),
            };
            RawModel { mlp: Some(mlp), ..RawModel::default() }
        }
        Model::Cnn(cnn) => {
            let cnn = RawCnn {
                channels: Some(cnn.channels.clone()),
                hidden: Some(cnn.hidden),
                activation: Some(cnn.activation),
                spectral_norm: Some(cnn.spectral_norm.unwrap_or_default()),
            };
            RawModel { cnn: Some(cnn), ..RawModel::default() }
        }
        Model::Wrn(wrn) => {
            let wrn = RawWrn {
                depth: Some(wrn.depth),
                width: Some(wrn.width),
                norm: Some(wrn.norm),
                dropout: Some(wrn.dropout),
                activation: Some(wrn.activation),
                sampler_mode: Some(wrn.sampler_mode),
                spectral_norm: Some(wrn.spectral_norm.unwrap_or_default()),
            };
            RawModel { wrn: Some(wrn), ..RawModel::default() }
        }
    }
}

/// `optimizer` as one would write it.
pub(super) fn spell_out_optimizer(optimizer: &Optimizer) -> RawOptimizer {
    match optimizer {
        Optimizer::Adam(adam) => {
            let adam = RawAdam {
                lr: Some(adam.lr),
                beta1: Some(adam.beta1),
                beta2: Some(adam.beta2),
                eps: Some(adam.eps),
            };
            RawOptimizer { adam: Some(adam), ..RawOptimizer::default() }
        }
        Optimizer::AdamW(adamw) => {
            let adamw = RawAdamW {
                lr: Some(adamw.lr),
                beta1: Some(adamw.beta1),
                beta2: Some(adamw.beta2),
                eps: Some(adamw.eps),
                weight_decay: Some(adamw.weight_decay),
            };
            RawOptimizer { adamw: Some(adamw), ..RawOptimizer::default() }
        }
        Optimizer::Sgd(sgd) => {
            let sgd = RawSgd {
                lr: Some(sgd.lr),
                momentum: Some(sgd.momentum),
                nesterov: Some(sgd.nesterov),
                weight_decay: Some(sgd.weight_decay),
            };
            RawOptimizer { sgd: Some(sgd), ..RawOptimizer::default() }
        }
    }
}
