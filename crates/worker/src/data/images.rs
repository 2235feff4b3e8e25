//! A labelled set on a device: bytes as they are in the file, scaled batch by
//! batch, so that a set takes a quarter of the room its floats would.

use jem_core::dataset::LabelledImages;
use jem_core::random::{At, Stream};
use jem_core::spec::{Augment, Data, PixelRange};
use tch::{Device, Kind, Tensor};

use super::{Cells, augmented};

/// Images `[n, c, h, w]` and labels `[n]`.
#[derive(Debug)]
pub struct Images {
    pixels: Tensor,
    labels: Tensor,
    classes: usize,
    shape: [usize; 3],
    pixel_max: u8,
    range: PixelRange,
    noise_std: f64,
    dequantised: bool,
    seed: u64,
}

impl Images {
    /// Moves `set` to `device`. `noise_std` is the standard deviation of the
    /// noise that [`Images::noisy_batch`] adds, drawn from streams of `seed`.
    pub fn new(
        set: &LabelledImages,
        range: PixelRange,
        noise_std: f64,
        seed: u64,
        device: Device,
    ) -> Self {
        let [c, h, w] = set.shape.map(|n| n as i64);
        let n = set.len() as i64;
        let labels: Vec<i64> = set.labels.iter().map(|&label| i64::from(label)).collect();
        Self {
            pixels: Tensor::from_slice(&set.pixels).reshape([n, c, h, w]).to_device(device),
            labels: Tensor::from_slice(&labels).to_device(device),
            classes: set.classes,
            shape: set.shape,
            pixel_max: set.pixel_max,
            range,
            noise_std,
            dequantised: false,
            seed,
        }
    }

    /// The same images with pixel values as [`Cells`] of the pixel range: in
    /// the middle of their cells, and anywhere in them where noise is added.
    pub fn dequantised(self, wanted: bool) -> Self {
        Self { dequantised: wanted, ..self }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.size()[0] as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `[c, h, w]`
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Where the set is.
    pub fn device(&self) -> Device {
        self.pixels.device()
    }

    /// The rows `rows` as a set of their own.
    pub fn select(&self, rows: &[i64]) -> Self {
        let rows = Tensor::from_slice(rows).to_device(self.device());
        Self {
            pixels: self.pixels.index_select(0, &rows),
            labels: self.labels.index_select(0, &rows),
            ..*self
        }
    }

    /// The label of every image, on the host.
    pub fn labels(&self) -> Vec<i64> {
        let mut labels = vec![0; self.len()];
        self.labels.to_device(Device::Cpu).copy_data(&mut labels, self.len());
        labels
    }

    /// Images `[m, c, h, w]`, scaled to the pixel range, and labels `[m]`, of
    /// the rows `rows`.
    pub fn batch(&self, rows: &[i64]) -> (Tensor, Tensor) {
        let rows = Tensor::from_slice(rows).to_device(self.device());
        (self.scaled(&self.pixels.index_select(0, &rows)), self.labels.index_select(0, &rows))
    }

    fn scaled(&self, pixels: &Tensor) -> Tensor {
        if self.dequantised {
            return Cells::new(self.range, self.pixel_max).middles(pixels, Kind::Float);
        }
        let (low, high) = self.range.bounds();
        let scale = (high - low) / f64::from(self.pixel_max);
        pixels.to_kind(Kind::Float) * scale + low
    }

    /// As [`Images::batch`], for training: altered and with noise as `view`
    /// says, from the streams `<name> augment` and `<name> noise` at `step`.
    pub fn training_batch(
        &self,
        name: &str,
        view: &View,
        step: u64,
        rows: &[i64],
    ) -> (Tensor, Tensor) {
        let rows = Tensor::from_slice(rows).to_device(self.device());
        let pixels = self.pixels.index_select(0, &rows);
        let stream = Stream::new(self.seed, &format!("{name} augment"));
        let mut x = self.scaled(&augmented(&pixels, &view.augment, &stream, step));
        let noise = format!("{name} noise");
        if view.noise {
            x = self.with_noise(x, &noise, step);
        } else {
            x = self.spread(x, &noise, step);
        }
        (x, self.labels.index_select(0, &rows))
    }

    /// As [`Images::batch`], with the set's noise added, from the stream
    /// `stream` at `step`.
    pub fn noisy_batch(&self, stream: &str, step: u64, rows: &[i64]) -> (Tensor, Tensor) {
        let (x, y) = self.batch(rows);
        (self.with_noise(x, stream, step), y)
    }

    /// Anywhere in the cells, where pixel values are cells.
    fn spread(&self, x: Tensor, stream: &str, step: u64) -> Tensor {
        if !self.dequantised {
            return x;
        }
        let stream = Stream::new(self.seed, &format!("{stream}, dequantised"));
        Cells::new(self.range, self.pixel_max).spread(&x, &stream, step)
    }

    fn with_noise(&self, x: Tensor, stream: &str, step: u64) -> Tensor {
        let mut x = self.spread(x, stream, step);
        if self.noise_std > 0.0 {
            let mut values = vec![0f32; x.numel()];
            Stream::new(self.seed, stream).fill_normal(At::step(step), &mut values);
            x += Tensor::from_slice(&values).view_as(&x).to_device(x.device()) * self.noise_std;
        }
        x
    }
}

/// How images are seen in training.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Random alterations.
    pub augment: Augment,
    /// Whether the set's noise is added.
    pub noise: bool,
}

impl View {
    /// Of labelled and of auxiliary images.
    pub fn labelled(data: &Data) -> Self {
        Self { augment: data.augment, noise: true }
    }

    /// Of the independent batch of the contrastive term.
    pub fn px(data: &Data) -> Self {
        let augment =
            if data.px_augment == Some(false) { Augment::default() } else { data.augment };
        Self { augment, noise: data.px_noise != Some(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_byte_range_become_the_ends_of_the_pixel_range() {
        let set = LabelledImages {
            shape: [1, 1, 2],
            pixels: vec![0, 16, 8, 4],
            labels: vec![1, 0],
            pixel_max: 16,
            classes: 2,
        };
        let images = Images::new(&set, PixelRange::MinusOneOne, 0.0, 0, Device::Cpu);
        let (x, y) = images.batch(&[1, 0]);
        let x: Vec<f64> = (0..4).map(|i| x.view(-1).double_value(&[i])).collect();
        assert_eq!(x, [0.0, -0.5, -1.0, 1.0]);
        assert_eq!((y.int64_value(&[0]), y.int64_value(&[1])), (0, 1));
    }
}
