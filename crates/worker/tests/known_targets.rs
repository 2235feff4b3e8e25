//! Chains on targets whose answer is known: quadratic energies, for which the
//! law of the unadjusted chain is known at every step; a double well, by
//! quadrature; a Gaussian mixture.
//!
//! Tolerances are four and a half standard errors, of independent chains or by
//! the effective sample size: one such comparison in 150,000 is beyond.

use std::collections::BTreeMap;

use jem_core::random::{At, Stream};
use jem_core::spec::{Boundary, Sampler, SamplerKind};
use jem_worker::eval::metric::{MetricError, ess_mean, rank_rhat};
use jem_worker::jem::{Chain, Walked};
use tch::{Device, Kind, Tensor};

const ERRORS: f64 = 4.5;

fn sampler(kind: SamplerKind, step_size: f64, temperature: f64, steps: u64) -> Sampler {
    let temperature = Some(temperature);
    Sampler { kind, step_size, temperature, steps, ..Sampler::default() }
}

fn run(sampler: &Sampler, energy: &dyn Fn(&Tensor) -> Tensor, x: &Tensor, step: u64) -> Walked {
    let chain = Chain { sampler, bounds: (-1.0, 1.0), step };
    let mut noise = Stream::new(2, "sampler noise");
    chain.walk(energy, x, &mut noise, &Stream::new(2, "sampler accept"))
}

fn column(n: i64, value: f64) -> Tensor {
    Tensor::full([n, 1, 1, 1], value, (Kind::Float, Device::Cpu))
}

fn values(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.to_kind(Kind::Double).reshape([-1])).expect("a flat tensor of doubles")
}

fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

/// E(x) = h x²/2.
fn quadratic(h: f64) -> impl Fn(&Tensor) -> Tensor {
    move |x| {
        x.flatten(1, -1).square().sum_dim_intlist([1i64].as_slice(), false, Kind::Float) * (h / 2.0)
    }
}

#[test]
fn the_unadjusted_chain_has_its_exact_law_after_every_number_of_steps() {
    let (n, start) = (40_000, 1.5);
    for (h, alpha, temperature) in
        [(1.0, 0.2, 1.0), (3.0, 0.5, 0.1), (0.5, 1.0, 5e-5), (1.1, 2.0, 1.0)]
    {
        for steps in [1, 2, 7, 40] {
            // x ← (1 − αh) x + √(2αT) ξ. With αh > 2 it runs away, by this law.
            let (shrink, noise) = (1.0 - alpha * h, 2.0 * alpha * temperature);
            let mean = f64::powi(shrink, steps) * start;
            let squares: f64 = (0..steps).map(|k| f64::powi(shrink, 2 * k)).sum();
            let variance = noise * squares;
            let spec = sampler(SamplerKind::Langevin, alpha, temperature, steps as u64);
            // The same chain as JEM writes it.
            let jem = Sampler { noise_std: noise.sqrt(), kind: SamplerKind::Sgld, ..spec.clone() };
            for spec in [spec, jem] {
                let x = run(&spec, &quadratic(h), &column(n, start), steps as u64).x;
                let (found_mean, found) = moments(&values(&x));
                let error = ERRORS * (variance / n as f64).sqrt() + 1e-6 * mean.abs();
                assert!((found_mean - mean).abs() < error, "{h} {alpha} {steps}: {found_mean}");
                let error = ERRORS * (2.0 / n as f64).sqrt() + 1e-5;
                assert!((found / variance - 1.0).abs() < error, "{h} {alpha} {steps}: {found}");
            }
        }
    }
}

#[test]
fn the_unadjusted_chain_is_too_wide_by_a_known_factor_and_mala_is_not() {
    let n = 20_000;
    for (h, alpha, temperature) in [(1.0, 1.0, 1.0), (2.0, 0.75, 0.25), (0.5, 0.4, 2.0)] {
        let stationary = temperature / (h * (1.0 - alpha * h / 2.0));
        for (kind, exact) in
            [(SamplerKind::Langevin, stationary), (SamplerKind::Mala, temperature / h)]
        {
            let spec = sampler(kind, alpha, temperature, 60);
            let walked = run(&spec, &quadratic(h), &column(n, 0.0), 0);
            let (mean, variance) = moments(&values(&walked.x));
            assert!(mean.abs() < ERRORS * (exact / n as f64).sqrt(), "{kind:?} {mean}");
            let error = (variance / exact - 1.0).abs();
            assert!(error < ERRORS * (2.0 / n as f64).sqrt(), "{kind:?} {variance} {exact}");
            let accepted = walked.acceptance.map(|share| share.double_value(&[]));
            assert_eq!(accepted.is_some(), kind == SamplerKind::Mala);
            assert!(accepted.is_none_or(|share| share > 0.3 && share < 1.0), "{accepted:?}");
        }
    }
}

/// A double well with unequal depths: 2 (x² − 1)² + 0.4 x.
fn well(x: &Tensor) -> Tensor {
    let x = x.flatten(0, -1);
    (x.square() - 1.0).square() * 2.0 + &x * 0.4
}

