//! Parts of an evaluation beside what every evaluation measures. A part is
//! given a trained network and finds metrics and files; it knows nothing of
//! the other parts, so that its numbers are its own.

use std::cell::RefCell;
use std::error::Error;

use jem_core::arrays::Arrays;
use jem_core::dataset::LabelledImages;
use jem_core::results::{self, ImagesUsed};
use jem_core::spec::{Part, Spec};
use tch::{Device, Tensor};

use super::{
    Set, attacks, calibration, chains, corruptions, generation, likelihood, purification, scores,
    selective,
};
use crate::data::{Images, drawn};
use crate::eval::{Outputs, Values, predict};
use crate::jem::{Network, Parameters, build};

/// What a part may look at.
pub struct Subject<'a> {
    /// What was trained and is evaluated.
    pub spec: &'a Spec,
    /// The trial's seed; streams of a part are derived from it.
    pub seed: u64,
    /// The network.
    pub network: Box<dyn Network>,
    /// Its trained parameters, without a graph.
    pub parameters: Vec<Tensor>,
    /// All test images. What is measured is measured on those that
    /// [`Subject::test_images`] draws of them.
    pub test: &'a LabelledImages,
    /// All training images, before hold-out and limit.
    pub training: &'a LabelledImages,
    /// The samples that training kept of its buffer; none where no chain ran.
    pub buffer: Option<&'a Arrays>,
    /// The test set and every out-of-distribution set, those for validation
    /// last; none where the part rests on none.
    pub sets: &'a [Set],
    /// The TorchScript file of the Inception extractor, where it is there.
    pub inception: Option<Vec<u8>>,
    /// Where tensors are.
    pub device: Device,
    /// Which images were used, where a limit cut a set.
    pub used: RefCell<Vec<ImagesUsed>>,
}

/// What a part found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The metrics.
    pub values: Values,
    /// Result files by name.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// Why samples of the buffer are missing.
pub(super) const NO_BUFFER: &str = "no chain ran in training, and no buffer was kept: that takes \
                                    objective.lambda or objective.lambda_joint above 0, and \
                                    sampler.steps above 0";

/// Told what is looked at next; an error from it ends the part.
pub type Look<'a> = &'a mut dyn FnMut(&str) -> Result<(), Box<dyn Error>>;

impl<'a> Subject<'a> {
    /// The network that `weights` holds.
    ///
    /// # Errors
    /// When they do not fit the spec.
    pub fn new(
        spec: &'a Spec,
        seed: u64,
        (weights, buffer): (&Arrays, Option<&'a Arrays>),
        (training, test): (&'a LabelledImages, &'a LabelledImages),
        sets: &'a [Set],
        device: Device,
    ) -> Result<Self, Box<dyn Error>> {
        let network = build(&spec.training.model, test.shape, test.classes);
        let parameters = Parameters::load(&network.parameters(), weights, device)?.frozen();
        Ok(Self {
            spec,
            seed,
            network,
            parameters,
            test,
            training,
            buffer,
            sets,
            inception: None,
            device,
            used: RefCell::default(),
        })
    }

    /// The test images that `purpose` looks at: no more than `limit` of them and
    /// no more than `evaluate.limit`, in proportion to their classes, the same
    /// for every trial. A smaller draw is part of a larger one, so these are
    /// among those that every evaluation looks at. Which they are is written
    /// down.
    pub fn test_images(&self, limit: Option<u64>, purpose: &str) -> LabelledImages {
        let least = [limit, self.spec.evaluate.limit].into_iter().flatten().min();
        self.images_of((self.test, "test"), least, purpose)
    }

    /// No more than `limit` of the training images, likewise.
    pub fn training_images(&self, limit: Option<u64>, purpose: &str) -> LabelledImages {
        self.images_of((self.training, "training"), limit, purpose)
    }

    fn images_of(
        &self,
        (set, name): (&LabelledImages, &str),
        limit: Option<u64>,
        purpose: &str,
    ) -> LabelledImages {
        let drawn = drawn(set, limit, name);
        self.note(drawn.used(name, purpose));
        drawn.images.into_owned()
    }

    /// Writes down which images were used, where some were left out.
    pub fn note(&self, used: Option<ImagesUsed>) {
        let mut known = self.used.borrow_mut();
        if let Some(used) = used.filter(|used| !known.contains(used)) {
            known.push(used);
        }
    }

    /// `set` as the network sees it: in its pixel range, with the test noise
    /// that there is.
    pub fn images(&self, set: &LabelledImages) -> Images {
        self.with_noise(set, self.spec.training.data.noise_std)
    }

    /// `set` in the network's pixel range, with test noise of `noise_std`.
    pub fn with_noise(&self, set: &LabelledImages, noise_std: f64) -> Images {
        let data = &self.spec.training.data;
        Images::new(set, data.range, noise_std, self.seed, self.device).dequantised(data.dequantise)
    }

    /// The network's outputs on `images`, their noise from the stream `noise`.
    pub fn outputs(&self, images: &Images, noise: &str) -> Outputs {
        predict(self.network.as_ref(), &self.parameters, images, noise)
    }
}

/// Runs `part` on `subject`.
///
/// # Errors
/// When the spec does not ask for it, a file cannot be written, or `look`
/// fails.
pub fn run_part(
    part: Part,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let mut found = measured(part, subject, look)?;
    let used = subject.used.take();
    if !used.is_empty() {
        found.files.push((results::IMAGES_USED, serde_json::to_vec(&used)?));
    }
    Ok(found)
}

fn measured(part: Part, subject: &Subject<'_>, look: Look<'_>) -> Result<Found, Box<dyn Error>> {
    let evaluate = &subject.spec.evaluate;
    let unasked = || format!("the spec has no [evaluate.{}]", part.name());
    match part {
        Part::Corruptions => {
            let asked = evaluate.corruptions.as_ref().ok_or_else(unasked)?;
            corruptions::measure(asked, subject, look)
        }
        Part::Chains => {
            let asked = evaluate.chains.as_ref().ok_or_else(unasked)?;
            chains::measure(asked, subject, look)
        }
        Part::Calibration => {
            let asked = evaluate.calibration.as_ref().ok_or_else(unasked)?;
            calibration::measure(asked, subject, look)
        }
        Part::Selective => {
            let asked = evaluate.selective.as_ref().ok_or_else(unasked)?;
            selective::measure(asked, subject, look)
        }
        Part::Purification => {
            let asked = evaluate.purification.as_ref().ok_or_else(unasked)?;
            purification::measure(asked, subject, look)
        }
        Part::Attacks => {
            let asked = evaluate.attacks.as_ref().ok_or_else(unasked)?;
            attacks::measure(asked, subject, look)
        }
        Part::Scores => {
            let asked = evaluate.scores.as_ref().ok_or_else(unasked)?;
            scores::measure(asked, subject, look)
        }
        Part::Likelihood => {
            let asked = evaluate.likelihood.as_ref().ok_or_else(unasked)?;
            likelihood::measure(asked, subject, look)
        }
        Part::Generation => {
            let asked = evaluate.generation.as_ref().ok_or_else(unasked)?;
            generation::measure(asked, subject, look)
        }
    }
}
