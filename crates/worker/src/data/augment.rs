//! Random alterations of training images: reflection padding, a crop to the
//! image's own size, a mirror image.

use jem_core::random::{At, Stream};
use jem_core::spec::Augment;
use tch::Tensor;

/// `images` `[m, c, h, w]` altered as `augment` says, each with its own numbers
/// from `stream` at `step`: three uniforms an image, for the crop's row, its
/// column and the mirror, drawn whether or not they are used.
///
/// The crop is of the image padded by reflection without its edge, as
/// `numpy.pad(mode="reflect")` and torchvision pad; `pad` is below both sides.
pub fn augmented(images: &Tensor, augment: &Augment, stream: &Stream, step: u64) -> Tensor {
    if augment.is_off() {
        return images.shallow_clone();
    }
    let size = images.size();
    let [m, c, h, w] = [0, 1, 2, 3].map(|i| size[i]);
    let mut uniforms = vec![0f32; 3 * m as usize];
    stream.fill_uniform(At::step(step), &mut uniforms);
    let pad = augment.pad.unwrap_or_default() as i64;
    let mut places = Vec::with_capacity((m * h * w) as usize);
    for drawn in uniforms.chunks_exact(3) {
        let offset = |u: f32| (f64::from(u) * (2 * pad + 1) as f64) as i64 - pad;
        let (down, right) = (offset(drawn[0]), offset(drawn[1]));
        let mirrored = augment.flip && drawn[2] < 0.5;
        for row in 0..h {
            let row = reflected(row + down, h);
            places.extend((0..w).map(|column| {
                let column = if mirrored { w - 1 - column } else { column };
                row * w + reflected(column + right, w)
            }));
        }
    }
    let places = Tensor::from_slice(&places).to_device(images.device());
    let places = places.view([m, 1, h * w]).expand([m, c, h * w], false);
    images.reshape([m, c, h * w]).gather(2, &places, false).view([m, c, h, w])
}

/// The place in a row of `side` pixels that stands at `place` when the row is
/// continued by reflection on both sides: −1 is 1, `side` is `side − 2`.
fn reflected(place: i64, side: i64) -> i64 {
    let place = place.abs();
    if place < side { place } else { 2 * (side - 1) - place }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    fn rows(n: i64, c: i64, h: i64, w: i64) -> Tensor {
        Tensor::arange(n * c * h * w, (Kind::Int64, Device::Cpu)).view([n, c, h, w])
    }

    #[test]
    fn reflection_leaves_the_edge_out() {
        // numpy.pad([0, 1, 2, 3], 3, mode="reflect")
        let padded: Vec<i64> = (-3..7).map(|place| reflected(place, 4)).collect();
        assert_eq!(padded, [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
    }

    #[test]
    fn every_crop_is_one_of_the_padded_image_and_all_occur() {
        // Large enough that no two crops are the same.
        let images = rows(400, 2, 6, 7);
        let augment = Augment { pad: Some(2), flip: true };
        let found = augmented(&images, &augment, &Stream::new(0, "data augment"), 7);
        let padded = images.to_kind(Kind::Double).reflection_pad2d([2, 2, 2, 2]);
        let mut seen = std::collections::BTreeSet::new();
        for i in 0..400 {
            let one = found.get(i).to_kind(Kind::Double);
            let fits = (0..50).find(|choice| {
                let (down, right, mirrored) = (choice / 2 / 5, choice / 2 % 5, choice % 2 == 1);
                let crop = padded.get(i).narrow(1, down, 6).narrow(2, right, 7);
                one.equal(&if mirrored { crop.flip([2]) } else { crop })
            });
            seen.insert(fits.unwrap());
        }
        assert_eq!(seen.len(), 50, "25 crops and their mirror images");
    }

    #[test]
    fn numbers_depend_on_seed_stream_step_and_place_alone() {
        let images = rows(6, 1, 5, 5);
        let augment = Augment { pad: Some(2), flip: true };
        let draw = |name: &str, step, images: &Tensor| {
            augmented(images, &augment, &Stream::new(3, name), step)
        };
        let whole = draw("data augment", 1, &images);
        assert!(whole.narrow(0, 0, 2).equal(&draw("data augment", 1, &images.narrow(0, 0, 2))));
        assert!(!whole.equal(&draw("data augment", 2, &images)));
        assert!(!whole.equal(&draw("px augment", 1, &images)));
        let off = augmented(&images, &Augment::default(), &Stream::new(3, "data augment"), 1);
        assert!(off.equal(&images));
    }
}
