//! The sets that a network is evaluated on.

use std::borrow::Cow;
use std::rc::Rc;

use jem_core::dataset::{DatasetError, LabelledImages, Loaded, Split};
use jem_core::digest::Digest;
use jem_core::spec::{OodSet, Spec};

use crate::data::{
    Inputs, Places, elastic, first, gaussian_noise, interpolated, letters, picked, rotated, split,
    uniform_noise,
};

/// A set with its name in metric paths, which is also that of the stream of
/// its test noise.
#[derive(Clone, Debug)]
pub struct Set {
    /// `test`, or the name of an out-of-distribution set.
    pub name: String,
    images: Pixels,
}

/// Where the images of a set come from.
#[derive(Clone, Debug)]
enum Pixels {
    /// They are these, for every trial.
    These(LabelledImages),
    /// They are made by the rule of those of these training images that a trial
    /// holds out.
    OfHeldOut(Rule, Rc<Loaded>),
}

/// Makes a set of images, what is drawn from the streams of a purpose.
type Rule = fn(&LabelledImages, &str) -> LabelledImages;

impl Set {
    /// Its images, for the trial of `spec` with `seed`. A set that is made of
    /// images that training held out differs from seed to seed, as those do.
    pub fn images(&self, spec: &Spec, seed: u64) -> Cow<'_, LabelledImages> {
        match &self.images {
            Pixels::These(images) => Cow::Borrowed(images),
            Pixels::OfHeldOut(rule, training) => {
                let (data, all) = (&spec.training.data, &training.images);
                let rows = split(all.len(), data.validation, data.limit, seed).validation;
                let held_out = first(&picked(all, &rows), spec.evaluate.limit);
                Cow::Owned(rule(&held_out, VALIDATION))
            }
        }
    }
}

/// What a set that is made is made for, in the names of its streams.
const JUDGING: &str = "ood";
const VALIDATION: &str = "validation ood";

/// A set that the network cannot be evaluated on.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Its images are not like the test images.
    #[error("`{name}` {what}; the test images are {}×{}×{}{help}", shape[0], shape[1], shape[2])]
    Odd {
        /// The set.
        name: String,
        /// What is odd about it.
        what: String,
        /// `[c, h, w]` of the test images.
        shape: [usize; 3],
        /// What to do, after a colon, where something can be done.
        help: String,
    },
}

/// The test set of `spec`, then every out-of-distribution set, those for
/// validation last; the digests of the files read are appended to `seen`, but
/// for those of training images, which the training rests on already.
///
/// A set that is made is made of the test images; for validation of those that
/// training holds out, where there are some.
///
/// # Errors
/// When a set cannot be read, or its images are not like the test images.
pub fn sets(
    spec: &Spec,
    inputs: &mut Inputs,
    places: &Places<'_>,
    seen: &mut Vec<(String, Digest)>,
) -> Result<Vec<Set>, SetError> {
    let (asked, data) = (&spec.evaluate, &spec.training.data);
    let test = inputs.get(places, &data.train, Split::Test, seen)?;
    let test = first(&test.images, asked.limit);
    let mut sets = vec![Set { name: "test".to_owned(), images: Pixels::These(test.clone()) }];
    for (place, set) in asked.sets().enumerate() {
        let is_validation = place >= asked.ood.len();
        let rule: Rule = match set {
            OodSet::Test(source) => {
                let loaded = inputs.get(places, source, Split::Test, seen)?;
                let images = first(&loaded.images, asked.limit);
                like_test(set, &images, &test)?;
                // The labels of another set mean nothing here; its classes are ours.
                let images = LabelledImages { classes: test.classes, ..images };
                sets.push(Set { name: set.name(), images: Pixels::These(images) });
                continue;
            }
            OodSet::Rotated if test.shape[1] != test.shape[2] => {
                return Err(odd(set, "needs square images".to_owned(), &test));
            }
            OodSet::Rotated => |set, _| rotated(set),
            OodSet::UniformNoise => uniform_noise,
            OodSet::GaussianNoise => gaussian_noise,
            OodSet::Interpolation => interpolated,
            OodSet::Elastic => elastic,
            OodSet::Letters => letters,
        };
        let images = match is_validation {
            true if data.validation > 0 => {
                let training = inputs.get(places, &data.train, Split::Train, &mut Vec::new())?;
                like_test(set, &training.images, &test)?;
                Pixels::OfHeldOut(rule, training)
            }
            true => Pixels::These(rule(&test, VALIDATION)),
            false => Pixels::These(rule(&test, JUDGING)),
        };
        sets.push(Set { name: set.name(), images });
    }
    Ok(sets)
}

