//! A PNG file as planes of bytes.

use std::io::Cursor;

use png::{BitDepth, ColorType, Info, Limits, Transformations};

use super::orientation::turned;
use super::picture::{Decoded, Remark, check_size, planes};

/// Deflate makes at most so many bytes of one.
const DEFLATE: usize = 1032;
/// What gAMA says of values for a display with the gamma 2.2.
const USUAL_GAMMA: f32 = 0.45455;
/// Chromaticities of sRGB: white, red, green, blue.
const SRGB: [(f32, f32); 4] = [(0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)];

/// The picture in `bytes`, turned upright: palettes resolved, 1, 2 and 4 bits
/// scaled to 8, of 16 bits the higher 8. An alpha channel is accepted where
/// nothing shines through.
///
/// # Errors
/// In words, where it cannot be decoded or is transparent.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let wrong = |error: png::DecodingError| error.to_string();
    let limits = Limits { bytes: 256 << 20 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::EXPAND);
    let info = decoder.read_header_info().map_err(wrong)?;
    let (width, height) = (info.width as usize, info.height as usize);
    // A bit a pixel is the least that is compressed.
    check_size(width, height, bytes.len().saturating_mul(8 * DEFLATE))?;
    let mut reader = decoder.read_info().map_err(wrong)?;
    let size = reader.output_buffer_size().ok_or("it is too large")?;
    let mut values = vec![0; size];
    let frame = reader.next_frame(&mut values).map_err(wrong)?;
    values.truncate(frame.buffer_size());
    let mut remarks = colour_remarks(reader.info());
    let (channels, alpha) = match frame.color_type {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (1, true),
        ColorType::Rgb => (3, false),
        ColorType::Rgba => (3, true),
        ColorType::Indexed => return Err("its palette was not resolved".to_owned()),
    };
    let step = channels + usize::from(alpha);
    if frame.bit_depth == BitDepth::Sixteen {
        let wide: Vec<u16> =
            values.as_chunks().0.iter().map(|two| u16::from_be_bytes(*two)).collect();
        check_opaque(&wide, (channels, step), u16::MAX)?;
        let colours = wide.chunks_exact(step).flat_map(|pixel| &pixel[..channels]);
        remarks.push(Remark::Sixteen { highest: colours.copied().max().unwrap_or_default() });
        values = wide.into_iter().map(|value| (value >> 8) as u8).collect();
    } else {
        check_opaque(&values, (channels, step), u8::MAX)?;
    }
    let picture = planes(&values, [channels, height, width], step);
    // An eXIf chunk may stand behind the pixels.
    reader.finish().map_err(wrong)?;
    let picture = turned(picture, reader.info().exif_metadata.as_deref(), &mut remarks);
    Ok(Decoded { picture, remarks })
}

/// Of pixels of `step` values, the first `channels` of them colours, the others
/// are all `opaque`.
fn check_opaque<T: PartialEq>(
    values: &[T],
    (channels, step): (usize, usize),
    opaque: T,
) -> Result<(), String> {
    match step > channels && values.iter().skip(channels).step_by(step).any(|a| *a != opaque) {
        true => Err("it is transparent; save it without an alpha channel".to_owned()),
        false => Ok(()),
    }
}

/// What the file says of its colours that is not followed.
fn colour_remarks(info: &Info<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if info.icc_profile.is_some() || info.coding_independent_code_points.is_some() {
        remarks.push(Remark::Profile);
    }
    // The sRGB chunk stands above gAMA and cHRM, and so does a profile.
    if info.srgb.is_some() || !remarks.is_empty() {
        return remarks;
    }
    let gamma = info.gama_chunk.map(|gamma| gamma.into_value());
    if gamma.is_some_and(|gamma| (gamma - USUAL_GAMMA).abs() > 0.005) {
        remarks.push(Remark::Gamma);
    }
    let differs = info.chrm_chunk.is_some_and(|own| {
        let own = [own.white, own.red, own.green, own.blue];
        let near = |a: png::ScaledFloat, b: f32| (a.into_value() - b).abs() <= 0.005;
        !own.iter().zip(SRGB).all(|((x, y), known)| near(*x, known.0) && near(*y, known.1))
    });
    remarks.extend(differs.then_some(Remark::Chromaticities));
    remarks
}
