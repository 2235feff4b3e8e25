//! Whole pixel values as cells of the pixel range, for densities of images:
//! a density at points that are whole numbers has no bound, so images get
//! uniform noise of one level's width (Uria et al. 2013; Theis et al. 2016).

use jem_core::random::{At, Stream};
use jem_core::spec::PixelRange;
use tch::{Kind, Tensor};

/// The pixel range divided into as many cells as a pixel has levels: value v
/// is the cell [low + v · width, low + (v + 1) · width).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    low: f64,
    width: f64,
}

impl Cells {
    /// Of pixels from 0 to `pixel_max` in `range`.
    pub fn new(range: PixelRange, pixel_max: u8) -> Self {
        let (low, high) = range.bounds();
        Self { low, width: (high - low) / (f64::from(pixel_max) + 1.0) }
    }

    /// The width of a cell.
    pub fn width(self) -> f64 {
        self.width
    }

    /// The middles of the cells of `pixels`, in precision `kind`.
    pub fn middles(self, pixels: &Tensor, kind: Kind) -> Tensor {
        (pixels.to_kind(kind) + 0.5) * self.width + self.low
    }

    /// `middles` moved to independent uniform points of their cells, by the
    /// numbers of `stream` at `step`.
    pub fn spread(self, middles: &Tensor, stream: &Stream, step: u64) -> Tensor {
        let mut uniform = vec![0f32; middles.numel()];
        stream.fill_uniform(At::step(step), &mut uniform);
        let uniform = Tensor::from_slice(&uniform).view_as(middles).to_device(middles.device());
        middles + (uniform.to_kind(middles.kind()) - 0.5) * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_the_range_and_points_stay_in_theirs() {
        let cells = Cells::new(PixelRange::MinusOneOne, 16);
        let pixels = Tensor::from_slice(&[0u8, 16]).repeat([500]);
        let middles = cells.middles(&pixels, Kind::Double);
        assert!((middles.double_value(&[0]) + 1.0 - 1.0 / 17.0).abs() < 1e-12);
        let x = cells.spread(&middles, &Stream::new(0, "test"), 3);
        assert!(x.min().double_value(&[]) >= -1.0 && x.max().double_value(&[]) <= 1.0);
        let away = (&x - &middles) / cells.width();
        assert!(away.abs().max().double_value(&[]) <= 0.5 + 1e-9);
        // A uniform of width 1 has variance 1/12; four standard errors.
        let variance = away.square().mean(Kind::Double).double_value(&[]);
        assert!((variance - 1.0 / 12.0).abs() < 4.0 * (1.0 / 180.0f64 / 1000.0).sqrt());
    }
}
