//! The sets that a network is evaluated on.

use std::borrow::Cow;
use std::rc::Rc;

use jem_core::dataset::{DatasetError, LabelledImages, Loaded, Split};
use jem_core::digest::Digest;
use jem_core::results::ImagesUsed;
use jem_core::spec::{OodSet, Spec};

use crate::data::{
    Drawn, Inputs, Places, drawn, elastic, gaussian_noise, held_out, interpolated, letters, picked,
    rotated, uniform_noise,
};

/// A set with its name in metric paths, which is also that of the stream of
/// its test noise.
#[derive(Clone, Debug)]
pub struct Set {
    /// `test`, or the name of an out-of-distribution set.
    pub name: String,
    images: Pixels,
    /// Whether it averages images, each with its own test noise.
    mixed: bool,
}

/// Where the images of a set come from.
#[derive(Clone, Debug)]
enum Pixels {
    /// They are these, for every trial.
    These(Drawn<'static>),
    /// They are made by the rule of those of these training images that a trial
    /// holds out.
    OfHeldOut(Rule, Rc<Loaded>),
}

/// Makes a set of images, what is drawn from the streams of a purpose.
type Rule = fn(&LabelledImages, &str) -> LabelledImages;

impl Set {
    /// The random stream of its test noise.
    pub fn noise_stream(&self) -> String {
        match self.name.as_str() {
            // The one by which parts see the same images.
            HELD_OUT => "validation noise".to_owned(),
            name => format!("test noise {name}"),
        }
    }

    /// Its images, for the trial of `spec` with `seed`. A set that is made of
    /// images that training held out differs from seed to seed, as those do.
    pub fn images(&self, spec: &Spec, seed: u64) -> Cow<'_, LabelledImages> {
        match &self.images {
            Pixels::These(drawn) => Cow::Borrowed(&*drawn.images),
            Pixels::OfHeldOut(rule, training) => {
                let rows = held_out_rows(&training.images, spec, seed);
                Cow::Owned(rule(&picked(&training.images, &rows), VALIDATION))
            }
        }
    }

    /// The standard deviation of the test noise on its images. The code of
    /// Grathwohl et al. 2020 (`eval_wrn_ebm.py`) averages two images that have
    /// noise of variance σ² each, and adds noise again: σ²/2 + σ².
    pub fn noise_std(&self, spec: &Spec) -> f64 {
        let noise_std = spec.training.data.noise_std;
        if self.mixed { noise_std * 1.5f64.sqrt() } else { noise_std }
    }

    /// Which images it has, or is made of, that `purpose` looks at, for the
    /// trial of `spec` with `seed`; nothing where no limit cut it, or it is made
    /// of the test images.
    pub fn used(&self, spec: &Spec, seed: u64, purpose: &str) -> Option<ImagesUsed> {
        match &self.images {
            Pixels::These(drawn) => drawn.used(&self.name, purpose),
            Pixels::OfHeldOut(_, training) => {
                let rows = held_out_rows(&training.images, spec, seed);
                let of = spec.training.data.validation as usize;
                let cut = rows.len() < of.min(training.images.len());
                cut.then(|| ImagesUsed::of(&self.name, purpose, of, &rows))
            }
        }
    }
}

/// The rows of those of the training images `all` that the trial of `spec` with
/// `seed` holds out, no more than `evaluate.limit` of them.
pub(super) fn held_out_rows(all: &LabelledImages, spec: &Spec, seed: u64) -> Vec<i64> {
    held_out(&all.labels, spec.training.data.validation, spec.evaluate.limit, seed)
}

/// What a set that is made is made for, in the names of its streams.
const JUDGING: &str = "ood";
const VALIDATION: &str = "validation ood";

/// The name of the set of images that training holds out.
const HELD_OUT: &str = "validation";

/// The labelled images that each trial of `spec` holds out of its training, no
/// more than `evaluate.limit` of them; none without `data.validation`. Settings
/// are chosen by what is measured on them, and not on the test set.
///
/// # Errors
/// When the training images cannot be read.
pub fn held_out_set(
    spec: &Spec,
    inputs: &mut Inputs,
    places: &Places<'_>,
) -> Result<Option<Set>, SetError> {
    let data = &spec.training.data;
    if data.validation == 0 {
        return Ok(None);
    }
    let training = inputs.get(places, &data.train, Split::Train, &mut Vec::new())?;
    let unchanged: Rule = |set, _| set.clone();
    let images = Pixels::OfHeldOut(unchanged, training);
    Ok(Some(Set { name: HELD_OUT.to_owned(), images, mixed: false }))
}

