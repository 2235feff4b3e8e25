//! Annealed importance sampling against normalisers that are known: normal
//! distributions in closed form, a mixture and a small network by quadrature,
//! the network also by annealing that was written apart
//! (`fixtures/likelihood`). Estimates are held to three of their own standard
//! errors.

use std::error::Error;

use jem_core::random::{At, Stream};
use jem_core::spec::AnnealingSchedule;
use jem_worker::eval::likelihood::{
    Annealing, Spectrum, TruncatedNormals, betas, effective_size, log_mean_exp, standard_error,
};
use jem_worker::jem::{EnergyOf, energy};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

const BOX: (f64, f64) = (-1.0, 1.0);
const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

#[derive(Deserialize)]
struct Fixture {
    network: Network,
    densities: Densities,
    truncated: Vec<Truncated>,
}

#[derive(Deserialize)]
struct Network {
    layers: Vec<Layer>,
    log_z: f64,
    annealed: (f64, f64),
}

#[derive(Deserialize)]
struct Layer {
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

#[derive(Deserialize)]
struct Densities {
    fitted: Vec<Vec<f64>>,
    judged: Vec<Vec<f64>>,
    ridge: f64,
    components: usize,
    gaussian: Vec<f64>,
    ppca: Vec<f64>,
}

#[derive(Deserialize)]
struct Truncated {
    mean: f64,
    std: f64,
    moments: [f64; 2],
    log_density_at_0: f64,
}

fn fixture() -> Result<Fixture, Box<dyn Error>> {
    Ok(serde_json::from_str(include_str!("fixtures/likelihood/expected.json"))?)
}

fn wide(d: i64) -> TruncatedNormals {
    TruncatedNormals::new(&Tensor::zeros([d], DOUBLE), &Tensor::full([d], 0.5, DOUBLE), BOX)
}

fn rows(x: &Tensor) -> Tensor {
    x.sum_dim_intlist([1i64].as_slice(), false, Kind::Double)
}

fn path<'a>(
    base: &'a TruncatedNormals,
    of_x: EnergyOf<'a>,
    between: usize,
    schedule: AnnealingSchedule,
) -> Annealing<'a> {
    Annealing::new((base, of_x), betas(schedule, between), (1, None), (5, "test"))
}

/// The forward estimate is within three standard errors of `log_z`, and its
/// error is below `largest`.
fn assert_forward(annealing: &Annealing<'_>, chains: usize, log_z: f64, largest: f64) {
    let ran = annealing.forward(chains);
    let (found, error) = (log_mean_exp(&ran.log_weights), standard_error(&ran.log_weights));
    let size = effective_size(&ran.log_weights);
    println!("{found} ± {error}, true {log_z}, {size} effective of {chains}");
    assert!((found - log_z).abs() < 3.0 * error, "{found} ± {error}, true {log_z}");
    assert!(error < largest, "{error}");
    let accepted = ran.acceptance.iter().sum::<f64>() / ran.acceptance.len() as f64;
    assert!((accepted - 0.574).abs() < 0.1, "{accepted}");
}

/// A normal distribution turned out of the axes, so narrow that less than
/// 1e-12 of it is outside the box: its energy, and a sampler of it.
struct Turned {
    turn: Tensor,
    std: Tensor,
}

impl Turned {
    fn new(d: i64) -> Self {
        let mut values = vec![0f32; (d * d) as usize];
        Stream::new(9, "turn").fill_normal(At::step(0), &mut values);
        let (turn, _) = Tensor::linalg_qr(&Tensor::from_slice(&values).view([d, d]), "complete");
        // 8 standard deviations of the widest reach the box: erfc(8/√2) is 1e-15.
        let std = Tensor::linspace(0.02, 0.125, d, DOUBLE);
        Self { turn: turn.to_kind(Kind::Double), std }
    }

    fn energy(&self, x: &Tensor) -> Tensor {
        rows(&(x.matmul(&self.turn) / &self.std).square()) * 0.5
    }

