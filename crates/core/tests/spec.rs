//! What an experiment file may say, and what is said of one that is wrong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jem_core::diagnostic::Diagnostic;
use jem_core::plan::Plan;
use jem_core::spec::{
    Device, Length, Model, OodSet, PixelRange, Scale, Spec, SpecError, Statistic, preset, schema,
    show_value, to_toml, value_at,
};
use serde_json::{Value, json};

const QUESTION: &str = "question = \"What is tested?\"\n";

fn plan(text: &str) -> Result<Plan, SpecError> {
    Plan::parse("test", "test.toml", &format!("{QUESTION}{text}"))
}

fn spec(text: &str) -> Spec {
    let plan = plan(text).unwrap();
    plan.spec_of(&plan.trials[0])
}

/// The only thing that is wrong with `text`.
fn problem(text: &str) -> Diagnostic {
    let error = plan(text).unwrap_err();
    assert_eq!(error.diagnostics.len(), 1, "{error}");
    error.diagnostics[0].clone()
}

/// The text under the caret of the only problem, the problem, and its help.
fn said(text: &str) -> (String, String) {
    let problem = problem(text);
    let at = &problem.labels[0];
    let under = problem.source.as_ref().unwrap().text[at.span.clone()].to_owned();
    (under, problem.to_string())
}

#[test]
fn a_file_without_tables_is_its_preset() {
    let spec = spec("");
    assert_eq!(spec.training.objective.lambda, 1.0);
    assert_eq!(spec.training.sampler.noise_std, 0.005);
    assert_eq!(spec.training.train.length, Length::Epochs(100));
    assert_eq!(spec.training.train.clip_grad_norm, Some(1.0));
    assert_eq!(spec.training.data.limit, None);
    assert_eq!(spec.training.data.range, PixelRange::ZeroOne);
    assert_eq!(spec.resources.device, Device::Cpu);
}

#[test]
fn every_preset_is_complete_and_sound() {
    for name in preset::names() {
        let spec = spec(&format!("preset = \"{name}\""));
        assert!(spec.training.train.batch_size > 0, "{name}");
        assert!(preset::text(name).unwrap().starts_with("# "), "{name} says where it is from");
    }
    assert_eq!(preset::names().next(), Some(preset::DEFAULT));
    assert_eq!(preset::text("none"), None);
}

#[test]
fn a_file_replaces_what_its_preset_says() {
    let spec = spec(
        "preset = \"jem-paper\"\ndata.train = \"mnist\"\nmodel.mlp.hidden = [500, 500]\n\
         train.steps = 5000\nevaluate.ood = [\"fashion-mnist\", \"rotated\"]\n",
    );
    let Model::Mlp(mlp) = &spec.training.model else { panic!("{:?}", spec.training.model) };
    assert_eq!(mlp.hidden, [500, 500]);
    assert_eq!(spec.training.train.length, Length::Steps(5000));
    assert_eq!(spec.training.train.clip_grad_norm, None);
    assert_eq!(spec.training.optimizer, self::spec("preset = \"jem-paper\"").training.optimizer);
    assert_eq!(spec.evaluate.ood[1], OodSet::Rotated);
}

#[test]
fn own_files_can_be_trained_on_and_evaluated() {
    let files = "{ idx = { train_images = \"a\", train_labels = \"b\", test_images = \"c\", test_labels = \"d\" }, classes = 3 }";
    let spec = spec(&format!("data.train = {files}\nevaluate.ood = [\"digits\", \"rotated\"]"));
    assert_eq!(value_at(&spec, "data.train").unwrap()["classes"], json!(3));
    let (under, message) =
        said("data.train = { idx = { test_images = 'c', test_labels = 'd' }, classes = 3 }");
    assert_eq!(under, "train");
    assert!(message.contains("no training split"), "{message}");
    let (_, message) = said("data.train = { idx = { test_images = 'c' }, classes = 3 }");
    assert!(message.contains("`test_labels` is missing in `data.train.idx`"), "{message}");
    let (_, message) =
        said("data.train = { idx = { test_images = 'c', test_labels = 'd' }, classes = 0 }");
    assert!(message.contains("1 to 256"), "{message}");
}

