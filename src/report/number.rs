//! Numbers as people read them. The minus is the typographic one.

use crate::table::{Interval, Statistics, range_of_two, with_interval};

/// `0.9594 ± 0.0031`, or `0.27 [0.05, 0.61]` where the interval is not
/// symmetric: to as many places as show two digits of half its width. Of two
/// seeds `0.95 (0.94–0.96, 2 seeds)`; four digits where there is nothing to say.
pub fn interval(statistics: &Statistics) -> String {
    let mean = statistics.mean;
    match (&statistics.interval, statistics.range_of_few()) {
        (Some(interval), _) => of_interval(mean, interval),
        (None, Some((low, high))) if low < high && mean.abs() < 1e6 => {
            let places = (1.0 - (high - low).log10().floor()).clamp(0.0, 6.0) as usize;
            sign(format!("{mean:.places$} ({})", range_of_two((low, high), places)))
        }
        _ => plain(mean),
    }
}

fn of_interval(mean: f64, interval: &Interval) -> String {
    let half = interval.half();
    let two_digits = |number: f64| 1.0 - number.log10().floor();
    let wanted = two_digits(half);
    // A mean that its interval dwarfs has a place more, to show any digit.
    let wanted = wanted.max(two_digits(mean.abs()).min(wanted + 1.0));
    let places = wanted.clamp(0.0, 6.0) as usize;
    if mean.abs().max(half) >= 1e6 {
        return sign(format!("{mean:.3e} ± {half:.1e}"));
    }
    if half < 5e-7 {
        return sign(format!("{} ± {half:.1e}", plain(mean)));
    }
    sign(with_interval(mean, interval, places))
}

/// Four digits, with an exponent where the number is very large or small.
pub fn plain(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return sign(format!("{}", value + 0.0));
    }
    let size = value.abs().log10().floor();
    if !(-4.0..6.0).contains(&size) {
        return sign(format!("{value:.3e}"));
    }
    let places = (3.0 - size).clamp(0.0, 6.0) as usize;
    sign(format!("{value:.places$}"))
}

/// Seconds: `42 s`, `12 min`, `3.4 h`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 99.5 => format!("{s:.0} s"),
        s if s < 99.5 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Bytes: `512 MiB`, `3.9 GiB`.
pub fn bytes(bytes: u64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let mib = bytes as f64 / MIB;
    match mib {
        mib if mib < 1000.0 => format!("{mib:.0} MiB"),
        mib if mib < 10_000.0 => format!("{:.1} GiB", mib / 1024.0),
        mib => format!("{:.0} GiB", mib / 1024.0),
    }
}

/// With a capital at the front.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// `1 trial`, `3 trials`.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn sign(text: String) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(mean: f64, half_width: Option<f64>) -> Statistics {
        Statistics::around(mean, half_width)
    }

    #[test]
    fn a_mean_has_the_places_of_its_interval() {
        assert_eq!(interval(&statistics(0.95944, Some(0.0031))), "0.9594 ± 0.0031");
        assert_eq!(interval(&statistics(0.5, Some(0.187))), "0.50 ± 0.19");
        assert_eq!(interval(&statistics(0.667, Some(1.27))), "0.67 ± 1.27");
        assert_eq!(interval(&statistics(-12.3, Some(4.0))), "−12.3 ± 4.0");
        assert_eq!(interval(&statistics(-1234.0, Some(150.0))), "−1234 ± 150");
        assert_eq!(interval(&statistics(0.25, None)), "0.2500");
        assert_eq!(interval(&statistics(0.25, Some(0.0))), "0.2500");
        assert_eq!(interval(&statistics(3.0e9, Some(1.0e8))), "3.000e9 ± 1.0e8");
    }

    #[test]
    fn an_interval_that_is_not_symmetric_is_shown_by_its_ends() {
        let of = |values: &[f64]| {
            let values = values.iter().map(|value| (0, *value)).collect();
            Statistics::of_shares(values).map(|found| interval(&found))
        };
        assert_eq!(of(&[0.1, 0.27, 0.44]).as_deref(), Some("0.27 [0.04, 0.76]"));
        assert_eq!(of(&[0.94, 0.96]).as_deref(), Some("0.950 (0.940–0.960, 2 seeds)"));
        assert_eq!(of(&[0.5, 0.5]).as_deref(), Some("0.5000"));
    }

    #[test]
    fn a_plain_number_has_four_digits() {
        for (value, shown) in [
            (0.95944, "0.9594"),
            (0.0, "0"),
            (-0.0, "0"),
            (12345.6, "12346"),
            (-2.5, "−2.500"),
            (0.00012, "0.000120"),
            (1.0e-7, "1.000e−7"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(plain(value), shown);
        }
    }

    #[test]
    fn times_and_sizes_have_a_fitting_unit() {
        assert_eq!(duration(41.6), "42 s");
        assert_eq!(duration(720.0), "12 min");
        assert_eq!(duration(12_240.0), "3.4 h");
        assert_eq!(bytes(512 << 20), "512 MiB");
        assert_eq!(bytes(4 << 30), "4.0 GiB");
        assert_eq!(bytes(64 << 30), "64 GiB");
    }

    #[test]
    fn lists_end_in_and() {
        let items = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(listed(&items), "a, b and c");
        assert_eq!(listed(&items[..1]), "a");
        assert_eq!(counted(1, "trial"), "1 trial");
        assert_eq!(counted(0, "trial"), "0 trials");
    }
}
