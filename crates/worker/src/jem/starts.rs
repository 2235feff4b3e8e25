//! What new chains start from.

use std::rc::Rc;

use jem_core::random::{At, Stream};
use jem_core::spec::ChainInit;
use tch::Tensor;

use super::ClassGaussians;
use crate::data::Images;

/// The distribution of new chains.
pub struct Starts {
    init: ChainInit,
    bounds: (f64, f64),
    images: Rc<Images>,
    /// The rows of each class, where chains start from images of a class or
    /// from its moments; empty otherwise.
    rows: Vec<Vec<i64>>,
    gaussians: Option<ClassGaussians>,
}

impl Starts {
    /// Starts of chains on the training `images`, whose pixel range is
    /// `bounds`. With `by_class` a chain that starts from data starts from an
    /// image of its class.
    pub fn new(init: ChainInit, bounds: (f64, f64), images: Rc<Images>, by_class: bool) -> Self {
        let rows = match init {
            ChainInit::ClassGaussian => rows_of_classes(&images),
            ChainInit::Data if by_class => rows_of_classes(&images),
            _ => Vec::new(),
        };
        let gaussians =
            (init == ChainInit::ClassGaussian).then(|| ClassGaussians::of(&images, &rows));
        Self { init, bounds, images, rows, gaussians }
    }

    /// The images.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// A start `[n, c, h, w]` for a chain of each of `classes`, by the numbers
    /// of `stream` at `at`, on the device of the images.
    pub fn draw(&self, stream: &Stream, at: At, classes: &[usize]) -> Tensor {
        let [c, h, w] = self.images.shape().map(|n| n as i64);
        let size = [classes.len() as i64, c, h, w];
        let mut values = vec![0f32; size.iter().product::<i64>() as usize];
        let (low, high) = self.bounds;
        match (self.init, &self.gaussians) {
            (ChainInit::Data, _) => return self.images.batch(&self.pick(stream, at, classes)).0,
            (ChainInit::Uniform, _) => {
                stream.fill_uniform(at, &mut values);
                let (low, width) = (low as f32, (high - low) as f32);
                values.iter_mut().for_each(|v| *v = low + width * *v);
            }
            (ChainInit::Normal | ChainInit::ClassGaussian, _) => {
                stream.fill_normal(at, &mut values);
            }
        }
        let drawn = Tensor::from_slice(&values).reshape(size).to_device(self.images.device());
        match &self.gaussians {
            Some(gaussians) => gaussians.shape(&drawn, classes).clamp(low, high),
            None => drawn,
        }
    }

    /// A training image for each chain, every one of them (of its class)
    /// equally likely.
    fn pick(&self, stream: &Stream, at: At, classes: &[usize]) -> Vec<i64> {
        let of = |(i, class): (usize, &usize)| {
            let place = At { step: at.step, part: i as u32 };
            match self.rows.get(*class).filter(|rows| !rows.is_empty()) {
                Some(rows) => rows[stream.distinct(place, 1, rows.len())[0] as usize],
                None => stream.distinct(place, 1, self.images.len())[0],
            }
        };
        classes.iter().enumerate().map(of).collect()
    }
}

/// The rows of each class, in rising order.
fn rows_of_classes(images: &Images) -> Vec<Vec<i64>> {
    let mut rows = vec![Vec::new(); images.classes()];
    for (row, label) in images.labels().into_iter().enumerate() {
        rows[label as usize].push(row as i64);
    }
    rows
}