#[test]
fn dlr_needs_three_classes() {
    let files = "{ idx = { train_images = \"a\", train_labels = \"b\", test_images = \"c\", test_labels = \"d\" }, classes = 2 }";
    let of = |attacks: &str| {
        format!("data.train = {files}\nevaluate.ood = []\nevaluate.attacks = {{ {attacks} }}\n")
    };
    for attacks in ["apgd_steps = 9", "loss = \"dlr\"", "apgd_steps = 9, apgd_losses = [\"dlr\"]"] {
        let shown = problem(&of(attacks)).to_string();
        assert!(shown.contains("and there are 2 classes"), "{shown}");
        assert!(shown.contains("apgd_losses = [\"cross_entropy\"]"), "{shown}");
    }
    let allowed = spec(&of("apgd_steps = 9, apgd_losses = [\"cross_entropy\"]"));
    assert_eq!(allowed.evaluate.attacks.and_then(|asked| asked.apgd).unwrap().restarts, 1);
    assert!(spec(&of("apgd_steps = 0")).evaluate.attacks.unwrap().apgd.is_none());
}

#[test]
fn a_misspelt_key_is_shown_with_file_line_caret_and_the_nearest_name() {
    let shown = problem("\n[sampler]\nnoise_sdt = 0.1\n").to_string();
    let expected = "\
error: unknown key `noise_sdt` in `sampler`
 --> test.toml:4:1
  |
4 | noise_sdt = 0.1
  | ^^^^^^^^^ did you mean `noise_std`?
  |
  = help: accepted keys: `boundary`, `clamp`, `clip_gradient`, `conditional`, `init`, `kind`, \
`noise_std`, `step_size`, `step_size_decay`, `steps`, `temperature`";
    assert_eq!(shown, expected);
}

#[test]
fn values_of_the_wrong_kind_or_out_of_range_are_pointed_at() {
    for (text, under, message) in [
        ("objective.lambda = -1", "-1", "a number of at least 0"),
        ("objective.lambda = nan", "nan", "cannot be NaN"),
        ("objective.lambda = 1e400", "1e400", "cannot be inf"),
        ("objective.lambda = \"1\"", "\"1\"", "not text"),
        ("objective.lambda = 1979-05-27", "1979-05-27", "not a date"),
        ("sampler.steps = 2.5", "2.5", "a whole number"),
        ("sampler.steps = 100001", "100001", "at most 100000"),
        ("sampler.step_size = 0", "0", "above 0"),
        ("sampler.clamp = 1", "1", "true or false"),
        ("optimizer.adam.beta1 = 1", "1", "below 1"),
        ("optimizer.adam.lr = 0", "0", "above 0"),
        ("replay_buffer.reinit = 1.5", "1.5", "at most 1"),
        ("model.mlp.hidden = [100000]", "100000", "at most 65536"),
        ("model.mlp.hidden = []", "[]", "1 to 64 items"),
        ("model.mlp.activation = \"tanh\"", "\"tanh\"", "`silu`, `leaky_relu`, `relu`"),
        ("data.range = \"[1, -1]\"", "\"[1, -1]\"", "`[-1, 1]`, `[0, 1]`"),
        ("resources.device = \"gpu\"", "\"gpu\"", "`cpu`, `cuda`"),
        ("resources.threads = 99999999999999999999", "99999999999999999999", "at most 1024"),
        ("preset = \"jem-papr\"", "\"jem-papr\"", "did you mean \"jem-paper\"?"),
        ("seeds = 0", "0", "at least 1"),
        ("seeds = [1, 2, 1]", "1", "seed 1 is listed twice"),
        ("seeds = [-1]", "-1", "at least 0"),
        ("sampler = 3", "3", "a table"),
        ("train.epochs = 0", "0", "at least 1"),
    ] {
        let (found, shown) = said(text);
        assert_eq!(found, under, "{shown}");
        assert!(shown.contains(message), "{message:?} is not in\n{shown}");
    }
}

#[test]
fn whole_numbers_may_be_written_as_reals_and_reals_as_whole_numbers() {
    let spec = spec("replay_buffer.size = 1e4\nsampler.steps = 0x10\nobjective.lambda = 2");
    assert_eq!(spec.training.replay_buffer.size, 10_000);
    assert_eq!(spec.training.sampler.steps, 16);
    assert_eq!(spec.training.objective.lambda, 2.0);
}

