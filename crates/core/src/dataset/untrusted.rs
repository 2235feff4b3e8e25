//! The readers of this module on bytes in memory, behind no file: what the
//! fuzz targets and `tests/untrusted.rs` call. They are the readers
//! themselves, not copies.

use std::io::Cursor;
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::archive::{self, Member};
use super::cifar::Records;
use super::idx::{self, Kind};
use super::picture::Decoded;
use super::resize::Wanted;
use super::{Cifar100Labels, DatasetError, cifar, picture, png_rows, svhn};

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
    let records = Records::Ten;
    cifar::append(Path::new(FILE), bytes, records, classes, &mut pixels, &mut labels)?;
    Ok((pixels, labels))
}

/// The pixels and labels of a CIFAR-100 file.
///
/// # Errors
/// When the bytes are no such file.
pub fn cifar100(bytes: &[u8], labels: Cifar100Labels) -> Result<(Vec<u8>, Vec<u8>), DatasetError> {
    let records = Records::Hundred(labels);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    cifar::append(Path::new(FILE), bytes, records, 100, &mut pixels, &mut labels)?;
    Ok((pixels, labels))
}

/// The pixels and labels of an SVHN file.
///
/// # Errors
/// When the bytes are no such file.
pub fn svhn(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DatasetError> {
    svhn::parse(Path::new(FILE), bytes, true)
}

/// Shape `[c, h, w]` and planes of a PNG or JPEG file.
///
/// # Errors
/// With a reason in words.
pub fn image(bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), String> {
    picture::decode(bytes).map(|Decoded { picture, .. }| (picture.shape, picture.pixels))
}

/// As [`image`], brought to `channels` channels and `sides`.
///
/// # Errors
/// With a reason in words.
pub fn image_as(
    bytes: &[u8],
    channels: usize,
    sides: [usize; 2],
) -> Result<([usize; 3], Vec<u8>), String> {
    let wanted = Wanted { sides: Some(sides), channels: Some(channels) };
    let picture = wanted.of(picture::decode(bytes)?.picture);
    Ok((picture.shape, picture.pixels))
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
