//! A spec with the digest of their content in the place of the paths of files:
//! what ids are made of, and what a run records.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ood::OodSet;
use super::raw::Tables;
use super::resolved::Spec;
use crate::dataset::{Contents, DatasetError, InceptionFile, Source, SourceRole, Split};

/// Paths by what stands in their place.
pub type Places = BTreeMap<String, PathBuf>;

/// A source, or a set that may be one, with what it is there for.
type Named<'a> = (SourceRole, &'a mut Source);

impl Spec {
    /// The spec with content in the place of paths, which are taken from
    /// `base`, and where each content lies.
    ///
    /// # Errors
    /// When the content of a path is not known.
    pub fn by_content(
        &self,
        base: &Path,
        contents: &dyn Contents,
    ) -> Result<(Self, Places), DatasetError> {
        let (mut spec, mut places) = (self.clone(), Places::new());
        let data = &mut spec.training.data;
        let mut sources: Vec<Named<'_>> = vec![(SourceRole::Training, &mut data.train)];
        sources.extend(data.auxiliary.iter_mut().map(|source| (SourceRole::Auxiliary, source)));
        let sets = spec.evaluate.ood.iter_mut().chain(&mut spec.evaluate.validation_ood);
        sources.extend(sets.filter_map(judged));
        for (role, source) in sources {
            *source = source.by_content(role, base, contents, &mut places)?;
        }
        let generation = spec.evaluate.generation.as_mut();
        if let Some(file) = generation.and_then(|asked| asked.inception_file.as_mut()) {
            let path = base.join(std::mem::replace(file, InceptionFile::OWN.to_owned()));
            places.insert(InceptionFile::OWN.to_owned(), path);
        }
        spec.sets_are_others()?;
        Ok((spec, places))
    }

    /// That no set stands for another one's opposite, under whatever path it
    /// lies: what [`super::violations`] holds of paths, of content.
    fn sets_are_others(&self) -> Result<(), DatasetError> {
        let train = &self.training.data.train;
        let same = |what: &str, field: &str| {
            Err(DatasetError::UserFiles(format!(
                "{field}: {what} hold the same as those of data.train, byte for byte; name others"
            )))
        };
        let auxiliary = self.training.data.auxiliary.as_ref();
        if auxiliary.is_some_and(|source| source.is_of_same_set(train, Split::Train)) {
            return same("its train files", "data.auxiliary");
        }
        if self.evaluate.sources().any(|source| source.is_of_same_set(train, Split::Test)) {
            return same("the test files of a set", "evaluate.ood");
        }
        Ok(())
    }
}

impl Tables {
    /// The tables with content in the place of paths, which are taken from
    /// `base`. A source of unknown content stays as it is written: nothing can
    /// be run with it.
    #[must_use]
    pub(crate) fn by_content(mut self, base: &Path, contents: &dyn Contents) -> Self {
        let mut sources: Vec<Named<'_>> = Vec::new();
        if let Some(data) = &mut self.data {
            sources.extend(data.train.iter_mut().map(|source| (SourceRole::Training, source)));
            sources.extend(data.auxiliary.iter_mut().map(|source| (SourceRole::Auxiliary, source)));
        }
        if let Some(evaluate) = &mut self.evaluate {
            let sets = evaluate.ood.iter_mut().chain(&mut evaluate.validation_ood).flatten();
            sources.extend(sets.filter_map(|set| judged(&mut set.0)));
            let generation = evaluate.generation.as_mut();
            if let Some(file) = generation.and_then(|asked| asked.inception_file.as_mut()) {
                InceptionFile::OWN.clone_into(file);
            }
        }
        for (role, source) in sources {
            if let Ok(named) = source.by_content(role, base, contents, &mut Places::new()) {
                *source = named;
            }
        }
        self
    }
}

fn judged(set: &mut OodSet) -> Option<Named<'_>> {
    match set {
        OodSet::Test(source) => Some((SourceRole::Judging, source)),
        _ => None,
    }
}
