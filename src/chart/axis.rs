//! Axes: which values they span, where each falls, and short tick labels.

use jem_core::metric::Range;

/// How a swept value is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XScale {
    /// Equal differences are equal distances.
    #[default]
    Linear,
    /// Equal ratios are equal distances. Zero stands at the left, behind a break
    /// of the axis. Values below zero have no place and are counted in a note.
    Log,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// In [0, 1] along the axis.
    pub(super) at: f64,
    pub(super) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    /// Logarithms run from `start` of the axis's length on; zero stands at `zero`.
    Log {
        start: f64,
        zero: Option<f64>,
    },
}

/// A range of values and its ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    scale: Scale,
    /// The ends, on a log axis as decimal logarithms.
    low: f64,
    high: f64,
    pub(super) ticks: Vec<Tick>,
    /// Whether there was no finite value to span.
    pub(super) empty: bool,
}

/// Sums and differences of values up to here stay finite.
const HUGE: f64 = 1e300;

/// Lowest and highest finite value.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).map(|value| value.clamp(-HUGE, HUGE)).fold(
        None,
        |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        },
    )
}

/// `range` made wider by `share` of itself on both sides, and by something to
/// see where it has no width.
fn widened((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    let span = high - low;
    let pad = if size < 1e-290 {
        1.0
    } else if span <= 1e-9 * size {
        0.1 * size
    } else {
        share * span
    };
    ((low - pad).max(-1.1 * HUGE), (high + pad).min(1.1 * HUGE))
}

impl Axis {
    /// The axis of a chart that has nothing to show.
    fn nothing() -> Self {
        Self { scale: Scale::Linear, low: 0.0, high: 1.0, ticks: Vec::new(), empty: true }
    }

    /// Spans the finite `values` with a little room around them, and about
    /// `count` round ticks.
    pub(super) fn spanning(values: impl IntoIterator<Item = f64>, count: usize) -> Self {
        match extent(values) {
            Some(range) => {
                let (low, high) = widened(range, 0.06);
                Self::between(low, high, count)
            }
            None => Self::nothing(),
        }
    }

    /// Spans `values` as [`Self::spanning`] does, but nothing that is outside
    /// `range`, of which they are.
    pub(super) fn within(
        range: Range,
        values: impl IntoIterator<Item = f64>,
        count: usize,
    ) -> Self {
        let Some(ends) = extent(values) else { return Self::nothing() };
        let (low, high) = widened(ends, 0.06);
        // Where a value has no place in its range, it is shown all the same.
        Self::between(range.nearest(low).min(ends.0), range.nearest(high).max(ends.1), count)
    }

    /// Spans exactly `low..high`, with about `count` round ticks.
    pub(super) fn between(low: f64, high: f64, count: usize) -> Self {
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Self::nothing();
        }
        let mut axis = Self { scale: Scale::Linear, low, high, ticks: Vec::new(), empty: false };
        let step = round_step((high - low) / count.max(1) as f64);
        let first = (low / step - 1e-9).ceil();
        let ticks = (0..=3 * count)
            .map(|index| (first + index as f64) * step)
            .take_while(|value| *value <= high + 1e-9 * step);
        axis.ticks = ticks
            .map(|value| Tick {
                at: axis.share(value),
                label: tick_label(value, step, low.abs().max(high.abs())),
            })
            .collect();
        axis
    }

    /// Spans swept `values`, each of which is a tick.
    pub(super) fn swept(values: impl IntoIterator<Item = f64>, scale: XScale) -> Self {
        let mut values: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite() && value.abs() <= HUGE)
            .filter(|value| scale == XScale::Linear || *value >= 0.0)
            .map(|value| value + 0.0) // -0 is 0
            .collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let Some(range) = extent(values.iter().copied()) else {
            return Self::nothing();
        };
        let mut axis = match scale {
            XScale::Linear => {
                let (low, high) = widened(range, 0.07);
                Self { low, high, empty: false, ..Self::nothing() }
            }
            XScale::Log => Self::logarithmic(&values),
        };
        axis.ticks = values
            .iter()
            .filter_map(|value| Some(Tick { at: axis.position(*value)?, label: short(*value) }))
            .collect();
        axis
    }

    /// The log axis of sorted, distinct `values` ≥ 0, without ticks. Zero gets
    /// about the room of one step between its neighbours.
    fn logarithmic(values: &[f64]) -> Self {
        let logs: Vec<f64> =
            values.iter().filter(|value| **value > 0.0).map(|value| value.log10()).collect();
        let has_zero = logs.len() < values.len();
        let (first, last) = extent(logs.iter().copied()).unwrap_or((0.0, 0.0));
        let span = last - first;
        let pad = if span > 0.0 { 0.07 * span } else { 0.5 };
        let (start, zero) = match (has_zero, logs.len()) {
            (false, _) => (0.0, None),
            (true, 0) => (0.0, Some(0.5)),
            (true, count) => {
                let start = (0.9 / count as f64).clamp(0.14, 0.4);
                (start, Some(0.45 * start))
            }
        };
        Self {
            scale: Scale::Log { start, zero },
            low: first - pad,
            high: last + pad,
            ticks: Vec::new(),
            empty: false,
        }
    }

    fn share(&self, value: f64) -> f64 {
        // Halves, for the span of an extreme axis is beyond the largest double.
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// Where `value` falls, 0 and 1 being the ends; `None` where it has no place.
    pub(super) fn position(&self, value: f64) -> Option<f64> {
        if self.empty || !value.is_finite() {
            return None;
        }
        match self.scale {
            Scale::Linear => Some(self.share(value)),
            Scale::Log { zero, .. } if value == 0.0 => zero,
            Scale::Log { .. } if value < 0.0 => None,
            Scale::Log { start, .. } => Some(start + (1.0 - start) * self.share(value.log10())),
        }
    }

    /// Where the axis is broken, between zero and the smallest logarithm.
    pub(super) fn break_at(&self) -> Option<f64> {
        match self.scale {
            Scale::Log { start, zero: Some(zero) } if start > 0.0 => {
                Some((zero + start) / 2.0 + 0.01)
            }
            _ => None,
        }
    }
}

