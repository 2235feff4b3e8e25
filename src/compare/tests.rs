//! Comparisons of sides made by hand.

use std::collections::BTreeMap;

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::plan::Plan;
use jem_core::provenance::Parts;
use jem_core::results::{Divergence, Outcome};

use super::*;
use crate::schedule::Stages;
use crate::table::{Results, TrialResult, sample};

pub(super) const SPEC: &str = "question = \"?\"\npreset = \"seed-chapter\"\nseeds = 3\n\
    data.train = \"digits\"\ndata.range = \"[-1, 1]\"\ndata.validation = 200\n\
    evaluate.ood = [\"rotated\"]\n";
const LAMBDAS: &str = "[[sweep]]\ngrid.objective.lambda = [0, 10]\n";

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// A side with the experiment `text`, all of whose trials are done by `code`:
/// their accuracy is that of `accuracy` for λ's place and seed.
pub(super) fn side(text: &str, code: &str, accuracy: impl Fn(usize, u64) -> f64) -> Side {
    let plan = Plan::parse("small", "small.toml", text).expect("the spec is right");
    let mut results: Results = sample::results();
    let model = results.trials[0].clone();
    results.axes = plan.told_axes();
    results.missing.clear();
    let trials = plan.trials.iter().enumerate().map(|(place, trial)| {
        let run = |kind: &str| RunId::from_digest(digest(&format!("{code} {kind} {}", trial.eval)));
        let value = accuracy(place / 3, trial.seed);
        TrialResult {
            trial: trial.id,
            cell: trial.cell,
            seed: trial.seed,
            values: plan.told_values(trial),
            named: plan.named_values(trial),
            metrics: BTreeMap::from([("clf/accuracy".to_owned(), value)]),
            runs: (run("training"), run("evaluation")),
            digests: (digest(&value.to_string()), digest(&value.to_string())),
            ..model.clone()
        }
    });
    results.trials = trials.collect();
    let (training, evaluation) = (digest(code), digest(&format!("{code} both")));
    let known = Known {
        stages: Stages { training, evaluation },
        parts: Parts::default(),
        from: KnownFrom::Record,
    };
    let revision =
        Revision { name: code.to_owned(), commit: Some("1".repeat(40)), ..Revision::default() };
    Side { revision, known, plan, results }
}

fn compared(a: &Side, b: &Side) -> Comparison {
    compare(a, b, vec!["clf/accuracy".to_owned()], Vec::new())
}

fn swept() -> String {
    format!("{SPEC}{LAMBDAS}")
}

fn said(found: &Comparison, about: &str) -> String {
    let all = summary(found);
    all.into_iter().find(|(name, _)| *name == about).map(|(_, text)| text).unwrap_or_default()
}

#[test]
fn one_run_for_both_sides_is_shared_and_there_is_no_interval() {
    let one = side(&swept(), "x", |cell, seed| 0.5 + cell as f64 * 0.1 + seed as f64 * 0.01);
    let found = compared(&one, &one);
    let counts = found.counts();
    assert_eq!((counts.pairs, counts.shared, counts.tested), (6, 6, 0));
    assert!(!found.differs());
    assert!(said(&found, "Code").contains("nothing numeric changed"));
    assert!(sheets(&found).iter().all(|sheet| sheet.title != "Differences"));
}

#[test]
fn two_runs_with_the_same_bytes_are_told_apart_from_one() {
    let of = |code| side(&swept(), code, |_, seed| 0.5 + seed as f64 * 0.01);
    let found = compared(&of("x"), &of("y"));
    let counts = found.counts();
    assert_eq!((counts.shared, counts.identical), (0, 6));
    assert!(!found.differs());
    assert!(said(&found, "Code").contains("training (in which parts is not recorded)"));
}

