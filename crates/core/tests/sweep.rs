//! What sweeps mean: which cells and trials they make, in which order.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use jem_core::plan::{Plan, Trial};
use jem_core::spec::{SpecError, show_value};
use proptest::prelude::*;
use serde_json::json;

fn read(text: &str) -> Result<Plan, SpecError> {
    Plan::parse("test", "test.toml", &format!("question = \"What is tested?\"\n{text}"))
}

fn plan(text: &str) -> Plan {
    read(text).unwrap()
}

/// Each trial as its swept values and `#seed`, in order.
fn told(plan: &Plan) -> Vec<String> {
    let tell = |trial: &Trial| {
        let values = plan.values_of(trial);
        let mut shown: Vec<String> = values.iter().map(|(_, value)| show_value(value)).collect();
        shown.push(format!("#{}", trial.seed));
        shown.join(" ")
    };
    plan.trials.iter().map(tell).collect()
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.trials.iter().map(|trial| trial.id.to_string()).collect()
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn a_file_without_a_sweep_is_one_cell_with_seed_0() {
    let plan = plan("");
    assert_eq!(told(&plan), ["#0"]);
    assert!(plan.axes.is_empty());
}

#[test]
fn a_grid_multiplies_and_its_last_axis_and_the_seeds_advance_fastest() {
    let plan = plan(
        "seeds = 2\n[[sweep]]\ngrid.sampler.steps = [20, 10]\ngrid.objective.lambda = [0, 1]\n",
    );
    assert_eq!(plan.axes, ["sampler.steps", "objective.lambda"]);
    let expected =
        ["20 0 #0", "20 0 #1", "20 1 #0", "20 1 #1", "10 0 #0", "10 0 #1", "10 1 #0", "10 1 #1"];
    assert_eq!(told(&plan), expected);
    let spec = plan.spec_of(&plan.trials[5]);
    assert_eq!((spec.training.sampler.steps, spec.training.objective.lambda), (10, 0.0));
    // The values are typed as the fields are.
    assert_eq!(
        plan.values_of(&plan.trials[0]),
        [("sampler.steps", &json!(20)), ("objective.lambda", &json!(0.0)),]
    );
}

#[test]
fn quoted_paths_nested_tables_and_scalars_are_axes_too() {
    let quoted = plan("[[sweep]]\ngrid = { \"objective.lambda\" = [0, 1], \"sampler.steps\" = 5 }");
    let nested = plan(
        "[[sweep]]\n[sweep.grid.objective]\nlambda = [0, 1]\n[sweep.grid.sampler]\nsteps = [5]",
    );
    assert_eq!(told(&quoted), ["0 5 #0", "1 5 #0"]);
    assert_eq!(ids(&quoted), ids(&nested));
}

#[test]
fn axes_can_be_generated() {
    for (axis, values) in [
        ("objective.lambda = { linspace = [0, 0.3, 4] }", "0 0.1 0.2 0.3"),
        ("objective.lambda = { logspace = [0.01, 10, 4] }", "0.01 0.1 1 10"),
        ("sampler.steps = { range = [10, 45, 10] }", "10 20 30 40"),
        ("sampler.steps = { linspace = [5, 60, 12] }", "5 10 15 20 25 30 35 40 45 50 55 60"),
    ] {
        let plan = plan(&format!("[[sweep]]\ngrid.{axis}"));
        let shown: Vec<String> =
            plan.trials.iter().map(|trial| show_value(plan.values_of(trial)[0].1)).collect();
        assert_eq!(shown.join(" "), values);
    }
    let written = plan("[[sweep]]\ngrid.objective.lambda = [0, 0.1, 0.2, 0.3]");
    let generated = plan("[[sweep]]\ngrid.objective.lambda = { linspace = [0, 0.3, 4] }");
    assert_eq!(ids(&written), ids(&generated));
}

#[test]
fn any_field_can_be_swept_lists_names_and_data_included() {
    let plan = plan(
        "evaluate.ood = [\"rotated\"]\n[[sweep]]\ngrid.model.mlp.hidden = [[256], [64, 64]]\n\
         grid.model.mlp.activation = [\"silu\", \"relu\"]\n\
         grid.data.train = [\"mnist\", \"fashion-mnist\"]\n",
    );
    assert_eq!(plan.trials.len(), 8);
    assert_eq!(told(&plan)[7], "[64, 64] relu fashion-mnist #0");
}

#[test]
fn zipped_fields_advance_together_and_multiply_with_the_grid() {
    let plan = plan(
        "[[sweep]]\nzip.sampler.step_size = [1, 0.1]\nzip.sampler.noise_std = [0.01, 0.001]\n\
         grid.objective.lambda = [1, 2]\n",
    );
    assert_eq!(told(&plan), ["1 0.01 1 #0", "1 0.01 2 #0", "0.1 0.001 1 #0", "0.1 0.001 2 #0"]);
    let shown = error("[[sweep]]\nzip.sampler.steps = [1]\nzip.objective.lambda = [1, 2]");
    assert!(shown.contains("2 values") && shown.contains("1 value"), "{shown}");
}

/// A zip of two rows, the rest of its block, and its names.
fn named(names: &str, rest: &str) -> String {
    format!(
        "[[sweep]]\nzip.sampler.step_size = [1, 0.1]\nzip.sampler.noise_std = [0.01, 0.001]\n\
         names = {names}\n{rest}\n"
    )
}

#[test]
fn names_of_rows_are_told_instead_of_their_values_and_are_in_no_id() {
    let grid = "grid.objective.lambda = [1, 2]";
    let plan_of = |names| plan(&named(names, grid));
    let (one, other) = (plan_of(r#"["long", "short"]"#), plan_of(r#"["a", "b"]"#));
    assert_eq!(one.told_axes(), ["system", "objective.lambda"]);
    let rows: Vec<_> = one.trials.iter().map(|trial| one.told_values(trial)).collect();
    let expected = [("long", 1.0), ("long", 2.0), ("short", 1.0), ("short", 2.0)];
    assert_eq!(rows, expected.map(|(name, lambda)| vec![json!(name), json!(lambda)]));
    let last = &one.trials[3];
    let settings = [("sampler.step_size", 0.1), ("sampler.noise_std", 0.001)];
    let settings = settings.map(|(path, value)| (path.to_owned(), json!(value)));
    assert_eq!(one.named_values(last), settings);
    assert_eq!(one.name_of(last), Some("short"));
    // What is told is the file's business; what is run is not.
    let unnamed = plan(&named("[]", grid).replace("names = []", ""));
    assert_eq!((ids(&one), ids(&one)), (ids(&other), ids(&unnamed)));
    assert_eq!(unnamed.told_axes(), unnamed.axes);
    assert!(unnamed.trials.iter().all(|trial| unnamed.name_of(trial).is_none()));
    // The charts' axis is one that is told.
    assert_eq!(one.experiment.report.x.as_deref(), Some("objective.lambda"));
    assert_eq!(plan(&named(r#"["a", "b"]"#, "")).experiment.report.x, None);
}

#[test]
fn a_path_that_some_block_sweeps_without_names_is_told_as_it_is() {
    let more = "[[sweep]]\ngrid.sampler.step_size = [5]";
    let plan = plan(&named(r#"["long", "short"]"#, more));
    assert_eq!(plan.told_axes(), ["system", "sampler.step_size"]);
    let told: Vec<_> = plan.trials.iter().map(|trial| plan.told_values(trial)).collect();
    assert_eq!(told[0], [json!("long"), json!(1.0)]);
    assert_eq!(told[2], [json!(null), json!(5.0)]);
}

#[test]
fn names_that_name_nothing_are_refused() {
    let long = format!("[\"{}\", \"b\"]", "x".repeat(61));
    for (names, message) in [
        (r#"["one"]"#, "1 names, but `zip` has 2 values"),
        (r#"["one", "one"]"#, "it stands here twice"),
        (r#"["one", " "]"#, "it is empty"),
        (r#"["one", "a\nb"]"#, "a name is one line of text"),
        (&long, "at most 60 are accepted"),
        (r#"["one", 2]"#, "names"),
    ] {
        let shown = error(&named(names, ""));
        assert!(shown.contains(message), "{names}: {shown}");
    }
    let shown = error("[[sweep]]\ngrid.sampler.steps = [1, 2]\nnames = [\"a\", \"b\"]");
    assert!(shown.contains("there is no `zip` in this block"), "{shown}");
    let twice = named(r#"["a", "b"]"#, &named(r#"["b", "a"]"#, ""));
    let shown = error(&twice);
    assert!(shown.contains("`b` is the name of two rows with other values"), "{shown}");
    let x = format!("[report]\nx = \"sampler.step_size\"\n{}", named(r#"["a", "b"]"#, ""));
    assert!(error(&x).contains("names stand for `sampler.step_size`"), "{}", error(&x));
}

#[test]
fn exclusions_leave_out_the_cells_that_match_all_of_their_values() {
    let grid = "[[sweep]]\ngrid.objective.lambda = [0, 1]\ngrid.sampler.steps = [20, 40]\n";
    let plan =
        plan(&format!("{grid}exclude = [{{ objective.lambda = 0.0, \"sampler.steps\" = 4e1 }}]"));
    assert_eq!(told(&plan), ["0 20 #0", "1 20 #0", "1 40 #0"]);
    for (exclude, message) in [
        ("[{ objective.lambda = 2 }]", "matches no cell"),
        ("[{ train.batch_size = 64 }]", "not swept in this block"),
        ("[{ objective.lamda = 0 }]", "did you mean `objective.lambda`?"),
        ("[{}]", "needs a condition"),
        ("[{ objective.lambda = 0 }, { objective.lambda = 1 }]", "every cell of this block"),
    ] {
        let shown = error(&format!("{grid}exclude = {exclude}"));
        assert!(shown.contains(message), "{message:?} is not in\n{shown}");
    }
}

#[test]
fn blocks_are_a_union_whose_common_trials_are_kept_once() {
    let plan = plan(
        "[[sweep]]\ngrid.objective.lambda = [0, 1]\n\
         [[sweep]]\ngrid.sampler.steps = [20, 30]\nseeds = [0, 5]\n",
    );
    // λ = 1 and 20 steps are the preset's, so block 2 begins with a cell of block 1.
    assert_eq!(told(&plan), ["0 20 #0", "1 20 #0", "1 20 #5", "1 30 #0", "1 30 #5"]);
    assert_eq!(plan.axes, ["objective.lambda", "sampler.steps"]);
    let distinct: HashSet<String> = ids(&plan).into_iter().collect();
    assert_eq!(distinct.len(), 5);
}

#[test]
fn a_value_listed_twice_is_one_cell() {
    assert_eq!(plan("[[sweep]]\ngrid.objective.lambda = [0.1, 1e-1]").trials.len(), 1);
}

#[test]
fn a_block_may_sweep_the_alternative_of_what_the_tables_say() {
    let plan = plan(
        "model.mlp.hidden = [64]\ntrain.epochs = 3\n\
         [[sweep]]\ngrid.train.steps = [10]\n\
         [[sweep]]\ngrid.model.cnn.channels = [[8], [8, 16]]\ngrid.model.cnn.hidden = [0, 32]\n",
    );
    assert_eq!(
        told(&plan),
        [
            "10 null null #0",
            "null [8] 0 #0",
            "null [8] 32 #0",
            "null [8, 16] 0 #0",
            "null [8, 16] 32 #0",
        ]
    );
    let shown = error("[[sweep]]\ngrid.train.steps = [1]\ngrid.train.epochs = [1]");
    assert!(shown.contains("exclude each other"), "{shown}");
}

#[test]
fn evaluations_and_resources_are_swept_without_new_cells() {
    let plan = plan("[[sweep]]\ngrid.evaluate.limit = [0, 100]\ngrid.resources.threads = [1, 2]");
    assert_eq!(plan.trials.len(), 4);
    let count =
        |key: fn(&Trial) -> String| plan.trials.iter().map(key).collect::<HashSet<_>>().len();
    assert_eq!(count(|trial| trial.cell.to_string()), 1);
    assert_eq!(count(|trial| trial.id.to_string()), 1);
    assert_eq!(count(|trial| trial.eval.to_string()), 2);
    assert_eq!(count(|trial| format!("{} {:?}", trial.eval, trial.resources)), 4);
}

#[test]
fn draws_lie_in_their_box_and_a_larger_n_keeps_the_earlier_points() {
    let text = |kind: &str, n: u32| {
        format!(
            "[[sweep]]\n{kind} = {{ n = {n}, seed = 1, over = {{ \
             \"sampler.step_size\" = {{ log = [1e-3, 1] }}, \"sampler.steps\" = {{ linear = [5, 60] }} }} }}"
        )
    };
    for kind in ["random", "sobol"] {
        let (few, many) = (plan(&text(kind, 6)), plan(&text(kind, 40)));
        assert_eq!(ids(&few), ids(&many)[..6]);
        assert_eq!(many.trials.len(), 40);
        for trial in &many.trials {
            let sampler = many.spec_of(trial).training.sampler;
            assert!((1e-3..=1.0).contains(&sampler.step_size), "{sampler:?}");
            assert!((5..=60).contains(&sampler.steps), "{sampler:?}");
        }
    }
    let other_seed = text("random", 6).replace("seed = 1", "seed = 2");
    assert_ne!(ids(&plan(&text("random", 6))), ids(&plan(&other_seed)));
    let times_two = format!("{}\ngrid.objective.lambda = [1, 2]", text("sobol", 6));
    assert_eq!(plan(&times_two).trials.len(), 12);
}

#[test]
fn what_is_wrong_with_an_axis_is_pointed_at() {
    for (line, message) in [
        ("grid.objective.lamda = [1]", "did you mean `objective.lambda`?"),
        ("grid.lambda = [1]", "did you mean `objective.lambda`?"),
        ("grid.objective = [1]", "a spec has no field `objective`"),
        ("grid.objective.lambda.x = [1]", "unknown key `x`"),
        ("grid.objective.lambda = []", "has no values"),
        ("grid.objective.lambda = [0, \"x\"]", "not text"),
        ("grid.objective.lambda = [[1]]", "not a list"),
        ("grid.sampler.steps = [20, 2.5]", "cannot be 2.5"),
        ("grid.sampler.steps = { linspace = [1, 2, 3] }", "cannot be 1.5"),
        ("grid.sampler.steps = { linspac = [1, 2, 3] }", "did you mean `linspace`?"),
        ("grid.sampler.steps = { linspace = [1, 2] }", "takes a list of 3 numbers"),
        ("grid.sampler.steps = { linspace = [1, 2, 3], range = [1, 2, 3] }", "one key"),
        ("grid.sampler.step_size = { logspace = [0, 1, 3] }", "both ends must be above 0"),
        ("grid.sampler.steps = { range = [1, 10, -1] }", "do not lead from 1 to 10"),
        ("grid.model.mlp.hidden = [256, 256]", "write [[256, 256]]"),
        ("grid.model.mlp.activation = [\"silo\"]", "did you mean \"silu\"?"),
        ("grid.data.train = [\"mnist\", \"mnits\"]", "did you mean \"mnist\"?"),
        ("grid.preset = [\"jem-paper\"]", "a spec has no field `preset`"),
        ("grid = { \"sampler.steps\" = [1], sampler.steps = [2] }", "given twice"),
        ("grid.sampler.steps = [1]\nzip.sampler.steps = [2]", "swept twice"),
        ("random = { n = 3 }", "`over` is missing"),
        ("random = { n = 0, over = { \"sampler.steps\" = { linear = [1, 2] } } }", "cannot be 0"),
        ("sobol = { n = 70000, over = { \"sampler.steps\" = { linear = [1, 2] } } }", "1 to 65536"),
        ("random = { n = 3, over = { \"sampler.clamp\" = { linear = [0, 1] } } }", "not a number"),
        (
            "random = { n = 3, over = { \"sampler.steps\" = { linear = [2, 1] } } }",
            "below the second",
        ),
        ("random = { n = 3, over = { \"sampler.steps\" = { log = [0, 1] } } }", "lies above 0"),
        (
            "random = { n = 3, over = { \"sampler.steps\" = { uniform = [0, 1] } } }",
            "`linear`, `log`",
        ),
        ("random = { n = 3, over = {} }", "draws over no field"),
        ("seeds = [1, 1]", "seed 1 is listed twice"),
        ("grdi.objective.lambda = [1]", "did you mean `grid`?"),
    ] {
        let shown = error(&format!("[[sweep]]\n{line}"));
        assert!(shown.contains(message), "{message:?} is not in\n{shown}");
        assert!(shown.contains("--> test.toml:"), "{shown}");
    }
}

#[test]
fn sweeps_that_would_not_fit_into_a_memory_are_refused() {
    let axis = "{ linspace = [0, 1, 10000] }";
    let wide =
        format!("[[sweep]]\ngrid.objective.lambda = {axis}\ngrid.objective.energy_l2 = {axis}");
    assert!(error(&wide).contains("10000 × 10000 cells"));
    let long = "[[sweep]]\ngrid.objective.lambda = { linspace = [0, 1, 100001] }";
    assert!(error(long).contains("a whole number from 2 to 100000"));
    let many = "seeds = 100000\n[[sweep]]\ngrid.objective.lambda = { linspace = [0, 1, 11] }";
    assert!(error(many).contains("1100000 trials"));
}

#[test]
fn cells_whose_values_do_not_go_together_are_told_with_their_number() {
    let shown =
        error("[[sweep]]\ngrid.objective.lambda = [0, 1, 2]\ngrid.train.batch_size = [64, 6000]\n");
    let message = "a replay buffer of 5000 chains is smaller than a batch of 6000";
    assert!(shown.contains(message), "{shown}");
    assert!(shown.contains("in 2 of 6 cells"), "{shown}");
    assert!(
        shown.contains("replay_buffer.size = 5000 comes from preset `seed-chapter`"),
        "{shown}"
    );
}

#[test]
fn trials_are_found_by_the_beginning_of_their_id() {
    let plan = plan("[[sweep]]\ngrid.objective.lambda = [0, 1]");
    let trial = &plan.trials[1];
    assert_eq!(plan.find(&trial.id.short()), [trial]);
    assert_eq!(plan.find(&trial.id.to_string().to_uppercase()), [trial]);
    assert_eq!(plan.find("").len(), 2);
    assert!(plan.find("xyz").is_empty());
}

#[test]
fn expectations_concern_the_cells_that_meet_their_conditions() {
    let plan = plan(
        "[expect.a]\nmetric = \"clf/accuracy\"\nmin = 0\nsource = \"s\"\n\
         where = { objective.lambda = 0, train.batch_size = 64 }\n\
         [[sweep]]\ngrid.objective.lambda = [0, 1]\n",
    );
    let expectation = &plan.experiment.expect[0];
    let concerned: Vec<bool> =
        plan.trials.iter().map(|trial| plan.concerns(expectation, trial)).collect();
    assert_eq!(concerned, [true, false]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn added_values_seeds_and_blocks_change_no_trial_that_was_there(
        lambdas in proptest::collection::btree_set(0u32..100, 1..6),
        steps in proptest::collection::btree_set(1u64..100, 1..4),
        seeds in proptest::collection::btree_set(0u64..1000, 1..5),
        lambda in 100u32..200,
        seed in 1000u64..2000,
    ) {
        let steps: Vec<u64> = steps.into_iter().collect();
        let text = |lambdas: &[f64], seeds: &[u64]| {
            format!("seeds = {seeds:?}\n[[sweep]]\ngrid.objective.lambda = {lambdas:?}\ngrid.sampler.steps = {steps:?}\n")
        };
        let mut lambdas: Vec<f64> = lambdas.iter().map(|n| f64::from(*n) / 10.0).collect();
        let mut seeds: Vec<u64> = seeds.into_iter().collect();
        let before: HashSet<String> = ids(&plan(&text(&lambdas, &seeds))).into_iter().collect();
        prop_assert_eq!(before.len(), lambdas.len() * steps.len() * seeds.len());
        lambdas.insert(0, f64::from(lambda) / 10.0);
        seeds.insert(0, seed);
        let more = format!("{}[[sweep]]\ngrid.optimizer.adam.lr = [1e-5]\n", text(&lambdas, &seeds));
        let after: HashSet<String> = ids(&plan(&more)).into_iter().collect();
        prop_assert!(before.is_subset(&after));
        prop_assert_eq!(after.len(), (lambdas.len() * steps.len() + 1) * seeds.len());
    }
}

#[test]
fn no_langevin_step_makes_samples_without_chains() {
    let with = |text: &str| {
        let plan = plan(text);
        plan.spec_of(&plan.trials[0]).training
    };
    assert!(with("").runs_chains() && with("").objective.contrastive());
    let noise = with("sampler.steps = 0");
    assert!(!noise.runs_chains() && noise.objective.contrastive());
    let data = with("objective = { lambda = 0, energy_l2_data = 0.5 }");
    assert!(!data.runs_chains() && !data.objective.contrastive());
}

#[test]
fn a_ratio_ties_the_squared_energies_to_the_weight_of_each_cell() {
    let text = "objective.energy_l2_ratio = 0.5\nobjective.lambda_joint = 4\n\
                [[sweep]]\ngrid.objective.lambda = [0, 0.1, 10]\n";
    let plan = plan(text);
    let alpha = |trial| {
        let objective = plan.spec_of(trial).training.objective;
        [objective.energy_l2_of(objective.lambda), objective.energy_l2_of(objective.joint())]
    };
    let found: Vec<[f64; 2]> = plan.trials.iter().map(alpha).collect();
    assert_eq!(found, [[0.0, 2.0], [0.05, 2.0], [5.0, 2.0]]);
    // Without one the weight is the same everywhere.
    let plain = {
        let plan = self::plan("objective.energy_l2 = 0.1");
        plan.spec_of(&plan.trials[0]).training.objective
    };
    assert_eq!([0.0, 7.0].map(|weight| plain.energy_l2_of(weight)), [0.1, 0.1]);
}