/// The well's density at `temperature`, by quadrature: its distribution
/// function at the points of a fine grid.
fn quadrature(temperature: f64) -> (Vec<f64>, Vec<f64>) {
    let (low, width, n) = (-3.0, 6.0, 60_000);
    let at = |i: usize| low + width * (i as f64 + 0.5) / f64::from(n);
    let density = |x: f64| f64::exp(-(2.0 * (x * x - 1.0).powi(2) + 0.4 * x) / temperature);
    let mut sum = 0.0;
    let grid: Vec<f64> = (0..n as usize).map(at).collect();
    let summed: Vec<f64> = grid
        .iter()
        .map(|x| {
            sum += density(*x);
            sum
        })
        .collect();
    (grid, summed.iter().map(|below| below / sum).collect())
}

/// The bins' edges.
const EDGES: [f64; 7] = [-1.3, -0.9, -0.5, 0.0, 0.5, 0.9, 1.3];

fn bin(x: f64) -> usize {
    EDGES.iter().filter(|edge| x > **edge).count()
}

/// How many standard errors the worst bin is off by.
fn worst_bin(x: &[f64], temperature: f64) -> f64 {
    let (grid, below) = quadrature(temperature);
    let upto = |edge: &f64| below[grid.partition_point(|x| x <= edge).max(1) - 1];
    let edges: Vec<f64> = [0.0].into_iter().chain(EDGES.iter().map(upto)).chain([1.0]).collect();
    let n = x.len() as f64;
    let off = |(i, pair): (usize, &[f64])| {
        let p = pair[1] - pair[0];
        let found = x.iter().filter(|x| bin(**x) == i).count() as f64 / n;
        (found - p).abs() / (p * (1.0 - p) / n).sqrt()
    };
    edges.windows(2).enumerate().map(off).fold(0.0, f64::max)
}

#[test]
fn mala_has_the_distribution_of_quadrature_and_the_unadjusted_chain_has_not() {
    let (n, temperature) = (20_000, 1.0);
    let mala = sampler(SamplerKind::Mala, 0.05, temperature, 500);
    let clipped = Sampler { clip_gradient: Some(1.0), ..mala.clone() };
    let decaying = Sampler { step_size_decay: Some(0.999), ..mala.clone() };
    let rough = Sampler { kind: SamplerKind::Langevin, ..mala.clone() };
    for (spec, exact) in [(&mala, true), (&clipped, true), (&decaying, true), (&rough, false)] {
        let x = run(spec, &well, &column(n, 0.3), 0).x;
        let off = worst_bin(&values(&x), temperature);
        println!("{off:.1} standard errors in the worst bin: {spec:?}");
        assert_eq!(off < ERRORS, exact, "{off}: {spec:?}");
    }
}

#[test]
fn a_step_of_mala_goes_both_ways_between_two_bins_equally_often() {
    // From the exact distribution, by its quantiles.
    let (n, temperature) = (200_000, 0.5);
    let (grid, below) = quadrature(temperature);
    let mut chance = vec![0f32; n];
    Stream::new(4, "start").fill_uniform(At::step(0), &mut chance);
    let quantile =
        |u: &f32| grid[below.partition_point(|p| *p < f64::from(*u)).min(grid.len() - 1)];
    let start: Vec<f32> = chance.iter().map(|u| quantile(u) as f32).collect();
    let start = Tensor::from_slice(&start).reshape([-1, 1, 1, 1]);
    for (kind, balanced) in [(SamplerKind::Mala, true), (SamplerKind::Langevin, false)] {
        let spec = sampler(kind, 0.15, temperature, 1);
        let end = values(&run(&spec, &well, &start, 9).x);
        let mut moves = BTreeMap::<(usize, usize), f64>::new();
        for (from, to) in values(&start).iter().zip(&end) {
            *moves.entry((bin(*from), bin(*to))).or_default() += 1.0;
        }
        let off = |((from, to), there): (&(usize, usize), &f64)| {
            let back = moves.get(&(*to, *from)).copied().unwrap_or_default();
            (there - back).abs() / (there + back).sqrt()
        };
        let worst = moves.iter().map(off).fold(0.0, f64::max);
        println!("{worst:.1} standard errors between the worst two bins: {kind:?}");
        assert_eq!(worst < ERRORS, balanced, "{kind:?}: {worst}");
    }
}

/// Weights, means and standard deviation of a mixture in the plane.
const MIXTURE: [(f64, [f64; 2]); 3] = [(0.5, [-1.2, 0.0]), (0.3, [1.0, 0.8]), (0.2, [0.7, -1.2])];
const SD: f64 = 0.7;

