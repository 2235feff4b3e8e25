//! Whole reports of made-up results.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jem_core::digest::Digest;
use jem_core::results::{MaskingSign, MaskingVerdict, Purified, PurifierMasking};
use jem_core::spec::PurifierKind;

use super::fixture::{results, source, two_axes, unswept};
use super::part_fixture::check;
use super::{ReportContext, compose, html, markdown, write};
use crate::table::{MissingTrial, Results};

fn context() -> ReportContext {
    ReportContext {
        source: Some(source("1a2b3c4")),
        command: "jem report experiments/sweep-lambda.toml".to_owned(),
        version: "0.1.0".to_owned(),
        experiment: Digest::of(b"the file"),
        file: Some("experiments/sweep-lambda.toml".to_owned()),
        place: None,
    }
}

pub(super) fn page(results: &Results) -> String {
    let content = compose(results, &context()).expect("small figures can be painted");
    let page = html(&content, &["paper.md".to_owned()]).expect("the template is right");
    // As it is read: spaces that do not break, and slashes that were escaped.
    page.replace('\u{a0}', " ").replace("&#x2f;", "/")
}

/// Every file under `folder` by its path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for part in ["", "charts", "tables"] {
        let entries = fs::read_dir(folder.join(part)).expect("the report has the folder");
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let name = format!("{part}/{}", entry.file_name().to_string_lossy());
            found.insert(name, fs::read(entry.path()).expect("a file just written"));
        }
    }
    found
}

#[test]
fn two_renderings_of_one_result_are_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().expect("room"), tempfile::tempdir().expect("room"));
    write(&results(), &context(), one.path()).expect("it can be written");
    write(&results(), &context(), &two.path().join("deep/er")).expect("folders are made");
    let (one, two) = (files(one.path()), files(&two.path().join("deep/er")));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(bytes == &two[name], "{name} differs");
        let text = String::from_utf8_lossy(bytes);
        for secret in ["secret-host", "/secret", "2026-01-01"] {
            assert!(!text.contains(secret) || name.contains("/trials."), "{name} tells {secret}");
        }
    }
    assert!(one.contains_key("/manifest.json") && one.contains_key("charts/accuracy.svg"));
}

#[test]
fn a_second_report_removes_the_files_of_the_first_and_nothing_else() {
    let folder = tempfile::tempdir().expect("room");
    write(&results(), &context(), folder.path()).expect("it can be written");
    fs::write(folder.path().join("charts/mine.txt"), "mine").expect("room");
    let only = |lambda| unswept(move |trial| trial.values[0].as_f64() == Some(lambda));
    write(&only(0.1), &context(), folder.path()).expect("it can be written again");
    let names: Vec<String> = files(folder.path()).into_keys().collect();
    assert!(names.contains(&"charts/mine.txt".to_owned()), "{names:?}");
    assert!(names.contains(&"charts/energies.png".to_owned()), "{names:?}");
    assert!(!names.contains(&"charts/accuracy.png".to_owned()), "{names:?}");
    let left = fs::read_dir(folder.path()).expect("it is there").count();
    assert_eq!(left, 5, "three files and two folders, nothing temporary");
}

#[test]
fn a_manifest_names_the_digest_of_every_other_file() {
    let folder = tempfile::tempdir().expect("room");
    write(&results(), &context(), folder.path()).expect("it can be written");
    let mut files = files(folder.path());
    let manifest = files.remove("/manifest.json").expect("it is written");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("it is JSON");
    assert_eq!(manifest["files"].as_object().map(|named| named.len()), Some(files.len()));
    for (name, bytes) in &files {
        let digest = &manifest["files"][name.trim_start_matches('/')];
        assert_eq!(digest.as_str(), Some(Digest::of(bytes).to_hex().as_str()), "{name}");
    }
    assert_eq!(manifest["runs"].as_array().map(Vec::len), Some(24));
}

