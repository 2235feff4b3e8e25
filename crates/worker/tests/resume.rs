//! A training that is stopped at any step and goes on from a checkpoint leaves
//! the bytes of one that never stopped.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jem_core::arrays::Arrays;
use jem_core::dataset::LabelledImages;
use jem_core::plan::Plan;
use jem_core::random::{At, Stream};
use jem_core::results::Outcome;
use jem_core::spec::Training;
use jem_worker::training::{Course, Point, Snapshot, Standing, TrainSets};
use std::rc::Rc;

/// Two libtorch thread settings in one process; tests of this file share it.
static THREADS: std::sync::Mutex<()> = std::sync::Mutex::new(());

const SPEC: &str = r#"question = "Does it go on?"
[data]
train = "digits"
validation = 20
range = "[-1, 1]"
noise_std = 0.1
[model.mlp]
hidden = [24]
[sampler]
steps = 4
step_size = 1
noise_std = 0.05
init = "uniform"
[objective]
lambda = 0.5
energy_l2 = 0.1
[replay_buffer]
size = 64
[evaluate]
ood = ["rotated"]
[train]
steps = 37
batch_size = 16
clip_grad_norm = 0
warmup_steps = 5
decay_at = [0.5]
decay_factor = 0.5
independent_px_batch = true
[divergence]
check_every = 3
"#;

/// Wide enough that libtorch shares the products between its threads.
const WIDE: &str = "[resources]\nthreads = 2\n";

/// A learning rate that no network survives, and three ways back.
const WILD: &str = "rollback_every = 5\nrollback_to = 2\nmax_restarts = 3\n\
                    restart_step_size = 0.5\nrestart_extra_steps = 1\nmax_energy_gap = 12\n\
                    [optimizer.adam]\nlr = 0.3\n";

/// A classifier whose accuracy falls below a bar that it does not
/// always reach, seen on means over several steps.
const BARRED: &str = "rollback_every = 4\nmax_restarts = 4\nmin_accuracy = 0.72\n\
                      min_accuracy_from = 20\nmax_saturation = 0.999\n";

/// Both contrastive terms, chains of classes, starts from data, steps that can
/// be refused: what a checkpoint has to hold for them.
const OF_CLASSES: &str = "max_energy_gap = 1e5\nrollback_every = 5\nmax_restarts = 1\n\
                          max_saturation = 1\n";

/// State beside parameters and moments of Adam: running statistics, their mean
/// and that of the weights, sums of gradients; a restart, and masks.
const NORMALISED: &str = "rollback_every = 5\nrollback_to = 2\nmax_restarts = 1\n\
                          restart_step_size = 0.5\nmin_accuracy = 0.6\nmin_accuracy_from = 9\n\
                          [optimizer.sgd]\nlr = 0.05\n";

/// Vectors of singular values, and decoupled weight decay.
const SPECTRAL: &str = "[optimizer.adamw]\nlr = 0.01\n";

fn training(more: &str) -> Training {
    let mut text = format!("{SPEC}{more}");
    if more == NORMALISED {
        let wrn = "[model.wrn]\ndepth = 10\nwidth = 1\nnorm = \"batch\"\ndropout = 0.1\n\
                   sampler_mode = \"train\"";
        text = text
            .replace("[model.mlp]\nhidden = [24]", wrn)
            .replace("decay_at = [0.5]", "decay_at = []\nschedule = \"cosine\"\nema = 0.9")
            .replace(
                "steps = 37\nbatch_size = 16",
                "steps = 11\nlabel_smoothing = 0.1\nbatch_size = 8",
            )
            .replace("min_accuracy_from = 9", "min_accuracy_from = 6");
    }
    if more == SPECTRAL {
        text = text
            .replace("hidden = [24]", "hidden = [24]\nspectral_norm = 1")
            .replace("steps = 37", "steps = 37\nema = 0.9");
    }
    if more == OF_CLASSES {
        let sampler = "noise_std = 0\nkind = \"mala\"\nconditional = true\ntemperature = 0.01";
        text = text
            .replace("noise_std = 0.05", sampler)
            .replace("init = \"uniform\"", "init = \"class_gaussian\"")
            .replace("lambda = 0.5", "lambda = 0.5\nlambda_joint = 0.25")
            .replace("size = 64", "size = 160");
    }
    if more == WIDE {
        text = text.replace("hidden = [24]", "hidden = [640, 640]").replace("= 16", "= 64");
    }
    let plan = Plan::parse("resume", "resume.toml", &text).unwrap();
    plan.spec_of(&plan.trials[0]).training
}

