//! What an id depends on, and what it does not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashSet};

use jem_core::digest::{Canonical, Digest, Hasher};
use jem_core::plan::Plan;
use jem_core::spec::{Spec, schema, to_toml};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

#[path = "identity/fields.rs"]
mod fields;
use fields::{
    BOUND, CNN, FIELDS, IN_CHAIN, KINDS, LENGTHS, NO_OTHER_NOISE, PARTS, all_fields, asked,
};

fn read(text: &str) -> Result<Plan, String> {
    let text = format!("question = \"What is tested?\"\n{text}");
    Plan::parse("test", "test.toml", &text).map_err(|error| error.to_string())
}

fn spec(text: &str) -> Spec {
    let plan = read(text).unwrap();
    plan.spec_of(&plan.trials[0])
}

/// Cell, trial and evaluation of the first trial of `text`.
fn ids(text: &str) -> [String; 3] {
    let plan = read(text).unwrap();
    let trial = &plan.trials[0];
    [trial.cell.to_string(), trial.id.to_string(), trial.eval.to_string()]
}

/// Out-of-distribution sets that go with any training set.
const OOD: &str = "evaluate.ood = [\"rotated\"]\n";

#[test]
fn the_list_of_fields_is_complete() {
    fn leaves(path: String, schema: &Value, found: &mut Vec<String>) {
        match schema["properties"].as_object() {
            Some(inner) => {
                inner.iter().for_each(|(key, inner)| leaves(format!("{path}.{key}"), inner, found))
            }
            None => found.push(path),
        }
    }
    let schema = schema();
    let mut found = Vec::new();
    for (table, inner) in schema["properties"].as_object().unwrap() {
        let about = ["question", "preset", "seeds", "sweep", "report", "expect"];
        if !about.contains(&table.as_str()) {
            leaves(table.clone(), inner, &mut found);
        }
    }
    let mut listed: Vec<&str> = all_fields().map(|(path, _)| path).collect();
    listed.extend(BOUND.map(|(path, ..)| path));
    found.sort();
    listed.sort_unstable();
    assert_eq!(found, listed);
}

#[test]
fn every_value_that_matters_changes_the_ids_it_belongs_to_and_no_others() {
    for (path, values) in FIELDS.into_iter().chain(CNN).chain(KINDS).chain(PARTS.iter().copied()) {
        let line = format!("{path} = {}\n", values[0]);
        let text = match path {
            "evaluate.ood" => line,
            _ => format!("{OOD}{}{line}", asked(path)),
        };
        let base = ids(&format!("{OOD}{}", asked(path)));
        let changed = ids(&text);
        let same: Vec<bool> = base.iter().zip(&changed).map(|(a, b)| a == b).collect();
        let expected = match path.split('.').next().unwrap() {
            "resources" => [true, true, true],
            "evaluate" => [true, true, false],
            _ => [false, false, false],
        };
        assert_eq!(same, expected, "{path}");
    }
    for (path, value, with) in BOUND {
        let with = format!("{OOD}{with}");
        let (base, changed) =
            (ids(&with), ids(&format!("{with}[[sweep]]\ngrid.{path} = [{value}]\n")));
        let evaluate = path.starts_with("evaluate.");
        let same: Vec<bool> = base.iter().zip(&changed).map(|(a, b)| a == b).collect();
        assert_eq!(same, [evaluate, evaluate, false], "{path}");
    }
}

#[test]
fn what_is_written_as_unset_changes_no_id() {
    let unset = "data = { augment = { pad = 0, flip = false }, px_augment = true, px_noise = true, \
                 labels = { fraction = 1 }, auxiliary = \"none\", dequantise = false }\n\
                 objective = { outlier_exposure = { weight = 0 }, energy_margin = { weight = 0 }, \
                 energy_l2_ratio = 0, energy_l2_data = 0 }\n\
                 train.pretrain_steps = 0\ntrain.ema_warmup = false\n\
                 replay_buffer.keep = 100\n\
                 evaluate = { ood = [\"rotated\"], validation_ood = [], near = [], far = [] }\n";
    assert_eq!(ids(unset), ids(OOD));
}

#[test]
fn a_swept_field_of_a_part_makes_the_ids_of_the_whole_spec() {
    for (path, values) in PARTS {
        let two = values[..2].join(", ");
        let text = format!("{OOD}{}\n[[sweep]]\ngrid.{path} = [{two}]\n", asked(path));
        let plan = read(&text).unwrap();
        let mut evaluations = HashSet::new();
        for trial in &plan.trials {
            assert_eq!(trial.eval, plan.spec_of(trial).eval_id(trial.seed), "{path}");
            evaluations.insert(trial.eval);
        }
        assert_eq!((plan.trials.len(), evaluations.len()), (2, 2), "{path}");
    }
}