/// The nearest, as ratios go, of 1, 2, 5, 10, … times a power of ten.
fn round_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    let factor = [(1.0, 2.0), (2.0, 5.0), (5.0, 10.0)]
        .into_iter()
        .find(|(low, high): &(f64, f64)| raw / power < (low * high).sqrt())
        .map_or(10.0, |(low, _)| low);
    factor * power
}

/// The label of a tick on an axis with this `step` that reaches to `largest`.
fn tick_label(value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    let finest = (step.log10() + 1e-9).floor() as i32;
    if largest >= 1e5 || step < 1e-4 * (1.0 - 1e-9) {
        let exponent = (value.abs().log10() + 1e-9).floor() as i32;
        scientific(value, (exponent - finest).clamp(0, 9) as usize)
    } else {
        signed(format!("{value:.*}", (-finest).max(0) as usize))
    }
}

/// A number in at most four significant digits, without trailing zeros: 0, 0.001,
/// 12.5, 1e-5.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "not finite".to_owned()
    } else if value == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e5).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).max(0) as usize;
        signed(without_zeros(&format!("{value:.digits$}")))
    } else {
        scientific(value, 3)
    }
}

fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => signed(format!("{}e{exponent}", without_zeros(mantissa))),
        None => signed(text),
    }
}

fn without_zeros(number: &str) -> String {
    if number.contains('.') {
        let number = number.trim_end_matches('0').trim_end_matches('.');
        number.to_owned()
    } else {
        number.to_owned()
    }
}

/// With a minus sign for the hyphen at the front.
fn signed(number: String) -> String {
    match number.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_their_labels_short() {
        assert_eq!(labels(&Axis::between(0.0, 1.0, 5)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::between(-3.0, 2.0, 3)), ["−2", "0", "2"]);
        assert_eq!(labels(&Axis::between(0.0, 3e6, 3)), ["0", "1e6", "2e6", "3e6"]);
        assert_eq!(labels(&Axis::between(0.0, 5e-6, 3)), ["0", "2e-6", "4e-6"]);
    }

    /// An axis to 1.05 would have room for an accuracy that there is not.
    #[test]
    fn no_axis_goes_beyond_the_range_of_what_it_shows() {
        let ends = |range, values: &[f64]| {
            let axis = Axis::within(range, values.iter().copied(), 5);
            (axis.low, axis.high)
        };
        assert_eq!(ends(Range::UNIT, &[0.01, 1.0]), (0.0, 1.0));
        assert_eq!(ends(Range::UNIT, &[1.0, 1.0]), (0.9, 1.0));
        assert_eq!(ends(Range::UNIT, &[0.0]), (0.0, 1.0));
        assert_eq!(ends(Range::NON_NEGATIVE, &[0.1, 100.0]).0, 0.0);
        assert!(ends(Range::Any, &[0.0, 1.0]).0 < 0.0);
        assert!(ends(Range::UNIT, &[0.5, 0.6]).0 > 0.4);
        assert_eq!(ends(Range::UNIT, &[0.5, 2.0]).1, 2.0);
    }

    #[test]
    fn swept_values_are_written_as_they_were_swept() {
        let texts = [0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 1e-5, 0.125, 12345.6].map(short);
        assert_eq!(texts, ["0", "0.001", "0.01", "0.1", "1", "10", "1e-5", "0.125", "12346"]);
    }

    #[test]
    fn equal_ratios_are_equal_distances_on_a_log_axis_and_zero_stands_apart() {
        let axis = Axis::swept([0.0, 0.01, 0.1, 1.0], XScale::Log);
        let at = |value| axis.position(value).unwrap_or(f64::NAN);
        assert!((at(0.1) - at(0.01) - (at(1.0) - at(0.1))).abs() < 1e-12);
        let break_at = axis.break_at().unwrap_or(f64::NAN);
        assert!(at(0.0) < break_at && break_at < at(0.01));
        assert_eq!(axis.position(-1.0), None);
        assert_eq!(labels(&axis), ["0", "0.01", "0.1", "1"]);
    }

    #[test]
    fn every_axis_has_room_for_its_values() {
        let hostile: [&[f64]; 9] = [
            &[],
            &[f64::NAN, f64::INFINITY],
            &[0.0],
            &[-0.0, 0.0],
            &[1e-320],
            &[7.0, 7.0],
            &[1e9, 1e9 + 1e-6],
            &[-f64::MAX, f64::MAX],
            &[f64::MIN_POSITIVE, 1e300],
        ];
        for values in hostile {
            for axis in [
                Axis::spanning(values.iter().copied(), 5),
                Axis::swept(values.iter().copied(), XScale::Linear),
                Axis::swept(values.iter().copied(), XScale::Log),
            ] {
                assert!(axis.ticks.len() <= 16, "{values:?}: {axis:?}");
                for value in values {
                    if let Some(at) = axis.position(*value) {
                        assert!((-1e9..=1e9).contains(&at), "{value} at {at} of {axis:?}");
                    }
                }
                for tick in &axis.ticks {
                    assert!((-0.01..=1.01).contains(&tick.at), "{axis:?}");
                    assert!(tick.label.chars().count() < 14, "{axis:?}");
                }
            }
        }
    }
}
