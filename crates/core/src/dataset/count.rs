//! How many images a set has, from its headers, sizes and listings: no image is
//! read.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::catalogue::{Entry, catalogue};
use super::cifar::Records;
use super::error::DatasetError;
use super::images::Split;
use super::source::Source;
use super::user_files::{Format, UserFiles};
use super::{idx, image_folder, svhn};
use crate::durable;

/// The images of `split`; none where the catalogue does not know their number, or
/// there is no such split.
///
/// # Errors
/// When the set does not exist, or a file cannot be read or has a wrong header.
pub fn count_of(source: &Source, split: Split) -> Result<Option<u64>, DatasetError> {
    let known = |entry: &Entry| entry.splits.map(|splits| splits.count(split) as u64);
    match source {
        Source::Catalogue(name) => Ok(known(catalogue().entry(name)?)),
        Source::Reshaped(set) => Ok(known(set.entry()?)),
        Source::Files(files) => of_files(files, split),
    }
}

fn of_files(files: &UserFiles, split: Split) -> Result<Option<u64>, DatasetError> {
    let format = files.format()?;
    let paths = format.paths(split);
    if paths.is_empty() {
        return Ok(None);
    }
    let count = |path: &Path| match format {
        Format::Idx(_) => idx::image_count(path),
        Format::Cifar(_) => records(path, Records::Ten),
        Format::Cifar100(own) => records(path, Records::Hundred(own.labels)),
        Format::Svhn(_) => svhn::count(path, &bytes_of(path)?),
        Format::Images(_) => image_folder::count(path).map(|n| n as u64),
    };
    paths.into_iter().map(count).sum::<Result<u64, _>>().map(Some)
}

/// The whole records of a CIFAR file.
fn records(path: &Path, records: Records) -> Result<u64, DatasetError> {
    let found = fs::metadata(path).map_err(|error| DatasetError::io(path, error))?;
    Ok(found.len() / records.bytes() as u64)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    let read = durable::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| DatasetError::io(path, error))?;
    Ok(bytes)
}
