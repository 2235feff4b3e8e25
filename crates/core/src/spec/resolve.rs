//! From the tables as written to the values as meant, and back.

use serde_json::Value;

use super::attacks::Attacks;
use super::auxiliary::{EnergyMargin, OutlierExposure};
use super::calibration::{Calibration, Selective};
use super::corruptions::{Corruption, Corruptions};
use super::data::{Augment, Labels};
use super::generation::Generation;
use super::identity::value;
use super::kinds::{model, optimizer, spell_out_model, spell_out_optimizer};
use super::likelihood::Likelihood;
use super::long_chains::{ChainStart, LongChains};
use super::post_hoc::Scores;
use super::purification::Purification;
use super::raw::{
    RawAugment, RawCalibration, RawCorruptions, RawData, RawDivergence, RawEnergyMargin,
    RawEvaluate, RawLabels, RawLongChains, RawObjective, RawOod, RawOutlierExposure,
    RawReplayBuffer, RawResources, RawSampler, RawSelective, RawTrain, Tables,
};
use super::resolved::{
    Checkpoints, Data, Divergence, Evaluate, Length, Objective, ReplayBuffer, Resources, Sampler,
    Spec, Train, Training,
};
use crate::dataset::Source;

/// A value that neither the file nor its preset gives.
#[derive(Debug, thiserror::Error)]
#[error("neither the file nor its preset sets `{0}`")]
pub struct Unset(pub(super) &'static str);

/// A reference to the value of a table's field, or an error that names it.
macro_rules! get {
    ($table:ident.$field:ident) => {
        $table.$field.as_ref().ok_or(Unset(concat!(stringify!($table), ".", stringify!($field))))?
    };
}

pub(super) use get;

/// The values that `raw`, laid over a preset, means.
///
/// # Errors
/// When a value is set nowhere.
pub fn resolve(raw: &Tables) -> Result<Spec, Unset> {
    Ok(Spec {
        training: Training {
            data: data(get!(raw.data))?,
            model: model(get!(raw.model))?,
            objective: objective(get!(raw.objective))?,
            sampler: sampler(get!(raw.sampler))?,
            replay_buffer: replay_buffer(get!(raw.replay_buffer))?,
            optimizer: optimizer(get!(raw.optimizer))?,
            train: train(get!(raw.train))?,
            divergence: divergence(get!(raw.divergence))?,
        },
        evaluate: evaluate(get!(raw.evaluate))?,
        resources: resources(get!(raw.resources))?,
    })
}

/// The table `name` of `raw` as it is hashed.
///
/// # Errors
/// When a value is set nowhere.
pub fn resolve_table(raw: &Tables, name: &str) -> Result<Value, Unset> {
    Ok(match name {
        "data" => value(&data(get!(raw.data))?),
        "model" => value(&model(get!(raw.model))?),
        "objective" => value(&objective(get!(raw.objective))?),
        "sampler" => value(&sampler(get!(raw.sampler))?),
        "replay_buffer" => value(&replay_buffer(get!(raw.replay_buffer))?),
        "optimizer" => value(&optimizer(get!(raw.optimizer))?),
        "train" => value(&train(get!(raw.train))?),
        "divergence" => value(&divergence(get!(raw.divergence))?),
        "evaluate" => value(&evaluate(get!(raw.evaluate))?),
        _ => value(&resources(get!(raw.resources))?),
    })
}

/// Where 0 is written for none.
pub(super) fn unless_zero<T: Copy + Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// Where 1 is written for no change.
fn unless_one<T: Copy + From<u8> + PartialEq>(value: T) -> Option<T> {
    (value != T::from(1)).then_some(value)
}

fn data(data: &RawData) -> Result<Data, Unset> {
    Ok(Data {
        train: get!(data.train).clone(),
        validation: *get!(data.validation),
        limit: unless_zero(*get!(data.limit)),
        range: *get!(data.range),
        noise_std: *get!(data.noise_std),
        dequantise: data.dequantise.unwrap_or_default(),
        augment: data.augment.as_ref().map_or(Augment::default(), |augment| Augment {
            pad: unless_zero(augment.pad.unwrap_or_default()),
            flip: augment.flip.unwrap_or_default(),
        }),
        px_augment: data.px_augment.filter(|wanted| !wanted),
        px_noise: data.px_noise.filter(|wanted| !wanted),
        labels: data.labels.as_ref().and_then(|labels| match (labels.per_class, labels.fraction) {
            (Some(n), _) => Some(Labels::PerClass(n)),
            (None, fraction) => unless_one(fraction.unwrap_or(1.0)).map(Labels::Fraction),
        }),
        auxiliary: data.auxiliary.clone().filter(|source| *source != no_source()),
    })
}

/// What is written where no set is meant.
fn no_source() -> Source {
    Source::Catalogue("none".to_owned())
}

fn objective(objective: &RawObjective) -> Result<Objective, Unset> {
    let exposure = objective.outlier_exposure.clone().unwrap_or_default();
    let margin = objective.energy_margin.clone().unwrap_or_default();
    Ok(Objective {
        lambda: *get!(objective.lambda),
        energy_l2: *get!(objective.energy_l2),
        energy_l2_ratio: objective.energy_l2_ratio.and_then(unless_zero),
        energy_l2_data: objective.energy_l2_data.and_then(unless_zero),
        cross_entropy: objective.cross_entropy.and_then(unless_one),
        lambda_joint: objective.lambda_joint.and_then(unless_zero),
        outlier_exposure: OutlierExposure { weight: exposure.weight.and_then(unless_zero) },
        energy_margin: EnergyMargin {
            weight: margin.weight.and_then(unless_zero),
            m_in: margin.m_in,
            m_out: margin.m_out,
        },
    })
}

fn sampler(sampler: &RawSampler) -> Result<Sampler, Unset> {
    Ok(Sampler {
        steps: *get!(sampler.steps),
        step_size: *get!(sampler.step_size),
        noise_std: *get!(sampler.noise_std),
        clamp: *get!(sampler.clamp),
        init: *get!(sampler.init),
        kind: sampler.kind.unwrap_or_default(),
        temperature: sampler.temperature.and_then(unless_one),
        clip_gradient: sampler.clip_gradient.and_then(unless_zero),
        step_size_decay: sampler.step_size_decay.and_then(unless_one),
        conditional: sampler.conditional.unwrap_or_default(),
        boundary: sampler.boundary.unwrap_or_default(),
    })
}

fn replay_buffer(replay_buffer: &RawReplayBuffer) -> Result<ReplayBuffer, Unset> {
    Ok(ReplayBuffer {
        size: *get!(replay_buffer.size),
        reinit: *get!(replay_buffer.reinit),
        keep: replay_buffer.keep.filter(|keep| *keep != ReplayBuffer::KEPT),
    })
}

fn train(train: &RawTrain) -> Result<Train, Unset> {
    let length = match (train.epochs, train.steps) {
        (_, Some(steps)) => Length::Steps(steps),
        (Some(epochs), None) => Length::Epochs(epochs),
        (None, None) => return Err(Unset("train.epochs")),
    };
    Ok(Train {
        length,
        batch_size: *get!(train.batch_size),
        clip_grad_norm: unless_zero(*get!(train.clip_grad_norm)),
        warmup_steps: *get!(train.warmup_steps),
        decay_at: get!(train.decay_at).clone(),
        decay_factor: *get!(train.decay_factor),
        independent_px_batch: *get!(train.independent_px_batch),
        pretrain_steps: train.pretrain_steps.and_then(unless_zero),
        schedule: train.schedule.unwrap_or_default(),
        label_smoothing: train.label_smoothing.and_then(unless_zero),
        ema: train.ema.and_then(unless_zero),
        ema_warmup: train.ema_warmup.unwrap_or_default(),
    })
}

fn divergence(divergence: &RawDivergence) -> Result<Divergence, Unset> {
    Ok(Divergence {
        max_energy_gap: *get!(divergence.max_energy_gap),
        check_every: *get!(divergence.check_every),
        max_saturation: unless_zero(*get!(divergence.max_saturation)),
        min_accuracy: unless_zero(*get!(divergence.min_accuracy)),
        min_accuracy_from: unless_zero(*get!(divergence.min_accuracy_from)),
        rollback_every: unless_zero(*get!(divergence.rollback_every)),
        rollback_to: unless_one(*get!(divergence.rollback_to)),
        max_restarts: unless_zero(*get!(divergence.max_restarts)),
        restart_step_size: unless_one(*get!(divergence.restart_step_size)),
        restart_extra_steps: unless_zero(*get!(divergence.restart_extra_steps)),
    })
}

fn evaluate(evaluate: &RawEvaluate) -> Result<Evaluate, Unset> {
    let sets = |raw: &[RawOod]| raw.iter().map(|set| set.0.clone()).collect();
    let chosen_by = evaluate.validation_ood.as_ref().is_some_and(|sets| !sets.is_empty());
    Ok(Evaluate {
        ood: sets(get!(evaluate.ood)),
        validation_ood: sets(evaluate.validation_ood.as_deref().unwrap_or_default()),
        near: evaluate.near.clone().unwrap_or_default(),
        far: evaluate.far.clone().unwrap_or_default(),
        limit: unless_zero(*get!(evaluate.limit)),
        ece_bins: get!(evaluate.ece_bins).clone(),
        samples: *get!(evaluate.samples),
        corruptions: evaluate.corruptions.as_ref().and_then(corruptions),
        chains: evaluate.chains.as_ref().and_then(chains),
        calibration: evaluate.calibration.as_ref().and_then(calibration),
        selective: evaluate.selective.as_ref().and_then(selective),
        purification: evaluate.purification.as_ref().and_then(Purification::of),
        attacks: evaluate.attacks.as_ref().and_then(Attacks::of),
        scores: evaluate.scores.as_ref().and_then(|raw| Scores::of(raw, chosen_by)),
        generation: evaluate.generation.as_ref().and_then(Generation::of),
        likelihood: evaluate.likelihood.as_ref().and_then(Likelihood::of),
        only: None,
    })
}

/// None where the list of kinds is empty; where there is none, all.
fn corruptions(raw: &RawCorruptions) -> Option<Corruptions> {
    let kinds = raw.kinds.clone().unwrap_or(Corruption::ALL.to_vec());
    (!kinds.is_empty()).then(|| Corruptions {
        kinds,
        severities: raw.severities.unwrap_or(5),
        limit: raw.limit.and_then(unless_zero),
    })
}

/// None where 0 chains are asked for.
fn chains(raw: &RawLongChains) -> Option<LongChains> {
    let n = unless_zero(raw.n.unwrap_or(16))?;
    Some(LongChains {
        n,
        steps: raw.steps.unwrap_or(1000),
        every: raw.every.unwrap_or(10),
        states: raw.states.unwrap_or(10),
        from: raw.from.clone().unwrap_or(vec![ChainStart::Buffer, ChainStart::Uniform]),
    })
}

/// None where the list of numbers of bins is empty.
fn calibration(raw: &RawCalibration) -> Option<Calibration> {
    let bins = raw.bins.clone().unwrap_or(vec![15]);
    (!bins.is_empty()).then_some(Calibration { bins })
}

/// None where 0 points are asked for.
fn selective(raw: &RawSelective) -> Option<Selective> {
    unless_zero(raw.points.unwrap_or(200)).map(|points| Selective { points })
}

fn resources(resources: &RawResources) -> Result<Resources, Unset> {
    Ok(Resources {
        device: *get!(resources.device),
        threads: *get!(resources.threads),
        timeout: unless_zero(*get!(resources.timeout)),
        checkpoints: Checkpoints {
            steps: unless_zero(*get!(resources.checkpoint_steps)),
            seconds: unless_zero(*get!(resources.checkpoint_seconds)),
            kept: *get!(resources.checkpoints_kept),
        },
    })
}

/// The tables of `spec` as one would write them, with nothing left to a
/// preset.
pub fn spell_out(spec: &Spec) -> Tables {
    let Spec { training, evaluate, resources } = spec;
    Tables {
        data: Some(Box::new(RawData {
            train: Some(training.data.train.clone()),
            validation: Some(training.data.validation),
            limit: Some(training.data.limit.unwrap_or_default()),
            range: Some(training.data.range),
            noise_std: Some(training.data.noise_std),
            dequantise: Some(training.data.dequantise),
            augment: Some(RawAugment {
                pad: Some(training.data.augment.pad.unwrap_or_default()),
                flip: Some(training.data.augment.flip),
            }),
            px_augment: Some(training.data.px_augment.unwrap_or(true)),
            px_noise: Some(training.data.px_noise.unwrap_or(true)),
            labels: Some(match training.data.labels {
                Some(Labels::PerClass(n)) => RawLabels { fraction: None, per_class: Some(n) },
                Some(Labels::Fraction(part)) => RawLabels { fraction: Some(part), per_class: None },
                None => RawLabels { fraction: Some(1.0), per_class: None },
            }),
            auxiliary: Some(training.data.auxiliary.clone().unwrap_or_else(no_source)),
        })),
        model: Some(Box::new(spell_out_model(&training.model))),
        objective: Some(Box::new(RawObjective {
            lambda: Some(training.objective.lambda),
            energy_l2: Some(training.objective.energy_l2),
            energy_l2_ratio: Some(training.objective.energy_l2_ratio.unwrap_or_default()),
            energy_l2_data: Some(training.objective.energy_l2_data.unwrap_or_default()),
            cross_entropy: Some(training.objective.cross_entropy.unwrap_or(1.0)),
            lambda_joint: Some(training.objective.lambda_joint.unwrap_or_default()),
            outlier_exposure: Some(RawOutlierExposure {
                weight: Some(training.objective.outlier_exposure.weight.unwrap_or_default()),
            }),
            energy_margin: Some(RawEnergyMargin {
                weight: Some(training.objective.energy_margin.weight.unwrap_or_default()),
                m_in: training.objective.energy_margin.m_in,
                m_out: training.objective.energy_margin.m_out,
            }),
        })),
        sampler: Some(Box::new(RawSampler {
            steps: Some(training.sampler.steps),
            step_size: Some(training.sampler.step_size),
            noise_std: Some(training.sampler.noise_std),
            clamp: Some(training.sampler.clamp),
            init: Some(training.sampler.init),
            kind: Some(training.sampler.kind),
            temperature: Some(training.sampler.temperature.unwrap_or(1.0)),
            clip_gradient: Some(training.sampler.clip_gradient.unwrap_or_default()),
            step_size_decay: Some(training.sampler.step_size_decay.unwrap_or(1.0)),
            conditional: Some(training.sampler.conditional),
            boundary: Some(training.sampler.boundary),
        })),
        replay_buffer: Some(Box::new(RawReplayBuffer {
            size: Some(training.replay_buffer.size),
            reinit: Some(training.replay_buffer.reinit),
            keep: Some(training.replay_buffer.kept()),
        })),
        optimizer: Some(Box::new(spell_out_optimizer(&training.optimizer))),
        train: Some(Box::new(spell_out_train(&training.train))),
        divergence: Some(Box::new(RawDivergence {
            max_energy_gap: Some(training.divergence.max_energy_gap),
            check_every: Some(training.divergence.check_every),
            max_saturation: Some(training.divergence.max_saturation.unwrap_or_default()),
            min_accuracy: Some(training.divergence.min_accuracy.unwrap_or_default()),
            min_accuracy_from: Some(training.divergence.min_accuracy_from.unwrap_or_default()),
            rollback_every: Some(training.divergence.rollback_every.unwrap_or_default()),
            rollback_to: Some(training.divergence.rollback_to.unwrap_or(1)),
            max_restarts: Some(training.divergence.max_restarts.unwrap_or_default()),
            restart_step_size: Some(training.divergence.restart_step_size.unwrap_or(1.0)),
            restart_extra_steps: Some(training.divergence.restart_extra_steps.unwrap_or_default()),
        })),
        evaluate: Some(Box::new(RawEvaluate {
            ood: Some(evaluate.ood.iter().cloned().map(RawOod).collect()),
            validation_ood: Some(evaluate.validation_ood.iter().cloned().map(RawOod).collect()),
            near: Some(evaluate.near.clone()),
            far: Some(evaluate.far.clone()),
            limit: Some(evaluate.limit.unwrap_or_default()),
            ece_bins: Some(evaluate.ece_bins.clone()),
            samples: Some(evaluate.samples),
            corruptions: evaluate.corruptions.as_ref().map(|corruptions| RawCorruptions {
                kinds: Some(corruptions.kinds.clone()),
                severities: Some(corruptions.severities),
                limit: Some(corruptions.limit.unwrap_or_default()),
            }),
            chains: evaluate.chains.as_ref().map(|chains| RawLongChains {
                n: Some(chains.n),
                steps: Some(chains.steps),
                every: Some(chains.every),
                states: Some(chains.states),
                from: Some(chains.from.clone()),
            }),
            calibration: evaluate
                .calibration
                .as_ref()
                .map(|asked| RawCalibration { bins: Some(asked.bins.clone()) }),
            selective: evaluate
                .selective
                .as_ref()
                .map(|asked| RawSelective { points: Some(asked.points) }),
            purification: evaluate.purification.as_ref().map(Purification::spelled_out),
            attacks: evaluate.attacks.as_ref().map(Attacks::spelled_out),
            scores: evaluate.scores.as_ref().map(Scores::spelled_out),
            generation: evaluate.generation.as_ref().map(Generation::spelled_out),
            likelihood: evaluate.likelihood.as_ref().map(Likelihood::spelled_out),
        })),
        resources: Some(Box::new(RawResources {
            device: Some(resources.device),
            threads: Some(resources.threads),
            timeout: Some(resources.timeout.unwrap_or_default()),
            checkpoint_steps: Some(resources.checkpoints.steps.unwrap_or_default()),
            checkpoint_seconds: Some(resources.checkpoints.seconds.unwrap_or_default()),
            checkpoints_kept: Some(resources.checkpoints.kept),
        })),
    }
}

fn spell_out_train(train: &Train) -> RawTrain {
    let (epochs, steps) = match train.length {
        Length::Epochs(epochs) => (Some(epochs), None),
        Length::Steps(steps) => (None, Some(steps)),
    };
    RawTrain {
        epochs,
        steps,
        batch_size: Some(train.batch_size),
        clip_grad_norm: Some(train.clip_grad_norm.unwrap_or_default()),
        warmup_steps: Some(train.warmup_steps),
        decay_at: Some(train.decay_at.clone()),
        decay_factor: Some(train.decay_factor),
        independent_px_batch: Some(train.independent_px_batch),
        pretrain_steps: Some(train.pretrain_steps.unwrap_or_default()),
        schedule: Some(train.schedule),
        label_smoothing: Some(train.label_smoothing.unwrap_or_default()),
        ema: Some(train.ema.unwrap_or_default()),
        ema_warmup: Some(train.ema_warmup),
    }
}
