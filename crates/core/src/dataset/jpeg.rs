//! A JPEG file as planes of bytes. What the markers do not show to be decoded
//! as libjpeg does is refused; `scripts/picture_matrix.py` compares both over
//! encodings, sampling factors and sizes.

use jpeg_decoder::{ColorTransform, Decoder};

use super::jpeg_markers::{self, Colours};
use super::orientation::turned;
use super::picture::{Decoded, Remark, check_size, planes};

/// A JPEG block of 64 pixels takes at least one bit of the file.
const JPEG: usize = 512;

/// The picture in `bytes`, turned upright.
///
/// # Errors
/// In words, where it cannot be decoded, or not as libjpeg would.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let markers = jpeg_markers::read(bytes)?;
    let ([width, height], channels) = (markers.sides, markers.channels);
    check_size(width, height, bytes.len().saturating_mul(JPEG))?;
    let mut decoder = Decoder::new(bytes);
    decoder.set_color_transform(match (channels, markers.colours) {
        (1, _) => ColorTransform::Grayscale,
        (_, Colours::Rgb) => ColorTransform::RGB,
        (_, Colours::YCbCr) => ColorTransform::YCbCr,
    });
    let due = channels * width * height;
    decoder.set_max_decoding_buffer_size(due);
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    if pixels.len() != due {
        return Err(format!("{} bytes where {channels}×{height}×{width} are due", pixels.len()));
    }
    let mut remarks = Vec::new();
    remarks.extend(markers.profile.then_some(Remark::Profile));
    let picture = planes(&pixels, [channels, height, width], channels);
    let picture = turned(picture, markers.exif.as_deref(), &mut remarks);
    Ok(Decoded { picture, remarks })
}
