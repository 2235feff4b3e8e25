//! Which code the numbers came from, as every table says it.

use jem_core::provenance::{NO_COMMIT, Provenance, SourceState};

use super::{Results, TrialResult};

impl TrialResult {
    /// The commit of its numbers as people read it: `abc1234`,
    /// `abc1234-dirty`, or both commits where it was evaluated by other code
    /// than it was trained by; `no-commit` outside a git checkout.
    pub fn commit(&self) -> String {
        let (trained, evaluated) = (short(&self.provenance), short(&self.evaluated));
        if trained == evaluated {
            return trained;
        }
        format!("{trained}, evaluated at {evaluated}")
    }
}

impl Results {
    /// Every commit that the numbers came from, with its number of trials, in
    /// the order of the trials.
    pub fn commits(&self) -> Vec<(String, usize)> {
        let mut found: Vec<(String, usize)> = Vec::new();
        for commit in self.trials.iter().map(TrialResult::commit) {
            match found.iter_mut().find(|(known, _)| *known == commit) {
                Some((_, trials)) => *trials += 1,
                None => found.push((commit, 1)),
            }
        }
        found
    }

    /// `commit abc1234-dirty`, or each of several with its number of trials.
    pub fn commit_line(&self) -> String {
        match self.commits().as_slice() {
            [] => "no trial is done".to_owned(),
            [(commit, _)] => format!("commit {commit}"),
            several => {
                let each = |(commit, n): &(String, usize)| match n {
                    1 => format!("{commit} (1 trial)"),
                    n => format!("{commit} ({n} trials)"),
                };
                let each: Vec<String> = several.iter().map(each).collect();
                format!("commits {}", each.join("; "))
            }
        }
    }

    /// Whether any number came from a checkout that differed from its commit.
    pub fn dirty(&self) -> bool {
        let dirty = |from: &Provenance| from.source.as_ref().is_some_and(|source| source.dirty);
        self.trials.iter().any(|trial| dirty(&trial.provenance) || dirty(&trial.evaluated))
    }
}

fn short(provenance: &Provenance) -> String {
    provenance.source.as_ref().map_or_else(|| NO_COMMIT.to_owned(), SourceState::short)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::sample;

    #[test]
    fn one_commit_is_named_and_several_are_counted() {
        let mut results = sample::results();
        assert_eq!(results.commit_line(), "commit 0123456-dirty");
        assert!(results.dirty());
        results.trials[0].evaluated.source.as_mut().unwrap().dirty = false;
        for place in 1..3 {
            results.trials[place].provenance.source = None;
            results.trials[place].evaluated.source = None;
        }
        results.trials.truncate(4);
        assert_eq!(
            results.commit_line(),
            "commits 0123456-dirty, evaluated at 0123456 (1 trial); no-commit (2 trials); \
             0123456-dirty (1 trial)"
        );
        results.trials.clear();
        assert_eq!(results.commit_line(), "no trial is done");
    }
}
