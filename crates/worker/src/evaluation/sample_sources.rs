//! Where samples come from: chains started anew, the buffer, chains of each
//! class; and real images beside them.

use std::error::Error;

use jem_core::spec::{Generation as Asked, PixelRange, ReferenceSplit};
use tch::{Kind, Tensor};

use super::fresh::Making;
use super::part::{Look, NO_BUFFER, Subject};
use crate::data::Images;
use crate::eval::host;
use crate::jem::{Mode, class_probabilities};

/// Samples shown of each source, and of each class.
const SHOWN: usize = 20;
const SHOWN_OF_CLASS: usize = 4;
/// Samples that the network looks at together.
const CHUNK: i64 = 250;

/// Samples of one kind.
pub(super) struct Source {
    /// Its name in metric paths.
    pub name: String,
    /// `[n, c, h, w]` in [0, 1], what was beyond clipped; or why there are
    /// none.
    pub images: Result<Tensor, String>,
    /// The class that each was made for, all of one class after another.
    pub classes: Option<Vec<usize>>,
    /// The network's max softmax for each; empty where nobody asks.
    confidence: Vec<f64>,
}

impl Source {
    /// Whether its images are real.
    pub fn is_real(&self) -> bool {
        self.name == "real"
    }

    /// The field that gives it more samples to score; `selected` where not
    /// all of them are.
    pub fn more(&self, selected: bool) -> &'static str {
        match self.name.as_str() {
            _ if selected => "evaluate.generation.most_confident",
            "buffer" => "replay_buffer.keep",
            "conditional" => "evaluate.generation.per_class",
            _ => "evaluate.generation.samples",
        }
    }

    /// How many samples it has.
    pub fn len(&self) -> usize {
        self.images.as_ref().map_or(0, |x| x.size()[0] as usize)
    }

    /// Places of those that are shown: the first, or the first of each class; of
    /// real images, which may be in the order of their classes, evenly spaced ones.
    pub fn shown(&self) -> Vec<i64> {
        let Some(classes) = &self.classes else {
            let n = self.len().min(SHOWN);
            let place = |i: usize| if self.is_real() { i * self.len() / n } else { i };
            return (0..n).map(|i| place(i) as i64).collect();
        };
        let early = |place: &usize| {
            let of_class = |class: &&usize| **class == classes[*place];
            classes[..*place].iter().filter(of_class).count() < SHOWN_OF_CLASS
        };
        (0..classes.len()).filter(early).map(|place| place as i64).collect()
    }

    /// Places of the samples that are scored: all, or the `most` that the
    /// network is surest of, the earlier of two that it is as sure of. Real
    /// images are never selected.
    pub fn chosen(&self, most: Option<u64>) -> Vec<i64> {
        let mut places: Vec<i64> = (0..self.len() as i64).collect();
        if let Some(most) = most.filter(|_| !self.is_real()) {
            let sure = |place: &i64| self.confidence.get(*place as usize).copied().unwrap_or(0.0);
            places.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
            places.truncate(most as usize);
            places.sort_unstable();
        }
        places
    }
}

/// All that there are, and the filmstrips `[strips, looks, c, h, w]`.
pub(super) fn sources(
    asked: &Asked,
    subject: &Subject<'_>,
    making: &Making<'_>,
    look: Look<'_>,
) -> Result<(Vec<Source>, Option<Tensor>), Box<dyn Error>> {
    let classes = subject.test.classes;
    let taking = Taking { asked, subject };
    let of: Vec<usize> = (0..asked.samples as usize).map(|i| i % classes).collect();
    let made = making.run("fresh", &of, (false, asked.strips as usize), &mut *look)?;
    let strips = made.strips.map(|x| unit(&x, subject));
    let mut all = vec![taking.source("fresh", Ok(made.x), None), taking.buffer()];
    if asked.per_class > 0 {
        let each = asked.per_class as usize;
        let of: Vec<usize> = (0..classes * each).map(|i| i / each).collect();
        let made = making.run("conditional", &of, (true, 0), look)?;
        all.push(taking.source("conditional", Ok(made.x), Some(of)));
    }
    all.push(taking.real());
    Ok((all, strips))
}

struct Taking<'a> {
    asked: &'a Asked,
    subject: &'a Subject<'a>,
}

