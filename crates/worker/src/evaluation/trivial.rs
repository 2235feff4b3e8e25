//! How well scores that see the images alone detect the out-of-distribution
//! sets.

use std::cell::RefCell;
use std::rc::Rc;

use jem_core::dataset::{LabelledImages, Loaded};
use jem_core::digest::{Digest, Hasher};
use jem_core::metric::TrivialScore;
use jem_core::spec::Spec;

use super::Set;
use crate::eval::metric::detection;
use crate::eval::{Trivial, Values, near_and_far, put_detection};

/// The scores of one set of images.
type Marks = Rc<[Vec<f64>; 3]>;

/// What a worker has fitted and scored, so that the trials of a sweep, which
/// look at the same images, do it once.
#[derive(Default)]
struct Known {
    training: Option<Digest>,
    fitted: Option<Rc<Result<Trivial, String>>>,
    marks: Vec<(Digest, Marks)>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Adds the detection of every out-of-distribution set of `sets`, the test set
/// first, by each trivial score that is fitted to `training`, and its means over
/// near and far sets.
pub(super) fn put_trivial(
    values: &mut Values,
    (spec, seed): (&Spec, u64),
    training: &Loaded,
    sets: &[Set],
) {
    let asked = &spec.evaluate;
    let Some((test, others)) = sets.split_first() else { return };
    let ood = &others[..asked.ood.len().min(others.len())];
    if ood.is_empty() {
        return;
    }
    let mut known = KNOWN.take();
    known.fit(training);
    let id = known.marks(&test.images(spec, seed));
    for set in ood {
        let marks = known.marks(&set.images(spec, seed));
        for (place, score) in TrivialScore::ALL.into_iter().enumerate() {
            match (&id, &marks) {
                (Ok(id), Ok(ood)) => {
                    let found = detection(&id[place], &ood[place]);
                    put_detection(values, &set.name, score.name(), found);
                }
                (Err(why), _) | (_, Err(why)) => {
                    let path = format!("ood/auroc/{}/{}", set.name, score.name());
                    values.put_or_why(path, Err(why));
                }
            }
        }
    }
    KNOWN.set(known);
    near_and_far(values, &TrivialScore::ALL.map(TrivialScore::name), &asked.near, &asked.far);
}

impl Known {
    /// Fits the scores to `training`, unless that was done last.
    fn fit(&mut self, training: &Loaded) {
        let mut digest = Hasher::for_domain("jem training images v1");
        for (name, own) in &training.digests {
            digest.update(name.as_bytes()).update(&[0]).update(own.bytes());
        }
        let [c, h, w] = training.images.shape;
        let digest = digest.update(format!("{c} {h} {w}").as_bytes()).finish();
        if self.training != Some(digest) {
            let fitted = Rc::new(Trivial::fit(&training.images));
            *self = Self { training: Some(digest), fitted: Some(fitted), marks: Vec::new() };
        }
    }

    /// The scores of `images`, or why there are none.
    fn marks(&mut self, images: &LabelledImages) -> Result<Marks, String> {
        let fitted = self.fitted.clone().ok_or("nothing is fitted")?;
        let fitted = fitted.as_ref().as_ref().map_err(Clone::clone)?;
        let mut digest = Hasher::for_domain("jem images v1");
        let digest = digest.update(&[images.pixel_max]).update(&images.pixels).finish();
        if let Some((_, known)) = self.marks.iter().find(|(own, _)| *own == digest) {
            return Ok(Rc::clone(known));
        }
        let marks = Rc::new(fitted.scores(images));
        self.marks.push((digest, Rc::clone(&marks)));
        Ok(marks)
    }
}
