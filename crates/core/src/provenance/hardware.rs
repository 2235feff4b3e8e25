//! Which models of processor made a trial.

use super::{Provenance, is_known_model};

/// The models of processor, or on CUDA of GPU, that made a trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// Those that trained it, in the order in which they took part: more than
    /// one where it continued from the checkpoint of another.
    pub trained_on: Vec<String>,
    /// Those that evaluated it: more than one where parts were made apart.
    pub evaluated_on: Vec<String>,
}

impl Hardware {
    /// That of a trial, by the records and the environment keys of its
    /// training and of its evaluation.
    pub fn of(training: (&Provenance, &str), evaluation: (&Provenance, &str)) -> Self {
        let made_on = |(record, environment): (&Provenance, &str)| record.made_on(environment);
        Self { trained_on: made_on(training), evaluated_on: made_on(evaluation) }
    }

    /// `A`; `A, then B` where training continued on B; `A, evaluated on B`.
    pub fn text(&self) -> String {
        let trained = self.trained_on.join(", then ");
        match self.trained_on == self.evaluated_on {
            true => trained,
            false => format!("{trained}, evaluated on {}", self.evaluated_on.join(" and ")),
        }
    }

    /// Whether one model, a known one, made all of both trials, so that the
    /// same run must have the same bytes.
    pub fn is_same_single_model(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.models(), other.models());
        ours == theirs && matches!(ours[..], [only] if is_known_model(only))
    }

    /// Every model that took part, each once.
    pub fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = Vec::new();
        for model in self.trained_on.iter().chain(&self.evaluated_on) {
            if !models.contains(&model.as_str()) {
                models.push(model);
            }
        }
        models
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(trained: &[&str], evaluated: &[&str]) -> Hardware {
        let owned = |models: &[&str]| models.iter().map(|model| (*model).to_owned()).collect();
        Hardware { trained_on: owned(trained), evaluated_on: owned(evaluated) }
    }

    #[test]
    fn the_text_names_every_model_and_its_part() {
        assert_eq!(on(&["A"], &["A"]).text(), "A");
        assert_eq!(on(&["A", "B"], &["B"]).text(), "A, then B, evaluated on B");
        assert_eq!(on(&["A"], &["B", "C"]).text(), "A, evaluated on B and C");
    }

    #[test]
    fn only_one_known_model_on_both_sides_is_the_same() {
        let (a, b) = (on(&["A"], &["A"]), on(&["B"], &["B"]));
        assert!(a.is_same_single_model(&a) && !a.is_same_single_model(&b));
        let unknown = on(&["unknown processor"], &["unknown processor"]);
        assert!(!unknown.is_same_single_model(&unknown));
        let both = on(&["A", "B"], &["A"]);
        assert!(!both.is_same_single_model(&both));
    }
}
