//! What an experiment file must say of out-of-distribution sets of one's own, and
//! what is said where it does not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jem_core::plan::Plan;
use jem_core::spec::{Spec, SpecError};

fn plan(text: &str) -> Result<Plan, SpecError> {
    Plan::parse("test", "test.toml", &format!("question = \"What is tested?\"\n{text}"))
}

fn spec(text: &str) -> Spec {
    let plan = plan(text).unwrap();
    plan.spec_of(&plan.trials[0])
}

/// The text under the caret of the only problem, and the problem with its help.
fn said(text: &str) -> (String, String) {
    let error = plan(text).unwrap_err();
    let [problem] = &error.diagnostics[..] else { panic!("{error}") };
    let under = problem.source.as_ref().unwrap().text[problem.labels[0].span.clone()].to_owned();
    (under, problem.to_string())
}

#[test]
fn an_out_of_distribution_set_of_ones_own_needs_neither_labels_nor_classes() {
    let formats = [
        "idx = { train_images = 't', test_images = 'a' }",
        "cifar = { train = ['t'], test = ['a'] }",
        "cifar100 = { train = ['t'], test = ['a'] }",
        "svhn = { train = 't', test = 'a' }",
        "images = { train = 't', test = 'a' }",
    ];
    for files in formats {
        for key in ["evaluate.ood", "evaluate.validation_ood"] {
            spec(&format!("data.train = \"mnist\"\n{key} = [{{ name = \"own\", {files} }}]"));
        }
        spec(&format!(
            "data.train = \"mnist\"\ndata.auxiliary = {{ name = \"own\", {files} }}\n\
             objective.outlier_exposure.weight = 0.5"
        ));
        let (under, message) = said(&format!("data.train = {{ {files} }}"));
        let key = if files.starts_with("idx") { "test_labels" } else { "classes" };
        assert!(message.contains(&format!("`{key}` is missing in `data.train")), "{message}");
        assert_eq!(under, "train", "{files}");
    }
}

#[test]
fn a_key_that_is_missing_in_a_set_of_ones_own_is_named_whatever_else_stands_there() {
    for (files, key, table) in [
        ("name = 'own', idx = { }", "test_images", "evaluate.ood.idx"),
        (
            "name = 'own', idx = { train_images = 'a' }, resize = [28, 28]",
            "test_images",
            "evaluate.ood.idx",
        ),
        ("name = 'own', svhn = { train = 'a' }, channels = 1", "test", "evaluate.ood.svhn"),
        ("name = 'own', images = { channels = 1 }", "test", "evaluate.ood.images"),
    ] {
        let text = format!("data.train = \"mnist\"\nevaluate.ood = [{{ {files} }}]");
        let (_, message) = said(&text);
        assert!(message.contains(&format!("`{key}` is missing in `{table}`")), "{message}");
    }
}