#[test]
fn values_that_do_not_go_together_are_told_with_both_places() {
    for (text, message) in [
        ("replay_buffer.size = 10", "a replay buffer of 10 chains is smaller than a batch of 64"),
        ("sampler = { steps = 0, init = 'data' }", "the negative samples would be training images"),
        (
            "sampler.steps = 0\ndivergence.restart_extra_steps = 5",
            "5 more Langevin steps at a restart than the 0 before it",
        ),
        (
            "objective = { energy_l2 = 0.1, energy_l2_ratio = 0.5 }",
            "energy_l2_ratio = 0.5 beside energy_l2 = 0.1",
        ),
        (
            "objective = { lambda = 0, cross_entropy = 0, energy_l2_data = 1 }",
            "energy_l2_data alone draws every energy to 0",
        ),
        ("train.decay_at = [0.5, 0.5]", "does not rise"),
        ("train.decay_at = [1.0]", "does not rise"),
        ("train.steps = 10\ntrain.warmup_steps = 11", "a warm-up of 11 steps"),
        ("data.validation = 60000", "cannot be held out of the 60000 of mnist"),
        ("data.limit = 55001", "a limit of 55001 is above the 55000"),
        ("data.limit = 50\ntrain.batch_size = 51", "a batch of 51"),
        ("data.train = \"mnits\"", "did you mean \"mnist\"?"),
        ("evaluate.ood = [\"uniform_noise\"]", "did you mean \"uniform-noise\"?"),
        ("evaluate.ood = [\"mnist\"]", "the training set itself"),
        ("evaluate.ood = [\"cifar-10\"]", "images of cifar-10 are 3×32×32, those of mnist 1×28×28"),
        ("evaluate.ood = [\"rotated\", \"rotated\"]", "two out-of-distribution sets"),
        ("evaluate.ece_bins = [15, 15]", "15 bins are listed twice"),
        ("model.mlp.hidden = [65536, 65536]", "parameters is too large"),
        ("replay_buffer.size = 9000000", "is too large"),
        ("train.steps = 1\ntrain.epochs = 1", "exclude each other"),
        ("model.mlp.hidden = [1]\nmodel.cnn.hidden = 1", "exclude each other"),
        ("model.wrn.depth = 16\nmodel.cnn.hidden = 1", "exclude each other"),
        ("optimizer.adam.lr = 1\noptimizer.adamw.lr = 1", "exclude each other"),
        ("model.wrn.depth = 15", "no wide residual network has a depth of 15"),
        ("model.wrn.sampler_mode = \"train\"", "only batch normalisation acts differently"),
        ("model.wrn.depth = 994\nmodel.wrn.width = 64", "parameters is too large"),
        ("optimizer.sgd.momentum = 0\noptimizer.sgd.nesterov = true", "along a momentum of 0"),
        ("train.schedule = \"cosine\"\ntrain.decay_at = [0.5]", "beside a cosine schedule"),
        ("objective.lambda = 0\nobjective.cross_entropy = 0", "nothing would be trained"),
        ("sampler.kind = \"langevin\"", "a kind that has its own noise"),
        ("sampler.temperature = 0.5", "says nothing to sgld"),
        (
            "sampler = { kind = \"mala\", noise_std = 0, clamp = true }",
            "a clamp would break the balance",
        ),
        ("evaluate.corruptions.kinds = ['contrast', 'contrast']", "corruption is listed twice"),
        ("evaluate.attacks = { norms = ['linf'], linf = [0.3, 0.1] }", "0.3 and 0.1 do not rise"),
        (
            "evaluate.attacks = { apgd_steps = 9, apgd_losses = ['dlr', 'dlr'] }",
            "a loss of Auto-PGD is listed twice",
        ),
        ("evaluate.chains = { n = 4, steps = 100, every = 30 }", "cannot be looked at every 30"),
        ("evaluate.chains = { n = 4, from = ['buffer', 'buffer'] }", "a start is listed twice"),
        (
            "data.validation = 0\nevaluate.calibration.bins = [15]",
            "on held-out examples, and there are none",
        ),
        ("data.validation = 10\nevaluate.calibration.bins = [10, 10]", "10 bins are listed twice"),
        ("evaluate.scores.kinds = ['knn', 'vim', 'knn']", "a score is listed twice"),
        ("evaluate.scores.odin_epsilon = [0, 0.1, 0]", "odin_epsilon` is listed twice"),
        (
            "evaluate.scores = { limit_train = 20, knn_k = [50] }",
            "the neighbour number 50 of 20 training images",
        ),
        (
            "evaluate.purification.attacks = ['bpda', 'bpda']",
            "an attack on purified inputs is listed twice",
        ),
        (
            "evaluate.purification = { attacks = ['bpda'], seed = { steps = 12 } }",
            "12 steps of the purifier `seed` cannot be cut into 5 parts",
        ),
        ("replay_buffer.keep = 5001", "5001 chains cannot be kept of a replay buffer of 5000"),
        ("train.ema_warmup = true", "a warm-up of the mean of the weights, and no such mean"),
        ("sampler.conditional = true\nreplay_buffer.size = 600", "60 slots a class"),
        (
            "objective = { lambda = 0, lambda_joint = 1 }\nreplay_buffer.size = 600",
            "60 slots a class",
        ),
        (
            "train.independent_px_batch = true\ndata.labels.per_class = 5\n\
             sampler.init = \"class_gaussian\"",
            "whose labels are not all known",
        ),
        (
            "train.pretrain_steps = 5\nobjective.cross_entropy = 0",
            "pre-training by the cross-entropy, which has no weight",
        ),
        ("data.augment.pad = 28", "28 pixels cannot be reflected at the edge of 28×28"),
        ("data.labels.per_class = 10", "no batch of its own"),
        ("data.px_noise = false", "images stay without noise by the contrastive term alone"),
        ("data.labels = { per_class = 1, fraction = 0.1 }", "exclude each other"),
        ("objective.outlier_exposure.weight = 1", "a term on auxiliary data, and no such data"),
        ("data.auxiliary = \"mnist\"", "is the training set itself"),
        ("data.auxiliary = \"cifar-10\"", "those of mnist 1×28×28"),
        (
            "data.auxiliary = \"fashion-mnist\"\nobjective.energy_margin.weight = 1\n\
             evaluate.ood = []",
            "needs both m_in and m_out",
        ),
        (
            "data.auxiliary = \"fashion-mnist\"\nevaluate.ood = [\"fashion-mnist\"]",
            "learnt from and judged by",
        ),
        ("train.steps = 9\ntrain.pretrain_steps = 9", "leave none of a training of 9"),
        (
            "evaluate.ood = [\"rotated\"]\nevaluate.validation_ood = [\"rotated\"]",
            "two out-of-distribution sets are called `rotated`",
        ),
        ("evaluate.ood = [\"rotated\"]\nevaluate.near = [\"rotatd\"]", "did you mean \"rotated\"?"),
        (
            "evaluate = { ood = [\"rotated\"], near = [\"rotated\"], far = [\"rotated\"] }",
            "listed twice as near or far",
        ),
    ] {
        let shown = problem(text).to_string();
        assert!(shown.contains(message), "{message:?} is not in\n{shown}");
        assert!(shown.contains("--> test.toml:"), "{shown}");
    }
    let shown = problem("replay_buffer.size = 10").to_string();
    assert!(shown.contains("train.batch_size = 64 comes from preset `seed-chapter`"), "{shown}");
    // What no chain runs for need not hold.
    assert_eq!(spec("objective.lambda = 0\nsampler.steps = 0").training.sampler.steps, 0);
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() {
    let error = plan(
        "sampler.noise_sdt = 1\nobjective.lambda = -1\ntrain.epochs = 1\ntrain.steps = 1\n\
         [[sweep]]\ngrid.objective.lamda = [1]\nzip = { \"sampler.steps\" = [1, \"a\"] }\n",
    )
    .unwrap_err();
    let lines: Vec<usize> =
        error.diagnostics.iter().map(|problem| problem.place().unwrap().0).collect();
    assert_eq!(lines, [2, 3, 5, 7, 8]);
    assert!(error.to_string().ends_with("5 errors"), "{error}");
    assert!(error.render(true).contains("\u{1b}["), "colours when asked for");
    assert!(!error.render(false).contains("\u{1b}["), "and only then");
}

#[test]
fn a_file_needs_a_question_and_a_usable_name() {
    let error = Plan::parse("test", "test.toml", "seeds = 1").unwrap_err();
    assert!(error.to_string().contains("`question` is missing"), "{error}");
    let error = Plan::parse("test", "test.toml", "question = \" \"").unwrap_err();
    assert!(error.to_string().contains("the question is empty"), "{error}");
    for name in ["", "a b", "../x", "é"] {
        let error = Plan::parse(name, "test.toml", QUESTION).unwrap_err();
        assert!(error.to_string().contains("cannot be the name"), "{error}");
    }
    let error = Plan::read(std::path::Path::new("no/such.toml")).unwrap_err();
    assert!(error.to_string().contains("cannot read `no/such.toml`"), "{error}");
}

#[test]
fn text_that_is_no_toml_is_shown_where_it_stops_being_so() {
    for text in ["[a", "a = = 1", "a = \"x", "a.b = 1\na.b = 2", "\u{0}", "λ = 1", "a = [[[["] {
        let error = plan(text).unwrap_err();
        let problem = &error.diagnostics[0];
        assert!(problem.message.contains("TOML"), "{text:?}: {error}");
        assert!(problem.place().unwrap().0 >= 1, "{error}");
    }
}

#[test]
fn broken_files_of_every_kind_are_errors_and_not_panics() {
    let whole = include_str!("fixtures/annotated.toml");
    let tokens = ["", "0", "-1", "1e999", "\"x\"", "[]", "{}", "[[]]", "true", "= =", "é", "nan"];
    for (index, line) in whole.lines().enumerate() {
        for token in tokens {
            let mut lines: Vec<&str> = whole.lines().collect();
            let key = line.split('=').next().unwrap_or_default();
            let changed = format!("{key}= {token}");
            lines[index] = &changed;
            // Whether it is still a sound file does not matter here.
            if let Err(error) = Plan::parse("test", "test.toml", &lines.join("\n")) {
                assert!(!error.to_string().is_empty());
            }
        }
        let cut: usize = whole.lines().take(index).map(|line| line.len() + 1).sum();
        let _ = Plan::parse("test", "test.toml", &whole[..cut + line.len() / 2]);
    }
}

#[test]
fn the_annotated_file_says_every_key_there_is() {
    let plan = Plan::parse("all", "all.toml", include_str!("fixtures/annotated.toml")).unwrap();
    assert_eq!(plan.trials.len(), 72);
    let text = include_str!("fixtures/annotated.toml");
    let schema = schema();
    for (table, inner) in schema["properties"].as_object().unwrap() {
        assert!(text.contains(table.as_str()), "{table}");
        for key in inner["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(text.contains(key.as_str()), "{table}.{key}");
        }
    }
}

const PLUS_PLUS: &str = "preset = \"jem-plus-plus\"\nsampler.kind = \"langevin\"\n\
                         sampler.temperature = 0.5\nobjective.lambda_joint = 1\n\
                         objective.cross_entropy = 0\nsampler.step_size_decay = 0.5";

#[test]
fn a_resolved_spec_is_read_back_from_its_own_toml() {
    for text in [
        "",
        "preset = \"jem-paper\"",
        "preset = \"jem-wrn\"",
        "preset = \"jem-plus-plus\"",
        "preset = \"ebmkit-mnist\"\ntrain.steps = 7",
        PLUS_PLUS,
    ] {
        let once = spec(text);
        let again = spec(&to_toml(&once));
        assert_eq!(once, again);
        let json = serde_json::to_string(&once).unwrap();
        assert_eq!(once, serde_json::from_str::<Spec>(&json).unwrap());
    }
}

#[test]
fn the_schema_describes_every_field_with_its_defaults() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let lambda = &schema["properties"]["objective"]["properties"]["lambda"];
    assert_eq!(lambda["default"], json!(1.0));
    assert_eq!(lambda["type"], "number");
    let said = lambda["description"].as_str().unwrap();
    assert!(said.contains("Default: 1 (seed-chapter), 1 (jem-paper)"), "{said}");
    let steps = &schema["properties"]["sweep"]["items"]["properties"]["grid"]["properties"];
    assert!(steps["sampler.steps"]["anyOf"].is_array());
    assert!(steps["sampler"]["properties"]["steps"]["anyOf"].is_array());
    fn described(at: &str, schema: &Value) {
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{key}");
            assert!(inner["description"].is_string(), "{at} has no description");
            assert_eq!(schema["additionalProperties"], json!(false), "{at}");
            described(&at, inner);
        }
    }
    described("", &schema);
}

