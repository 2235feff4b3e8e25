//! The experiments that come with the project: each can be planned, and says
//! what it asks, what it costs and what is expected of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jem_core::plan::Plan;
use jem_core::spec::{Device, Expectation};

/// Those that are no question of their own: the smallest run there is, and
/// what settings were chosen by.
const SMALL: [&str; 2] = ["demo", "pilot-lambda"];

/// Those whose question is about a small budget, or about a network that somebody
/// else has fixed: a larger form would ask another question.
const OF_THEIR_SIZE: [&str; 5] = ["controls", "budget", "few-labels", "bm4tc", "digits-likelihood"];

/// Every file of `experiments/` that is one, by name: its text and its plan.
fn experiments() -> BTreeMap<String, (String, Plan)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = BTreeMap::new();
    for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        // Tables of figures lie beside the experiments and ask nothing.
        if !text.lines().any(|line| line.starts_with("question = ")) {
            continue;
        }
        let plan = Plan::parse(&name, path.to_str().unwrap(), &text)
            .unwrap_or_else(|error| panic!("{error}"));
        found.insert(name, (text, plan));
    }
    found
}

/// Whether `source` says of how many runs a thing was true, as in "18 of 18".
fn counts_all(source: &str) -> bool {
    let words: Vec<&str> = source.split_whitespace().collect();
    let number = |word: &str| word.trim_end_matches([',', '.', ';', ':']).parse::<u64>().is_ok();
    words.windows(3).any(|of| of[1] == "of" && number(of[0]) && number(of[2]))
}

#[test]
fn every_experiment_can_be_planned_and_says_its_cost_and_what_is_expected() {
    for (name, (text, plan)) in experiments() {
        assert!(!plan.trials.is_empty(), "{name} has no trial");
        if !SMALL.contains(&name.as_str()) {
            assert!(text.contains("# Budget: "), "{name} does not say its budget");
            assert!(!plan.experiment.expect.is_empty(), "{name} expects nothing");
            for Expectation { name: what, source, .. } in &plan.experiment.expect {
                let told = source.contains("published")
                    || source.contains(" seeds") && (source.contains('±') || counts_all(source));
                assert!(
                    told,
                    "{name}: `{what}` rests neither on a published figure nor on runs of \
                               ours with their number and spread: {source}"
                );
            }
        }
    }
}

#[test]
fn every_question_has_a_form_for_a_laptop_and_one_for_a_gpu() {
    let all = experiments();
    for (name, (_, plan)) in &all {
        let device = plan.spec_of(&plan.trials[0]).resources.device;
        match name.strip_suffix("-full") {
            Some(small) => {
                assert!(all.contains_key(small), "{name} has no form for a laptop");
                assert_eq!(device, Device::Cuda, "{name}");
            }
            None => {
                let full = all.contains_key(&format!("{name}-full"));
                let alone =
                    SMALL.contains(&name.as_str()) || OF_THEIR_SIZE.contains(&name.as_str());
                assert!(full || alone, "{name} has no form for a GPU");
                assert_eq!(device, Device::Cpu, "{name}");
            }
        }
    }
}
