//! The CIFAR-10 binary format: records of one label byte and 3072 pixels, red
//! plane, green plane, blue plane, each 32×32.
//! Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
//! Images" (2009), binary version.

use std::path::Path;

use super::error::DatasetError;
use super::magic;

/// Channels, height and width of every image.
pub(super) const SHAPE: [usize; 3] = [3, 32, 32];
/// The pixels of one image.
pub(super) const PIXELS: usize = 3072;
/// The bytes of one record.
pub(super) const RECORD: usize = 1 + PIXELS;

/// Appends the records in `bytes` to `pixels` (`[n, 3, 32, 32]`) and `labels`
/// (`[n]`), each label below `classes`.
pub(super) fn append(
    path: &Path,
    bytes: &[u8],
    classes: usize,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u8>,
) -> Result<(), DatasetError> {
    check(path, bytes, classes)?;
    pixels.reserve_exact(bytes.len() / RECORD * PIXELS);
    for record in bytes.chunks_exact(RECORD) {
        labels.push(record[0]);
        pixels.extend_from_slice(&record[1..]);
    }
    Ok(())
}

fn check(path: &Path, bytes: &[u8], classes: usize) -> Result<(), DatasetError> {
    let whole = bytes.len() / RECORD * RECORD;
    if bytes.is_empty() || whole != bytes.len() {
        if let Some(found) = magic::looks_like(bytes) {
            return Err(DatasetError::WrongMagic {
                path: path.to_owned(),
                found: found.to_owned(),
                expected: "a CIFAR binary file (records of 3073 bytes)".to_owned(),
                hint: "; unpack archives first, the .bin files are read".to_owned(),
            });
        }
        return Err(DatasetError::Length {
            path: path.to_owned(),
            found: bytes.len() as u64,
            expected: (whole + RECORD) as u64,
            reason: format!("CIFAR records are {RECORD} bytes: 1 label and {PIXELS} pixels"),
        });
    }
    let wrong = bytes.chunks_exact(RECORD).position(|record| usize::from(record[0]) >= classes);
    wrong.map_or(Ok(()), |index| {
        Err(DatasetError::Value {
            path: path.to_owned(),
            what: "label",
            found: bytes[index * RECORD],
            index,
            max: classes - 1,
            next: "the file is damaged, not a CIFAR-10 binary file, or `classes` is too small"
                .to_owned(),
        })
    })
}