#[test]
fn the_report_takes_its_axis_from_the_sweep() {
    let grid = "[[sweep]]\ngrid.sampler.steps = [1, 5]\ngrid.objective.lambda = [0, 0.01, 10]\n";
    let report = plan(grid).unwrap().experiment.report;
    assert_eq!((report.title.as_str(), report.x.as_deref()), ("test", Some("sampler.steps")));
    assert_eq!(report.x_scale, Scale::Linear);
    let report = plan(&format!("report.x = \"objective.lambda\"\n{grid}")).unwrap();
    assert_eq!(report.experiment.report.x_scale, Scale::Symlog);
    assert_eq!(plan("").unwrap().experiment.report.x, None);
    let (under, shown) = said(&format!("report.x = \"train.steps\"\n{grid}"));
    assert_eq!(under, "\"train.steps\"");
    assert!(shown.contains("swept: `sampler.steps`, `objective.lambda`"), "{shown}");
    let (_, shown) =
        said(&format!("report = {{ x = \"objective.lambda\", x_scale = \"log\" }}\n{grid}"));
    assert!(shown.contains("no place for values of 0"), "{shown}");
}

#[test]
fn expectations_are_checked_against_metrics_fields_and_cells() {
    let sound = "[expect.a]\nmetric = \"clf/accuracy\"\nmin = 0.9\nsource = \"s\"\n";
    let read = plan(sound).unwrap().experiment.expect;
    assert_eq!((read[0].name.as_str(), read[0].statistic), ("a", Statistic::Mean));
    assert!(read[0].holds(0.9) && !read[0].holds(0.8) && !read[0].holds(f64::NAN));
    for (change, message) in [
        (("clf/accuracy", "clf/acuracy"), "did you mean `clf/accuracy`?"),
        (("min = 0.9", ""), "sets no bound"),
        (("min = 0.9", "min = 2\nmax = 1"), "min = 2 is above max = 1"),
        (("\"s\"", "\"\""), "a range comes from somewhere"),
        (("source = \"s\"", ""), "`source` is missing"),
        (("min = 0.9", "min = 0.9\nwhere.objective.lambda = 3"), "no cell meets the conditions"),
        (("min = 0.9", "min = 0.9\nwhere.objective.lamda = 3"), "did you mean `objective.lambda`?"),
        (("min = 0.9", "min = 0.9\nstatistic = \"sum\""), "`mean`, `min`, `max`, `median`"),
    ] {
        let shown = problem(&sound.replace(change.0, change.1)).to_string();
        assert!(shown.contains(message), "{message:?} is not in\n{shown}");
    }
    let diverged = sound.replace("clf/accuracy", "trial/diverged");
    assert!(plan(&diverged).is_ok());
}

