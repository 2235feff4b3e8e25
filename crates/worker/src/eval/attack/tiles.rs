//! The shapes that Square puts on an image, as pure functions on slices
//! (Andriushchenko et al. 2020, and the code published with it).

/// The share of an image's places that a square covers after `done` of
/// `queries`: `first`, halved at fixed parts of the whole.
pub fn share(first: f64, done: u64, queries: u64) -> f64 {
    const HALVED: [f64; 9] = [10., 50., 200., 500., 1000., 2000., 4000., 6000., 8000.];
    let of_ten_thousand = (done as f64 / queries.max(1) as f64 * 1e4).floor();
    let halvings = HALVED.iter().filter(|&&at| of_ten_thousand > at).count() as i32;
    first / 2f64.powi(halvings)
}

/// A bump over `rows` × `columns`: squares about the middle, each a ring wider
/// and less high than the last, of length 1 together.
fn bump(rows: usize, columns: usize) -> Vec<f64> {
    let mut values = vec![0f64; rows * columns];
    let (mid_row, mid_column) = (rows / 2 + 1, columns / 2 + 1);
    let (mut top, mut left) = (mid_row as i64 - 1, mid_column as i64 - 1);
    for ring in 0..mid_row.max(mid_column) as i64 {
        let within = |start: i64, end: usize| {
            (start.max(0) as usize)..((start + 2 * ring + 1).clamp(0, end as i64) as usize)
        };
        for row in within(top, rows) {
            for column in within(left, columns) {
                values[row * columns + column] += 1.0 / ((ring + 1) as f64).powi(2);
            }
        }
        (top, left) = (top - 1, left - 1);
    }
    normalised(values)
}

/// Two bumps of opposite signs side by side, of length 1 together, `side` ×
/// `side`; one above the other unless `turned`.
pub fn two_bumps(side: usize, turned: bool) -> Vec<f64> {
    let half = side / 2;
    let mut values = if half > 0 { bump(half, side) } else { Vec::new() };
    values.extend(bump(side - half, side).iter().map(|v| -v));
    let values = normalised(values);
    if !turned {
        return values;
    }
    (0..side * side).map(|i| values[(i % side) * side + i / side]).collect()
}

/// `values` over their Euclidean length.
pub fn normalised(mut values: Vec<f64>) -> Vec<f64> {
    let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|v| *v /= length);
    }
    values
}

/// A square of an image's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its uppermost row.
    pub top: usize,
    /// Its leftmost column.
    pub left: usize,
    /// Its side.
    pub side: usize,
}

impl Window {
    /// The square of `side` that two uniforms in [0, 1) choose on `h` × `w`.
    pub fn drawn(side: usize, [h, w]: [usize; 2], (u, v): (f32, f32)) -> Self {
        let place =
            |u: f32, n: usize| ((f64::from(u) * (n - side + 1) as f64) as usize).min(n - side);
        Self { top: place(u, h), left: place(v, w), side }
    }

    /// The indices of its places in a plane `w` wide, row by row.
    pub fn places(self, w: usize) -> impl Iterator<Item = usize> {
        let Self { top, left, side } = self;
        (0..side * side).map(move |i| (top + i / side) * w + left + i % side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_shrink_at_the_published_parts_of_the_budget() {
        let at = |done| share(0.8, done, 10_000);
        assert_eq!((at(0), at(10), at(11), at(50), at(51)), (0.8, 0.8, 0.4, 0.4, 0.2));
        assert_eq!((at(8000), at(8001)), (0.8 / 256.0, 0.8 / 512.0));
        // The parts are those of the budget, whatever it is.
        assert_eq!(share(0.8, 6, 1000), 0.2);
    }

    #[test]
    fn bumps_are_those_of_the_hand() {
        // Rings about (1, 1) on 3 × 3: the middle 1 + 1/4, the rest 1/4; and
        // 1/9 more for each from the third ring.
        let bump = bump(3, 3);
        let (middle, edge) = (bump[4], bump[0]);
        assert!((middle / edge - 5.0).abs() < 1e-9, "{middle} {edge}");
        let pair = two_bumps(5, false);
        assert!((pair.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(pair[..10].iter().all(|&v| v > 0.0) && pair[10..].iter().all(|&v| v < 0.0));
        let turned = two_bumps(5, true);
        assert_eq!((turned[5], turned[3]), (pair[1], pair[15]));
        assert_eq!(two_bumps(1, false), [-1.0]);
    }

    #[test]
    fn a_window_stays_inside() {
        let last = Window::drawn(3, [5, 4], (0.999_999_9, 0.999_999_9));
        assert_eq!(last, Window { top: 2, left: 1, side: 3 });
        let places: Vec<usize> = Window { top: 0, left: 1, side: 2 }.places(4).collect();
        assert_eq!(places, [1, 2, 5, 6]);
    }
}
