//! How long planning takes: `cargo run -p jem-core --example plan_timing`.
//!
//! Each size is planned from its text eleven times; the median and the
//! extremes are printed, with what the seeds, the axes and the draws amount to.

use std::time::Instant;

use jem_core::plan::Plan;

/// Name, text, and the number of trials it makes.
fn cases() -> Vec<(&'static str, String, usize)> {
    let head = "question = 'How long does planning take?'\n";
    let grid = |lambdas: u32, steps: u32, sizes: u32, seeds: u32| {
        format!(
            "{head}seeds = {seeds}\n[[sweep]]\n\
             grid.objective.lambda = {{ linspace = [0.01, 10, {lambdas}] }}\n\
             grid.sampler.steps = {{ range = [1, {steps}, 1] }}\n\
             grid.sampler.step_size = {{ logspace = [1e-3, 1, {sizes}] }}\n"
        )
    };
    let draw = format!(
        "{head}[[sweep]]\nrandom = {{ n = 100000, over = {{ \
         \"sampler.step_size\" = {{ log = [1e-3, 1] }}, \
         \"objective.lambda\" = {{ linear = [0, 10] }}, \
         \"optimizer.adam.lr\" = {{ log = [1e-5, 1e-2] }} }} }}\n"
    );
    vec![
        ("10 × 10 × 2 cells, 5 seeds", grid(10, 10, 2, 5), 1_000),
        ("10 × 10 × 10 cells, 1 seed", grid(10, 10, 10, 1), 1_000),
        ("50 × 20 × 20 cells, 5 seeds", grid(50, 20, 20, 5), 100_000),
        ("50 × 50 × 40 cells, 1 seed", grid(50, 50, 40, 1), 100_000),
        ("100,000 points of 3 fields, 1 seed", draw, 100_000),
    ]
}

fn main() -> Result<(), jem_core::spec::SpecError> {
    for (name, text, count) in cases() {
        let mut times = Vec::new();
        for _ in 0..11 {
            let start = Instant::now();
            let plan = Plan::parse("timing", "timing.toml", &text)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            assert_eq!(plan.trials.len(), count, "{name}");
        }
        times.sort_by(f64::total_cmp);
        let (least, median, most) = (times[0], times[5], times[10]);
        println!("{count:>7} trials: {median:8.1} ms ({least:.1} to {most:.1})  {name}");
    }
    Ok(())
}