    fn log_z(&self) -> f64 {
        let two_pi = 2.0 * std::f64::consts::PI;
        (&self.std * two_pi.sqrt()).log().sum(Kind::Double).double_value(&[])
    }

    fn samples(&self, n: i64) -> Tensor {
        let d = self.std.size()[0];
        let mut values = vec![0f32; (n * d) as usize];
        Stream::new(9, "samples").fill_normal(At::step(0), &mut values);
        let normals = Tensor::from_slice(&values).view([n, d]).to_kind(Kind::Double);
        (normals * &self.std).matmul(&self.turn.tr())
    }
}

#[test]
fn a_normal_distribution_in_2_and_64_dimensions_has_its_normaliser() {
    for (d, between, chains, largest) in [(2, 1000, 400, 0.05), (64, 4000, 64, 0.3)] {
        let (base, target) = (wide(d), Turned::new(d));
        let of_x = |x: &Tensor| target.energy(x);
        let annealing = path(&base, &of_x, between, AnnealingSchedule::Sigmoid);
        assert_forward(&annealing, chains, target.log_z(), largest);
    }
}

#[test]
fn from_exact_samples_the_run_backwards_bounds_the_normaliser_from_above() {
    // Few densities between, so that both bounds are off by much.
    for (d, between, chains) in [(2, 10, 2000), (64, 200, 64)] {
        let (base, target) = (wide(d), Turned::new(d));
        let of_x = |x: &Tensor| target.energy(x);
        let annealing = path(&base, &of_x, between, AnnealingSchedule::Linear);
        let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
        let lower = mean(&annealing.forward(chains).log_weights);
        let upper = -mean(&annealing.reverse(&target.samples(chains as i64)).log_weights);
        println!("{lower} < {} < {upper}", target.log_z());
        assert!(lower < target.log_z() && target.log_z() < upper);
    }
    // With many, they meet.
    let (base, target) = (wide(2), Turned::new(2));
    let of_x = |x: &Tensor| target.energy(x);
    let annealing = path(&base, &of_x, 1000, AnnealingSchedule::Sigmoid);
    let backwards = annealing.reverse(&target.samples(400));
    let (found, error) =
        (-log_mean_exp(&backwards.log_weights), standard_error(&backwards.log_weights));
    assert!((found - target.log_z()).abs() < 3.0 * error, "{found} ± {error}");
}

#[test]
fn normals_that_the_box_cuts_have_the_normaliser_of_the_error_function() {
    // A factor in each value, half of them cut in the middle.
    let d = 64;
    let mean = Tensor::linspace(-1.0, 0.3, d, DOUBLE);
    let target = TruncatedNormals::new(&mean, &Tensor::full([d], 0.15, DOUBLE), BOX);
    let base = wide(d);
    let of_x = |x: &Tensor| target.energy(x).0 - 7.0;
    let annealing = path(&base, &of_x, 1000, AnnealingSchedule::Sigmoid);
    assert_forward(&annealing, 64, 7.0, 0.3);
    let backwards = annealing.reverse(&target.draw(64, &Stream::new(1, "exact")));
    let (found, error) =
        (-log_mean_exp(&backwards.log_weights), standard_error(&backwards.log_weights));
    assert!((found - 7.0).abs() < 3.0 * error, "{found} ± {error}");
}

/// ln ∫ exp(−E) over the box in two dimensions, by the midpoint rule.
fn quadrature(of_x: EnergyOf<'_>) -> f64 {
    let n = 1500;
    let side = (Tensor::arange(n, DOUBLE) + 0.5) * (2.0 / n as f64) - 1.0;
    let grid = Tensor::cartesian_prod(&[side.shallow_clone(), side]);
    let log = (-of_x(&grid)).logsumexp([0i64].as_slice(), false).double_value(&[]);
    log + 2.0 * (2.0 / n as f64).ln()
}

