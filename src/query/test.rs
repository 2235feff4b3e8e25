//! Asks one run.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jem_core::spec::show_value;
use serde_json::Value;

use super::check::Asked;
use super::load::Run;
use super::token::Operator;

/// A query with full names and typed values.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// All of these hold.
    All(Vec<Test>),
    /// One of these holds.
    Any(Vec<Test>),
    /// This does not hold.
    Not(Box<Test>),
    /// There is a value of this name.
    Exists(String),
    /// There is a value of this name, and it compares like this.
    Compare(String, Operator, Operand),
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number, and the same as a whole number where it is written as one:
    /// a seed above 2^53 is no double.
    Number(f64, Option<u64>),
    /// True or false.
    Flag(bool),
    /// A text.
    Text(String),
    /// The start of an id.
    Start(String),
    /// A time, or the start of one.
    Time(String),
    /// A part of a text, in lower case.
    Part(String),
    /// Values in their order.
    List(Vec<Operand>),
}

impl Asked {
    /// Whether `run` is one of those asked for. A comparison with a value that
    /// it has not is false, whichever the operator.
    pub fn picks(&self, run: &Run) -> bool {
        self.test.holds(&run.values)
    }
}

impl Test {
    fn holds(&self, values: &BTreeMap<String, Value>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(values)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(values)),
            Self::Not(test) => !test.holds(values),
            Self::Exists(name) => values.contains_key(name),
            Self::Compare(name, operator, operand) => {
                values.get(name).is_some_and(|value| compare(value, *operator, operand))
            }
        }
    }
}

fn compare(value: &Value, operator: Operator, operand: &Operand) -> bool {
    let ordered = |wanted: fn(Ordering) -> bool| order(value, operand).is_some_and(wanted);
    match operator {
        Operator::Equal | Operator::Like => matches(value, operand),
        Operator::Unequal => !matches(value, operand),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::AtMost => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::AtLeast => ordered(Ordering::is_ge),
    }
}

fn order(value: &Value, operand: &Operand) -> Option<Ordering> {
    match operand {
        Operand::Number(_, Some(whole)) if value.is_u64() => value.as_u64()?.partial_cmp(whole),
        Operand::Number(real, _) => value.as_f64()?.partial_cmp(real),
        // Times of one form are ordered as their texts are.
        Operand::Time(time) => Some(value.as_str()?.cmp(time)),
        _ => None,
    }
}

fn matches(value: &Value, operand: &Operand) -> bool {
    let text = value.as_str();
    match operand {
        Operand::Number(..) => order(value, operand) == Some(Ordering::Equal),
        Operand::Flag(flag) => value.as_bool() == Some(*flag),
        Operand::Text(wanted) => text == Some(wanted),
        Operand::Start(start) | Operand::Time(start) => {
            text.is_some_and(|text| text.starts_with(start))
        }
        Operand::Part(part) => show_value(value).to_lowercase().contains(part),
        Operand::List(wanted) => value.as_array().is_some_and(|items| {
            items.len() == wanted.len() && items.iter().zip(wanted).all(|(a, b)| matches(a, b))
        }),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Vocabulary;
    use super::*;
    use serde_json::json;

    /// A finished run with most kinds of values.
    fn run() -> Run {
        let values = [
            ("trial", json!("12e4567890")),
            ("seed", json!(9_007_199_254_740_993_u64)),
            ("outcome", json!("finished")),
            ("commit", json!("4fa0892aaaaa")),
            ("dirty", json!(true)),
            ("started", json!("2026-01-31T12:00:00Z")),
            ("host", json!("Node-7")),
            ("objective.lambda", json!(0.5)),
            ("sampler.steps", json!(20)),
            ("model.mlp.hidden", json!([256, 256])),
            ("evaluate.ood", json!(["rotated", "fashion-mnist"])),
            ("clf/accuracy", json!(0.9)),
        ];
        Run::of(values.map(|(name, value)| (name.to_owned(), value)))
    }

    fn holds(text: &str) -> bool {
        let paths = ["clf/accuracy", "calib/ece/bins=15"];
        Asked::parse(text, &Vocabulary::new(paths)).unwrap().picks(&run())
    }

    #[test]
    fn comparisons_are_those_of_the_values_types() {
        for text in [
            "",
            "lambda > 0.3 and lambda <= 0.5 and lambda = 5e-1 and lambda != 1",
            "lambda < inf and lambda > -inf",
            "sampler.steps = 20 and sampler.steps = 2e1",
            "seed = 9007199254740993",
            "seed in [1, 9007199254740993]",
            "outcome = finished and outcome in [diverged, finished]",
            "commit = 4fa0892 and commit = 4FA and commit ~ A089 and commit != 5",
            "trial = 12e4",
            "dirty and dirty = true and not dirty = false",
            "started > 2026-01-31 and started < 2026-02-01 and started = 2026-01",
            "host = Node-7 and host ~ node and host ~ 'NODE-7'",
            "mlp.hidden = [256, 256] and mlp.hidden != [256]",
            "evaluate.ood ~ fashion and evaluate.ood = [rotated, 'fashion-mnist']",
            "exists(accuracy) and not exists(ece)",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "lambda < 0.5",
            "seed = 9007199254740992",
            "host = node-7",
            "not dirty",
            "mlp.hidden = [256, 255]",
            "seed in []",
            "started > 2026-02",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn a_comparison_with_what_a_run_has_not_is_false_whatever_it_is() {
        for operator in ["=", "!=", "<", "<=", ">", ">="] {
            assert!(!holds(&format!("ece {operator} 0.05")), "{operator}");
        }
        assert!(!holds("cnn.hidden = 1 or reason ~ x or stale"));
        assert!(holds("not ece < 0.05"));
    }
}
