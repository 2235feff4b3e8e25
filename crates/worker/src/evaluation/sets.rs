//! The sets that a network is evaluated on.

use jem_core::dataset::{DatasetError, LabelledImages, Split};
use jem_core::digest::Digest;
use jem_core::spec::{OodSet, Spec};

use crate::data::{Inputs, Places, first, gaussian_noise, interpolated, rotated, uniform_noise};

/// A set with its name in metric paths, which is also that of the stream of
/// its test noise.
#[derive(Clone, Debug)]
pub struct Set {
    /// `test`, or the name of an out-of-distribution set.
    pub name: String,
    /// Its images.
    pub images: LabelledImages,
}

/// A set that the network cannot be evaluated on.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Its images are not like the test images.
    #[error("`{name}` {what}; the test images are {}×{}×{}", shape[0], shape[1], shape[2])]
    Odd {
        /// The set.
        name: String,
        /// What is odd about it.
        what: String,
        /// `[c, h, w]` of the test images.
        shape: [usize; 3],
    },
}

/// The test set of `spec`, then every out-of-distribution set, those for
/// validation last; the digests of the files read are appended to `seen`.
///
/// # Errors
/// When a set cannot be read, or its images are not like the test images.
pub fn sets(
    spec: &Spec,
    inputs: &mut Inputs,
    places: &Places<'_>,
    seen: &mut Vec<(String, Digest)>,
) -> Result<Vec<Set>, SetError> {
    let asked = &spec.evaluate;
    let test = inputs.get(places, &spec.training.data.train, Split::Test, seen)?;
    let test = first(&test.images, asked.limit);
    let mut sets = vec![Set { name: "test".to_owned(), images: test.clone() }];
    for set in asked.sets() {
        let name = set.name();
        let odd = |what: String| SetError::Odd { name: set.name(), what, shape: test.shape };
        let images = match set {
            OodSet::Test(source) => {
                let loaded = inputs.get(places, source, Split::Test, seen)?;
                first(&loaded.images, asked.limit)
            }
            OodSet::Rotated if test.shape[1] != test.shape[2] => {
                return Err(odd("needs square images".to_owned()));
            }
            OodSet::Rotated => rotated(&test),
            OodSet::UniformNoise => uniform_noise(&test),
            OodSet::GaussianNoise => gaussian_noise(&test),
            OodSet::Interpolation => interpolated(&test),
        };
        if images.shape != test.shape || images.is_empty() {
            return Err(odd(format!("has {} images of shape {:?}", images.len(), images.shape)));
        }
        // The labels of another set mean nothing here; its classes are ours.
        let images = LabelledImages { classes: test.classes, ..images };
        sets.push(Set { name, images });
    }
    Ok(sets)
}
