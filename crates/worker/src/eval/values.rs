//! Metrics with their values, or with the reason why they have none.

use std::collections::BTreeMap;

/// Values by metric path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Finite values.
    pub metrics: BTreeMap<String, f64>,
    /// Why a metric has no value, by path: a set with one class, an empty
    /// set, no misclassified input.
    pub undefined: BTreeMap<String, String>,
}

impl Values {
    /// Takes a value in; one that is not finite is listed as undefined.
    pub fn put(&mut self, path: String, value: f64) {
        if value.is_finite() {
            self.metrics.insert(path, value);
        } else {
            self.undefined.insert(path, format!("its value is {value}"));
        }
    }

    /// Takes a value in, or why there is none.
    pub fn put_or_why(&mut self, path: String, value: Result<f64, impl ToString>) {
        match value {
            Ok(value) => self.put(path, value),
            Err(why) => {
                self.undefined.insert(path, why.to_string());
            }
        }
    }
}
