//! The mark of numbers that count by a person's word: † where runs with other
//! parts than the key's were accepted (`jem accept`).

use super::{Results, TrialResult};

impl Results {
    /// Each reason for which other runs were accepted, with its number of
    /// trials, in the order of the trials.
    pub fn accepted(&self) -> Vec<(&str, usize)> {
        let mut found: Vec<(&str, usize)> = Vec::new();
        for reason in self.trials.iter().filter_map(|trial| trial.accepted.as_deref()) {
            match found.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, trials)) => *trials += 1,
                None => found.push((reason, 1)),
            }
        }
        found
    }

    /// A sentence for each mark; none where nothing was accepted.
    pub fn accepted_notes(&self) -> Vec<String> {
        let reasons = self.accepted();
        let several = reasons.len() > 1;
        let note = |(place, (reason, n)): (usize, &(&str, usize))| {
            let number = if several { (place + 1).to_string() } else { String::new() };
            let trials = if *n == 1 { "1 trial".to_owned() } else { format!("{n} trials") };
            format!("†{number} {trials} accepted by hand, not made with this key: {reason}.")
        };
        reasons.iter().enumerate().map(note).collect()
    }

    /// The mark of a cell with these trials: `†`, or with several reasons
    /// `†1,2`; none where all were made with their key.
    pub fn mark_of(&self, trials: &[&TrialResult]) -> Option<String> {
        let reasons = self.accepted();
        let of = |reason: &str| trials.iter().any(|t| t.accepted.as_deref() == Some(reason));
        let numbers: Vec<String> = (1..)
            .zip(&reasons)
            .filter(|(_, (reason, _))| of(reason))
            .map(|(number, _): (usize, _)| number.to_string())
            .collect();
        match (numbers.is_empty(), reasons.len()) {
            (true, _) => None,
            (false, 1) => Some("†".to_owned()),
            (false, _) => Some(format!("†{}", numbers.join(","))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;

    #[test]
    fn each_reason_has_a_mark_of_its_own_and_one_alone_needs_no_number() {
        let mut results = sample::results();
        assert!(results.accepted_notes().is_empty());
        assert_eq!(results.mark_of(&results.trials.iter().collect::<Vec<_>>()), None);
        results.trials[0].accepted = Some("same kernels".to_owned());
        results.trials[1].accepted = Some("same kernels".to_owned());
        assert_eq!(results.mark_of(&[&results.trials[1]]).as_deref(), Some("†"));
        assert_eq!(
            results.accepted_notes(),
            ["† 2 trials accepted by hand, not made with this key: same kernels."]
        );
        results.trials[2].accepted = Some("only a message".to_owned());
        let all: Vec<_> = results.trials.iter().collect();
        assert_eq!(results.mark_of(&all).as_deref(), Some("†1,2"));
        assert_eq!(results.mark_of(&all[3..]), None);
        assert!(results.accepted_notes()[1].starts_with("†2 1 trial accepted"));
    }
}