#[test]
fn the_page_begins_with_failures_question_and_answer() {
    let page = page(&results());
    let places: Vec<Option<usize>> = [
        "1 of 9 checks failed",
        "λ = 10 still classifies",
        "What does the weight λ",
        "Accuracy",
        "4 of 24 trials diverged: 1 of 3 at λ = 5 (step 430) and 3 of 3 at λ = 10 (step 430).",
        "1a2b3c4 (clean)",
        "jem report experiments/sweep-lambda.toml",
        "16 of 24 trials reused from 9f8e7d6",
        "AMD EPYC 9354",
        "<svg",
        "not finite: energy_gap",
        "few trials diverge",
    ]
    .iter()
    .map(|text| page.find(text))
    .collect();
    assert!(places.iter().all(Option::is_some), "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.len() < 3_000_000);
    for outside in ["http://", "https://", "<script", "<link"] {
        assert!(!page.replace("http://www.w3.org/", "").contains(outside), "{outside}");
    }
}

#[test]
fn a_trial_that_was_evaluated_elsewhere_is_reused_and_every_footer_names_both_commits() {
    let mut results = results();
    results.trials.truncate(1);
    let trial = &mut results.trials[0];
    trial.provenance.source = context().source;
    trial.evaluated = trial.provenance.clone();
    let line = |results: &Results| {
        let content = compose(results, &context()).expect("small figures can be painted");
        markdown(&content, &[])
    };
    assert!(line(&results).contains("none: all 1 trials were trained and evaluated by"));
    results.trials[0].evaluated.source = Some(source("9f8e7d6"));
    let both = "1a2b3c4, evaluated at 9f8e7d6";
    assert!(line(&results).contains(&format!("1 of 1 trials reused from {both}")));
    let content = compose(&results, &context()).expect("small figures can be painted");
    let figure = content.figures().next().expect("there is a figure");
    let [(name, svg), ..] = figure.files();
    assert!(name.ends_with(".svg"), "{name}");
    let svg = String::from_utf8(svg);
    assert!(svg.expect("SVG is text").contains(both));
}

#[test]
fn every_figure_is_linked_to_its_files_in_both_forms() {
    let content = compose(&results(), &context()).expect("small figures can be painted");
    let forms = [html(&content, &[]).expect("the template is right"), markdown(&content, &[])];
    assert!(content.figures().count() >= 9);
    for figure in content.figures() {
        for ending in ["svg", "png", "csv"] {
            let link = format!("charts/{}.{ending}", figure.name);
            assert!(forms.iter().all(|form| form.contains(&link)), "{link}");
        }
        assert!(figure.csv.lines().count() > 1, "{}", figure.name);
    }
}

#[test]
fn what_the_user_wrote_is_escaped() {
    let mut results = results();
    results.experiment.question = "Is <b>a</b> & \"b\" | *c*?\n# no heading".to_owned();
    results.experiment.report.title = "<script>alert(1)</script>".to_owned();
    let page = page(&results);
    assert!(page.contains("Is &lt;b&gt;a&lt;/b&gt; &amp; &quot;b&quot;"), "the question");
    assert!(!page.contains("<script"));
    let content = compose(&results, &context()).expect("small figures can be painted");
    let text = markdown(&content, &[]);
    assert!(text.contains(r"Is \<b>a\</b> &amp; "), "{}", &text[..600]);
    assert!(text.contains(r#""b" \| \*c\*? \# no heading"#), "{}", &text[..600]);
}

#[test]
fn missing_trials_are_said_before_the_answer() {
    let mut results = results();
    for trial in results.trials.split_off(20) {
        results.missing.push(MissingTrial { values: trial.values, seed: trial.seed });
    }
    let page = page(&results);
    let notice = "4 of 24 trials are not run yet: λ = 5 (seed 2); λ = 10 (seeds 0, 1, 2). What \
                  follows is about the others. Go on with: jem run experiments/sweep-lambda.toml";
    let notice = page.find(notice);
    assert!(notice.is_some_and(|at| Some(at) < page.find("<h2>Answer")), "{notice:?}");
}

#[test]
fn numbers_of_a_dirty_checkout_are_marked() {
    let mut results = results();
    for trial in &mut results.trials {
        trial.provenance.source.iter_mut().for_each(|source| source.dirty = true);
    }
    let page = page(&results);
    assert!(page.contains("differed from its commit (dirty)"));
    assert!(page.contains("9f8e7d6-dirty"));
}

#[test]
fn fewer_than_three_seeds_are_no_test() {
    let mut results = results();
    results.trials.retain(|trial| trial.seed == 0);
    let page = page(&results);
    assert!(page.contains("n = 1: no test, so no direction is claimed."));
    let tiles = page.split("class=\"tiles\"").nth(1).and_then(|rest| rest.split("</ul>").next());
    assert!(tiles.is_some_and(|tiles| !tiles.contains('±')));
}

#[test]
fn trials_that_all_diverged_still_make_a_report() {
    let mut results = results();
    results.trials.retain(|trial| trial.outcome.diverged());
    let page = page(&results);
    assert!(page.contains("No trial has values: all of them diverged."));
    assert!(page.contains("4 of 4 trials diverged"));
    assert!(page.contains("figure-training"));
    assert!(!page.contains("figure-accuracy"));
}

#[test]
fn nothing_swept_makes_no_sweep_but_all_else() {
    let page = page(&unswept(|trial| trial.values[0].as_f64() == Some(0.1)));
    for figure in ["reliability", "energies", "training", "samples"] {
        assert!(page.contains(&format!("figure-{figure}")), "{figure}");
    }
    for absent in ["figure-accuracy", "Best λ", "in all 1 cells"] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn rows_with_names_are_told_by_them_and_images_of_one_cell_by_their_seed() {
    let mut results = results();
    results.axes = vec!["system".to_owned()];
    results.experiment.report.x = None;
    for trial in &mut results.trials {
        let lambda = trial.values[0].clone();
        trial.values = vec![format!("system {lambda}").into()];
        trial.named = vec![("objective.lambda".to_owned(), lambda)];
    }
    let page_of_all = page(&results);
    assert!(page_of_all.contains("3 of 3 at system 10.0 (step 430)"));
    assert!(!page_of_all.contains("system = "), "a name stands alone");
    let one = unswept(|trial| trial.values[0].as_f64() == Some(0.1));
    let content = compose(&one, &context()).expect("small figures can be painted");
    let samples = content.figures().find(|figure| figure.name == "samples");
    let svg = samples.map(|figure| figure.drawing.svg.as_str()).unwrap_or_default();
    assert!(svg.contains(">seed 0</text>") && !svg.contains("all trials"));
}

#[test]
fn another_axis_makes_a_line_for_each_of_its_values() {
    let content = compose(&two_axes(), &context()).expect("small figures can be painted");
    let headings: Vec<_> =
        content.answer.iter().filter_map(|part| part.heading.as_deref()).collect();
    assert_eq!(headings, ["steps = 10", "steps = 20", "All settings"]);
    let names: Vec<&str> = content.figures().map(|figure| figure.name.as_str()).collect();
    for name in ["accuracy", "reliability-1", "reliability-2", "ood-fashion-mnist-energy"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn a_field_that_goes_along_with_x_makes_no_lines() {
    let mut results = results();
    results.axes.push("train.batch_size".to_owned());
    for trial in &mut results.trials {
        let along = trial.values[0].as_f64().map_or(0, |lambda| (lambda * 1000.0) as u64 + 1);
        trial.values.push(along.into());
    }
    let content = compose(&results, &context()).expect("small figures can be painted");
    let accuracy = content.figures().find(|figure| figure.name == "accuracy");
    let caption = accuracy.map(|figure| figure.caption.as_str()).unwrap_or_default();
    assert!(caption.ends_with("Along λ also varies: batch_size."), "{caption}");
}

/// The signs of masking behind both purifiers, judged and none flagged.
fn judged_clear() -> Purified {
    let of = |purifier| PurifierMasking {
        purifier,
        checks: vec![check(MaskingSign::BlackBoxBetter, MaskingVerdict::Clear)],
    };
    let masking = vec![of(PurifierKind::Seed), of(PurifierKind::Stochastic)];
    Purified { n: 100, threshold: 0.0, rows: Vec::new(), curve: Vec::new(), masking }
}

/// One cell in which the seed's purifier falls to an attack that knows of it
/// and the stochastic one does not.
fn purified(seeds: u64) -> Results {
    let mut results = unswept(|trial| trial.values[0].as_f64() == Some(0.1));
    results.trials.retain(|trial| trial.seed < seeds);
    for trial in &mut results.trials {
        let wobble = 0.01 * trial.seed as f64;
        let mut put = |path: &str, value: f64| {
            trial.metrics.insert(format!("purified/{path}"), value);
        };
        put("n", 100.0);
        trial.parts.purification = Some(judged_clear());
        for (defence, [none, transfer, bpda, square]) in [
            ("none", [0.95, 0.02, f64::NAN, 0.1]),
            ("seed", [0.94, 0.5, 0.03, 0.2]),
            ("stochastic", [0.9, 0.85, 0.7, 0.5]),
        ] {
            // Differences between defences and attacks have some spread.
            let own = wobble * if defence == "seed" { 1.0 } else { 0.5 };
            let attacks =
                [("none", none), ("transfer", transfer), ("bpda", bpda), ("square", square)];
            for (attack, share) in attacks.into_iter().filter(|(_, share)| !share.is_nan()) {
                let own = own * if attack == "square" { 0.75 } else { 1.0 };
                put(&format!("accuracy/{defence}/{attack}"), share + own);
                put(&format!("detected/{defence}/{attack}"), 0.25);
                put(&format!("accepted_right/{defence}/{attack}"), share / 2.0);
                put(&format!("accepted_wrong/{defence}/{attack}"), 0.75 - share / 2.0);
            }
            for part in 0..=5u32 {
                let along = |from: f64, to: f64| from + (to - from) * f64::from(part) / 5.0;
                let at = |attack: &str| format!("after/{defence}/{attack}/{}", 10 * part);
                put(&at("none"), along(0.95, none) + wobble);
                put(&at("transfer"), along(0.02, transfer) + wobble);
                put(&at("bpda"), along(0.02, if bpda.is_nan() { 0.02 } else { bpda }) + wobble);
            }
        }
    }
    results
}

#[test]
fn purification_has_its_tables_its_figures_and_a_verdict() {
    let one = page(&purified(1));
    for said in [
        "Accuracy behind purifiers, under attack",
        "With a detector before the purifier",
        "0.030 [0.010, 0.085]",
        "figure-purification-seed",
        "figure-purification-stochastic",
        "n = 1: whether it survives was not tested.",
    ] {
        assert!(one.contains(said), "{said}");
    }
    assert!(!one.contains("It survives"), "one seed is no test");
    let several = page(&purified(3));
    for said in [
        "Not shown to survive: no clear difference from no defence.",
        "It survives these attacks: 0.47",
        "But gradient attacks leave more than the black-box attack",
        "paired t tests over 3 seeds, Holm-corrected over 6 tests",
    ] {
        assert!(several.to_lowercase().contains(&said.to_lowercase()), "{said}");
    }
    // Attacks that know of a defence and leave more than one that does not
    // prove nothing.
    let mut misled = purified(3);
    for trial in &mut misled.trials {
        let left = 0.05 + 0.001 * trial.seed as f64;
        trial.metrics.insert("purified/accuracy/stochastic/transfer".to_owned(), left);
    }
    let misled = page(&misled);
    assert!(misled.contains("attacks that know of it leave more than one that does not"));
    assert!(!misled.contains("It survives"), "the weakest point decides");
    let mut unjudged = purified(3);
    unjudged.trials.iter_mut().for_each(|trial| trial.parts.purification = None);
    let unjudged = page(&unjudged);
    assert!(unjudged.contains("masking was not judged: BPDA was not run"));
    assert!(!unjudged.contains("It survives"));
    // t over seeds on the logit scale: [0.021, 0.074]; Wilson's for 4 of 100: [0.016, 0.098].
    assert!(several.contains("0.040 [0.016, 0.098]"));
    assert!(!page(&unswept(|_| true)).contains("purifier"));
}

#[test]
fn of_many_cells_the_first_have_panels_and_the_page_says_so() {
    let mut results = unswept(|trial| trial.seed == 0);
    results.axes.push("objective.lambda".to_owned());
    results.experiment.report.x = Some("objective.lambda".to_owned());
    let one = results.trials[0].clone();
    let with = |lambda: i32| {
        let values = vec![f64::from(lambda).into()];
        crate::table::TrialResult { values, samples: None, ..one.clone() }
    };
    results.trials = (0..100).map(with).collect();
    let content = compose(&results, &context()).expect("the figures are not too large");
    let note = "Drawn for the first 36 of 100 cells; the tables have all.";
    let noted = content.sections.iter().filter(|section| section.notes.iter().any(|n| n == note));
    assert_eq!(noted.count(), 3);
}

#[test]
fn values_that_are_no_numbers_are_not_laid_out_on_an_axis() {
    let mut results = results();
    for trial in &mut results.trials {
        trial.values[0] = format!("kind {}", trial.values[0]).into();
    }
    let page = page(&results);
    assert!(page.contains("Nothing is drawn along objective.lambda: its values are not numbers"));
    assert!(page.contains("Accuracy:</strong>"));
}

#[test]
fn two_axes_of_numbers_make_maps_of_divergence_and_of_the_main_metrics() {
    let content = compose(&two_axes(), &context()).expect("small figures can be painted");
    let section = &content.sections[0];
    assert_eq!(section.title, "Maps over both axes");
    let names: Vec<&str> = section.figures.iter().map(|figure| figure.name.as_str()).collect();
    let expected = [
        "map-divergence",
        "map-accuracy",
        "map-ece",
        "map-ood-fashion-mnist",
        "map-ood-uniform-noise",
    ];
    assert_eq!(names, expected);
    let csv = &section.figures[0].csv;
    assert!(csv.starts_with("objective.lambda,sampler.steps,diverged,trials,restarts\n"), "{csv}");
    assert!(csv.contains("\n10.0,20,3,3,0\n") || csv.contains("\n10,20,3,3,0\n"), "{csv}");
    let svg = &section.figures[0].drawing.svg;
    assert!(svg.contains("3 of 3") && svg.contains("edge of survival"));
}

#[test]
fn one_axis_makes_no_map_and_where_nothing_diverged_that_is_said() {
    let maps = |results: &Results| {
        let content = compose(results, &context()).expect("small figures can be painted");
        let section = content.sections.iter().find(|one| one.title == "Maps over both axes");
        section.map(|section| (section.figures.len(), section.notes.join(" ")))
    };
    assert_eq!(maps(&results()), None);
    let mut survived = two_axes();
    survived.trials.retain(|trial| !trial.outcome.diverged());
    let note = "No trial diverged: there is no map of where training survives.";
    assert_eq!(maps(&survived), Some((4, note.to_owned())));
    // A third axis: no place has one cell alone.
    let mut three = two_axes();
    three.axes.push("train.batch_size".to_owned());
    for (place, trial) in three.trials.iter_mut().enumerate() {
        trial.values.push((place % 2).into());
    }
    assert_eq!(maps(&three), None);
}

#[test]
fn published_rows_stand_in_the_page_with_their_source() {
    let mut results = results();
    results.experiment.report.published = vec![jem_core::spec::Published {
        name: "other".to_owned(),
        cite: "Someone 2020".to_owned(),
        dataset: "mnist".to_owned(),
        known: jem_core::spec::Known::Memory,
        note: None,
        seeds: Some(5),
        at: vec![("objective.lambda".to_owned(), 0.1.into())],
        values: vec![jem_core::spec::PublishedValue {
            path: "clf/accuracy".to_owned(),
            value: 0.5,
            shown: "0.500".to_owned(),
            sd: None,
        }],
    }];
    let page = page(&results);
    for needed in [
        "other on mnist, published (Someone 2020), unverified [1]",
        "[1] other, Someone 2020: unverified",
        "0.500",
        "Published, other on mnist, unverified",
    ] {
        assert!(page.contains(needed), "{needed}");
    }
    let content = compose(&results, &context()).expect("small figures can be painted");
    assert_eq!(content.results[1].head[..3], ["system", "λ", "n"]);
    let accuracy = content.figures().find(|figure| figure.name == "accuracy").expect("it is drawn");
    assert!(accuracy.drawing.svg.contains("other on mnist, published, unverified"));
    assert!(accuracy.drawing.svg.contains(">ours<"), "the other line has a name");
    let row =
        "\n0.1,clf/accuracy,,\"published: other on mnist, published, unverified\",0.5,0.5,,,\n";
    assert!(accuracy.csv.ends_with(row), "{}", accuracy.csv);
}
