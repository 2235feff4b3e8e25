//! What gives features, and classes, of images: a small classifier of ours,
//! or Inception out of a TorchScript file.

use std::error::Error;
use std::io::Cursor;

use jem_core::random::Stream;
use jem_core::results::ExtractorUsed;
use jem_core::spec::{Activation, Adam, Cnn, Model};
use tch::{CModule, Device, Kind, Tensor};

use super::part::Look;
use crate::data::{BatchOrder, Images};
use crate::jem::{AdamState, Mode, Network, Parameters, build, cross_entropy};

/// Fixed settings of the small classifier: every trial has the same one.
const STEPS: u64 = 300;
const BATCH: usize = 64;
const LEARNING_RATE: f64 = 1e-3;
const CHANNELS: [u64; 2] = [16, 32];
const HIDDEN: u64 = 64;
/// Its streams are those of this seed, whatever the trial's is.
const SEED: u64 = 0;
/// Images looked at together.
const CHUNK: i64 = 250;
const INCEPTION_CHUNK: i64 = 25;
/// Chunks between two looks.
const LOOK_EVERY: usize = 10;
/// Height and width that Inception takes.
const SIDE: i64 = 299;

/// A function from images to features.
pub(super) enum Features {
    /// Penultimate features and classes.
    Classifier { network: Box<dyn Network>, parameters: Vec<Tensor> },
    /// Features alone.
    Inception(CModule),
}

/// What an extractor sees in images.
pub(super) struct Seen {
    /// `[n, d]`
    pub features: Tensor,
    /// p(y|x) `[n, k]`; none where the extractor gives no classes.
    pub probabilities: Option<Tensor>,
}

