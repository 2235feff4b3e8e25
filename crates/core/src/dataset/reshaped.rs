//! A set of the catalogue whose images are brought to another shape, so that
//! sets of different shapes can stand against each other.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalogue::{Entry, catalogue};
use super::error::DatasetError;
use super::images::LabelledImages;
use super::picture::Picture;
use super::resize::Wanted;

/// A set of the catalogue, every image resized, made grey or given three equal
/// channels; at least one of the two is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reshaped {
    /// The set's name in the catalogue, which is also that in tables and charts.
    pub name: String,
    /// Height and width, 1 to 4096 each, that every image is brought to
    /// (bilinear, smoothed when made smaller); as they are when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<[usize; 2]>,
    /// 1 or 3: images are made grey or given three equal channels; as they are
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
}

impl Reshaped {
    /// `entry` with images of `shape`, whose channels are 1 or 3, saying no
    /// more than is needed.
    pub(super) fn to(entry: &Entry, shape: [usize; 3]) -> Self {
        let ([channels, height, width], [c, h, w]) = (shape, entry.shape);
        Self {
            name: entry.name.clone(),
            resize: ([h, w] != [height, width]).then_some([height, width]),
            channels: (c != channels).then_some(channels as u8),
        }
    }

    /// The set of the catalogue.
    ///
    /// # Errors
    /// When it has none of this name.
    pub(super) fn entry(&self) -> Result<&'static Entry, DatasetError> {
        catalogue().entry(&self.name)
    }

    /// Channels, height and width of the images.
    ///
    /// # Errors
    /// When the catalogue has no set of this name.
    pub(super) fn shape(&self) -> Result<[usize; 3], DatasetError> {
        Ok(self.wanted().shape(self.entry()?.shape))
    }

    /// What every picture is brought to.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted::new(self.resize, self.channels)
    }

    /// Whether the description can be used; the catalogue is not looked at.
    ///
    /// # Errors
    /// When nothing is asked for, or a number is out of its range.
    pub fn check(&self) -> Result<(), DatasetError> {
        if self.wanted() == Wanted::default() {
            let name = &self.name;
            return Err(DatasetError::UserFiles(format!(
                "`name = \"{name}\"` alone: for a set of the catalogue as it is write \
                 \"{name}\", for one of another shape add `resize = [h, w]` or `channels`, for \
                 files of your own add their table and `classes`"
            )));
        }
        self.wanted().check()
    }
}

impl fmt::Display for Reshaped {
    /// As one writes it in a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ name = \"{}\"", self.name)?;
        if let Some([height, width]) = self.resize {
            write!(f, ", resize = [{height}, {width}]")?;
        }
        if let Some(channels) = self.channels {
            write!(f, ", channels = {channels}")?;
        }
        f.write_str(" }")
    }
}

/// `set` with every image as `wanted`.
pub(super) fn reshaped(set: LabelledImages, wanted: Wanted) -> LabelledImages {
    let own = set.shape;
    let shape = wanted.shape(own);
    let mut pixels = Vec::new();
    for image in set.pixels.chunks_exact(own.iter().product::<usize>().max(1)) {
        pixels.extend(wanted.of(Picture { shape: own, pixels: image.to_vec() }).pixels);
    }
    LabelledImages { shape, pixels, ..set }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(shape: [usize; 3], pixels: &[u8]) -> LabelledImages {
        let n = pixels.len() / shape.iter().product::<usize>();
        let labels = (0..n as u8).collect();
        LabelledImages { shape, pixels: pixels.to_vec(), labels, pixel_max: 255, classes: 10 }
    }

    #[test]
    fn colours_become_grey_and_then_smaller_by_hand() {
        // Two images of 1×4 pixels; of the first red alone shines, of the second
        // all three alike. Luma: .299 · 200 = 59.8, .299 · 100 = 29.9.
        let red = [0, 100, 200, 100, 0, 0, 0, 0, 0, 0, 0, 0];
        let grey = [0, 100, 200, 100, 0, 100, 200, 100, 0, 100, 200, 100];
        let both: Vec<u8> = red.iter().chain(&grey).copied().collect();
        let wanted = Wanted { sides: Some([1, 2]), channels: Some(1) };
        let found = reshaped(set([3, 1, 4], &both), wanted);
        assert_eq!((found.shape, &found.labels[..]), ([1, 1, 2], &[0, 1][..]));
        // Weights .75, .75, .25 over 1.75 (the triangle twice as wide), of 0, 30,
        // 60, 30: 37.5/1.75 = 21.4 and 75/1.75 = 42.9; of the second 71.4, 142.9.
        assert_eq!(found.pixels, [21, 43, 71, 143]);
    }

    #[test]
    fn grey_becomes_three_equal_channels() {
        let wanted = Wanted { sides: None, channels: Some(3) };
        let found = reshaped(set([1, 1, 2], &[1, 2, 3, 4]), wanted);
        assert_eq!(found.shape, [3, 1, 2]);
        assert_eq!(found.pixels, [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
    }
}