#[test]
fn mala_at_the_effective_temperature_of_sgld_gives_the_mixture_once_mixed()
-> Result<(), MetricError> {
    let jem = Sampler { step_size: 4.0, noise_std: 0.2, steps: 1, ..Sampler::default() };
    let temperature = jem.effective_temperature();
    assert!((temperature - 0.005).abs() < 1e-15);
    // Components as logits: E/T = −log Σ w exp(−‖x − μ‖²/2s²) is the mixture's.
    let energy = |x: &Tensor| {
        let x = x.flatten(1, -1);
        let component = |(weight, mean): &(f64, [f64; 2])| {
            let mean = Tensor::from_slice(&mean.map(|m| m as f32));
            let away = (&x - mean).square().sum_dim_intlist([1i64].as_slice(), false, Kind::Float);
            away * (-0.5 / (SD * SD)) + weight.ln()
        };
        let logits = Tensor::stack(&MIXTURE.iter().map(component).collect::<Vec<_>>(), 1);
        logits.logsumexp([1i64].as_slice(), false) * -temperature
    };
    let spec = Sampler {
        // In units of T the curvature is 1/s².
        step_size: 0.45 / temperature,
        ..sampler(SamplerKind::Mala, 1.0, temperature, 1)
    };
    let (chains, burn_in, draws) = (16i64, 200, 3000);
    let mut x = Tensor::zeros([chains, 1, 1, 2], (Kind::Float, Device::Cpu));
    let mut seen = vec![vec![[0f64; 2]; draws]; chains as usize];
    for step in 0..burn_in + draws {
        x = run(&spec, &energy, &x, step as u64).x;
        if step >= burn_in {
            for (chain, place) in values(&x).chunks_exact(2).enumerate() {
                seen[chain][step - burn_in] = [place[0], place[1]];
            }
        }
    }
    type Of = fn(&[f64; 2]) -> f64;
    let mean =
        |of: &dyn Fn(&[f64; 2]) -> f64| -> f64 { MIXTURE.iter().map(|(w, m)| w * of(m)).sum() };
    // P(x > 0) of a component, by its error function.
    let right = |m: &[f64; 2]| normal_cdf(m[0] / SD);
    let wanted: [(&str, Of, f64); 5] = [
        ("x", |p| p[0], mean(&|m| m[0])),
        ("y", |p| p[1], mean(&|m| m[1])),
        ("x²", |p| p[0] * p[0], mean(&|m| m[0] * m[0] + SD * SD)),
        ("xy", |p| p[0] * p[1], mean(&|m| m[0] * m[1])),
        ("right of 0", |p| f64::from(p[0] > 0.0), mean(&right)),
    ];
    for (name, of, exact) in wanted {
        let series: Vec<Vec<f64>> =
            seen.iter().map(|chain| chain.iter().map(of).collect()).collect();
        let (rhat, size) = (rank_rhat(&series)?, ess_mean(&series)?);
        assert!(rhat < 1.01, "{name} has not mixed: R̂ {rhat}");
        let all: Vec<f64> = series.concat();
        let (found, variance) = moments(&all);
        let off = (found - exact).abs() / (variance / size).sqrt();
        println!(
            "{name}: {found:.4}, exactly {exact:.4}; R̂ {rhat:.4}, ESS {size:.0}, {off:.1} errors"
        );
        assert!(off < ERRORS, "{name}: {found}, exactly {exact}");
    }
    Ok(())
}

/// Φ(z), by quadrature of the density.
fn normal_cdf(z: f64) -> f64 {
    let n = 20_000;
    let width = (z + 9.0) / f64::from(n);
    let density = |t: f64| f64::exp(-t * t / 2.0) / f64::sqrt(std::f64::consts::TAU);
    (0..n).map(|i| density(-9.0 + width * (f64::from(i) + 0.5)) * width).sum()
}

#[test]
fn reflected_mala_samples_the_density_on_the_box() {
    // E = 3x on [−1, 1]: an exponential that both faces cut, with mean and
    // variance 1/3 − coth 3 and 1/9 − 1/sinh² 3. The step is as wide as the box.
    let n = 40_000;
    let slope = 3.0f64;
    let energy =
        |x: &Tensor| x.flatten(1, -1).sum_dim_intlist([1i64].as_slice(), false, None) * slope;
    let spec = Sampler { boundary: Boundary::Reflect, ..sampler(SamplerKind::Mala, 0.3, 1.0, 60) };
    let walked = run(&spec, &energy, &column(n, 0.9), 3);
    let x = values(&walked.x);
    assert!(x.iter().all(|x| (-1.0..=1.0).contains(x)));
    let share = walked.acceptance.map_or(0.0, |share| share.double_value(&[]));
    assert!(share > 0.3 && share < 0.95, "{share}");
    let (mean, variance) = moments(&x);
    let exact = (1.0 / slope - slope.tanh().recip(), 1.0 / 9.0 - slope.sinh().powi(-2));
    let error = ERRORS * (exact.1 / n as f64).sqrt();
    assert!((mean - exact.0).abs() < error, "{mean} {}", exact.0);
    // The fourth central moment of an exponential is nine squared variances.
    let error = ERRORS * (8.0 / n as f64).sqrt() * exact.1;
    assert!((variance - exact.1).abs() < error, "{variance} {}", exact.1);
}