impl Features {
    /// A classifier of the training `images`, which are in [0, 1].
    pub fn classifier(images: &Images) -> Self {
        let model = Model::Cnn(Cnn {
            channels: CHANNELS.to_vec(),
            hidden: HIDDEN,
            activation: Activation::Silu,
            spectral_norm: None,
        });
        let network = build(&model, images.shape(), images.classes());
        let stream = Stream::new(SEED, "extractor init");
        let parameters = Parameters::drawn(&network.parameters(), &stream, images.device());
        let mut adam = AdamState::new(
            &Adam { lr: LEARNING_RATE, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
            parameters.trained(),
        );
        let mut order = BatchOrder::new(SEED, "extractor order", images.len(), BATCH);
        for step in 0..STEPS {
            let (x, y) = images.batch(&order.rows(step));
            let logits = network.logits(parameters.tensors(), &centred(&x), Mode::Eval);
            let loss = cross_entropy(&logits, &y);
            let gradients = Tensor::run_backward(&[loss], parameters.trained(), false, false);
            adam.step(parameters.trained(), &gradients, LEARNING_RATE);
        }
        let parameters = parameters.frozen();
        Self::Classifier { network, parameters }
    }

    /// The network that the TorchScript file `bytes` holds.
    ///
    /// # Errors
    /// When it holds none.
    pub fn inception(bytes: &[u8], device: Device) -> Result<Self, String> {
        let module = CModule::load_data_on_device(&mut Cursor::new(bytes), device);
        let mut module =
            module.map_err(|error| format!("the extractor cannot be read: {error}"))?;
        module.set_eval();
        Ok(Self::Inception(module))
    }

    /// What it sees in `images` `[n, c, h, w]`, whose values are in [0, 1]; or
    /// why it cannot take such images, or gives no features. `look` is told
    /// now and then.
    ///
    /// # Errors
    /// When `look` fails.
    pub fn see(
        &self,
        images: &Tensor,
        look: Look<'_>,
    ) -> Result<Result<Seen, String>, Box<dyn Error>> {
        let _guard = tch::no_grad_guard();
        let n = images.size()[0];
        let chunk = match self {
            Self::Classifier { .. } => CHUNK,
            Self::Inception(_) => INCEPTION_CHUNK,
        };
        let mut parts = Vec::new();
        for (number, start) in (0..n).step_by(chunk as usize).enumerate() {
            if number % LOOK_EVERY == 0 {
                look(&format!("features of image {start} of {n}"))?;
            }
            match self.chunk(&images.narrow(0, start, chunk.min(n - start))) {
                Ok(part) => parts.push(part),
                Err(why) => return Ok(Err(why)),
            }
        }
        let joined = |all: Vec<Tensor>| (!all.is_empty()).then(|| Tensor::cat(&all, 0));
        let features = parts.iter().map(|part| part.features.shallow_clone()).collect();
        let Some(features) = joined(features) else {
            return Ok(Err("no images: at least one is needed".to_owned()));
        };
        let probabilities = parts.into_iter().filter_map(|part| part.probabilities).collect();
        Ok(Ok(Seen { features, probabilities: joined(probabilities) }))
    }

    fn chunk(&self, images: &Tensor) -> Result<Seen, String> {
        match self {
            Self::Classifier { network, parameters } => {
                let features = network.features(parameters, &centred(images), Mode::Eval);
                let (weight, bias) = network.head(parameters);
                let logits = features.linear(&weight, Some(&bias)).to_kind(Kind::Double);
                Ok(Seen { features, probabilities: Some(logits.softmax(1, Kind::Double)) })
            }
            Self::Inception(module) => {
                let features = module.forward_ts(&[for_inception(images)?]);
                let features =
                    features.map_err(|error| format!("the extractor failed: {error}"))?;
                let n = images.size()[0];
                let size = features.size();
                if size.len() != 2 || size[0] != n {
                    return Err(format!("the extractor gives {size:?}, expected [{n}, features]"));
                }
                Ok(Seen { features, probabilities: None })
            }
        }
    }

    /// What it is, for those who read its numbers.
    pub fn described(
        &self,
        trained_on: u64,
        features: u64,
        accuracy: Option<f64>,
    ) -> ExtractorUsed {
        let (name, what) = match self {
            Self::Classifier { .. } => (
                "classifier",
                format!(
                    "a CNN of {CHANNELS:?} channels and {HIDDEN} features, {STEPS} steps of {BATCH} \
                     on {trained_on} training images, the same for every trial"
                ),
            ),
            Self::Inception(_) => (
                "inception",
                "Inception v3 (TorchScript), images of 256 levels made 299×299 as TensorFlow's \
                 first resize does"
                    .to_owned(),
            ),
        };
        ExtractorUsed { name: name.to_owned(), what, features, accuracy }
    }
}

/// From [0, 1] to [−1, 1].
fn centred(images: &Tensor) -> Tensor {
    images * 2.0 - 1.0
}

/// As StyleGAN's metrics have it: 256 levels v, grey as three channels, resized by
/// TensorFlow's first bilinear rule (source = target · old / new, no half
/// pixels), (v − 128) / 128.
fn for_inception(images: &Tensor) -> Result<Tensor, String> {
    let [n, c, h, w] = images.size4().map(<[i64; 4]>::from).map_err(|error| error.to_string())?;
    if c != 1 && c != 3 {
        return Err(format!("Inception takes 1 (grey) or 3 (RGB) channels, not {c}"));
    }
    let levels = (images * 255.0).round().expand([n, 3, h, w], false);
    let shift = |side: i64| (1.0 / side as f64 - 1.0 / SIDE as f64) as f32;
    let theta = [1f32, 0.0, shift(w), 0.0, 1.0, shift(h)];
    let theta = Tensor::from_slice(&theta).reshape([1, 2, 3]).to_device(images.device());
    let grid = Tensor::affine_grid_generator(&theta.repeat([n, 1, 1]), [n, 3, SIDE, SIDE], false);
    // Bilinear (0), the border beyond the image (1).
    Ok((levels.grid_sampler_2d(&grid, 0, 1, false) - 128.0) / 128.0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_resized_ramp_has_the_values_of_the_rule() {
        // Four columns of 0, 1/5, 2/5 and 3/5: target i looks at i · 4/299.
        let ramp = Tensor::from_slice(&[0f32, 51.0, 102.0, 153.0]) / 255.0;
        let x = for_inception(&ramp.reshape([1, 1, 1, 4])).unwrap();
        assert_eq!(x.size(), [1, 3, SIDE, SIDE]);
        for i in [0i64, 1, 100, 200, 298] {
            let source = (i as f64 * 4.0 / 299.0).min(3.0);
            let expected = (51.0 * source - 128.0) / 128.0;
            for channel in 0..3 {
                let found = x.double_value(&[0, channel, 7, i]);
                assert!((found - expected).abs() < 1e-4, "{i}: {found} {expected}");
            }
        }
        assert!(for_inception(&Tensor::zeros([1, 2, 4, 4], (Kind::Float, Device::Cpu))).is_err());
    }

    #[test]
    fn what_is_no_network_is_said() {
        let said = Features::inception(b"no network", Device::Cpu).err().unwrap();
        assert!(said.starts_with("the extractor cannot be read: "), "{said}");
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        inception: Expected,
    }

    #[derive(serde::Deserialize)]
    struct Expected {
        levels: Vec<f32>,
        features: usize,
        first: Vec<f64>,
        mean: f64,
    }

    /// Features of one image, by PyTorch and the package's own resize
    /// (`tests/fixtures/generation`), where the 87 MB of the extractor are in
    /// the data folder. Tolerance 3e-5, of features of about 0.3: both run the
    /// same operations in single precision, another libtorch in another order.
    #[test]
    fn features_of_the_inception_file_are_those_of_pytorch_where_it_is_there() {
        let data = jem_core::dataset::default_data_dir();
        let file = jem_core::dataset::InceptionFile::default();
        let Some(bytes) = file.read(&data, &data).unwrap() else {
            eprintln!("no inception.pt in the data folder: nothing is compared");
            return;
        };
        let text = include_str!("../../tests/fixtures/generation/expected.json");
        let Fixture { inception: expected } = serde_json::from_str(text).unwrap();
        let extractor = Features::inception(&bytes, Device::Cpu).unwrap();
        let images = Tensor::from_slice(&expected.levels).reshape([1, 1, 8, 8]) / 255.0;
        let seen = extractor.see(&images, &mut |_| Ok(())).unwrap().unwrap();
        assert!(seen.probabilities.is_none());
        assert_eq!(seen.features.size(), [1, expected.features as i64]);
        for (place, value) in expected.first.iter().enumerate() {
            let found = seen.features.double_value(&[0, place as i64]);
            println!("{:.1e}", (found - value).abs());
            assert!((found - value).abs() < 3e-5, "{place}: {found} {value}");
        }
        let mean = seen.features.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        assert!((mean - expected.mean).abs() < 3e-5, "{mean} {}", expected.mean);
    }
}