#[test]
fn kind_and_temperature_change_the_ids_of_a_chain_with_noise_of_its_own() {
    let text = |fields: &str| format!("{OOD}{NO_OTHER_NOISE}{fields}");
    let kind = |name: &str| format!("sampler.kind = \"{name}\"\n");
    let seen = [
        ids(&text("")),
        ids(&text(&kind("langevin"))),
        ids(&text(&kind("mala"))),
        ids(&text(&format!("{}sampler.temperature = 0.5\n", kind("mala")))),
        ids(&text("sampler.boundary = \"reflect\"\n")),
    ];
    for (i, one) in seen.iter().enumerate() {
        assert!(seen[..i].iter().all(|other| one.iter().zip(other).all(|(a, b)| a != b)));
    }
    let unset = format!("{}sampler.temperature = 1\nsampler.boundary = \"none\"\n", kind("sgld"));
    assert_eq!(ids(&text(&unset)), seen[0]);
}

#[test]
fn what_is_chosen_by_kind_changes_ids_value_by_value() {
    let wrn = format!("{OOD}model.wrn.norm = \"batch\"\n");
    let (path, values) = IN_CHAIN;
    let [train, eval] =
        [values[0], values[1]].map(|value| ids(&format!("{wrn}{path} = {value}\n")));
    assert_eq!(eval, ids(&wrn));
    assert!(train.iter().zip(&eval).all(|(a, b)| a != b));
    for (path, values) in KINDS {
        let [one, other] = [0, 1].map(|i| ids(&format!("{OOD}{path} = {}\n", values[i])));
        assert!(one.iter().zip(&other).all(|(a, b)| a != b), "{path}");
    }
    // What is unset changes no id: neither written as such nor left out.
    let unset = "model.mlp.spectral_norm = 0\ntrain.ema = 0\ntrain.label_smoothing = 0\n\
                 train.schedule = \"step\"\n";
    assert_eq!(ids(&format!("{OOD}{unset}")), ids(OOD));
}

#[test]
fn names_questions_reports_and_expectations_are_no_part_of_an_id() {
    let plan = |name: &str, text: &str| Plan::parse(name, "x.toml", text).unwrap().trials[0];
    let one = plan("one", "question = \"1?\"\n");
    let other = plan(
        "other",
        "question = \"2?\"\nseeds = [0, 9]\nreport.title = \"t\"\npreset = \"seed-chapter\"\n\
         [expect.a]\nmetric = \"clf/accuracy\"\nmin = 0\nsource = \"s\"\n",
    );
    assert_eq!(one.eval, other.eval);
    assert_eq!(one.id, other.id);
}

/// Other spellings of `value`.
fn spelled(value: &str, how: u8) -> String {
    match (value.parse::<u64>(), value.parse::<f64>(), how % 4) {
        (Ok(whole), _, 1) => format!("{whole}.0"),
        (Ok(whole), _, 2) => format!("{whole:#x}"),
        (Ok(whole), _, 3) => format!("{whole}e0"),
        (Err(_), Ok(real), 1) => format!("{real:e}"),
        (Err(_), Ok(real), 2) => format!("{real:.20}"),
        (Err(_), Ok(real), 3) if real > 0.0 => format!("+{real}"),
        _ => value.to_owned(),
    }
}

