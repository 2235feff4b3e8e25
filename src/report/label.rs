//! Names for people: of swept fields, cells, scores and groups of inputs.

use jem_core::metric::TrivialScore;
use jem_core::plan::SYSTEM;
use jem_core::results::{LOGISTIC, RANK_MEAN};
use jem_core::spec::{PostHoc, show_value};
use serde_json::Value;

use crate::table;

/// How swept fields are called: as in tables, but λ by its letter.
pub fn axis_names(paths: &[String]) -> Vec<String> {
    let letter = |name: String| if name == "lambda" { "λ".to_owned() } else { name };
    table::axis_names(paths).into_iter().map(letter).collect()
}

/// `λ = 0.1, steps = 20`; fields that the cell has not are left out.
pub fn values_label<'a>(named: impl Iterator<Item = (&'a String, &'a Value)>) -> String {
    let given = named.filter(|(_, value)| !value.is_null());
    let words: Vec<String> = given.map(|(name, value)| value_label(name, value)).collect();
    words.join(", ")
}

/// `λ = 0.1`; the name of a row as it is.
fn value_label(name: &str, value: &Value) -> String {
    if name == SYSTEM { show_value(value) } else { format!("{name} = {}", show_value(value)) }
}

/// A value of a swept field; a dash where there is none.
pub fn value_shown(value: &Value) -> String {
    if value.is_null() { "–".to_owned() } else { show_value(value) }
}

/// A score of inputs, as metric paths name it, in words.
pub fn score_name(score: &str) -> &str {
    match score {
        "energy" => "energy",
        "max_softmax" => "max softmax",
        "max_logit" => "max logit",
        RANK_MEAN => "mean of ranks",
        LOGISTIC => "logistic regression",
        "energy_t" => "energy at T",
        "approximate_mass" => "approximate mass",
        "odin" => "ODIN",
        "knn" => "KNN",
        "mahalanobis" => "Mahalanobis",
        "vim" => "ViM",
        "react" => "ReAct",
        "ash_s" => "ASH-S",
        "ash_b" => "ASH-B",
        "ash_p" => "ASH-P",
        "grad_norm" => "GradNorm",
        "lit_pixels" => "lit pixels",
        "pca_residual" => "PCA residual",
        "gaussian" => "one Gaussian",
        other => other,
    }
}

/// The same in a list of scores, where those of the images alone are marked.
pub fn marked_score(score: &str) -> String {
    match TrivialScore::named(score) {
        Some(_) => format!("trivial: {}", score_name(score)),
        None => score_name(score).to_owned(),
    }
}

/// Scores of the logits alone, as metric paths name them, in the order in
/// which they are shown.
pub const OF_LOGITS: [&str; 4] = ["energy", "max_softmax", "max_logit", "entropy"];

/// The place of a score among all: those of the logits alone, those of features
/// and gradients, those of the images alone, others.
pub fn score_place(score: &str) -> usize {
    let own = PostHoc::ALL.map(PostHoc::name);
    let trivial = TrivialScore::ALL.map(TrivialScore::name);
    let known = || OF_LOGITS.into_iter().chain(own).chain(trivial);
    known().position(|one| one == score).unwrap_or(known().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_called_by_their_last_part_unless_two_share_it() {
        let paths = ["objective.lambda", "sampler.noise_std", "data.noise_std", "sampler.steps"];
        assert_eq!(
            axis_names(&paths.map(str::to_owned)),
            ["λ", "sampler.noise_std", "data.noise_std", "steps"]
        );
    }

    #[test]
    fn a_cell_is_told_by_the_values_it_has() {
        let names = ["λ".to_owned(), "steps".to_owned(), "clamp".to_owned()];
        let values = [json!(0.1), Value::Null, json!(true)];
        assert_eq!(values_label(names.iter().zip(&values)), "λ = 0.1, clamp = true");
        let names = [SYSTEM.to_owned(), "λ".to_owned()];
        let values = [json!("JEM++"), json!(0.1)];
        assert_eq!(values_label(names.iter().zip(&values)), "JEM++, λ = 0.1");
    }
}
