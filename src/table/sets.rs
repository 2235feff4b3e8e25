//! The classes of pictures in folders, and what is to be said of their files, as
//! the trials recorded it.

use jem_core::dataset::Split;
use jem_core::results::SetAbout;

use super::Results;

impl Results {
    /// Every record that some trial has, once, in the order of the trials.
    fn set_records(&self) -> Vec<&SetAbout> {
        let mut records: Vec<&SetAbout> = Vec::new();
        for record in self.trials.iter().flat_map(|trial| &trial.parts.sets) {
            if !records.contains(&record) {
                records.push(record);
            }
        }
        records
    }

    /// For each training set whose classes have names the set and the names, in the
    /// order of their labels.
    pub fn class_names(&self) -> Vec<(String, &[String])> {
        let mut known: Vec<(String, &[String])> = Vec::new();
        for record in self.set_records() {
            let named = record.split == Split::Train && !record.about.classes.is_empty();
            if named && !known.iter().any(|(set, _)| *set == record.set) {
                known.push((record.set.clone(), &record.about.classes));
            }
        }
        known
    }

    /// What has to be known of the sets: classes without test images, and what
    /// their files say that was not followed.
    pub fn set_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for SetAbout { set, split, about } in self.set_records() {
            if !about.missing.is_empty() {
                let names: Vec<String> =
                    about.missing.iter().map(|name| format!("`{name}`")).collect();
                notes.push(format!(
                    "The {split} images of {set} have none of the class{} {}: nothing is measured \
                     on it.",
                    if names.len() == 1 { "" } else { "es" },
                    names.join(", ")
                ));
            }
            notes.extend(
                about.notes.iter().map(|note| format!("Of the {split} images of {set} {note}.")),
            );
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use jem_core::dataset::About;

    use super::super::sample;
    use super::*;

    #[test]
    fn classes_and_notes_are_told_once_and_a_missing_class_by_its_name() {
        let mut results = sample::results();
        assert!(results.set_notes().is_empty() && results.class_names().is_empty());
        let classes: Vec<String> = ["ant", "bee"].map(str::to_owned).to_vec();
        let record = |split, missing: &[&str], notes: &[&str]| SetAbout {
            set: "own".to_owned(),
            split,
            about: About {
                classes: classes.clone(),
                missing: missing.iter().map(|name| (*name).to_owned()).collect(),
                notes: notes.iter().map(|note| (*note).to_owned()).collect(),
            },
        };
        for trial in &mut results.trials {
            trial.parts.sets = vec![
                record(Split::Train, &[], &["2 were turned"]),
                record(Split::Test, &["bee"], &[]),
            ];
        }
        assert_eq!(results.class_names(), [("own".to_owned(), &classes[..])]);
        assert_eq!(
            results.set_notes(),
            [
                "Of the train images of own 2 were turned.",
                "The test images of own have none of the class `bee`: nothing is measured on it."
            ]
        );
    }
}
