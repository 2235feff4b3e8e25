//! The data a worker has read, kept from trial to trial.

use std::path::Path;
use std::rc::Rc;

use jem_core::dataset::{DatasetError, LabelledImages, Loaded, Source, Split, load};
use jem_core::digest::Digest;
use jem_core::spec;

/// Where data files are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The folder of datasets.
    pub data: &'a Path,
    /// The folder that a user's own files are named from.
    pub base: &'a Path,
    /// Where others of them lie, by what the spec calls them.
    pub own: &'a spec::Places,
}

/// Sets by source and split.
#[derive(Default)]
pub struct Inputs {
    sets: Vec<((Source, Split), Rc<Loaded>)>,
}

impl Inputs {
    /// The set that a spec names as `source`, read on first use, its digests
    /// appended to `seen`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(
        &mut self,
        places: &Places<'_>,
        source: &Source,
        split: Split,
        seen: &mut Vec<(String, Digest)>,
    ) -> Result<Rc<Loaded>, DatasetError> {
        let source = source.located(places.own).based_on(places.base);
        let key = (source.clone(), split);
        let loaded = match self.sets.iter().find(|(known, _)| *known == key) {
            Some((_, known)) => Rc::clone(known),
            None => {
                let loaded = Rc::new(load(places.data, &source, split)?);
                self.sets.push((key, Rc::clone(&loaded)));
                loaded
            }
        };
        seen.extend(loaded.digests.iter().cloned());
        Ok(loaded)
    }
}

/// The examples of `set` at `rows`, in their order; each row is below its
/// number of examples.
pub fn picked(set: &LabelledImages, rows: &[i64]) -> LabelledImages {
    let size: usize = set.shape.iter().product();
    let image = |&row: &i64| set.pixels[row as usize * size..][..size].iter().copied();
    LabelledImages {
        pixels: rows.iter().flat_map(image).collect(),
        labels: rows.iter().map(|&row| set.labels[row as usize]).collect(),
        ..*set
    }
}
