//! Which metrics the table for people shows, and what they are called there.

use jem_core::metric::{EFFECTIVE_TEMPERATURE, TrivialScore, label};
use jem_core::results::WORST;
use jem_core::spec::{PurifiedAttack, PurifierKind};

use super::label::metric_paths;
use super::{Results, cells, spread};

/// Scores whose AUROC is shown on the first out-of-distribution set, in the
/// order of the columns.
const SCORES: [&str; 4] = ["energy", "max_softmax", "max_logit", "entropy"];

/// How the paths of accuracies behind a purifier begin.
const PURIFIED: &str = "purified/accuracy/";

/// The metrics of [`Shown::Paper`] that the results have; accuracy always.
pub(super) fn paper_metrics(results: &Results) -> Vec<String> {
    let known = metric_paths(results);
    let ece = "calib/ece/bins=15";
    let other = || known.iter().copied().find(|path| path.starts_with("calib/ece/"));
    let ece = Some(ece).filter(|path| known.contains(path)).or_else(other);
    let mut wanted = vec!["clf/nll".to_owned()];
    wanted.extend(calibration(ece));
    for (place, set) in ood_sets(results, &known).iter().enumerate() {
        let scores = if place == 0 { &SCORES[..] } else { &SCORES[..1] };
        // Beside them what a look at the images alone gives.
        let trivial = TrivialScore::ALL.map(TrivialScore::name);
        let scores = scores.iter().chain(&trivial);
        wanted.extend(scores.map(|score| format!("ood/auroc/{set}/{score}")));
    }
    for group in ["near", "far"] {
        for metric in ["auroc", "fpr95_id_positive", "fpr95_ood_positive"] {
            wanted.extend(SCORES[..2].iter().map(|score| format!("ood/{metric}_{group}/{score}")));
        }
    }
    wanted.extend(["error/auroc/energy", "error/auroc/max_softmax"].map(str::to_owned));
    wanted.extend(attacked(&known));
    wanted.extend(purified());
    wanted.retain(|path| known.contains(&path.as_str()));
    wanted.insert(0, "clf/accuracy".to_owned());
    if temperatures_differ(results) {
        wanted.push(EFFECTIVE_TEMPERATURE.to_owned());
    }
    wanted
}

/// ECE and on which side it is, as the network is and, where a temperature was
/// fitted, after it.
fn calibration(ece: Option<&str>) -> Vec<String> {
    let scaled = ece.map(|ece| ece.replacen("calib/", "calib_scaled/", 1));
    let of = |ece: Option<String>, gap: &str| ece.into_iter().chain([gap.to_owned()]);
    of(ece.map(str::to_owned), "calib/gap").chain(of(scaled, "calib_scaled/gap")).collect()
}

/// Accuracy behind each purifier under the attacks that every purifier can be
/// set against, and under all.
fn purified() -> impl Iterator<Item = String> {
    let attacks = [PurifiedAttack::None, PurifiedAttack::Transfer, PurifiedAttack::Bpda]
        .map(PurifiedAttack::name);
    let purifiers = ["none", PurifierKind::Seed.name(), PurifierKind::Stochastic.name()];
    purifiers.into_iter().flat_map(move |purifier| {
        attacks
            .into_iter()
            .chain([WORST])
            .map(move |attack| format!("{PURIFIED}{purifier}/{attack}"))
    })
}

/// Whether the chains of some cells are nominally at another temperature than
/// those of others; means of equal numbers may differ by their rounding.
fn temperatures_differ(results: &Results) -> bool {
    let cells = cells(results);
    let found = cells.iter().filter_map(|cell| cell.metrics.get(EFFECTIVE_TEMPERATURE));
    let means: Vec<f64> = found.map(|found| found.mean).collect();
    means.iter().any(|mean| (mean - means[0]).abs() > 1e-9 * means[0].abs())
}

/// What a column of the metric at `path` is called: its name, or a shorter one
/// where many such columns stand side by side.
pub(super) fn heading(path: &str) -> String {
    let Some((purifier, attack)) = path.strip_prefix(PURIFIED).and_then(|p| p.split_once('/'))
    else {
        return label(path);
    };
    let attack = match attack {
        "none" => "clean",
        "bpda" => "BPDA",
        WORST => "all attacks",
        other => other,
    };
    match purifier {
        "none" => format!("acc., no purifier, {attack}"),
        other => format!("acc., {other} purifier, {attack}"),
    }
}

/// Accuracy under PGD at the sizes that were tried; of many, which are a curve
/// that is drawn, a few that are evenly apart.
fn attacked(known: &[&str]) -> Vec<String> {
    const FEW: usize = 4;
    let of = |norm: &str| -> Vec<String> {
        let start = format!("adversarial/accuracy/{norm}/pgd/");
        let size = |path: &&str| path.strip_prefix(&start)?.parse::<f64>().ok();
        let mut sizes: Vec<(f64, &str)> =
            known.iter().filter_map(|path| Some((size(path)?, *path))).collect();
        sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
        spread(sizes.len(), FEW).into_iter().map(|place| sizes[place].1.to_owned()).collect()
    };
    ["linf", "l2"].into_iter().flat_map(of).collect()
}

/// The out-of-distribution sets among the `known` metrics, in the order in
/// which they were evaluated, which is that of the histograms.
fn ood_sets<'a>(results: &'a Results, known: &[&'a str]) -> Vec<&'a str> {
    let set_of = |path: &&'a str| path.strip_prefix("ood/auroc/")?.rsplit_once('/').map(|p| p.0);
    let measured: Vec<&str> = known.iter().filter_map(set_of).collect();
    let histograms = results.trials.iter().flat_map(|trial| &trial.energies.histograms);
    let drawn = histograms.map(|histogram| histogram.label.as_str());
    let mut sets = Vec::new();
    for set in drawn.filter(|set| measured.contains(set)).chain(measured.iter().copied()) {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn groups_of_sets_are_shown_by_auroc_and_by_fpr95_of_both_conventions() {
        let mut results = sample::results();
        for metrics in results.trials.iter_mut().map(|trial| &mut trial.metrics) {
            for metric in ["auroc", "aupr_in", "fpr95_id_positive", "fpr95_ood_positive"] {
                metrics.insert(format!("ood/{metric}_near/energy"), 0.5);
            }
        }
        let shown = paper_metrics(&results);
        let near: Vec<&str> =
            shown.iter().map(String::as_str).filter(|path| path.contains("_near/")).collect();
        assert_eq!(
            near,
            [
                "ood/auroc_near/energy",
                "ood/fpr95_id_positive_near/energy",
                "ood/fpr95_ood_positive_near/energy"
            ]
        );
    }

    #[test]
    fn the_gap_stands_beside_the_error_and_both_again_after_scaling() {
        let mut results = sample::results();
        let begin = |results: &Results| {
            let shown = paper_metrics(results);
            shown.into_iter().skip(1).take_while(|path| !path.starts_with("ood/")).collect()
        };
        for trial in &mut results.trials {
            trial.metrics.insert("calib/gap".to_owned(), -0.25);
        }
        let as_it_is: Vec<String> = begin(&results);
        assert_eq!(as_it_is, ["clf/nll", "calib/ece/bins=15", "calib/gap"]);
        for trial in &mut results.trials {
            trial.metrics.insert("calib_scaled/gap".to_owned(), 0.0);
            trial.metrics.insert("calib_scaled/ece/bins=15".to_owned(), 0.01);
        }
        let scaled: Vec<String> = begin(&results);
        assert_eq!(scaled[2..], ["calib/gap", "calib_scaled/ece/bins=15", "calib_scaled/gap"]);
    }
}