impl Taking<'_> {
    fn source(&self, name: &str, x: Result<Tensor, String>, of: Option<Vec<usize>>) -> Source {
        let x = x.and_then(finite);
        let mut confidence = Vec::new();
        if let (Ok(x), Some(_)) = (&x, self.asked.most_confident) {
            confidence = self.confidence(x);
        }
        let images = x.map(|x| unit(&x, self.subject));
        Source { name: name.to_owned(), images, classes: of, confidence }
    }

    /// The samples that training kept of its buffer.
    fn buffer(&self) -> Source {
        let kept = self.subject.buffer.and_then(|arrays| arrays.f32("samples"));
        let x = match kept.filter(|(shape, _)| shape[0] > 0) {
            None => Err(NO_BUFFER.to_owned()),
            Some((shape, values)) => {
                let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
                Ok(Tensor::from_slice(values).reshape(shape).to_device(self.subject.device))
            }
        };
        self.source("buffer", x, None)
    }

    /// As many images of the split that is not the reference.
    fn real(&self) -> Source {
        let (limit, purpose) = (Some(self.asked.samples), "generation real");
        let set = match self.asked.reference.other() {
            ReferenceSplit::Train => self.subject.training_images(limit, purpose),
            ReferenceSplit::Test => self.subject.test_images(limit, purpose),
        };
        let Subject { seed, device, .. } = *self.subject;
        let images = Images::new(&set, PixelRange::ZeroOne, 0.0, seed, device);
        let rows: Vec<i64> = (0..images.len() as i64).collect();
        let images = Ok(images.batch(&rows).0);
        Source { name: "real".to_owned(), images, classes: None, confidence: Vec::new() }
    }

    /// The network's own max softmax.
    fn confidence(&self, x: &Tensor) -> Vec<f64> {
        let _guard = tch::no_grad_guard();
        let n = x.size()[0];
        let of = |start: i64| {
            let part = x.narrow(0, start, CHUNK.min(n - start));
            let Subject { network, parameters, .. } = self.subject;
            let p = class_probabilities(&network.logits(parameters, &part, Mode::Eval));
            host(&p.amax([1i64].as_slice(), false).to_kind(Kind::Double))
        };
        (0..n).step_by(CHUNK as usize).flat_map(of).collect()
    }
}

/// `x`, if every value of it is finite; or how many samples are not.
fn finite(x: Tensor) -> Result<Tensor, String> {
    let whole = x.isfinite().flatten(1, -1).all_dim(1, false);
    let n = x.size()[0];
    match n - whole.to_kind(Kind::Int64).sum(Kind::Int64).int64_value(&[]) {
        0 => Ok(x),
        odd => Err(format!("{odd} of {n} samples are not finite")),
    }
}

/// From the training's pixel range to [0, 1], what is beyond clipped.
fn unit(x: &Tensor, subject: &Subject<'_>) -> Tensor {
    let _guard = tch::no_grad_guard();
    let (low, high) = subject.spec.training.data.range.bounds();
    ((x - low) / (high - low)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    fn source(n: i64, classes: Option<Vec<usize>>, confidence: Vec<f64>) -> Source {
        let images = Ok(Tensor::zeros([n, 1, 2, 2], (Kind::Float, Device::Cpu)));
        Source { name: "fresh".to_owned(), images, classes, confidence }
    }

    #[test]
    fn the_first_of_each_class_are_shown() {
        let of = (0..12).map(|i| i / 6).collect();
        assert_eq!(source(12, Some(of), Vec::new()).shown(), [0, 1, 2, 3, 6, 7, 8, 9]);
        assert_eq!(source(3, None, Vec::new()).shown(), [0, 1, 2]);
        assert_eq!(source(50, None, Vec::new()).shown().len(), 20);
    }

    #[test]
    fn the_surest_are_chosen_and_the_earlier_of_equals() {
        let source = source(4, None, vec![0.5, 0.9, 0.5, 0.7]);
        assert_eq!(source.chosen(None), [0, 1, 2, 3]);
        assert_eq!(source.chosen(Some(3)), [0, 1, 3]);
        assert_eq!(source.chosen(Some(9)).len(), 4);
    }

    #[test]
    fn samples_that_ran_away_are_counted() {
        let x = Tensor::from_slice(&[0f32, f32::NAN, 1.0, f32::INFINITY, 2.0, 3.0]);
        let said = finite(x.reshape([3, 1, 1, 2])).err();
        assert_eq!(said.as_deref(), Some("2 of 3 samples are not finite"));
    }
}
