//! Where the numbers came from: commits, commands, machines, and which trials
//! were reused.

use std::collections::BTreeMap;
use std::path::Path;

use jem_core::digest::Digest;
use jem_core::provenance::{Host, NO_COMMIT, Provenance, SourceState};

use super::number::{bytes, counted, duration, listed};
use super::view::View;
use crate::table::TrialResult;

/// What a report is made by, beside the results.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportContext {
    /// The state of the checkout; none outside one.
    pub source: Option<SourceState>,
    /// The command that makes the report, without a folder of this machine.
    pub command: String,
    /// The version of this program.
    pub version: String,
    /// The digest of the experiment's file.
    pub experiment: Digest,
    /// Where that lies in the checkout, `/` between the parts; none where it
    /// lies outside.
    pub file: Option<String>,
    /// A digest of its absolute path, where it lies outside a checkout.
    pub place: Option<Digest>,
}

impl ReportContext {
    /// The commit as people read it: `1a2b3c4`, `1a2b3c4-dirty`, `no-commit`.
    pub fn commit(&self) -> String {
        commit(self.source.as_ref())
    }

    /// Whether `trial` was trained or evaluated by another state of the code
    /// than makes the report.
    pub(super) fn reuses(&self, trial: &TrialResult) -> bool {
        // A state that could not be told is the same as none.
        let unknown = self.source.as_ref().is_some_and(|source| source.error.is_some());
        let ours = |from: &Provenance| from.source == self.source;
        unknown || !ours(&trial.provenance) || !ours(&trial.evaluated)
    }
}

pub(super) fn commit(source: Option<&SourceState>) -> String {
    source.map_or_else(|| NO_COMMIT.to_owned(), SourceState::short)
}