/// `images`, of which `set` is or is made, have the shape of the test images.
fn like_test(set: &OodSet, images: &LabelledImages, test: &LabelledImages) -> Result<(), SetError> {
    if images.shape == test.shape && !images.is_empty() {
        return Ok(());
    }
    Err(odd(set, format!("has {} images of shape {:?}", images.len(), images.shape), test))
}

fn odd(set: &OodSet, what: String, test: &LabelledImages) -> SetError {
    let remedy = match set {
        OodSet::Test(source) => source.remedy(test.shape),
        _ => None,
    };
    let help = remedy.map_or_else(String::new, |remedy| format!(": {remedy}"));
    SetError::Odd { name: set.name(), what, shape: test.shape, help }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::Path;

    use jem_core::dataset::{Source, load};
    use jem_core::plan::Plan;

    use super::*;

    /// The sets of the digits' test and training images that `spec` asks for.
    fn sets_of(spec: &Spec) -> (Vec<Set>, Vec<(String, Digest)>) {
        let nowhere = Path::new("/nonexistent");
        let places = Places { data: nowhere, base: nowhere };
        let mut seen = Vec::new();
        let found = sets(spec, &mut Inputs::default(), &places, &mut seen).unwrap();
        (found, seen)
    }

    fn spec(evaluate: &str, validation: u64) -> Spec {
        let text = format!(
            "question = \"?\"\n[data]\ntrain = \"digits\"\nvalidation = {validation}\n\
             [evaluate]\n{evaluate}\n"
        );
        let plan = Plan::parse("test", "test.toml", &text).unwrap();
        plan.spec_of(&plan.trials[0])
    }

    #[test]
    fn sets_for_validation_are_made_of_held_out_images_alone() {
        let asked = "ood = [\"interpolation\"]\nvalidation_ood = [\"rotated\"]\nlimit = 12";
        let spec = spec(asked, 20);
        let (sets, seen) = sets_of(&spec);
        let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["test", "interpolation", "rotated"]);
        let digits = Source::Catalogue("digits".to_owned());
        let all = load(Path::new("/nonexistent"), &digits, Split::Train).unwrap().images;
        let mut made = Vec::new();
        for seed in [0, 1] {
            let rows = split(all.len(), 20, None, seed).validation;
            let rotated = rotated(&picked(&all, &rows[..12]));
            assert_eq!(*sets[2].images(&spec, seed), rotated);
            made.push(rotated);
        }
        assert_ne!(made[0], made[1], "each seed holds out others");
        // What is judged by is made of the test images, the same for all seeds.
        let test = sets[0].images(&spec, 0);
        assert_eq!(*sets[1].images(&spec, 1), interpolated(&test, "ood"));
        // The digests are those that the evaluation is said to rest on.
        assert_eq!(seen.len(), 1, "{seen:?}");
    }

    #[test]
    fn a_set_of_another_shape_is_refused_with_the_entry_that_has_this_one() {
        let mut spec = spec("ood = []", 0);
        let other = |text: &str| OodSet::Test(serde_json::from_str(text).unwrap());
        let nowhere = Path::new("/nonexistent");
        let mut of = |set: OodSet| {
            spec.evaluate.ood = vec![set];
            let places = Places { data: nowhere, base: nowhere };
            sets(&spec, &mut Inputs::default(), &places, &mut Vec::new())
        };
        // The digits themselves, which a spec would not let stand here.
        let found = of(other(r#"{ "name": "digits", "channels": 3 }"#)).unwrap_err().to_string();
        assert_eq!(
            found,
            "`digits` has 450 images of shape [3, 8, 8]; the test images are 1×8×8: write \
             \"digits\" in its place"
        );
        let found = of(other(r#"{ "name": "digits", "resize": [8, 8] }"#)).unwrap();
        assert_eq!(found[1].images(&spec, 0), found[0].images(&spec, 0), "no pixel is touched");
    }

    #[test]
    fn without_a_hold_out_they_are_made_of_the_test_images() {
        let spec = spec("ood = []\nvalidation_ood = [\"interpolation\"]\nlimit = 12", 0);
        let (sets, _) = sets_of(&spec);
        let test = sets[0].images(&spec, 0);
        let found = sets[1].images(&spec, 0);
        assert_eq!(*found, interpolated(&test, "validation ood"));
        assert_ne!(*found, interpolated(&test, "ood"));
    }
}