#[test]
fn a_mixture_at_the_edge_of_the_box_has_the_normaliser_of_quadrature() {
    // Three parts of different widths, one with its mean on a face: far from
    // normal, and cut by the box.
    let parts = [(-0.6, -0.5, 0.1, 0.5), (0.5, 0.6, 0.2, 0.3), (1.0, -0.7, 0.15, 0.2)];
    let of_x = |x: &Tensor| {
        let each: Vec<Tensor> = parts
            .iter()
            .map(|&(a, b, width, share): &(f64, f64, f64, f64)| {
                let centre = Tensor::from_slice(&[a, b]);
                rows(&(x - centre).square()) * (-0.5 / (width * width)) + share.ln()
            })
            .collect();
        -Tensor::stack(&each, 1).logsumexp([1i64].as_slice(), false)
    };
    let base = wide(2);
    let annealing = path(&base, &of_x, 400, AnnealingSchedule::Linear);
    assert_forward(&annealing, 400, quadrature(&of_x), 0.1);
}

#[test]
fn a_network_has_the_normaliser_of_quadrature_and_of_another_annealing()
-> Result<(), Box<dyn Error>> {
    let Network { layers, log_z, annealed } = fixture()?.network;
    let layers: Vec<(Tensor, Tensor)> = layers
        .iter()
        .map(|layer| (Tensor::from_slice2(&layer.weight), Tensor::from_slice(&layer.bias)))
        .collect();
    let of_x = |x: &Tensor| {
        let hidden = x.linear(&layers[0].0, Some(&layers[0].1)).silu();
        energy(&hidden.linear(&layers[1].0, Some(&layers[1].1)))
    };
    // The same rule on fewer points.
    assert!((quadrature(&of_x) - log_z).abs() < 1e-5, "{} {log_z}", quadrature(&of_x));
    let base = wide(2);
    let annealing = path(&base, &of_x, 400, AnnealingSchedule::Sigmoid);
    assert_forward(&annealing, 400, log_z, 0.05);
    let ran = annealing.forward(400);
    let (found, error) = (log_mean_exp(&ran.log_weights), standard_error(&ran.log_weights));
    assert!((found - annealed.0).abs() < 3.0 * error.hypot(annealed.1), "{found} {annealed:?}");
    Ok(())
}

#[test]
fn densities_from_the_images_alone_agree() -> Result<(), Box<dyn Error>> {
    let known = fixture()?.densities;
    let spectrum = Spectrum::of(&Tensor::from_slice2(&known.fitted), 0.0);
    let judged = Tensor::from_slice2(&known.judged);
    let cases = [
        (spectrum.with_ridge(known.ridge), known.gaussian),
        (spectrum.with_components(known.components), known.ppca),
    ];
    for (variances, expected) in cases {
        let found = spectrum.energy(&judged, &variances);
        for (row, expected) in expected.iter().enumerate() {
            let found = -found.double_value(&[row as i64]);
            assert!((found / expected - 1.0).abs() < 1e-10, "{found} {expected}");
        }
    }
    Ok(())
}

#[test]
fn truncated_normals_agree() -> Result<(), Box<dyn Error>> {
    for Truncated { mean, std, moments, log_density_at_0 } in fixture()?.truncated {
        let law =
            TruncatedNormals::new(&Tensor::from_slice(&[mean]), &Tensor::from_slice(&[std]), BOX);
        let found = -law.energy(&Tensor::zeros([1, 1], DOUBLE)).0.double_value(&[0]);
        assert!((found - log_density_at_0).abs() < 1e-10, "{found} {log_density_at_0}");
        let n = 40_000;
        let x = law.draw(n, &Stream::new(1, "test"));
        assert!(x.min().double_value(&[]) >= -1.0 && x.max().double_value(&[]) <= 1.0);
        let found = [x.mean(Kind::Double), x.std(true)].map(|t| t.double_value(&[]));
        for (found, expected) in found.iter().zip(moments) {
            // Four and a half standard errors of the mean; those of the
            // standard deviation are smaller.
            let error = 4.5 * moments[1] / f64::from(n as u32).sqrt();
            assert!((found - expected).abs() < error, "{found} {expected}");
        }
    }
    Ok(())
}