#[test]
fn tests_are_counted_and_their_direction_is_that_of_the_metric() {
    let a = side(&swept(), "x", |_, seed| 0.5 + seed as f64 * 0.01);
    // λ = 0: 0.01, 0.011, 0.012 lower; λ = 10: 0.1 higher, lower, the same.
    let b = side(&swept(), "y", |cell, seed| {
        let shift = [[-0.01, -0.011, -0.012], [0.1, -0.1, 0.0]][cell][seed as usize];
        0.5 + seed as f64 * 0.01 + shift
    });
    let found = compared(&a, &b);
    let verdicts: Vec<Verdict> = found.cells.iter().map(|cell| cell.metrics[0].verdict).collect();
    assert_eq!(verdicts, [Verdict::Worse, Verdict::Unclear]);
    assert_eq!((found.counts().tested, found.counts().claimed), (2, 1));
    let words = "1 of 2 are clear (1 worse on B), by paired t tests over 3 seeds, Holm-corrected \
                 over 2 tests.";
    assert_eq!(said(&found, "Differences"), words);
    for text in [to_terminal(&found), to_markdown(&found)] {
        assert!(text.contains("Holm-corrected over 2 tests"), "{text}");
    }
    let json = serde_json::to_value(&found).expect("it can be written");
    assert_eq!((&json["tests"]["method"], &json["tests"]["size"]), (&"paired_t".into(), &2.into()));
    // −0.011 ± t₂ · 0.001 / √3 = 0.00248.
    assert_eq!(difference_text(&found.cells[0].metrics[0]), "−0.0110 ± 0.0025");
    // The last seed of λ = 10 is the same on both sides.
    assert_eq!(found.cells[1].pairs[2].same, Same::Results);
}

#[test]
fn cells_have_the_names_that_both_sides_give_them() {
    let named = |names: &str| {
        format!(
            "{SPEC}[[sweep]]\nzip.objective.lambda = [0, 10]\nzip.sampler.steps = [1, 2]\n\
             names = [{names}]\n"
        )
    };
    let (a, b) = (named("\"classifier\", \"JEM\""), named("\"none\", \"JEM\""));
    let of = |text: &str, code| side(text, code, |_, seed| 0.5 + seed as f64 * 0.01);
    let found = compared(&of(&a, "x"), &of(&a, "y"));
    assert_eq!(found.axes, ["system"]);
    let values = |found: &Comparison| -> Vec<serde_json::Value> {
        found.cells.iter().flat_map(|cell| cell.values.clone()).collect()
    };
    assert_eq!(values(&found), ["classifier", "JEM"]);
    // Another name for the same settings makes no other cell.
    let found = compared(&of(&a, "x"), &of(&b, "y"));
    assert_eq!((values(&found).len(), found.counts().pairs), (2, 6));
    assert_eq!(values(&found), ["classifier", "JEM"]);
    let unnamed = of(a.split("names").next().unwrap_or_default(), "y");
    let found = compared(&of(&a, "x"), &unnamed);
    assert_eq!(found.axes, ["objective.lambda", "sampler.steps"]);
    assert_eq!(found.counts().pairs, 6);
}

#[test]
fn a_path_that_one_side_alone_sweeps_has_its_one_value_on_the_other() {
    let fixed = side(&format!("{SPEC}[objective]\nlambda = 10\n"), "x", |_, _| 0.5);
    let found = compared(&fixed, &side(&swept(), "y", |_, _| 0.75));
    let shape: Vec<_> = found.cells.iter().map(|c| (c.pairs.len(), c.alone.len())).collect();
    assert_eq!(found.axes, ["objective.lambda"]);
    assert_eq!(shape, [(3, 0), (0, 3)]);
    assert_eq!(found.cells[1].alone[0], Alone { seed: 0, side: Which::B, planned: false });
    // λ is matched by, so it is no setting that differs.
    assert!(found.settings.is_empty() && found.cells[0].settings.is_empty());
}

#[test]
fn a_setting_that_differs_in_every_cell_is_told_once() {
    let a = side(&format!("{SPEC}sampler.steps = 5\n{LAMBDAS}"), "x", |_, _| 0.5);
    let b = side(&format!("{SPEC}sampler.steps = 7\n{LAMBDAS}"), "x", |_, _| 0.5);
    let found = compared(&a, &b);
    let change = Change { what: "sampler.steps".into(), a: "5".into(), b: "7".into() };
    assert_eq!(found.settings, [change]);
    assert!(found.cells.iter().all(|cell| cell.settings.is_empty()));
}

#[test]
fn a_diverged_partner_is_counted_and_in_no_difference() {
    let a = side(&swept(), "x", |_, seed| 0.5 + seed as f64 * 0.01);
    let mut b = side(&swept(), "y", |_, seed| 0.6 + seed as f64 * 0.02);
    let divergence = Divergence {
        step: 3,
        reason: "not finite: loss".to_owned(),
        values: BTreeMap::new(),
        restarts: Vec::new(),
    };
    b.results.trials[1].outcome = Outcome::Diverged(divergence);
    b.results.trials[1].metrics.clear();
    let found = compared(&a, &b);
    assert_eq!((found.a.diverged, found.b.diverged), (0, 1));
    assert_eq!(found.cells[0].pairs.len(), 3);
    assert_eq!(found.cells[0].metrics[0].pairs.len(), 2);
    let sheet = sheets(&found).into_iter().find(|sheet| sheet.title == "Diverged trials");
    assert_eq!(sheet.expect("one diverged").rows, [["lambda=0", "3", "0", "1", "0"]]);
}

