//! The images that densities are fitted to, chosen by and judged on, as rows
//! of pixels in the scaled range.

use jem_core::dataset::LabelledImages;
use jem_core::random::Stream;
use tch::{Kind, Tensor};

use crate::data::{Cells, split};
use crate::evaluation::Subject;

/// Rows `[n, d]` in double precision.
pub(super) struct Rows {
    /// The images trained on, each pixel in the middle of its cell.
    pub training: Tensor,
    /// Those that training held out, dequantised; none where there are none.
    pub validation: Option<Tensor>,
    /// The test images, dequantised by numbers that are the same for every
    /// trial, so that all models see the same points.
    pub test: Tensor,
    /// The width of a cell.
    pub cell: f64,
    /// Levels of a pixel.
    pub levels: u64,
}

impl Rows {
    /// Of the trial that is evaluated.
    pub fn of(subject: &Subject<'_>) -> Self {
        let data = &subject.spec.training.data;
        let all = subject.training;
        let cells = Cells::new(data.range, subject.test.pixel_max);
        let middles = |set: &LabelledImages| {
            let pixels = Tensor::from_slice(&set.pixels).view([set.len() as i64, -1]);
            cells.middles(&pixels, Kind::Double).to_device(subject.device)
        };
        // Everywhere the same numbers: no seed of a trial.
        let spread = |middles: &Tensor, name: &str| {
            cells.spread(middles, &Stream::new(0, &format!("likelihood dequantise {name}")), 0)
        };
        let part = split(&all.labels, data.validation, data.limit, subject.seed);
        let all = middles(all);
        let chosen =
            |rows: &[i64]| all.index_select(0, &Tensor::from_slice(rows).to_device(subject.device));
        let held_out = (!part.validation.is_empty()).then(|| chosen(&part.validation));
        Self {
            training: chosen(&part.training),
            validation: held_out.map(|middles| spread(&middles, "validation")),
            test: spread(&middles(&subject.test_images(None, "likelihood")), "test"),
            cell: cells.width(),
            levels: u64::from(subject.test.pixel_max) + 1,
        }
    }

    /// The variance of a uniform point of a cell.
    pub fn cell_variance(&self) -> f64 {
        self.cell * self.cell / 12.0
    }

    /// The standard deviation of each pixel of the dequantised training
    /// images, `[d]`; no less than that of a cell.
    pub fn std(&self) -> Tensor {
        let mean = self.training.mean_dim([0i64].as_slice(), true, Kind::Double);
        let squares = (&self.training - mean).square();
        let variance = squares.mean_dim([0i64].as_slice(), false, Kind::Double);
        (variance + self.cell_variance()).sqrt()
    }
}

/// The buffer's samples that training kept, as rows; none where no chain ran.
pub(super) fn kept(subject: &Subject<'_>) -> Option<Tensor> {
    let (shape, values) = subject.buffer?.f32("samples")?;
    let rows = Tensor::from_slice(values).view([shape[0] as i64, -1]);
    let (low, high) = subject.spec.training.data.range.bounds();
    Some(rows.to_kind(Kind::Double).clamp(low, high).to_device(subject.device))
}