/// Some fields, each with one of its values; no alternatives together.
fn some_fields() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let plain: Vec<usize> = (0..LENGTHS).collect();
    let chosen = subsequence(plain, 0..8);
    (chosen, any::<[Index; 12]>(), 0..3usize, 0..4usize).prop_map(
        |(chosen, picks, length, model)| {
            let mut fields: Vec<(&str, &[&str])> =
                chosen.into_iter().map(|at| FIELDS[at]).collect();
            fields.extend([None, Some(FIELDS[LENGTHS]), Some(FIELDS[LENGTHS + 1])][length]);
            fields.extend([&[][..], &FIELDS[LENGTHS + 2..], &CNN[..2], &CNN[2..]][model]);
            let pick = |((path, values), at): ((&'static str, &'static [&'static str]), &Index)| {
                (path, *at.get(values))
            };
            fields.into_iter().zip(&picks).map(pick).collect()
        },
    )
}

fn written(fields: &[(&str, String)]) -> String {
    let ood = fields.iter().all(|(path, _)| *path != "evaluate.ood");
    let lines: String = fields.iter().map(|(path, value)| format!("{path} = {value}\n")).collect();
    format!("{}{lines}", if ood { OOD } else { "" })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn spelling_order_comments_and_defaults_do_not_matter(
        fields in some_fields(),
        spelling in any::<[u8; 12]>(),
        order in any::<[u32; 12]>(),
    ) {
        let plain: Vec<(&str, String)> =
            fields.iter().map(|(path, value)| (*path, (*value).to_owned())).collect();
        let base = ids(&written(&plain));
        let mut other: Vec<(u32, (&str, String))> = fields
            .iter()
            .zip(spelling)
            .zip(order)
            .map(|(((path, value), how), at)| {
                (at, (*path, format!("{} # {how}", spelled(value, how))))
            })
            .collect();
        other.sort_by_key(|(at, _)| *at);
        let other: Vec<(&str, String)> = other.into_iter().map(|(_, field)| field).collect();
        prop_assert_eq!(&base, &ids(&written(&other)));
        // Everything spelled out, over whatever preset.
        let whole = to_toml(&spec(&written(&plain)));
        prop_assert_eq!(&base, &ids(&whole));
        prop_assert_eq!(&base, &ids(&format!("preset = \"ebmkit-mnist\"\n{whole}")));
    }

    #[test]
    fn spliced_ids_are_those_of_the_whole_spec(
        fields in some_fields(),
        axes in some_fields(),
        zipped in any::<bool>(),
        preset in select(vec!["seed-chapter", "jem-paper", "ebmkit-mnist", "jem-plus-plus", "jem-wrn"]),
    ) {
        let base: Vec<(&str, String)> =
            fields.iter().map(|(path, value)| (*path, (*value).to_owned())).collect();
        let values: BTreeMap<&str, &[&str]> = all_fields().collect();
        let kind = if zipped { "zip" } else { "grid" };
        let mut text = format!("preset = \"{preset}\"\ndata.train = \"mnist\"\n");
        let trained = base.iter().any(|(path, _)| *path == "data.train");
        if trained {
            text = format!("preset = \"{preset}\"\n");
        }
        text.push_str(&written(&base));
        text.push_str("[[sweep]]\n");
        for (path, _) in axes.iter().take(4) {
            // Two values of each, so that zipped fields are of one length.
            let two = &values[path][..2];
            text.push_str(&format!("{kind}.{path} = [{}]\n", two.join(", ")));
        }
        let plan = match read(&text) {
            Ok(plan) => plan,
            Err(why) => return Err(TestCaseError::fail(format!("{why}\n{text}"))),
        };
        let mut distinct = HashSet::new();
        for trial in &plan.trials {
            let spec = plan.spec_of(trial);
            prop_assert_eq!(trial.cell, spec.cell_id());
            prop_assert_eq!(trial.id, spec.trial_id(trial.seed));
            prop_assert_eq!(trial.eval, spec.eval_id(trial.seed));
            prop_assert_eq!(trial.resources, spec.resources);
            prop_assert!(distinct.insert((trial.eval, trial.resources)));
            // What the cell is said to have is what its spec has.
            for (path, value) in plan.values_of(trial) {
                let told = jem_core::spec::value_at(&spec, path).unwrap_or_default();
                prop_assert_eq!(value, &told);
            }
        }
    }
}

/// Writes canonical pairs by hand, sharing no code with the crate.
fn pair(path: &str, leaf: &[u8]) -> Vec<u8> {
    let mut bytes = (path.len() as u32).to_le_bytes().to_vec();
    bytes.extend(path.as_bytes());
    bytes.extend(leaf);
    bytes
}

#[test]
fn the_canonical_form_is_this_to_the_byte() {
    let value = json!({
        "sampler": { "steps": 20, "step_size": 0.5, "clamp": false, "none": null },
        "model": { "mlp": { "hidden": [256], "activation": "silu" } },
    });
    let mut bytes = b"any domain\0".to_vec();
    bytes.extend(pair("model.mlp.activation", b"s\x04\0\0\0silu"));
    let mut hidden = b"a\x01\0\0\0i\0\x01".to_vec();
    hidden.extend([0; 14]);
    bytes.extend(pair("model.mlp.hidden", &hidden));
    bytes.extend(pair("sampler.clamp", b"b\0"));
    bytes.extend(pair("sampler.step_size", b"f\0\0\0\0\0\0\xe0\x3f"));
    let mut steps = b"i\x14".to_vec();
    steps.extend([0; 15]);
    bytes.extend(pair("sampler.steps", &steps));
    let mut hasher = Hasher::for_domain("any domain");
    Canonical::of(&value).hash_into(&mut hasher);
    assert_eq!(hasher.finish(), Digest::of(&bytes));
}

// The ids of these two files may never change: they name results on other
// people's disks. `fixtures/ids.py` derives them from the contract alone.
#[test]
fn the_ids_of_two_specs_are_these() {
    let mlp = spec(include_str!("fixtures/golden-mlp.toml"));
    assert_eq!(
        mlp.cell_id().to_string(),
        "c3b6961ab5a229e08f820f03fe94b309f1897da5f2f170317f2889324ecfb382"
    );
    assert_eq!(
        mlp.trial_id(3).to_string(),
        "bf197684a3b3aca491215191837702a835cb1f85a5607887ad360256e9fe46a9"
    );
    assert_eq!(
        mlp.eval_id(3).to_string(),
        "55df5cb5c30f38fe3ac72dfe725863a5847633e88a28e86512758f25e2843c6b"
    );
    let cnn = spec(include_str!("fixtures/golden-cnn.toml"));
    assert_eq!(
        cnn.cell_id().to_string(),
        "9aee7752722f9ec26e8527c30e85095831789191a387409d24747b9fdd5fc768"
    );
    assert_eq!(
        cnn.trial_id(u64::MAX).to_string(),
        "218a9df93f2ee6c00d1c421f0da57bc53111593ba49382a2c5278aec2adc5f34"
    );
    assert_eq!(
        cnn.eval_id(u64::MAX).to_string(),
        "2580ec3e9cb8062c2a752de30212f16ff8adf360e18ebfe4f8240aefa5e30605"
    );
}
