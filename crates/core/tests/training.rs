//! What the values of a training come to: steps, and the mean of its weights.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jem_core::plan::Plan;

fn training(text: &str) -> jem_core::spec::Training {
    let text = format!("question = \"What is tested?\"\n{text}");
    let plan = Plan::parse("test", "test.toml", &text).unwrap();
    plan.spec_of(&plan.trials[0]).training
}

#[test]
fn a_mean_without_a_warm_up_remembers_its_start() {
    let train = |text: &str| training(text).train;
    let share = train("train.ema = 0.999").ema_start_share(1200).unwrap();
    // exp(1199 ln 0.999)
    assert!((share - 0.301_31).abs() < 1e-5, "{share}");
    let warm = train("train = { ema = 0.999, ema_warmup = true }");
    assert_eq!((warm.ema_start_share(1200), train("").ema_start_share(1200)), (None, None));
    let decays = [1, 8, 9000].map(|step| warm.ema_decay(step).unwrap());
    assert_eq!(decays, [2.0 / 11.0, 0.5, 0.999]);
    let product = |last: u64| (1..last).map(|s| warm.ema_decay(s).unwrap()).product::<f64>();
    assert!(product(4) > 0.01 && product(5) < 0.01);
    assert_eq!(train("").ema_decay(3), None);
}

#[test]
fn an_epoch_is_as_many_whole_batches_as_the_images_make() {
    let updates = |text: &str| training(text).updates(60_000);
    assert_eq!(updates("train.steps = 7"), 7);
    // 55,000 images make 859 batches of 64.
    assert_eq!(updates("train.epochs = 2"), 1718);
    assert_eq!(updates("train = { epochs = 3, batch_size = 500 }\ndata.limit = 1200"), 6);
}