/// Names and values, in the order in which they stand.
pub fn facts(view: &View<'_>, context: &ReportContext) -> Vec<(String, String)> {
    let trials = &view.results.trials;
    let mut facts = vec![
        ("Commit", commit_fact(context)),
        ("Command", context.command.clone()),
        ("Trials", trials_fact(view)),
        ("Seeds", seeds(trials)),
        ("Reused", reused(trials, context)),
    ];
    let accepted = view.results.accepted_notes();
    if !accepted.is_empty() {
        facts.push(("Accepted by hand", accepted.join(" ")));
    }
    let trained = counts(trials.iter().map(|trial| commit(trial.provenance.source.as_ref())));
    let evaluated = counts(trials.iter().map(|trial| commit(trial.evaluated.source.as_ref())));
    let same = trained == evaluated;
    facts.push((if same { "Trained and evaluated at" } else { "Trained at" }, trained));
    if !same {
        facts.push(("Evaluated at", evaluated));
    }
    let classes = view.results.class_names();
    if !classes.is_empty() {
        let of_set = |(set, names): &(String, &[String])| {
            format!("{set}, by label from 0: {}", names.join(", "))
        };
        facts.push(("Classes", classes.iter().map(of_set).collect::<Vec<_>>().join("; ")));
    }
    facts.push(("Hardware", counts(trials.iter().map(machines))));
    facts.push(("libtorch", counts(trials.iter().map(|trial| libtorch(&trial.provenance)))));
    facts.push((
        "Trials run by",
        counts(trials.iter().map(|trial| shown(&trial.provenance.command))),
    ));
    facts.push(("Cost of training", cost(trials)));
    facts.push(("Preset", view.results.experiment.preset.clone()));
    facts.push(("Experiment file", format!("SHA-256 {}", context.experiment)));
    facts.push(("jem", context.version.clone()));
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One line for the foot of figures: commit of the report and of its trials,
/// whether one was dirty, what counts by a person's word, seeds, machine.
pub fn footer(view: &View<'_>, context: &ReportContext) -> String {
    let trials = &view.results.trials;
    let distinct = |texts: Vec<String>, many: &str| match &texts[..] {
        [only] => only.clone(),
        several => format!("{} {many}", several.len()),
    };
    let commits = tally(trials.iter().map(TrialResult::commit));
    let models = view.results.hardware();
    let mut commits = distinct(commits.into_iter().map(|(commit, _)| commit).collect(), "commits");
    // Of several commits, or where only the evaluation was, no name shows it.
    if view.results.dirty() && !commits.contains("-dirty") {
        commits += ", some dirty";
    }
    let accepted: String =
        view.results.accepted_notes().iter().map(|note| format!(" · {note}")).collect();
    let models = distinct(models.into_iter().map(|(text, _)| text).collect(), "kinds of hardware");
    let n = match view.most_seeds() {
        1 => "n = 1 seed".to_owned(),
        n => format!("n = {n} seeds"),
    };
    format!(
        "report {} · trials {commits}{accepted} · {n} · {models} · {}",
        context.commit(),
        context.command
    )
}

fn commit_fact(context: &ReportContext) -> String {
    match &context.source {
        None => "none: not made in a git checkout".to_owned(),
        Some(SourceState { error: Some(_), .. }) => {
            "unknown: the state of the checkout could not be told".to_owned()
        }
        Some(source) if source.dirty => {
            format!("{}: the checkout differs from the commit", source.short())
        }
        Some(source) => format!("{} (clean)", source.short()),
    }
}

fn trials_fact(view: &View<'_>) -> String {
    let done = view.results.trials.len();
    let diverged = view.results.trials.iter().filter(|trial| trial.outcome.diverged()).count();
    format!(
        "{done} of {} done in {}: {} finished, {diverged} diverged",
        done + view.results.missing.len(),
        counted(view.cells.len(), "cell"),
        done - diverged
    )
}

fn seeds(trials: &[TrialResult]) -> String {
    let mut seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let shown: Vec<String> = seeds.iter().take(12).map(u64::to_string).collect();
    let more = if seeds.len() > 12 { ", …" } else { "" };
    format!("{} ({}{more})", seeds.len(), shown.join(", "))
}

fn reused(trials: &[TrialResult], context: &ReportContext) -> String {
    let reused: Vec<&TrialResult> = trials.iter().filter(|trial| context.reuses(trial)).collect();
    let all = trials.len();
    if reused.is_empty() {
        return format!(
            "none: all {all} trials were trained and evaluated by the code that made this report"
        );
    }
    let from = tally(reused.iter().map(|trial| trial.commit()));
    let ours = context.commit();
    let name = |commit: String| {
        // Two dirty states can share a commit.
        if commit == ours { format!("another state of {commit}") } else { commit }
    };
    match from.len() {
        1 => {
            let from: String = from.into_iter().map(|(commit, _)| name(commit)).collect();
            format!("{} of {all} trials reused from {from}", reused.len())
        }
        _ => {
            let from: Vec<String> =
                from.into_iter().map(|(commit, n)| format!("{n} from {}", name(commit))).collect();
            format!("{} of {all} trials reused: {}", reused.len(), listed(&from))
        }
    }
}

/// The machine that trained `trial`, the model that had trained it before, and
/// the machine that evaluated it, where these are others.
fn machines(trial: &TrialResult) -> String {
    let (trained, evaluated) = (machine(&trial.provenance.host), machine(&trial.evaluated.host));
    let mut text = trained.clone();
    if trial.hardware.trained_on.len() > 1 {
        text += &format!(", trained on {}", trial.hardware.trained_on.join(", then "));
    }
    match evaluated == trained {
        true => text,
        false => format!("{text}; evaluated on {evaluated}"),
    }
}

fn machine(host: &Host) -> String {
    let cpu = if host.cpu.is_empty() { "unknown processor" } else { &host.cpu };
    let mut parts = vec![cpu.to_owned(), counted(host.cpus as usize, "processor")];
    if host.memory > 0 {
        parts.push(bytes(host.memory));
    }
    parts.extend(tally(host.gpus.iter().cloned()).into_iter().map(|(gpu, n)| match n {
        1 => gpu,
        n => format!("{n} × {gpu}"),
    }));
    parts.join(", ")
}

fn libtorch(provenance: &Provenance) -> String {
    provenance.libtorch.clone().unwrap_or_else(|| "unknown".to_owned())
}

/// A command line without the folders of the machine it was given on.
fn shown(command: &[String]) -> String {
    let words: Vec<&str> = command
        .iter()
        .enumerate()
        .map(|(place, word)| {
            let path = Path::new(word);
            let name = path.file_name().and_then(|name| name.to_str());
            if place == 0 || path.is_absolute() { name.unwrap_or(word) } else { word }
        })
        .collect();
    words.join(" ")
}

fn cost(trials: &[TrialResult]) -> String {
    let known: Vec<(f64, u64)> = trials.iter().filter_map(|trial| trial.cost).collect();
    if known.is_empty() {
        return "not recorded".to_owned();
    }
    let seconds: f64 = known.iter().map(|(seconds, _)| seconds).sum();
    let peak = known.iter().map(|(_, peak)| *peak).max().unwrap_or(0);
    let of = match known.len() == trials.len() {
        true => String::new(),
        false => format!(" (known of {} of {} trials)", known.len(), trials.len()),
    };
    format!("{} in all{of}, peak memory {}", duration(seconds), bytes(peak))
}

/// Distinct texts in the order of their first, each with its number.
fn tally(texts: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<(String, usize)> = Vec::new();
    for text in texts {
        let place = *places.entry(text.clone()).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => found.push((text, 1)),
        }
    }
    found
}

/// The only text there is, or each with its number of trials.
fn counts(texts: impl Iterator<Item = String>) -> String {
    match &tally(texts)[..] {
        [] => "–".to_owned(),
        [(only, _)] => only.clone(),
        several => {
            let each: Vec<String> = several
                .iter()
                .map(|(text, count)| format!("{text} ({})", counted(*count, "trial")))
                .collect();
            each.join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_folders_of_the_machine() {
        let command =
            ["/opt/bin/jem", "run", "experiments/a.toml", "--results", "/home/me/results"];
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(shown(&command), "jem run experiments/a.toml --results results");
    }

    #[test]
    fn equal_texts_are_counted_and_a_single_one_stands_alone() {
        let of = |texts: &[&str]| counts(texts.iter().map(|text| (*text).to_owned()));
        assert_eq!(of(&["a", "b", "a"]), "a (2 trials); b (1 trial)");
        assert_eq!(of(&["a", "a"]), "a");
    }
}
