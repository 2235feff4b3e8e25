//! Log-likelihood of test images under the model, beside densities from the
//! images alone, on the same dequantised images.

mod annealed;
mod images;

use std::error::Error;
use std::f64::consts::LN_2;

use jem_core::results::{self, DensityOfImages, LikelihoodResults};
use jem_core::spec::Likelihood as Asked;
use tch::{Kind, Tensor};

use super::part::{Found, Look, Subject};
use crate::eval::host;
use crate::eval::likelihood::{Spectrum, TruncatedNormals};
use crate::jem::{EnergyOf, Mode, energy};
use annealed::{Normaliser, Settings};
use images::Rows;

/// Images seen by the network at once.
const BATCH: i64 = 1000;

/// Measures the densities on the test images.
///
/// # Errors
/// When a file cannot be written, or `look` fails.
pub fn measure(
    asked: &Asked,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let rows = Rows::of(subject);
    let spectrum = Spectrum::of(&rows.training, rows.cell_variance());
    let bounds = subject.spec.training.data.range.bounds();
    let base = TruncatedNormals::new(spectrum.mean(), &rows.std(), bounds);
    let mut measuring = Measuring {
        settings: Settings { asked, base: &base, seed: subject.seed },
        rows: &rows,
        found: Found::default(),
        known: LikelihoodResults {
            n: rows.test.size()[0] as u64,
            dimensions: spectrum.dimensions() as u64,
            levels: rows.levels,
            level_width: rows.cell,
            bounds,
            ..LikelihoodResults::default()
        },
    };
    look("model")?;
    let shape = subject.test.shape.map(|n| n as i64);
    let of_x = |x: &Tensor| {
        let images = x.to_kind(Kind::Float).view([-1, shape[0], shape[1], shape[2]]);
        energy(&subject.network.logits(&subject.parameters, &images, Mode::Eval))
            .to_kind(Kind::Double)
    };
    measuring.on_box("model", None, &of_x, images::kept(subject).as_ref());
    measuring.with("base", None, Ok(0.0), &|x: &Tensor| base.energy(x).0);
    look("densities from the images alone")?;
    measuring.simple(&spectrum);
    let Measuring { mut found, known, .. } = measuring;
    found.files.push((results::LIKELIHOOD, serde_json::to_vec_pretty(&known)?));
    Ok(found)
}

/// Densities so far.
struct Measuring<'a> {
    settings: Settings<'a>,
    rows: &'a Rows,
    found: Found,
    known: LikelihoodResults,
}

/// Numbers that are added to every variance of the normal distribution, as
/// shares of the box's squared width.
const RIDGES: [f64; 8] = [0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2];

impl Measuring<'_> {
    /// A normal distribution and probabilistic principal component analysis,
    /// on the whole space and restricted to the box.
    fn simple(&mut self, spectrum: &Spectrum) {
        let Some(held_out) = &self.rows.validation else {
            for name in ["gaussian", "ppca", "gaussian_box", "ppca_box"] {
                self.put(name, None, Err(NO_VALIDATION.to_owned()));
            }
            return;
        };
        let (low, high) = self.settings.base.bounds();
        let ridges = RIDGES.map(|share| share * (high - low) * (high - low));
        let ridge = spectrum.best(held_out, ridges, Spectrum::with_ridge);
        let components =
            spectrum.best(held_out, 0..spectrum.dimensions(), Spectrum::with_components);
        let chosen = [
            ("gaussian", ridge, ridge.map(|ridge| spectrum.with_ridge(ridge))),
            ("ppca", components.map(|n| n as f64), components.map(|n| spectrum.with_components(n))),
        ];
        for (name, setting, variances) in chosen {
            let Some(variances) = variances else { continue };
            let of_x = |x: &Tensor| spectrum.energy(x, &variances);
            self.with(name, setting, Ok(0.0), &of_x);
            self.on_box(&format!("{name}_box"), setting, &of_x, None);
        }
    }

    /// The density exp(−E)/Z on the box, Z estimated. `kept` holds states of
    /// its chains, where there are any.
    fn on_box(
        &mut self,
        name: &str,
        chosen: Option<f64>,
        of_x: EnergyOf<'_>,
        kept: Option<&Tensor>,
    ) {
        let Normaliser { run, log_z, gap } = self.settings.normaliser(name, of_x, kept);
        let values = &mut self.found.values;
        let path = |metric: &str| format!("likelihood/{metric}/{name}");
        values.put_or_why(path("log_z"), log_z.clone());
        values.put_or_why(path("log_z_gap"), gap);
        values.put(path("log_z_se"), run.log_z_se.unwrap_or(f64::NAN));
        values.put(path("ess"), run.ess.unwrap_or(f64::NAN));
        let accepted = run.acceptance.iter().sum::<f64>() / run.acceptance.len() as f64;
        values.put(path("acceptance"), accepted);
        self.known.annealing.push(run);
        self.with(name, chosen, log_z, of_x);
    }

    /// The density exp(−E − `log_z`), or why it has none.
    fn with(
        &mut self,
        name: &str,
        chosen: Option<f64>,
        log_z: Result<f64, String>,
        of_x: EnergyOf<'_>,
    ) {
        let nats = log_z.map(|log_z| -> Vec<f64> {
            let _guard = tch::no_grad_guard();
            let batches = self.rows.test.split(BATCH, 0);
            batches.iter().flat_map(|x| host(&of_x(x))).map(|e| -e - log_z).collect()
        });
        self.put(name, chosen, nats);
    }

    /// Takes in the log-density of each test image.
    fn put(&mut self, name: &str, chosen: Option<f64>, nats: Result<Vec<f64>, String>) {
        let mean = nats.as_ref().map(|nats| nats.iter().sum::<f64>() / nats.len() as f64);
        let mean = mean.map_err(Clone::clone);
        let (d, width) = (self.known.dimensions as f64, self.known.level_width);
        let bits = mean.clone().map(|mean| -(mean + d * width.ln()) / (d * LN_2));
        let values = &mut self.found.values;
        values.put_or_why(format!("likelihood/nats/{name}"), mean.clone());
        values.put_or_why(format!("likelihood/bits_per_dim/{name}"), bits);
        let finite = |value: f64| value.is_finite().then_some(value);
        let nats_sd = nats.ok().zip(mean.clone().ok()).and_then(|(nats, mean)| {
            let squares: f64 = nats.iter().map(|nats| (nats - mean).powi(2)).sum();
            finite((squares / (nats.len() as f64 - 1.0)).sqrt())
        });
        let nats = mean.ok().and_then(finite);
        let name = name.to_owned();
        self.known.densities.push(DensityOfImages { name, chosen, nats, nats_sd });
    }
}

/// Why a density from the images alone has no settings.
const NO_VALIDATION: &str = "its settings are chosen on held-out images, and none were held out: \
                             set data.validation";
