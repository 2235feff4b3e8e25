//! How far two artifacts of one name are from each other.

use jem_core::arrays::{Array, Arrays};
use serde::Serialize;
use serde_json::Value;

use super::{AT_DIVERGENCE, Tolerance};

/// Where an outcome has the values at which a training diverged.
const VALUES: &str = "diverged.values.";

/// What two artifacts are to each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Found {
    /// The same bytes.
    Identical,
    /// Numbers of the same kind in the same places, some of them others.
    Numbers(Distance),
    /// Something else than the size of numbers differs.
    Kind {
        /// What, and where.
        what: String,
    },
}

/// How far the numbers of two artifacts are from each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Distance {
    /// The largest absolute difference.
    pub absolute: f64,
    /// The largest difference relative to the larger of the two numbers.
    pub relative: f64,
    /// The name of the number, or of the array, with the largest absolute
    /// difference.
    pub at: String,
    /// The two numbers there, old and new.
    pub values: (f64, f64),
    /// How many numbers differ.
    pub differing: u64,
    /// How many numbers there are.
    pub of: u64,
    /// How many are beyond the tolerance.
    pub beyond: u64,
}

impl Distance {
    fn take_in(&mut self, at: &str, old: f64, new: f64, tolerance: &Tolerance) {
        self.of += 1;
        if old.to_bits() == new.to_bits() || old == new || (old.is_nan() && new.is_nan()) {
            return;
        }
        self.differing += 1;
        // A number against one that is none is as far as can be.
        let absolute = (old - new).abs();
        let absolute = if absolute.is_nan() { f64::INFINITY } else { absolute };
        let largest = old.abs().max(new.abs());
        let relative = if absolute.is_finite() { absolute / largest } else { f64::INFINITY };
        if !tolerance.holds(absolute, largest) {
            self.beyond += 1;
        }
        self.relative = self.relative.max(relative);
        if absolute > self.absolute || self.at.is_empty() {
            self.absolute = absolute;
            self.at = at.to_owned();
            self.values = (old, new);
        }
    }
}

/// Compares the artifact `name`, old and new: safetensors array by array, JSON
/// number by number, anything else by its bytes. Numbers beyond `tolerance`
/// are counted.
pub fn compare(name: &str, old: &[u8], new: &[u8], tolerance: &Tolerance) -> Found {
    if old == new {
        return Found::Identical;
    }
    let kind = |what: String| Found::Kind { what };
    if name.ends_with(".safetensors") {
        return match (Arrays::from_bytes(old), Arrays::from_bytes(new)) {
            (Ok(old), Ok(new)) => arrays(&old, &new, tolerance).unwrap_or_else(kind),
            _ => kind("it is no readable array file".to_owned()),
        };
    }
    match (serde_json::from_slice(old), serde_json::from_slice(new)) {
        (Ok(old), Ok(new)) => {
            let mut distance = Distance::default();
            match values("", &old, &new, tolerance, &mut distance) {
                Some(what) => kind(what),
                None if distance.differing == 0 => {
                    kind("the same numbers, written otherwise".to_owned())
                }
                None => Found::Numbers(distance),
            }
        }
        _ => kind("the bytes differ and are no JSON".to_owned()),
    }
}

fn arrays(old: &Arrays, new: &Arrays, tolerance: &Tolerance) -> Result<Found, String> {
    let names =
        |arrays: &Arrays| arrays.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    if names(old) != names(new) {
        return Err(format!("arrays {} → {}", names(old).join(", "), names(new).join(", ")));
    }
    let mut distance = Distance::default();
    for ((name, old), (_, new)) in old.iter().zip(new.iter()) {
        match (old, new) {
            (Array::F32 { shape, data }, Array::F32 { shape: other, data: again })
                if shape == other =>
            {
                for (one, two) in data.iter().zip(again) {
                    distance.take_in(name, f64::from(*one), f64::from(*two), tolerance);
                }
            }
            (Array::I64 { shape, data }, Array::I64 { shape: other, data: again })
                if shape == other =>
            {
                for (one, two) in data.iter().zip(again) {
                    distance.take_in(name, *one as f64, *two as f64, tolerance);
                }
            }
            _ => return Err(format!("array `{name}` has another shape or kind")),
        }
    }
    if distance.differing == 0 {
        return Err("the same arrays, written otherwise".to_owned());
    }
    Ok(Found::Numbers(distance))
}

/// Walks two JSON trees; says where they differ in more than numbers.
fn values(
    at: &str,
    old: &Value,
    new: &Value,
    tolerance: &Tolerance,
    distance: &mut Distance,
) -> Option<String> {
    let inside = |part: &str| if at.is_empty() { part.to_owned() } else { format!("{at}.{part}") };
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let one_sided = old.keys().find(|key| !new.contains_key(*key));
            let one_sided = one_sided.or_else(|| new.keys().find(|key| !old.contains_key(*key)));
            if let Some(key) = one_sided {
                return Some(format!("only one of the two has `{}`", inside(key)));
            }
            old.iter()
                .find_map(|(key, old)| values(&inside(key), old, &new[key], tolerance, distance))
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            let pairs = old.iter().zip(new).enumerate();
            pairs.into_iter().find_map(|(n, (old, new))| {
                values(&inside(&n.to_string()), old, new, tolerance, distance)
            })
        }
        (Value::Number(one), Value::Number(two)) => {
            let number = |number: &serde_json::Number| number.as_f64().unwrap_or(f64::NAN);
            distance.take_in(at, number(one), number(two), tolerance);
            None
        }
        _ if old == new => None,
        (Value::String(one), Value::String(two)) if is_value_of_divergence(at) => {
            match (one.parse(), two.parse()) {
                (Ok(one), Ok(two)) => distance.take_in(at, one, two, &AT_DIVERGENCE),
                _ => return Some(format!("`{at}`: {old} → {new}")),
            }
            None
        }
        _ => Some(format!("`{at}`: {old} → {new}")),
    }
}

