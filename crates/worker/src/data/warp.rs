//! Images moved and blurred, by bilinear interpolation and by a Gaussian
//! kernel. Values are planes `[c, h, w]`, row-major.

/// Every place takes the value at `from(y, x)`, both measured from the image's
/// centre in pixels; outside the image is 0.
pub fn moved(x: &[f64], [_, h, w]: [usize; 3], from: impl Fn(f64, f64) -> (f64, f64)) -> Vec<f64> {
    let (middle_y, middle_x) = ((h as f64 - 1.0) / 2.0, (w as f64 - 1.0) / 2.0);
    let mut out = Vec::with_capacity(x.len());
    for plane in x.chunks_exact(h * w) {
        let value = |row: f64, column: f64| {
            let inside = row >= 0.0 && column >= 0.0 && row < h as f64 && column < w as f64;
            if inside { plane[row as usize * w + column as usize] } else { 0.0 }
        };
        for row in 0..h {
            for column in 0..w {
                let (y, x) = from(row as f64 - middle_y, column as f64 - middle_x);
                let (y, x) = (y + middle_y, x + middle_x);
                let (top, left) = (y.floor(), x.floor());
                let (down, right) = (y - top, x - left);
                let upper = value(top, left) * (1.0 - right) + value(top, left + 1.0) * right;
                let lower =
                    value(top + 1.0, left) * (1.0 - right) + value(top + 1.0, left + 1.0) * right;
                out.push(upper * (1.0 - down) + lower * down);
            }
        }
    }
    out
}

/// A Gaussian blur of standard deviation `sigma` pixels, cut off at four of
/// them, with the image's edge repeated (`scipy.ndimage.gaussian_filter` with
/// mode `nearest`, as CIFAR-10-C's). Sums are in scipy's order, the middle first
/// and then from the outside in, since what follows cuts values off.
pub fn blurred(x: &[f64], [_, h, w]: [usize; 3], sigma: f64) -> Vec<f64> {
    let radius = (4.0 * sigma + 0.5) as usize;
    let weight = |distance: usize| (-0.5 / (sigma * sigma) * (distance * distance) as f64).exp();
    let sum: f64 = (0..=2 * radius).map(|place| weight(place.abs_diff(radius))).sum();
    let weights: Vec<f64> = (0..=radius).map(|distance| weight(distance) / sum).collect();
    let along = |n: usize, value: &dyn Fn(usize) -> f64, place: usize| -> f64 {
        let pair = |distance: usize| {
            value(place.saturating_sub(distance)) + value((place + distance).min(n - 1))
        };
        let middle = value(place) * weights[0];
        (1..=radius).rev().fold(middle, |sum, distance| sum + pair(distance) * weights[distance])
    };
    let mut out = Vec::with_capacity(x.len());
    for plane in x.chunks_exact(h * w) {
        let places = (0..h).flat_map(|row| (0..w).map(move |column| (row, column)));
        let down: Vec<f64> = places
            .clone()
            .map(|(row, column)| along(h, &|at| plane[at * w + column], row))
            .collect();
        out.extend(places.map(|(row, column)| along(w, &|at| down[row * w + at], column)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_and_a_shift_are_those_of_the_hand() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let shape = [1, 3, 3];
        assert_eq!(moved(&x, shape, |y, x| (y, x)), x);
        let turned = moved(&x, shape, |y, x| (x, -y));
        assert_eq!(turned, [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0]);
        let shifted = moved(&x, shape, |y, x| (y, x - 1.0));
        assert_eq!(shifted, [0.0, 1.0, 2.0, 0.0, 4.0, 5.0, 0.0, 7.0, 8.0]);
        // Half a column: the mean of two, and of the edge and nothing.
        let half = moved(&x, shape, |y, x| (y, x - 0.5));
        assert_eq!(half[..3], [0.5, 1.5, 2.5]);
    }

    #[test]
    fn a_blur_keeps_flat_images_and_spreads_a_point_as_scipy_does() {
        assert!(blurred(&[0.3; 25], [1, 5, 5], 0.8).iter().all(|v| (v - 0.3).abs() < 1e-15));
        let mut point = [0f64; 49];
        point[24] = 1.0;
        let spread = blurred(&point, [1, 7, 7], 0.6);
        // scipy 1.17: gaussian_filter(point, 0.6, mode="nearest")[3, 3:6]
        let expected = SCIPY;
        for (found, expected) in spread[24..27].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    const SCIPY: [f64; 3] = [0.4406547744274481, 0.1098782413117454, 0.0017035361670139186];
}
