//! What must hold between `[data]`, the objective and the batches.

use super::{Violation, check_shape, check_source, known};
use crate::dataset::Split;
use crate::spec::OodSet;
use crate::spec::resolved::{ChainInit, Evaluate, Length, Training};

/// Adds what of `[data]` does not go with the rest.
pub(super) fn check_data(training: &Training, evaluate: &Evaluate, found: &mut Vec<Violation>) {
    check_batches(training, found);
    check_augment(training, found);
    check_auxiliary(training, evaluate, found);
    check_starts(training, found);
    if let (Some(pretrain), Length::Steps(steps)) =
        (training.train.pretrain_steps, training.train.length)
        && pretrain >= steps
    {
        found.push(Violation::new(
            format!("{pretrain} steps of pre-training leave none of a training of {steps}"),
            &["train.pretrain_steps", "train.steps"],
            "train.steps counts those of pre-training too; write more of them",
        ));
    }
}

/// No label that is not in the budget is used, and there is a loss throughout.
fn check_starts(training: &Training, found: &mut Vec<Violation>) {
    let (sampler, objective) = (&training.sampler, &training.objective);
    let by_class = sampler.conditional || objective.joint() > 0.0;
    let labels_used = match sampler.init {
        ChainInit::ClassGaussian => true,
        ChainInit::Data => by_class,
        ChainInit::Uniform | ChainInit::Normal => false,
    };
    if training.data.labels.is_some() && objective.contrastive() && labels_used {
        found.push(Violation::new(
            "chains start from images of their class, whose labels are not all known".to_owned(),
            &["sampler.init", "data.labels"],
            "with few labels let chains start from \"uniform\" or \"normal\"",
        ));
    }
    if training.train.pretrain_steps.is_some() && objective.cross_entropy == Some(0.0) {
        found.push(Violation::new(
            "pre-training by the cross-entropy, which has no weight".to_owned(),
            &["train.pretrain_steps", "objective.cross_entropy"],
            "give it a weight, or leave pre-training out",
        ));
    }
}

/// What asks for a batch of its own for the contrastive term.
fn check_batches(training: &Training, found: &mut Vec<Violation>) {
    if training.train.independent_px_batch {
        return;
    }
    let data = &training.data;
    let asked = [
        (data.labels.is_some(), "data.labels", "examples without labels are learnt from"),
        (data.px_augment.is_some(), "data.px_augment", "images stay unaltered"),
        (data.px_noise.is_some(), "data.px_noise", "images stay without noise"),
    ];
    for (_, path, what) in asked.into_iter().filter(|(asked, ..)| *asked) {
        found.push(Violation::new(
            format!("{what} by the contrastive term alone, which has no batch of its own"),
            &[path, "train.independent_px_batch"],
            "set train.independent_px_batch = true",
        ));
    }
}

fn check_augment(training: &Training, found: &mut Vec<Violation>) {
    let Some((pad, entry)) = training.data.augment.pad.zip(known(&training.data.train)) else {
        return;
    };
    let [_, height, width] = entry.shape;
    let least = height.min(width) as u64;
    if pad >= least {
        found.push(Violation::new(
            format!("{pad} pixels cannot be reflected at the edge of {height}×{width} images"),
            &["data.augment.pad", "data.train"],
            format!("an image reflects fewer than its side: at most {}", least - 1),
        ));
    }
}

fn check_auxiliary(training: &Training, evaluate: &Evaluate, found: &mut Vec<Violation>) {
    let objective = &training.objective;
    let margin = &objective.energy_margin;
    if margin.weight.is_some() && margin.on().is_none() {
        found.push(Violation::new(
            "the energy margin needs both m_in and m_out".to_owned(),
            &["objective.energy_margin.weight"],
            "Liu et al. (2020) take m_in = -23 and m_out = -5 on CIFAR-10; they depend on the \
             energies that the classifier has before",
        ));
    }
    let Some(auxiliary) = &training.data.auxiliary else {
        let terms = [
            (objective.outlier_exposure.weight, "objective.outlier_exposure.weight"),
            (margin.weight, "objective.energy_margin.weight"),
        ];
        for (_, path) in terms.into_iter().filter(|(weight, _)| weight.is_some()) {
            found.push(Violation::new(
                "a term on auxiliary data, and no such data".to_owned(),
                &[path, "data.auxiliary"],
                "name a set in data.auxiliary, or set the weight to 0",
            ));
        }
        return;
    };
    check_source(auxiliary, "data.auxiliary", found);
    let train = &training.data.train;
    if auxiliary == train || auxiliary.is_of_same_set(train, Split::Train) {
        found.push(Violation::new(
            format!("`{}` is the training set itself", auxiliary.label()),
            &["data.auxiliary", "data.train"],
            "an auxiliary out-of-distribution set must be another one",
        ));
    } else {
        check_shape(auxiliary, "data.auxiliary", train, found);
    }
    let seen = |set: &&OodSet| matches!(set, OodSet::Test(source) if source == auxiliary || source.is_of_same_set(auxiliary, Split::Train));
    if let Some(set) = evaluate.ood.iter().find(seen) {
        found.push(Violation::new(
            format!("`{}` is learnt from and judged by as out-of-distribution", set.name()),
            &["evaluate.ood", "data.auxiliary"],
            "what a score says of a set that was learnt from is not what it says of a new one; \
             judge by another set (evaluate.validation_ood may have this one)",
        ));
    }
}