/// Images with their class as brightness, and noise.
fn images() -> LabelledImages {
    let (n, shape) = (120usize, [1, 6, 6]);
    let mut noise = vec![0f32; n * 36];
    Stream::new(9, "images").fill_uniform(At::step(0), &mut noise);
    let labels: Vec<u8> = (0..n).map(|i| (i % 4) as u8).collect();
    let pixel = |(i, u): (usize, &f32)| (60.0 * (i / 36 % 4) as f32 + 60.0 * u) as u8;
    let pixels = noise.iter().enumerate().map(pixel).collect();
    LabelledImages { shape, pixels, labels, pixel_max: 255, classes: 4 }
}

fn course(spec: &Training, images: &LabelledImages) -> Course {
    let trial = jem_core::id::TrialId::from_digest(jem_core::digest::Digest::of(b"trial"));
    let sets = TrainSets { train: images, auxiliary: None };
    Course::new(trial, spec, 3, sets, tch::Device::Cpu).unwrap()
}

type Files = Vec<(&'static str, Vec<u8>)>;

/// Trains to the end; also how many times `step` was called.
fn finish(course: &mut Course) -> (Files, u64) {
    let mut calls = 0;
    while course.outcome().is_none() {
        course.step();
        calls += 1;
    }
    (course.results().unwrap(), calls)
}

/// What is read back of a snapshot that was written as bytes.
fn through_bytes(snapshot: &Snapshot) -> Snapshot {
    let arrays = |state: &Arrays| Rc::new(Arrays::from_bytes(&state.to_bytes().unwrap()).unwrap());
    let text = serde_json::to_string(&snapshot.standing).unwrap();
    let standing: Standing = serde_json::from_str(&text).unwrap();
    let point = |point: &Point| Point { step: point.step, state: arrays(&point.state) };
    let points = snapshot.points.iter().map(point).collect();
    Snapshot { standing, state: arrays(&snapshot.state), points }
}

/// Stops after so many steps (after each there is, if none are given), goes on
/// in a fresh course, and compares all result files.
fn goes_on(more: &str, threads: i32, stops: &[u64]) -> Outcome {
    let _one_at_a_time = THREADS.lock().unwrap_or_else(|poison| poison.into_inner());
    tch::set_num_threads(threads);
    let (spec, images) = (training(more), images());
    let mut whole = course(&spec, &images);
    let (expected, calls) = finish(&mut whole);
    let every: Vec<u64> = (1..calls).collect();
    for &stop in if stops.is_empty() { &every } else { stops } {
        let mut first = course(&spec, &images);
        (0..stop).for_each(|_| drop(first.step()));
        let mut second = course(&spec, &images);
        second.resume(through_bytes(&first.snapshot())).unwrap();
        let (found, more_calls) = finish(&mut second);
        assert_eq!(stop + more_calls, calls, "stopped after {stop}");
        for ((name, one), (_, other)) in expected.iter().zip(&found) {
            assert!(one == other, "{name} differs after a stop at {stop} of {calls} steps");
        }
        assert_eq!(expected.len(), found.len());
    }
    tch::set_num_threads(1);
    whole.outcome().unwrap().clone()
}

#[test]
fn a_training_goes_on_from_any_step_as_if_it_had_never_stopped() {
    let outcome = goes_on("", 1, &[]);
    assert_eq!(outcome, Outcome::finished(37));
}

#[test]
fn so_it_does_with_two_threads() {
    goes_on(WIDE, 2, &[7, 20]);
}

#[test]
fn so_does_one_with_state_beside_its_parameters() {
    let outcome = goes_on(NORMALISED, 1, &[3, 8]);
    assert!(matches!(outcome, Outcome::Finished { .. } | Outcome::Diverged(_)), "{outcome:?}");
    assert_eq!(outcome.restarts().len(), 1, "{outcome:?}");
    assert_eq!(goes_on(SPECTRAL, 1, &[1, 20, 36]), Outcome::finished(37));
}

#[test]
fn so_does_one_with_chains_of_classes() {
    let outcome = goes_on(OF_CLASSES, 1, &[1, 6, 19, 36]);
    assert_eq!(outcome, Outcome::finished(37));
}

#[test]
fn so_does_one_that_diverges_and_goes_back() {
    let outcome = goes_on(WILD, 1, &[]);
    assert!(!outcome.restarts().is_empty(), "{outcome:?}");
    for (i, restart) in outcome.restarts().iter().enumerate() {
        assert_eq!(restart.number, i as u64 + 1);
        assert!(restart.to < restart.step && restart.to.is_multiple_of(5), "{restart:?}");
        assert_eq!(restart.step_size, 0.5f64.powi(restart.number as i32));
        assert_eq!(restart.sampler_steps, 4 + restart.number);
    }
}

#[test]
fn after_a_restart_the_chains_are_others_and_the_curves_know_of_no_dropped_step() {
    let (spec, images) = (training(WILD), images());
    let mut course = course(&spec, &images);
    let mut losses: Vec<Vec<u64>> = vec![Vec::new(); course.steps() as usize + 1];
    let mut restarted_at = Vec::new();
    while course.outcome().is_none() {
        let step = course.step_done() + 1;
        let stepped = course.step();
        losses[step as usize].push(stepped.values.read()[0].to_bits());
        restarted_at.extend(stepped.restart.map(|restart| restart.to));
    }
    for to in restarted_at {
        let mut seen = losses[to as usize + 1].clone();
        let times = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert!(times >= 2 && seen.len() == times, "step {} was the same again", to + 1);
    }
    let files = course.results().unwrap();
    let epochs = &files.iter().find(|(name, _)| *name == jem_core::results::EPOCHS).unwrap().1;
    let epochs: Vec<jem_core::results::Epoch> = serde_json::from_slice(epochs).unwrap();
    assert!(epochs.windows(2).all(|pair| pair[0].step < pair[1].step));
    assert!(epochs.iter().enumerate().all(|(i, epoch)| epoch.epoch == i as u64 + 1));
}

/// Steps to go back to that the detectors would not look at by themselves.
const SPARSE: &str = "rollback_every = 5\nmax_restarts = 6\nrestart_step_size = 0.9\n\
                      max_energy_gap = 12\n[optimizer.adam]\nlr = 0.3\n";

#[test]
fn a_point_to_go_back_to_is_looked_at_before_it_is_kept() {
    let text = format!("{SPEC}{SPARSE}").replace("check_every = 3", "check_every = 1000000");
    let plan = Plan::parse("sparse", "sparse.toml", &text.replace("steps = 37", "steps = 400"));
    let plan = plan.unwrap();
    let (spec, images) = (plan.spec_of(&plan.trials[0]).training, images());
    let mut course = course(&spec, &images);
    let (mut kept, mut between) = (0, 0);
    while course.outcome().is_none() {
        let step = course.step_done() + 1;
        let stepped = course.step();
        let values = stepped.values.read();
        let newest = course.snapshot().points.last().map(|point| point.step);
        if step.is_multiple_of(5) && newest == Some(step) {
            assert!(values[6].abs() <= 12.0, "the point of step {step} had a gap of {}", values[6]);
            kept += 1;
        }
        // A point of the curves is reached every 7 steps.
        let diverged = stepped.restart.is_some() || course.outcome().is_some();
        between += u64::from(diverged && !step.is_multiple_of(7) && step != 400);
    }
    assert!(kept > 0 && between > 0, "{kept} points, {between} found beside the curves");
}

#[test]
fn a_point_that_is_not_finite_is_never_gone_back_to() {
    let mut spec = training("rollback_every = 1\nmax_restarts = 2\nrestart_step_size = 0.5\n");
    // Beyond what a spec may say, and beyond single precision.
    let jem_core::spec::Optimizer::Adam(adam) = &mut spec.optimizer else { unreachable!() };
    adam.lr = 1e39;
    let mut course = course(&spec, &images());
    finish(&mut course);
    let outcome = course.outcome().unwrap();
    let to: Vec<u64> = outcome.restarts().iter().map(|restart| restart.to).collect();
    assert_eq!(to, [0, 0], "{outcome:?}");
    let first = &outcome.restarts()[0];
    assert!(first.step == 1 && first.reason.starts_with("not finite: "), "{first:?}");
}

#[test]
fn so_does_one_whose_accuracy_collapses_between_two_looks() {
    let outcome = goes_on(BARRED, 1, &[]);
    let collapsed = |restart: &jem_core::results::Restart| restart.reason.contains("collapsed");
    assert!(outcome.restarts().iter().any(collapsed), "{outcome:?}");
}

#[test]
fn a_pure_classifier_has_nothing_to_do_otherwise_and_ends() {
    let wild =
        WILD.replace("lr = 0.3", "lr = 1e3").replace("= 12\n", "= 1e9\nmin_accuracy = 0.99\n");
    let spec = training(&format!("{wild}[[sweep]]\ngrid.objective.lambda = [0]\n"));
    let mut course = course(&spec, &images());
    let (files, _) = finish(&mut course);
    let Some(Outcome::Diverged(found)) = course.outcome() else { panic!("it did not diverge") };
    assert!(found.reason.contains("collapsed") && found.restarts.is_empty(), "{found:?}");
    assert!(files.iter().all(|(name, _)| *name != jem_core::results::WEIGHTS));
}

#[test]
fn a_snapshot_of_another_network_is_refused_in_words() {
    let images = images();
    let mut small = course(&training(""), &images);
    small.step();
    let wide = training("").clone();
    let jem_core::spec::Model::Mlp(mlp) = wide.model.clone() else { unreachable!() };
    let hidden = vec![25];
    let model = jem_core::spec::Model::Mlp(jem_core::spec::Mlp { hidden, ..mlp });
    let mut other = course(&Training { model, ..wide }, &images);
    let error = other.resume(small.snapshot()).unwrap_err().to_string();
    assert!(error.contains("has shape"), "{error}");
}
