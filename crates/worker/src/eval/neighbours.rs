//! Nearest training images by pixels: whether samples are copies.

use tch::{Kind, Tensor};

use super::host;

/// Training images compared with at once.
const CHUNK: i64 = 2000;

/// Of each row of `x` `[n, d]` the row of `among` `[m, d]` at the smallest L2
/// distance (the first of those as near) and that distance, in double
/// precision. Nothing where `among` is empty; a row that is not finite has the
/// distance NaN or infinity.
pub fn nearest(x: &Tensor, among: &Tensor) -> Vec<(usize, f64)> {
    let _guard = tch::no_grad_guard();
    let x = x.to_kind(Kind::Double);
    let (n, m) = (x.size()[0], among.size()[0]);
    if m == 0 {
        return Vec::new();
    }
    let mut best = vec![(0usize, f64::INFINITY); n as usize];
    for start in (0..m).step_by(CHUNK as usize) {
        let chunk = among.narrow(0, start, CHUNK.min(m - start)).to_kind(Kind::Double);
        let squares = |t: &Tensor| t.square().sum_dim_intlist([1i64].as_slice(), true, t.kind());
        let apart = squares(&x) + squares(&chunk).tr() - x.matmul(&chunk.tr()) * 2.0;
        let width = chunk.size()[0] as usize;
        for (row, best) in host(&apart).chunks_exact(width).zip(&mut best) {
            for (place, &square) in row.iter().enumerate() {
                if square < best.1 {
                    *best = (start as usize + place, square);
                }
            }
        }
    }
    // The sum of squares cancels; the distance to the one found does not.
    let rows: Vec<i64> = best.iter().map(|&(place, _)| place as i64).collect();
    let rows = Tensor::from_slice(&rows).to_device(among.device());
    let away = &x - among.index_select(0, &rows).to_kind(Kind::Double);
    let distances = host(&away.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double));
    best.iter().zip(distances).map(|(&(place, _), square)| (place, square.sqrt())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn the_nearest_is_found_across_chunks_and_the_first_of_equals() {
        let m = 2 * CHUNK + 5;
        let among = Tensor::arange(m, (Kind::Float, Device::Cpu)).reshape([m, 1]).tile([1, 2]);
        let x = Tensor::from_slice2(&[[4003.25f32, 4003.25], [1.5, 1.5], [-3.0, 1.0]]);
        let found = nearest(&x, &among);
        assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [4003, 1, 0]);
        let root = f64::sqrt(2.0);
        for ((_, distance), expected) in
            found.iter().zip([0.25 * root, 0.5 * root, f64::sqrt(10.0)])
        {
            assert!((distance - expected).abs() < 1e-12, "{distance} {expected}");
        }
        assert!(nearest(&x, &among.narrow(0, 0, 0)).is_empty());
    }
}
