//! Reflection at the faces of a box, for chains whose target is a density on
//! the box alone.

use tch::Tensor;

/// The points `z` folded into [low, high] in every value, and the sign of each
/// fold: 1 where an even number of faces was met, −1 where an odd number was.
///
/// An energy E on the box becomes the energy E(fold(z)) on the whole space,
/// with the gradient sign · ∇E(fold(z)). A chain on that energy commutes with
/// every reflection, so the folded chain is a Markov chain on the box, and is
/// reversible for exp(−E) there whenever the unfolded one is.
pub fn fold(z: &Tensor, (low, high): (f64, f64)) -> (Tensor, Tensor) {
    let width = high - low;
    let along = (z - low).remainder(2.0 * width);
    let back = along.gt(width);
    let folded = along.where_self(&back.logical_not(), &(2.0 * width - &along)) + low;
    let sign: Tensor = 1.0 - back.to_kind(z.kind()) * 2.0;
    (folded.clamp(low, high), sign)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn points_are_folded_at_both_faces_as_often_as_needed() {
        let z = Tensor::from_slice(&[-1.0f64, 0.25, 1.0, 1.5, -1.25, 3.5, -5.5, 4.75]);
        let (x, sign) = fold(&z, (-1.0, 1.0));
        let x: Vec<f64> = Vec::try_from(x).unwrap();
        assert_eq!(x, [-1.0, 0.25, 1.0, 0.5, -0.75, -0.5, -0.5, 0.75]);
        let sign: Vec<f64> = Vec::try_from(sign).unwrap();
        assert_eq!(sign, [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0]);
    }
}