/// All that a network is evaluated on.
#[derive(Clone, Copy)]
pub struct EvaluationSets<'a> {
    /// The test set, then every out-of-distribution set, those for validation
    /// last.
    pub sets: &'a [Set],
    /// The images that training holds out, where there are some.
    pub held_out: Option<&'a Set>,
    /// The train split, which trivial scores are fitted to; without it there
    /// are none.
    pub training: Option<&'a Loaded>,
}

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
    let drawn_test = drawn(&test.images, asked.limit, "test").into_owned();
    let test = drawn_test.images.clone();
    let mut sets = vec![these("test".to_owned(), drawn_test)];
    for (place, set) in asked.sets().enumerate() {
        let is_validation = place >= asked.ood.len();
        let rule: Rule = match set {
            OodSet::Test(source) => {
                let loaded = inputs.get(places, source, Split::Test, seen)?;
                let mut drawn = drawn(&loaded.images, asked.limit, &set.name()).into_owned();
                like_test(set, &drawn.images, &test)?;
                // The labels of another set mean nothing here; its classes are ours.
                drawn.images.to_mut().classes = test.classes;
                sets.push(these(set.name(), drawn));
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
            true => whole(rule(&test, VALIDATION)),
            false => whole(rule(&test, JUDGING)),
        };
        sets.push(Set { name: set.name(), images, mixed: *set == OodSet::Interpolation });
    }
    Ok(sets)
}

fn these(name: String, images: Drawn<'static>) -> Set {
    Set { name, images: Pixels::These(images), mixed: false }
}

/// A set of its own, nothing of which is left out.
fn whole(images: LabelledImages) -> Pixels {
    let of = images.len();
    Pixels::These(Drawn { images: Cow::Owned(images), rows: None, of })
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
    use std::collections::BTreeMap;
    use std::path::Path;

    use jem_core::dataset::{Source, load};
    use jem_core::plan::Plan;

    use super::*;

    /// The sets of the digits' test and training images that `spec` asks for.
    fn sets_of(spec: &Spec) -> (Vec<Set>, Vec<(String, Digest)>) {
        let nowhere = Path::new("/nonexistent");
        let places = Places { data: nowhere, base: nowhere, own: &BTreeMap::new() };
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
            let rows = held_out(&all.labels, 20, Some(12), seed);
            let rotated = rotated(&picked(&all, &rows));
            assert_eq!(*sets[2].images(&spec, seed), rotated);
            let used = sets[2].used(&spec, seed, "evaluation").unwrap();
            assert_eq!((used.set.as_str(), used.of, used.rows.len()), ("rotated", 20, 12));
            made.push(rotated);
        }
        assert_ne!(made[0], made[1], "each seed holds out others");
        assert!(sets[1].used(&spec, 0, "evaluation").is_none(), "it is made of the test images");
        assert_eq!(sets[0].used(&spec, 0, "evaluation").unwrap().rows.len(), 12);
        // What is judged by is made of the test images, the same for all seeds.
        let test = sets[0].images(&spec, 0);
        assert_eq!(*sets[1].images(&spec, 1), interpolated(&test, "ood"));
        // The digests are those that the evaluation is said to rest on.
        assert_eq!(seen.len(), 1, "{seen:?}");
    }

    #[test]
    fn the_held_out_set_is_what_each_seed_holds_out() {
        let spec = spec("ood = []\nlimit = 12", 20);
        let nowhere = Path::new("/nonexistent");
        let places = Places { data: nowhere, base: nowhere, own: &BTreeMap::new() };
        let set = held_out_set(&spec, &mut Inputs::default(), &places).unwrap().unwrap();
        let digits = Source::Catalogue("digits".to_owned());
        let all = load(nowhere, &digits, Split::Train).unwrap().images;
        for seed in [0, 1] {
            let rows = held_out(&all.labels, 20, Some(12), seed);
            assert_eq!(*set.images(&spec, seed), picked(&all, &rows));
        }
        assert_eq!(set.noise_stream(), "validation noise");
        let without = self::spec("ood = []", 0);
        assert!(held_out_set(&without, &mut Inputs::default(), &places).unwrap().is_none());
    }

    #[test]
    fn interpolations_have_the_noise_of_two_images_and_of_their_own() {
        let mut spec = spec("ood = [\"interpolation\", \"rotated\"]", 0);
        spec.training.data.noise_std = 0.03;
        let (sets, _) = sets_of(&spec);
        let variances: Vec<f64> = sets.iter().map(|set| set.noise_std(&spec).powi(2)).collect();
        for (found, expected) in variances.iter().zip([0.0009, 0.00135, 0.0009]) {
            assert!((found - expected).abs() < 1e-15, "{variances:?}");
        }
    }

    #[test]
    fn a_set_of_another_shape_is_refused_with_the_entry_that_has_this_one() {
        let mut spec = spec("ood = []", 0);
        let other = |text: &str| OodSet::Test(serde_json::from_str(text).unwrap());
        let nowhere = Path::new("/nonexistent");
        let mut of = |set: OodSet| {
            spec.evaluate.ood = vec![set];
            let places = Places { data: nowhere, base: nowhere, own: &BTreeMap::new() };
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