#[test]
fn values_are_shown_as_people_write_them() {
    for (value, shown) in [
        (json!(1.0), "1"),
        (json!(0.1), "0.1"),
        (json!(1e-8), "1e-8"),
        (json!(20), "20"),
        (json!([256, 256]), "[256, 256]"),
        (json!("mnist"), "mnist"),
    ] {
        assert_eq!(show_value(&value), shown);
    }
}

#[test]
fn values_are_those_of_the_spec_and_what_it_has_not_is_absent() {
    let text = "question = \"?\"\ndata.train = \"digits\"\ndata.validation = 200\n\
        evaluate.ood = [\"rotated\"]\nmodel.mlp.hidden = [8, 4]\n";
    let plan = jem_core::plan::Plan::parse("a", "a.toml", text).unwrap();
    let spec = plan.spec_of(&plan.trials[0]);
    let values = jem_core::spec::field_values(&spec.training, &spec.evaluate);
    let find = |path: &str| values.iter().find(|(other, _)| *other == path).map(|(_, v)| v);
    assert_eq!(find("model.mlp.hidden"), Some(&serde_json::json!([8, 4])));
    assert_eq!(find("data.train"), Some(&serde_json::json!("digits")));
    assert_eq!(find("model.cnn.hidden"), None);
    assert_eq!(find("resources.device"), None);
    assert!(
        values
            .iter()
            .all(|(path, _)| jem_core::spec::field_kinds().any(|(known, _)| known == *path))
    );
}