#[test]
fn a_run_that_a_person_accepted_is_not_shared_and_gives_no_difference_of_0() {
    let a = side(&swept(), "x", |_, seed| 0.5 + seed as f64 * 0.01);
    let mut b = a.clone();
    for trial in &mut b.results.trials[..2] {
        trial.accepted = Some("only a message".to_owned());
    }
    let found = compared(&a, &b);
    let counts = found.counts();
    assert_eq!((counts.shared, counts.accepted, counts.differ), (4, 2, 0));
    assert_eq!(found.cells[0].metrics[0].pairs.len(), 1);
    assert!(said(&found, "Differences").starts_with("none in 4 pairs, to the bit. Of 2 pairs"));
    assert!(said(&found, "Accepted by hand").starts_with("B: † 2 trials"));
    let sheet = sheets(&found).into_iter().find(|sheet| sheet.title == "Accepted by hand");
    let row = ["lambda=0", "B", "0, 1", "only a message", "same"];
    assert_eq!(sheet.expect("two are accepted").rows, [row]);
    // Accepted runs with other results are told as they are, with a mark.
    let mut b = side(&swept(), "y", |_, seed| 0.6 + seed as f64 * 0.02);
    b.results.trials[0].accepted = Some("only a message".to_owned());
    let found = compared(&a, &b);
    assert_eq!((found.counts().accepted, found.counts().differ), (0, 6));
    let rows = sheets(&found).into_iter().next().expect("they differ").rows;
    assert_eq!((rows[0][2].as_str(), rows[1][2].as_str()), ("3 †", "3"));
}

#[test]
fn missing_trials_and_no_results_at_all_are_told() {
    let a = side(&swept(), "x", |_, _| 0.5);
    let mut b = side(&swept(), "y", |_, _| 0.75);
    b.results.trials.clear();
    let found = compared(&a, &b);
    assert_eq!(found.counts().pairs, 0);
    assert!(found.cells[0].alone.iter().all(|one| one.planned && one.side == Which::A));
    assert!(said(&found, "Differences").contains("no trial has a partner"));
    for text in [to_terminal(&found), to_markdown(&found)] {
        assert!(text.contains("not run yet"), "{text}");
    }
}

#[test]
fn parts_of_the_code_are_named_and_versions_of_a_crate_are_one_part() {
    let parts = |texts: &[(&str, &str)]| -> BTreeMap<String, Digest> {
        texts.iter().map(|(name, text)| ((*name).to_owned(), digest(text))).collect()
    };
    let mut a = side(&swept(), "x", |_, _| 0.5);
    let mut b = side(&swept(), "y", |_, _| 0.5);
    a.known.parts.training = parts(&[("a.rs", "1"), ("b.rs", "1"), ("crate tch 0.24.0", "1")]);
    b.known.parts.training = parts(&[("a.rs", "2"), ("c.rs", "1"), ("crate tch 0.25.0", "2")]);
    let found = compared(&a, &b);
    assert_eq!(found.code[0].stage, "training");
    assert_eq!(
        found.code[0].parts,
        ["a.rs", "b.rs (gone)", "c.rs (new)", "crate tch 0.24.0 → 0.25.0"]
    );
}

#[test]
fn models_of_processor_are_named_where_there_is_more_than_one() {
    let a = side(&swept(), "x", |_, seed| 0.5 + seed as f64 * 0.01);
    let mut b = side(&swept(), "y", |_, seed| 0.6 + seed as f64 * 0.02);
    assert_eq!(said(&compared(&a, &b), "Hardware"), "");
    b.results.trials[0].hardware.trained_on = vec!["A".to_owned(), "B".to_owned()];
    let found = compared(&a, &b);
    assert_eq!(found.counts().other_hardware, 1);
    let text = said(&found, "Hardware");
    let sides = "A was made on A (6 trials). B was made on A, then B, evaluated on A (1 trial); A";
    assert!(text.starts_with(sides), "{text}");
    assert!(text.contains("In 1 of 6 pairs the two trials were not made on one"), "{text}");
    // One run that serves both sides has no difference to explain.
    assert_eq!(compared(&b, &b).counts().other_hardware, 0);
}