/// Whether `at` names one of the values at which a training diverged:
/// `diverged.values.loss`, or `outcome.diverged.values.loss`.
fn is_value_of_divergence(at: &str) -> bool {
    let inside = at.strip_prefix("outcome.").unwrap_or(at);
    inside.starts_with(VALUES)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use jem_core::results::{Divergence, OUTCOME, Outcome};

    use super::*;

    const LOOSE: Tolerance = Tolerance { absolute: 0.1, relative: 0.1, why: "" };

    fn json(old: &str, new: &str) -> Found {
        compare("metrics.json", old.as_bytes(), new.as_bytes(), &LOOSE)
    }

    fn tensor(data: &[f32]) -> Vec<u8> {
        let mut arrays = Arrays::default();
        arrays.insert_f32("a", &[data.len()], data.to_vec());
        arrays.to_bytes().unwrap()
    }

    #[test]
    fn numbers_of_json_are_compared_one_by_one() {
        let Found::Numbers(found) = json(r#"{"a":1.0,"b":[2,4.0]}"#, r#"{"a":1.0,"b":[2,5.0]}"#)
        else {
            panic!("numbers differ");
        };
        assert_eq!((found.absolute, found.relative, found.at.as_str()), (1.0, 0.2, "b.1"));
        assert_eq!((found.differing, found.of, found.beyond), (1, 3, 1));
        assert_eq!(found.values, (4.0, 5.0));
    }

    #[test]
    fn what_is_no_number_is_told_in_words() {
        assert_eq!(json("{\"a\":1}", "{\"a\":1}"), Found::Identical);
        let what = |old, new| match json(old, new) {
            Found::Kind { what } => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(r#"{"a":1}"#, r#"{"b":1}"#), "only one of the two has `a`");
        assert_eq!(what(r#"{"a":{"b":"x"}}"#, r#"{"a":{"b":"y"}}"#), "`a.b`: \"x\" → \"y\"");
        assert_eq!(what("[1]", "[1, 2]"), "``: [1] → [1,2]");
        assert_eq!(what("[1]", "[ 1]"), "the same numbers, written otherwise");
        assert!(what("{", "[ 1]").contains("no JSON"));
    }

    #[test]
    fn arrays_are_compared_element_by_element() {
        let found = compare("w.safetensors", &tensor(&[1.0, 2.0]), &tensor(&[1.0, 2.125]), &LOOSE);
        let Found::Numbers(found) = found else { panic!("{found:?}") };
        assert_eq!((found.absolute, found.beyond, found.differing), (0.125, 0, 1));
        let other = compare("w.safetensors", &tensor(&[1.0]), &tensor(&[1.0, 2.0]), &LOOSE);
        assert!(matches!(other, Found::Kind { .. }));
        let broken = compare("w.safetensors", b"x", &tensor(&[1.0]), &LOOSE);
        assert!(matches!(broken, Found::Kind { .. }));
    }

    #[test]
    fn the_values_of_a_divergence_are_numbers_written_as_texts() {
        let outcome = |step: u64, loss: &str, gap: &str| {
            let values = [("loss", loss), ("gap", gap)];
            let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let reason = "not finite: loss".to_owned();
            let found = Divergence { step, reason, values, restarts: Vec::new() };
            serde_json::to_vec(&Outcome::Diverged(found)).unwrap()
        };
        let exact = super::super::tolerance_of(OUTCOME);
        let of = |old: &[u8], new: &[u8]| compare(OUTCOME, old, new, &exact);
        let Found::Numbers(near) = of(&outcome(3, "NaN", "1.0"), &outcome(3, "NaN", "1.01")) else {
            panic!("the gap differs");
        };
        assert_eq!((near.differing, near.beyond), (1, 0));
        assert_eq!(near.values, (1.0, 1.01));
        // Neither infinity nor another step is near.
        for other in [outcome(3, "inf", "1.0"), outcome(4, "NaN", "1.0")] {
            let Found::Numbers(far) = of(&outcome(3, "NaN", "1.0"), &other) else {
                panic!("numbers differ");
            };
            assert_eq!(far.beyond, 1);
        }
        assert!(matches!(of(&outcome(3, "x", "1.0"), &outcome(3, "y", "1.0")), Found::Kind { .. }));
    }

    #[test]
    fn a_number_that_is_none_is_beyond_every_tolerance() {
        let found = compare("w.safetensors", &tensor(&[1.0]), &tensor(&[f32::NAN]), &LOOSE);
        let Found::Numbers(found) = found else { panic!("{found:?}") };
        assert_eq!((found.absolute, found.beyond), (f64::INFINITY, 1));
        let same = compare("w.safetensors", &tensor(&[f32::NAN]), &tensor(&[f32::NAN]), &LOOSE);
        assert_eq!(same, Found::Identical);
    }
}
