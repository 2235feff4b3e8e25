//! The CIFAR binary formats: records of label bytes and 3072 pixels, red plane,
//! green plane, blue plane, each 32×32. CIFAR-10 has one label; CIFAR-100 a
//! coarse one (20 superclasses), then a fine one (100 classes).
//! Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
//! Images" (2009), binary version.

use std::path::Path;

use super::error::DatasetError;
use super::magic;
use super::user_files::Cifar100Labels;

/// Channels, height and width of every image.
pub(super) const SHAPE: [usize; 3] = [3, 32, 32];
/// The pixels of one image.
pub(super) const PIXELS: usize = 3072;
/// The bytes of one record of CIFAR-10.
pub(super) const RECORD: usize = 1 + PIXELS;

/// Which records a file holds, and which label of them is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Records {
    /// CIFAR-10.
    Ten,
    /// CIFAR-100.
    Hundred(Cifar100Labels),
}

impl Records {
    /// The bytes of a record.
    pub(super) fn bytes(self) -> usize {
        self.labels() + PIXELS
    }

    /// The label bytes of a record.
    fn labels(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred(_) => 2,
        }
    }

    /// The place of the label that is read.
    fn label(self) -> usize {
        usize::from(self == Self::Hundred(Cifar100Labels::Fine))
    }
}

/// Appends the records in `bytes` to `pixels` (`[n, 3, 32, 32]`) and `labels`
/// (`[n]`), each label below `classes`.
pub(super) fn append(
    path: &Path,
    bytes: &[u8],
    records: Records,
    classes: usize,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u8>,
) -> Result<(), DatasetError> {
    check(path, bytes, records, classes)?;
    let record = records.bytes();
    pixels.reserve_exact(bytes.len() / record * PIXELS);
    for record in bytes.chunks_exact(record) {
        labels.push(record[records.label()]);
        pixels.extend_from_slice(&record[records.labels()..]);
    }
    Ok(())
}

fn check(path: &Path, bytes: &[u8], records: Records, classes: usize) -> Result<(), DatasetError> {
    let record = records.bytes();
    let whole = bytes.len() / record * record;
    if bytes.is_empty() || whole != bytes.len() {
        if let Some(found) = magic::looks_like(bytes) {
            return Err(DatasetError::WrongMagic {
                path: path.to_owned(),
                found: found.to_owned(),
                expected: format!("a CIFAR binary file (records of {record} bytes)"),
                hint: "; unpack archives first, the .bin files are read".to_owned(),
            });
        }
        let labels = records.labels();
        return Err(DatasetError::Length {
            path: path.to_owned(),
            found: bytes.len() as u64,
            expected: (whole + record) as u64,
            reason: format!(
                "the records are {record} bytes: {labels} label{} and {PIXELS} pixels",
                if labels == 1 { "" } else { "s" }
            ),
        });
    }
    let mut labels = bytes.chunks_exact(record).map(|record| record[records.label()]);
    let Some(index) = labels.position(|label| usize::from(label) >= classes) else {
        return Ok(());
    };
    Err(DatasetError::Value {
        path: path.to_owned(),
        what: "label",
        found: bytes[index * record + records.label()],
        index,
        max: classes - 1,
        next: "the file is damaged, not of this format, or `classes` is too small".to_owned(),
    })
}
