//! PGD and Square leave no more right than those of torchattacks and foolbox
//! on the same network, images, steps, restarts and queries
//! (`fixtures/attacks`).
//!
//! Tolerance: the images are the same, so only the attacks' own draws differ.
//! Of PGD, as many images more may be right as torchattacks' own repetitions
//! with other draws are apart (three at most, where a binomial standard error
//! is up to seven). Square is a random search: at most one binomial standard
//! error of the accuracy more.

use jem_core::spec::{AttackLoss, AttackNorm};
use jem_worker::eval::attack::{Attacked, Ball, Pgd, Query, Square, Victim, loss_of, margin};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Fixture {
    steps: u64,
    restarts: u64,
    queries: u64,
    hidden: i64,
    weights: [Vec<f32>; 4],
    pixels: Vec<Vec<f32>>,
    labels: Vec<i64>,
    clean: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    norm: AttackNorm,
    eps: f64,
    torchattacks_pgd: Vec<usize>,
    foolbox_pgd: usize,
    torchattacks_square: usize,
}

/// The images still right; asserts that every perturbed one is allowed.
fn right(found: &Attacked, x: &Tensor, ball: Ball) -> usize {
    let change = (&found.x - x).flatten(1, -1);
    let size = match ball.norm {
        AttackNorm::Linf => change.abs().max(),
        AttackNorm::L2 => change.square().sum_dim_intlist(1, false, Kind::Float).sqrt().max(),
    };
    assert!(size.double_value(&[]) <= ball.eps * (1.0 + 1e-5), "beyond the ball");
    assert!(found.x.min().double_value(&[]) >= 0.0 && found.x.max().double_value(&[]) <= 1.0);
    found.fooled().iter().filter(|fooled| !**fooled).count()
}

#[test]
fn attacks_are_no_weaker_than_the_libraries() -> Result<(), Box<dyn std::error::Error>> {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/attacks/expected.json"))?;
    let n = fixture.labels.len();
    let [w, b, v, c] = &fixture.weights;
    let (w, b) = (Tensor::from_slice(w).view([fixture.hidden, -1]), Tensor::from_slice(b));
    let (v, c) = (Tensor::from_slice(v).view([-1, fixture.hidden]), Tensor::from_slice(c));
    let x = Tensor::from_slice(&fixture.pixels.concat()).view([n as i64, 1, 8, 8]) / 16.0;
    let labels = Tensor::from_slice(&fixture.labels);
    let rows: Vec<u64> = (0..n as u64).collect();
    let logits = |x: &Tensor, _: &Query<'_>| {
        x.flatten(1, -1).linear(&w, Some(&b)).relu().linear(&v, Some(&c))
    };
    let victim = Victim { logits: &logits, x: &x, labels: &labels, rows: &rows, seed: 0 };
    let bounds = (0.0, 1.0);
    let nowhere = Ball { norm: AttackNorm::Linf, eps: 0.0, bounds };
    let still = Square { ball: nowhere, queries: 1, score: &margin }.attack(&victim);
    assert_eq!(right(&still, &x, nowhere), fixture.clean, "the network is another");
    let apart = |case: &Case| {
        let all = || case.torchattacks_pgd.iter().copied();
        all().max().unwrap_or(0) - all().min().unwrap_or(0)
    };
    let spread = fixture.cases.iter().map(apart).max().unwrap_or(0);
    assert!(spread <= 3, "torchattacks' repetitions are further apart than is said above");
    for case in &fixture.cases {
        let ball = Ball::of_pixels(case.norm, case.eps, bounds);
        let pgd = Pgd {
            ball,
            steps: fixture.steps,
            step: 2.5 / fixture.steps as f64,
            restarts: fixture.restarts,
            loss: loss_of(AttackLoss::CrossEntropy),
            score: &margin,
            beyond: 0,
        };
        let walked = right(&pgd.attack(&victim).0, &x, ball);
        let square = Square { ball, queries: fixture.queries, score: &margin };
        let searched = right(&square.attack(&victim), &x, ball);
        let best = case.torchattacks_pgd.iter().copied().min().unwrap_or(n);
        let of_libraries = best.min(case.foolbox_pgd);
        println!(
            "{} {}: of {n} right, PGD {walked} (torchattacks {:?}, foolbox {}), Square {searched} \
             (torchattacks {})",
            case.norm.name(),
            case.eps,
            case.torchattacks_pgd,
            case.foolbox_pgd,
            case.torchattacks_square
        );
        assert!(walked <= of_libraries + spread, "PGD is weaker");
        let share = case.torchattacks_square as f64 / n as f64;
        let error = (share * (1.0 - share) * n as f64).sqrt();
        assert!(searched as f64 <= case.torchattacks_square as f64 + error, "Square is weaker");
        // And where it looks at nothing but scores it must not win.
        assert!(searched + spread >= walked, "Square beats PGD on a network that hides nothing");
    }
    Ok(())
}
