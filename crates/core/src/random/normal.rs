//! Random words to floats: uniform by the top 24 bits, normal by Box–Muller.
//!
//! Logarithm, sine and cosine are polynomials (Cephes' single-precision
//! coefficients, Moshier 1989) made of additions and multiplications only,
//! never fused, and a correctly rounded square root: so every processor and
//! vector width gives the same bits, which a platform's libm does not promise.

use super::philox::{LANES, philox_lanes};

/// 2⁻²⁴: the step between neighbouring uniforms.
const UNIT: f32 = 1.0 / 16_777_216.0;

/// Uniform in [0, 1) from the top 24 bits of a word.
#[inline(always)]
pub(super) fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * UNIT
}

/// Natural logarithm of `x` in [2⁻²⁴, 1].
#[inline(always)]
fn ln(x: f32) -> f32 {
    // x = m · 2^e with m in [√½, √2): shift the exponent's origin to √½ first.
    let shifted = x.to_bits().wrapping_sub(0x3f35_04f3);
    let e = (shifted as i32 >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let f = m - 1.0;
    let z = f * f;
    let mut p = 7.037_683_6e-2;
    p = p * f - 1.151_461e-1;
    p = p * f + 1.167_699_9e-1;
    p = p * f - 1.242_014_1e-1;
    p = p * f + 1.424_932_3e-1;
    p = p * f - 1.666_805_8e-1;
    p = p * f + 2.000_071_5e-1;
    p = p * f - 2.499_999_4e-1;
    p = p * f + 3.333_333e-1;
    let tail = p * f * z - 2.121_944_4e-4 * e - 0.5 * z;
    (f + tail) + 0.693_359_4 * e
}

/// Sine and cosine of 2π times the fraction that the word's bits 8–31 spell.
#[inline(always)]
fn sin_cos_turn(word: u32) -> (f32, f32) {
    // The nearest quarter turn, and what is left of it: in [−½, ½) quarters.
    let t = word >> 8;
    let quarter = (t.wrapping_add(1 << 21) >> 22) & 3;
    let rest = (t as i32) - (((t.wrapping_add(1 << 21) >> 22) as i32) << 22);
    let x = rest as f32 * (std::f32::consts::FRAC_PI_2 / 4_194_304.0);
    let z = x * x;
    let sin = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * x + x;
    let cos = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z - 0.5 * z + 1.0;
    let (s, c) = if quarter & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let s = if quarter & 2 == 0 { s } else { -s };
    let c = if quarter == 1 || quarter == 2 { -c } else { c };
    (s, c)
}

/// Two standard normals from two words (Box and Muller 1958).
#[inline(always)]
fn box_muller(radius_word: u32, angle_word: u32) -> (f32, f32) {
    // (0, 1]: the logarithm is finite.
    let u = ((radius_word >> 8) + 1) as f32 * UNIT;
    let radius = (-2.0 * ln(u)).sqrt();
    let (sin, cos) = sin_cos_turn(angle_word);
    (radius * cos, radius * sin)
}

/// Fills `out` with standard normals: block b of four words gives elements
/// 4b … 4b+3.
#[inline(always)]
fn fill(key: [u32; 2], rest: [u32; 3], out: &mut [f32]) {
    let per_group = 4 * LANES;
    for (group, chunk) in out.chunks_mut(per_group).enumerate() {
        let words = philox_lanes(key, (group * LANES) as u32, rest);
        let mut z = [[0f32; LANES]; 4];
        for lane in 0..LANES {
            (z[0][lane], z[1][lane]) = box_muller(words[0][lane], words[1][lane]);
            (z[2][lane], z[3][lane]) = box_muller(words[2][lane], words[3][lane]);
        }
        for (i, value) in chunk.iter_mut().enumerate() {
            *value = z[i % 4][i / 4];
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_avx2(key: [u32; 2], rest: [u32; 3], out: &mut [f32]) {
    fill(key, rest, out);
}

/// Fills `out` with standard normals for the counters `[block, rest…]`; the
/// same bits whichever instruction set runs it.
pub(super) fn fill_normal(key: [u32; 2], rest: [u32; 3], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has just been asked for AVX2.
        unsafe { fill_avx2(key, rest, out) };
        return;
    }
    fill(key, rest, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_within_two_units_in_the_last_place_of_double() {
        for m in (1..=16_777_216u32).step_by(97).chain([1, 2, 3, 16_777_215, 16_777_216]) {
            let x = m as f32 * UNIT;
            let exact = f64::from(x).ln();
            let error = (f64::from(ln(x)) - exact).abs();
            assert!(error <= 2.5e-7 * exact.abs().max(0.1), "{x}: {error}");
        }
    }

    #[test]
    fn sine_and_cosine_follow_the_turn() {
        for t in (0..16_777_216u32).step_by(1009) {
            let angle = f64::from(t) / 16_777_216.0 * std::f64::consts::TAU;
            let (sin, cos) = sin_cos_turn(t << 8);
            assert!((f64::from(sin) - angle.sin()).abs() < 2e-7, "{t}");
            assert!((f64::from(cos) - angle.cos()).abs() < 2e-7, "{t}");
        }
    }

    #[test]
    fn vector_and_scalar_code_give_the_same_bits() {
        let mut one = vec![0f32; 5003];
        let mut two = one.clone();
        fill([1, 2], [3, 4, 5], &mut one);
        fill_normal([1, 2], [3, 4, 5], &mut two);
        assert!(one.iter().zip(&two).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    #[test]
    fn normals_have_the_moments_of_a_normal() {
        let n = 1 << 20;
        let mut z = vec![0f32; n];
        fill_normal([11, 13], [0, 0, 0], &mut z);
        let moment = |k: i32| z.iter().map(|&v| f64::from(v).powi(k)).sum::<f64>() / n as f64;
        // Four standard errors of each moment: √(var of z^k / n).
        let tolerance = |variance: f64| 4.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < tolerance(1.0));
        assert!((moment(2) - 1.0).abs() < tolerance(2.0));
        assert!(moment(3).abs() < tolerance(15.0));
        assert!((moment(4) - 3.0).abs() < tolerance(96.0));
    }
}
