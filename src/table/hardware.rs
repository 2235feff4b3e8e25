//! Which models of processor made the numbers. The same run on another model
//! may have other last digits, so tables and reports say where trials come from
//! more than one.

use super::label::cell_label;
use super::{Results, TrialResult};

impl Results {
    /// Every text of [`jem_core::provenance::Hardware::text`], with its number of trials, in the
    /// order of the trials.
    pub fn hardware(&self) -> Vec<(String, usize)> {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for text in self.trials.iter().map(|trial| trial.hardware.text()) {
            match counts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, trials)) => *trials += 1,
                None => counts.push((text, 1)),
            }
        }
        counts
    }

    /// What has to be known where more than one model of processor made the
    /// trials: which ones with how many trials each, and which trials were
    /// trained on several. Nothing where there is one model.
    pub fn hardware_notes(&self) -> Vec<String> {
        let hardware = self.hardware();
        let several_at_once = |trial: &TrialResult| trial.hardware.models().len() > 1;
        if hardware.len() < 2 && !self.trials.iter().any(several_at_once) {
            return Vec::new();
        }
        let each = |(text, n): &(String, usize)| format!("{text} ({})", trials(*n));
        let each: Vec<String> = hardware.iter().map(each).collect();
        let mut notes = vec![format!(
            "The trials were made on more than one model of processor: {}. The same trial may \
             differ between models in its last digits, and by more where training amplifies them.",
            each.join("; ")
        )];
        let continued: Vec<&TrialResult> =
            self.trials.iter().filter(|trial| trial.hardware.trained_on.len() > 1).collect();
        if !continued.is_empty() {
            let label = |trial: &&TrialResult| {
                format!("{} (seed {})", cell_label(&self.axes, &trial.values), trial.seed)
            };
            let labels: Vec<String> = continued.iter().map(label).collect();
            let were = if continued.len() == 1 { "was" } else { "were" };
            notes.push(format!(
                "{} {were} trained on more than one model, from a checkpoint that another had \
                 written: {}.",
                trials(continued.len()),
                labels.join("; ")
            ));
        }
        notes
    }
}

/// The texts of `trials`, each once: what a row about all of them says.
pub(super) fn hardware_of(trials: &[&TrialResult]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in trials.iter().map(|trial| trial.hardware.text()) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("; ")
}

fn trials(n: usize) -> String {
    if n == 1 { "1 trial".to_owned() } else { format!("{n} trials") }
}

#[cfg(test)]
mod tests {
    use jem_core::provenance::Hardware;

    use super::super::sample;
    use super::*;

    fn on(trained: &[&str], evaluated: &[&str]) -> Hardware {
        let owned = |models: &[&str]| models.iter().map(|model| (*model).to_owned()).collect();
        Hardware { trained_on: owned(trained), evaluated_on: owned(evaluated) }
    }

    #[test]
    fn nothing_is_said_of_one_model() {
        assert_eq!(sample::results().hardware_notes(), Vec::<String>::new());
    }

    #[test]
    fn several_models_are_named_with_their_trials() {
        let mut results = sample::results();
        results.trials[2].hardware = on(&["B"], &["B"]);
        results.trials[3].hardware = on(&["A"], &["B"]);
        let notes = results.hardware_notes();
        assert_eq!(notes.len(), 1);
        let said = "A (5 trials); B (1 trial); A, evaluated on B (1 trial).";
        assert!(notes[0].contains(said), "{notes:?}");
        let first: Vec<&TrialResult> = results.trials.iter().take(3).collect();
        assert_eq!(hardware_of(&first), "A; B");
    }

    #[test]
    fn a_trial_that_was_trained_on_two_models_is_named() {
        let mut results = sample::results();
        for trial in &mut results.trials {
            trial.hardware = on(&["A", "B"], &["B"]);
        }
        results.trials.truncate(1);
        let notes = results.hardware_notes();
        assert!(notes[0].contains("A, then B, evaluated on B (1 trial)"), "{notes:?}");
        let named = "1 trial was trained on more than one model, from a checkpoint that another \
                     had written: lambda=0 (seed 0).";
        assert_eq!(notes[1], named);
    }
}
