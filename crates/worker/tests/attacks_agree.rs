//! PGD and Square leave no more right than those of torchattacks and foolbox,
//! and Auto-PGD no more than that of torchattacks and of its authors, on the
//! same network, images, steps, restarts and queries (`fixtures/attacks`).
//!
//! Tolerance: the images are the same, so only the attacks' own draws differ.
//! Of PGD and Auto-PGD, as many images more than the best of theirs may be right
//! as a library's own repetitions with other draws are apart (PGD three at most,
//! Auto-PGD six, where a binomial standard error is up to seven). Auto-PGD's mean
//! over several seeds is at most three standard errors of the difference of two
//! such means above theirs, so that chance alone fails one of 16 cases once in 50
//! choices of seeds. Square is a random search: at most one binomial standard
//! error of the accuracy more.

use jem_core::spec::{ApgdLoss, AttackLoss, AttackNorm};
use jem_worker::eval::attack::{Apgd, Attacked, Ball, Pgd, Query, Square, Victim, loss_of, margin};
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

/// Calls `test` with the fixture, its images and, for a seed, the victim.
fn with_network(
    test: impl FnOnce(&Fixture, &Tensor, &dyn Fn(u64, &mut dyn FnMut(&Victim<'_>))),
) -> Result<(), Box<dyn std::error::Error>> {
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
    let by_seed = |seed: u64, attack: &mut dyn FnMut(&Victim<'_>)| {
        attack(&Victim { logits: &logits, x: &x, labels: &labels, rows: &rows, seed });
    };
    test(&fixture, &x, &by_seed);
    Ok(())
}

#[test]
fn attacks_are_no_weaker_than_the_libraries() -> Result<(), Box<dyn std::error::Error>> {
    with_network(|fixture, x, by_seed| by_seed(0, &mut |victim| pgd_and_square(fixture, x, victim)))
}

fn pgd_and_square(fixture: &Fixture, x: &Tensor, victim: &Victim<'_>) {
    let n = fixture.labels.len();
    let bounds = (0.0, 1.0);
    let nowhere = Ball { norm: AttackNorm::Linf, eps: 0.0, bounds };
    let still = Square { ball: nowhere, queries: 1, score: &margin }.attack(victim);
    assert_eq!(right(&still, x, nowhere), fixture.clean, "the network is another");
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
        let walked = right(&pgd.attack(victim).0, x, ball);
        let square = Square { ball, queries: fixture.queries, score: &margin };
        let searched = right(&square.attack(victim), x, ball);
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
}

#[derive(Deserialize)]
struct Apgds {
    steps: u64,
    cases: Vec<ApgdCase>,
}

/// Images right by the seeds of each library.
#[derive(Deserialize)]
struct ApgdCase {
    norm: AttackNorm,
    eps: f64,
    loss: ApgdLoss,
    torchattacks: Vec<usize>,
    autoattack: Vec<usize>,
}

#[test]
fn auto_pgd_is_no_weaker_than_its_authors() -> Result<(), Box<dyn std::error::Error>> {
    let theirs: Apgds = serde_json::from_str(include_str!("fixtures/attacks/apgd.json"))?;
    let apart = |of: &Vec<usize>| {
        of.iter().max().copied().unwrap_or(0) - of.iter().min().copied().unwrap_or(0)
    };
    let libraries = theirs.cases.iter().flat_map(|case| [&case.torchattacks, &case.autoattack]);
    let spread = libraries.map(apart).max().unwrap_or(0);
    assert!(spread <= 6, "the libraries' seeds are further apart than is said above");
    with_network(|fixture, x, by_seed| {
        for case in &theirs.cases {
            let ball = Ball::of_pixels(case.norm, case.eps, (0.0, 1.0));
            let attack = Apgd {
                ball,
                steps: theirs.steps,
                restarts: 1,
                loss: loss_of(case.loss.loss()),
                score: &margin,
                name: case.loss.attack(),
            };
            let mut ours = Vec::new();
            for seed in 0..case.autoattack.len() as u64 {
                by_seed(seed, &mut |victim| ours.push(right(&attack.attack(victim), x, ball)));
            }
            println!(
                "{} {} {}: of {} right, ours {ours:?}, torchattacks {:?}, auto-attack {:?}",
                case.norm.name(),
                case.eps,
                case.loss.attack(),
                fixture.labels.len(),
                case.torchattacks,
                case.autoattack
            );
            for library in [&case.torchattacks, &case.autoattack] {
                let least = library.iter().min().copied().unwrap_or(0);
                let worst = ours.iter().max().copied().unwrap_or(usize::MAX);
                assert!(worst <= least + spread, "weaker at worst");
                let ((mean, square), (other, other_square)) = (moments(&ours), moments(library));
                let error = ((square + other_square) / ours.len() as f64).sqrt();
                assert!(mean <= other + 3.0 * error, "weaker on average: {mean} {other} {error}");
            }
        }
    })
}

/// Mean and variance.
fn moments(of: &[usize]) -> (f64, f64) {
    let n = of.len() as f64;
    let mean = of.iter().sum::<usize>() as f64 / n;
    let squares = of.iter().map(|&one| (one as f64 - mean).powi(2)).sum::<f64>();
    (mean, squares / (n - 1.0))
}
