//! One picture: a PNG or JPEG file as planes of bytes.

use std::io::Cursor;

use png::{ColorType, Limits, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The longest accepted side, in pixels.
const MAX_SIDE: usize = 4096;
/// Deflate makes at most so many bytes of one.
const DEFLATE: usize = 1032;
/// A JPEG block of 64 pixels takes at least one bit of the file.
const JPEG: usize = 512;

/// A picture of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Channels (1 or 3), height, width.
    pub shape: [usize; 3],
    /// `[c, h, w]`
    pub pixels: Vec<u8>,
}

/// The picture in `bytes`. What its header promises must be what so many bytes
/// can hold. An alpha channel is accepted where nothing shines through; 16
/// bits are cut to 8.
///
/// # Errors
/// A reason in words.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    if bytes.starts_with(b"\x89PNG") {
        return png(bytes);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return jpeg(bytes);
    }
    Err(format!("{}, where a PNG or JPEG picture is expected", super::magic::describe(bytes)))
}

fn check_size(width: usize, height: usize, most: usize) -> Result<(), String> {
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("{height}×{width} pixels; sides of 1 to {MAX_SIDE} are accepted"));
    }
    if width * height > most {
        return Err(format!("its few bytes cannot hold {height}×{width} pixels"));
    }
    Ok(())
}

fn png(bytes: &[u8]) -> Result<Picture, String> {
    let wrong = |error: png::DecodingError| error.to_string();
    let limits = Limits { bytes: 256 << 20 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(wrong)?;
    let (width, height) = (info.width as usize, info.height as usize);
    // A bit a pixel is the least that is compressed.
    check_size(width, height, bytes.len().saturating_mul(8 * DEFLATE))?;
    let mut reader = decoder.read_info().map_err(wrong)?;
    let size = reader.output_buffer_size().ok_or("it is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(wrong)?;
    pixels.truncate(frame.buffer_size());
    let (channels, alpha) = match frame.color_type {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (1, true),
        ColorType::Rgb => (3, false),
        ColorType::Rgba => (3, true),
        ColorType::Indexed => return Err("its palette was not resolved".to_owned()),
    };
    let step = channels + usize::from(alpha);
    if alpha && pixels.iter().skip(channels).step_by(step).any(|a| *a != u8::MAX) {
        return Err("it is transparent; save it without an alpha channel".to_owned());
    }
    Ok(planes(&pixels, [channels, height, width], step))
}

fn jpeg(bytes: &[u8]) -> Result<Picture, String> {
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    check_size(width, height, bytes.len().saturating_mul(JPEG))?;
    let (channels, out) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (1, ColorSpace::Luma),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => (3, ColorSpace::RGB),
        other => return Err(format!("its colours are {other:?}; grey and RGB are read")),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    if pixels.len() != channels * width * height {
        return Err(format!("{} bytes where {channels}×{height}×{width} are due", pixels.len()));
    }
    Ok(planes(&pixels, [channels, height, width], channels))
}

/// Planes from pixels of `step` bytes, whose first channels are kept.
fn planes(pixels: &[u8], shape: [usize; 3], step: usize) -> Picture {
    let channel = |c: usize| pixels.iter().skip(c).step_by(step).copied();
    Picture { shape, pixels: (0..shape[0]).flat_map(channel).collect() }
}

impl Picture {
    /// The picture with `channels` channels, 1 or 3: grey is the luma of ITU-R
    /// BT.601 in the fixed-point form of Pillow's `convert("L")`.
    #[must_use]
    pub(super) fn with_channels(self, channels: usize) -> Self {
        let [from, height, width] = self.shape;
        let pixels = match (from, channels) {
            (1, 3) => self.pixels.repeat(3),
            (3, 1) => {
                let (red, rest) = self.pixels.split_at(height * width);
                let (green, blue) = rest.split_at(height * width);
                let luma = |((r, g), b): ((&u8, &u8), &u8)| {
                    let sum = 19595 * u32::from(*r) + 38470 * u32::from(*g) + 7471 * u32::from(*b);
                    ((sum + 0x8000) >> 16) as u8
                };
                red.iter().zip(green).zip(blue).map(luma).collect()
            }
            _ => return self,
        };
        Self { shape: [channels, height, width], pixels }
    }
}
