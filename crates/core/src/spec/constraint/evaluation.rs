//! What must hold within `[evaluate]`, and between it and the training set.

use super::{Violation, check_shape, check_source, known};
use crate::dataset::{Source, Split, classes_of};
use crate::diagnostic::{nearest, quoted_list};
use crate::spec::OodSet;
use crate::spec::attacks::check_attacks;
use crate::spec::long_chains::check_chains;
use crate::spec::post_hoc::check_scores;
use crate::spec::purification::check_purification;
use crate::spec::resolved::Evaluate;

pub(super) fn check_evaluation(evaluate: &Evaluate, train: &Source, found: &mut Vec<Violation>) {
    for (index, bins) in evaluate.ece_bins.iter().enumerate() {
        if evaluate.ece_bins[..index].contains(bins) {
            found.push(Violation::new(
                format!("{bins} bins are listed twice"),
                &["evaluate.ece_bins"],
                "list each number of bins once",
            ));
        }
    }
    let kinds = evaluate.corruptions.as_ref().map_or(&[][..], |asked| &asked.kinds);
    if (1..kinds.len()).any(|index| kinds[..index].contains(&kinds[index])) {
        found.push(Violation::new(
            "a kind of corruption is listed twice".to_owned(),
            &["evaluate.corruptions.kinds"],
            "list each kind once",
        ));
    }
    if let Some(asked) = &evaluate.chains {
        check_chains(asked, found);
    }
    if let Some(asked) = &evaluate.purification {
        check_purification(asked, found);
    }
    if let Some(asked) = &evaluate.attacks {
        // A set that is not known is another violation.
        check_attacks(asked, classes_of(train).ok(), found);
    }
    if let Some(asked) = &evaluate.scores {
        check_scores(asked, found);
    }
    let lists =
        [("evaluate.ood", &evaluate.ood), ("evaluate.validation_ood", &evaluate.validation_ood)];
    let mut names: Vec<String> = Vec::new();
    for (path, set) in
        lists.iter().flat_map(|(path, sets)| sets.iter().map(move |set| (*path, set)))
    {
        let name = set.name();
        if names.contains(&name) {
            found.push(Violation::new(
                format!("two out-of-distribution sets are called `{name}`"),
                &[path],
                if path == "evaluate.ood" {
                    "metrics are told apart by the name of the set; list each once"
                } else {
                    "what hyper-parameters are tuned on cannot be judged by: list a set once, in evaluate.ood or in evaluate.validation_ood"
                },
            ));
        }
        if RESERVED.contains(&name.as_str()) {
            found.push(Violation::new(
                format!("an out-of-distribution set cannot be called `{name}`"),
                &[path],
                "give it another `name`; metrics and arrays of the experiment's own images have this one",
            ));
        }
        check_ood(set, train, path, found);
        names.push(name);
    }
    check_apart(evaluate, found);
    check_groups(evaluate, found);
}

/// A set for validation is none of those that are judged by, under any name.
fn check_apart(evaluate: &Evaluate, found: &mut Vec<Violation>) {
    let is_same = |(one, other): (&OodSet, &OodSet)| match (one, other) {
        (OodSet::Test(one), OodSet::Test(other)) => one.is_of_same_set(other, Split::Test),
        _ => false,
    };
    for set in &evaluate.validation_ood {
        let name = set.name();
        // Sets of one name were told already.
        let mut others = evaluate.ood.iter().filter(|other| other.name() != name);
        if let Some(other) = others.find(|other| is_same((set, other))) {
            found.push(Violation::new(
                format!("the sets `{name}` and `{}` are of the same images", other.name()),
                &["evaluate.validation_ood", "evaluate.ood"],
                "what hyper-parameters are tuned on cannot be judged by: list a set once, in \
                 evaluate.ood or in evaluate.validation_ood",
            ));
        }
    }
}

/// Near and far sets are sets of `ood`, each in one of the two.
fn check_groups(evaluate: &Evaluate, found: &mut Vec<Violation>) {
    let known: Vec<String> = evaluate.ood.iter().map(OodSet::name).collect();
    let groups = [("evaluate.near", &evaluate.near), ("evaluate.far", &evaluate.far)];
    let mut seen: Vec<&String> = Vec::new();
    for (path, name) in
        groups.iter().flat_map(|(path, names)| names.iter().map(move |n| (*path, n)))
    {
        if !known.contains(name) {
            let meant = nearest(name, known.iter().map(String::as_str));
            let meant = meant.map(|meant| format!("; did you mean \"{meant}\"?"));
            found.push(Violation::new(
                format!("`{name}` is no set of evaluate.ood{}", meant.unwrap_or_default()),
                &[path, "evaluate.ood"],
                format!("known: {}", quoted_list(known.iter().map(String::as_str))),
            ));
        } else if seen.contains(&name) {
            found.push(Violation::new(
                format!("`{name}` is listed twice as near or far"),
                &[path],
                "a set is near or far, or neither; list it once",
            ));
        }
        seen.push(name);
    }
}

/// Names that metric paths and arrays have for parts of the test set.
const RESERVED: [&str; 4] = ["test", "validation", "correct", "misclassified"];

fn check_ood(set: &OodSet, train: &Source, path: &'static str, found: &mut Vec<Violation>) {
    let paths = [path, "data.train"];
    let trained = known(train);
    match (set, trained) {
        (OodSet::Test(source), _) if source.is_of_same_set(train, Split::Test) => {
            found.push(Violation::new(
                format!("`{}` is the training set itself", set.name()),
                &paths,
                "an out-of-distribution set must be another one",
            ))
        }
        (OodSet::Test(source), _) => {
            check_source(source, path, found);
            check_shape(source, path, train, found);
        }
        (OodSet::Rotated, Some(entry)) if entry.shape[1] != entry.shape[2] => {
            found.push(Violation::new(
                format!("images of {} are not square and cannot be turned by 90°", entry.name),
                &paths,
                "leave \"rotated\" out",
            ));
        }
        _ => {}
    }
}
