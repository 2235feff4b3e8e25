//! One picture: a PNG or JPEG file as planes of bytes.

use super::{jpeg, png_picture};

/// The longest accepted side, in pixels.
const MAX_SIDE: usize = 4096;

/// A picture of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Channels (1 or 3), height, width.
    pub shape: [usize; 3],
    /// `[c, h, w]`
    pub pixels: Vec<u8>,
}

/// A picture, and what of its file one should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The picture, upright.
    pub picture: Picture,
    /// Each kind at most once.
    pub remarks: Vec<Remark>,
}

/// What one should know of a picture's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// It was turned or mirrored as its EXIF orientation says.
    Turned,
    /// Its EXIF block cannot be read, and with it any orientation.
    UnreadableExif,
    /// It has a colour profile, which is not applied.
    Profile,
    /// It has a gamma other than that of sRGB, which is not applied.
    Gamma,
    /// It has primaries other than those of sRGB, which are not applied.
    Chromaticities,
    /// It has 16 bits a value, of which the higher 8 are read.
    Sixteen {
        /// The highest value.
        highest: u16,
    },
}

/// The picture in `bytes`. What its header promises must be what so many bytes
/// can hold.
///
/// # Errors
/// A reason in words.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    if bytes.starts_with(b"\x89PNG") {
        return png_picture::decode(bytes);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return jpeg::decode(bytes);
    }
    Err(format!("{}, where a PNG or JPEG picture is expected", super::magic::describe(bytes)))
}

/// Whether sides are accepted and no more than `most` pixels are promised.
///
/// # Errors
/// A reason in words.
pub(super) fn check_size(width: usize, height: usize, most: usize) -> Result<(), String> {
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("{height}×{width} pixels; sides of 1 to {MAX_SIDE} are accepted"));
    }
    if width * height > most {
        return Err(format!("its few bytes cannot hold {height}×{width} pixels"));
    }
    Ok(())
}

/// Planes from pixels of `step` bytes, whose first channels are kept.
pub(super) fn planes(pixels: &[u8], shape: [usize; 3], step: usize) -> Picture {
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
