//! The readers of this module on bytes in memory, behind no file: what the
//! fuzz targets and `tests/untrusted.rs` call. They are the readers
//! themselves, not copies.

use std::io::Cursor;
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::archive::{self, Member};
use super::idx::{self, Kind};
use super::{DatasetError, cifar, png_rows};

/// The file that errors name.
const FILE: &str = "untrusted";

/// The elements of an IDX file of images or of labels, raw or gzip-compressed.
///
/// # Errors
/// When the bytes are no such file.
pub fn idx(bytes: Vec<u8>, images: bool) -> Result<Vec<u8>, DatasetError> {
    let kind = if images { Kind::Images } else { Kind::Labels };
    let bytes = idx::decompress(Path::new(FILE), bytes, kind)?;
    Ok(idx::parse(Path::new(FILE), bytes, kind)?.data)
}

/// The pixels and labels of a CIFAR file.
///
/// # Errors
/// When the bytes are no such file.
pub fn cifar(bytes: &[u8], classes: usize) -> Result<(Vec<u8>, Vec<u8>), DatasetError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    cifar::append(Path::new(FILE), bytes, classes, &mut pixels, &mut labels)?;
    Ok((pixels, labels))
}

/// How an archive is packed.
#[derive(Clone, Copy, Debug)]
pub enum Packing {
    /// A tar.
    Tar,
    /// A gzip-compressed tar.
    TarGz,
    /// A zip.
    Zip,
}

/// The members `names` of an archive, each of at most `limit` bytes.
///
/// # Errors
/// With a reason in words.
pub fn members(
    bytes: &[u8],
    packing: Packing,
    names: &[&str],
    limit: u64,
) -> Result<Vec<Vec<u8>>, String> {
    let wanted: Vec<Member> =
        names.iter().map(|name| Member { name: (*name).to_owned(), limit }).collect();
    let mut found = Vec::new();
    let mut take = |_: &str, bytes: Vec<u8>| {
        found.push(bytes);
        Ok(())
    };
    match packing {
        Packing::Tar => archive::tar(bytes, &wanted, &mut take)?,
        Packing::TarGz => archive::tar(GzDecoder::new(bytes), &wanted, &mut take)?,
        Packing::Zip => archive::zip(Cursor::new(bytes), &wanted, &mut take)?,
    }
    Ok(found)
}

/// CIFAR records from a picture of `count` rows and a list of labels.
///
/// # Errors
/// With a reason in words.
pub fn picture(image: &[u8], labels: &[u8], count: usize) -> Result<Vec<u8>, String> {
    png_rows::to_cifar(image, labels, 0, count)
}
