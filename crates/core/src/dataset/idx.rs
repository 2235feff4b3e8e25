//! The IDX format: MNIST's and its followers', raw or gzip-compressed.
//!
//! A file is a magic number (two zero bytes, the element type, the number of
//! dimensions), each dimension as a big-endian u32, and the elements. Read are
//! unsigned bytes: images `[n, h, w]` and labels `[n]`.
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
//! digits", file formats.

use std::io::{BufReader, Read};
use std::path::Path;

use super::error::DatasetError;
use super::magic::{self, GZIP, IDX_IMAGES, IDX_LABELS};
use super::{gz, magic::describe};
use crate::durable;

/// The longest accepted side of an image, in pixels.
const MAX_SIDE: u64 = 4096;
/// The largest accepted number of images.
const MAX_COUNT: u64 = 100_000_000;

/// What an IDX file is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `[n, h, w]` pixels.
    Images,
    /// `[n]` labels.
    Labels,
}

impl Kind {
    fn dims(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Images => "an IDX image file (magic 0x00000803)".to_owned(),
            Self::Labels => "an IDX label file (magic 0x00000801)".to_owned(),
        }
    }
}

/// An IDX file's elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Idx {
    /// Height and width; 1 and 1 for labels.
    pub sides: [usize; 2],
    /// `[n, h, w]` or `[n]`.
    pub data: Vec<u8>,
}

/// A checked header: what the rest of the file must be.
#[derive(Clone, Copy, Debug)]
struct Header {
    count: u64,
    sides: [u64; 2],
}

impl Header {
    fn parse(path: &Path, bytes: &[u8], kind: Kind) -> Result<Self, DatasetError> {
        check_magic(path, bytes, kind)?;
        let mut dims = [0u64, 1, 1];
        for (i, dim) in dims.iter_mut().take(kind.dims()).enumerate() {
            let at = 4 + 4 * i;
            let Some(&[a, b, c, d]) = bytes.get(at..at + 4) else {
                return Err(DatasetError::Length {
                    path: path.to_owned(),
                    found: bytes.len() as u64,
                    expected: 4 + 4 * kind.dims() as u64,
                    reason: "the header alone".to_owned(),
                });
            };
            *dim = u64::from(u32::from_be_bytes([a, b, c, d]));
        }
        let [count, height, width] = dims;
        let sane = |n: u64, max: u64| (1..=max).contains(&n);
        if !(sane(count, MAX_COUNT) && sane(height, MAX_SIDE) && sane(width, MAX_SIDE)) {
            return Err(DatasetError::Dimensions {
                path: path.to_owned(),
                found: match kind {
                    Kind::Images => format!("{count} images of {height}×{width}"),
                    Kind::Labels => format!("{count} labels"),
                },
                accepted: format!("1 to {MAX_COUNT} items and sides of 1 to {MAX_SIDE}"),
            });
        }
        Ok(Self { count, sides: [height, width] })
    }

    /// The bytes of the whole file. With the limits above this is below 2^51,
    /// so the product cannot overflow.
    fn file_len(&self, kind: Kind) -> u64 {
        4 + 4 * kind.dims() as u64 + self.count * self.sides[0] * self.sides[1]
    }

    fn describe(&self, kind: Kind) -> String {
        let [height, width] = self.sides;
        match kind {
            Kind::Images => format!("{} images of {height}×{width} and a header", self.count),
            Kind::Labels => format!("{} labels and a header", self.count),
        }
    }
}

/// `bytes` as they are, or decompressed when they are gzip data, never to more
/// than the header inside promises.
pub(super) fn decompress(path: &Path, bytes: Vec<u8>, kind: Kind) -> Result<Vec<u8>, DatasetError> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let damaged = |reason: String| DatasetError::Gzip { path: path.to_owned(), reason };
    let head = gz::head(&bytes, 16).map_err(|error| damaged(error.to_string()))?;
    let header = Header::parse(path, &head, kind)?;
    let len = header.file_len(kind);
    if !gz::can_hold(bytes.len() as u64, len) {
        return Err(damaged(format!(
            "{} compressed bytes cannot hold {}",
            bytes.len(),
            header.describe(kind)
        )));
    }
    gz::decode(&bytes, len).map_err(|error| damaged(error.to_string()))
}

/// Reads decompressed `bytes`; their length must be exactly what the header says.
pub(super) fn parse(path: &Path, mut bytes: Vec<u8>, kind: Kind) -> Result<Idx, DatasetError> {
    let header = Header::parse(path, &bytes, kind)?;
    let expected = header.file_len(kind);
    if bytes.len() as u64 != expected {
        return Err(DatasetError::Length {
            path: path.to_owned(),
            found: bytes.len() as u64,
            expected,
            reason: header.describe(kind),
        });
    }
    bytes.drain(..4 + 4 * kind.dims());
    Ok(Idx { sides: header.sides.map(|side| side as usize), data: bytes })
}

/// The height and width of the images in the file at `path`; reads its start only.
pub(super) fn image_sides(path: &Path) -> Result<[usize; 2], DatasetError> {
    Ok(image_header(path)?.sides.map(|side| side as usize))
}

/// How many images the file at `path` has; reads its start only.
pub(super) fn image_count(path: &Path) -> Result<u64, DatasetError> {
    Ok(image_header(path)?.count)
}

fn image_header(path: &Path) -> Result<Header, DatasetError> {
    let io = |error| DatasetError::io(path, error);
    let mut file = BufReader::new(durable::open(path).map_err(io)?);
    let mut start = Vec::new();
    file.by_ref().take(16).read_to_end(&mut start).map_err(io)?;
    if start.starts_with(&GZIP) {
        // Enough compressed bytes for the header, whatever the gzip header holds.
        file.take(1 << 17).read_to_end(&mut start).map_err(io)?;
        start = gz::head(&start, 16).map_err(|error| DatasetError::Gzip {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Header::parse(path, &start, Kind::Images)
}

fn check_magic(path: &Path, bytes: &[u8], kind: Kind) -> Result<(), DatasetError> {
    let (own, other) = match kind {
        Kind::Images => (IDX_IMAGES, IDX_LABELS),
        Kind::Labels => (IDX_LABELS, IDX_IMAGES),
    };
    if bytes.starts_with(&own) {
        return Ok(());
    }
    let hint = if bytes.starts_with(&other) {
        "; did you swap images and labels?".to_owned()
    } else if bytes.len() >= 4 && bytes[..2] == [0, 0] && magic::looks_like(bytes).is_none() {
        format!(
            "; element type 0x{:02x} with {} dimensions: only unsigned bytes (0x08) with {} are read",
            bytes[2],
            bytes[3],
            kind.dims()
        )
    } else {
        String::new()
    };
    Err(DatasetError::WrongMagic {
        path: path.to_owned(),
        found: describe(bytes),
        expected: kind.expected(),
        hint,
    })
}
