//! SVHN's files of cropped digits (`train_32x32.mat`, `test_32x32.mat`): a
//! MATLAB file with `X`, uint8 `[32, 32, 3, n]` (row, column, channel, image),
//! and `y`, `[n, 1]`, whose 10 is the digit 0.
//! Source: Y. Netzer et al., "Reading Digits in Natural Images with
//! Unsupervised Feature Learning" (2011), format 2.

use std::path::Path;

use super::error::DatasetError;
use super::mat::{self, Endian, Variable, short};

/// Channels, height and width of every image.
pub(super) const SHAPE: [usize; 3] = [3, 32, 32];
/// The pixels of one image.
const PIXELS: usize = 3072;
/// The label that stands for the digit 0.
const ZERO: u8 = 10;
/// The largest accepted number of images.
const MAX_COUNT: u64 = 10_000_000;

/// The pixels `[n, 3, 32, 32]` and labels `[n]` of the file `bytes`; no labels
/// unless they are asked for.
///
/// # Errors
/// When it is no such file.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    labelled: bool,
) -> Result<(Vec<u8>, Vec<u8>), DatasetError> {
    let (mut pixels, mut labels) = (None, None);
    let taken = mat::variables(bytes, &mut |variable| {
        let (kept, read): (_, fn(Variable<'_>) -> _) = match variable.name.as_str() {
            "X" => (&mut pixels, images),
            "y" if labelled => (&mut labels, digits),
            _ => return Ok(()),
        };
        let name = variable.name.clone();
        match kept.replace(read(variable)?) {
            Some(_) => Err(format!("`{name}` stands in it twice")),
            None => Ok(()),
        }
    });
    let wrong = |reason| wrong(path, reason);
    taken.map_err(wrong)?;
    let missing = |name: &str| wrong(format!("it has no `{name}`"));
    let pixels = pixels.ok_or_else(|| missing("X"))?;
    if labelled && labels.is_none() {
        return Err(missing("y"));
    }
    Ok((pixels, labels.unwrap_or_default()))
}

/// How many images the file `bytes` has; none of them is decompressed.
///
/// # Errors
/// When it is no such file.
pub(super) fn count(path: &Path, bytes: &[u8]) -> Result<u64, DatasetError> {
    let mut count = None;
    let taken = mat::variables(bytes, &mut |variable| {
        if variable.name == "X" {
            count = Some(images_in(&variable)?);
        }
        Ok(())
    });
    let found = taken.and_then(|()| count.ok_or_else(|| "it has no `X`".to_owned()));
    found.map_err(|reason| wrong(path, reason))
}

fn wrong(path: &Path, reason: String) -> DatasetError {
    let what = "an SVHN file (MATLAB, `X` and `y`)";
    DatasetError::Damaged { path: path.to_owned(), what, reason }
}

/// How many images `x`, which is `X`, has.
fn images_in(x: &Variable<'_>) -> Result<u64, String> {
    let uint8 = x.class == 9 && x.kind == 2;
    // MATLAB leaves out a last dimension of 1.
    let n = match x.dims[..] {
        [32, 32, 3] => 1,
        [32, 32, 3, n] if (1..=MAX_COUNT).contains(&n) => n,
        _ => 0,
    };
    if !uint8 || n == 0 || x.len != n * PIXELS as u64 {
        return Err(format!(
            "`X` is of class {}, {:?}, {} bytes of type {}; uint8 [32, 32, 3, n] is expected",
            x.class, x.dims, x.len, x.kind
        ));
    }
    Ok(n)
}

/// The pixels of `X`, from column-major `[32, 32, 3, n]` to planes of rows.
fn images(x: Variable<'_>) -> Result<Vec<u8>, String> {
    let n = images_in(&x)?;
    let mut pixels = Vec::new();
    let mut image = [0; PIXELS];
    for _ in 0..n {
        x.values.read_exact(&mut image).map_err(|error| short(&error))?;
        for plane in image.chunks_exact(1024) {
            for row in 0..32 {
                pixels.extend(plane.iter().skip(row).step_by(32));
            }
        }
    }
    Ok(pixels)
}

/// The labels of `y`, 10 as 0.
fn digits(y: Variable<'_>) -> Result<Vec<u8>, String> {
    let width = match y.kind {
        1 | 2 => 1,
        3 | 4 => 2,
        5 | 6 => 4,
        9 => 8,
        other => return Err(format!("`y` is stored as type {other}; whole numbers are expected")),
    };
    let n = y.count().filter(|n| n.checked_mul(width) == Some(y.len));
    let Some(n) = n.filter(|n| *n <= MAX_COUNT) else {
        return Err(format!("`y` is {:?} with {} bytes of type {}", y.dims, y.len, y.kind));
    };
    let mut labels = Vec::new();
    let mut bytes = [0; 8];
    for index in 0..n {
        let bytes = &mut bytes[..width as usize];
        y.values.read_exact(bytes).map_err(|error| short(&error))?;
        let Some(label) = whole(bytes, y.endian, y.kind).filter(|label| *label <= ZERO) else {
            return Err(format!("`y` has at place {index} no label from 1 to 10"));
        };
        labels.push(if label == ZERO { 0 } else { label });
    }
    Ok(labels)
}

/// A number below 256 in `bytes`, which are of the width of `kind`.
fn whole(bytes: &[u8], endian: Endian, kind: u32) -> Option<u8> {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    if endian == Endian::Big {
        wide[..bytes.len()].reverse();
    }
    let bits = u64::from_le_bytes(wide);
    if kind != 9 {
        return u8::try_from(bits).ok();
    }
    let real = f64::from_bits(bits);
    (real.fract() == 0.0 && (0.0..=255.0).contains(&real)).then_some(real as u8)
}
