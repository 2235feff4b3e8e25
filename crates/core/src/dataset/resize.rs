//! Bilinear resizing that smooths when it makes smaller: each new pixel is the
//! mean of old ones, weighted by a triangle as wide as the new pixel (at least
//! as the old one), rows first. The rule of Pillow's `BILINEAR` and of
//! PyTorch's `interpolate(mode="bilinear", antialias=True)`, in double
//! precision, rounded once at the end.

use super::error::DatasetError;
use super::picture::Picture;

/// What pictures are brought to; as they are where unset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Height and width.
    pub sides: Option<[usize; 2]>,
    /// 1 or 3.
    pub channels: Option<usize>,
}

impl Wanted {
    /// `resize` and `channels` as they stand in a file.
    pub(super) fn new(resize: Option<[usize; 2]>, channels: Option<u8>) -> Self {
        Self { sides: resize, channels: channels.map(usize::from) }
    }

    /// Whether it can be had.
    ///
    /// # Errors
    /// When a number is out of its range.
    pub(super) fn check(self) -> Result<(), DatasetError> {
        let wrong = |text: String| Err(DatasetError::UserFiles(text));
        match (self.sides, self.channels) {
            (Some([height, width]), _)
                if !(1..=4096).contains(&height) || !(1..=4096).contains(&width) =>
            {
                wrong(format!("`resize = [{height}, {width}]`: 1 to 4096 are accepted"))
            }
            (_, Some(channels)) if ![1, 3].contains(&channels) => {
                wrong(format!("`channels = {channels}`: 1 and 3 are accepted"))
            }
            _ => Ok(()),
        }
    }

    /// The shape, channels first, that a picture of shape `own` has then.
    pub(super) fn shape(self, own: [usize; 3]) -> [usize; 3] {
        let [channels, height, width] = own;
        let [height, width] = self.sides.unwrap_or([height, width]);
        [self.channels.unwrap_or(channels), height, width]
    }

    /// `picture` so: channels first, then sides.
    pub(super) fn of(self, picture: Picture) -> Picture {
        let picture = match self.channels {
            Some(channels) => picture.with_channels(channels),
            None => picture,
        };
        match self.sides {
            Some(sides) => resize(picture, sides),
            None => picture,
        }
    }
}

/// The old pixels that make up a new one: the first, and their weights.
struct Window {
    first: usize,
    weights: Vec<f64>,
}

/// `picture` with sides `[height, width]`, each ≥ 1.
fn resize(picture: Picture, sides: [usize; 2]) -> Picture {
    let [channels, height, width] = picture.shape;
    if sides == [height, width] {
        return picture;
    }
    let across = windows(width, sides[1]);
    let down = windows(height, sides[0]);
    let mut pixels = Vec::with_capacity(channels * sides[0] * sides[1]);
    for plane in picture.pixels.chunks_exact(height * width) {
        let narrowed: Vec<Vec<f64>> = plane
            .chunks_exact(width)
            .map(|row| across.iter().map(|window| window.mean(|i| f64::from(row[i]))).collect())
            .collect();
        for window in &down {
            pixels.extend((0..sides[1]).map(|column| {
                let mean = window.mean(|i| narrowed[i][column]);
                // The mean of bytes is within them.
                mean.round() as u8
            }));
        }
    }
    Picture { shape: [channels, sides[0], sides[1]], pixels }
}

impl Window {
    fn mean(&self, value: impl Fn(usize) -> f64) -> f64 {
        self.weights.iter().enumerate().map(|(i, weight)| weight * value(self.first + i)).sum()
    }
}

/// The window of each of `to` new pixels over `from` old ones.
fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let support = scale.max(1.0);
    let window = |i: usize| {
        let center = (i as f64 + 0.5) * scale;
        let first = ((center - support + 0.5) as usize).min(from - 1);
        let end = ((center + support + 0.5) as usize).clamp(first + 1, from);
        let triangle = |j: usize| (1.0 - ((j as f64 - center + 0.5) / support).abs()).max(0.0);
        let weights: Vec<f64> = (first..end).map(triangle).collect();
        let sum: f64 = weights.iter().sum();
        Window { first, weights: weights.iter().map(|weight| weight / sum).collect() }
    };
    (0..to).map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resized(pixels: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
        let picture = Picture { shape: [1, from[0], from[1]], pixels: pixels.to_vec() };
        resize(picture, to).pixels
    }

    #[test]
    fn half_the_size_is_the_triangle_mean_of_the_hand() {
        // Of 4 to 2: centres 1 and 3, support 2. The first: distances .5, .5,
        // 1.5 of pixels 0, 1, 2 weigh .75, .75, .25: (0 + 75 + 50) / 1.75.
        assert_eq!(resized(&[0, 100, 200, 100], [1, 4], [1, 2]), [71, 143]);
        assert_eq!(resized(&[7; 12], [3, 4], [5, 2]), [7; 10]);
    }

    #[test]
    fn twice_the_size_goes_through_the_quarters() {
        assert_eq!(resized(&[0, 100], [2, 1], [4, 1]), [0, 25, 75, 100]);
    }
}
