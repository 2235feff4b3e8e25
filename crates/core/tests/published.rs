//! Published figures beside an experiment: read, chosen by name, and every
//! mistake told with its place.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use jem_core::plan::Plan;
use jem_core::spec::{Known, Published, SpecError, quantity};
use serde_json::json;
use tempfile::TempDir;

const OWN: &str = include_str!("../../../experiments/references/published.toml");

/// An experiment that names `published`, as it is planned beside `file`.
fn planned(published: &str, file: Option<&str>) -> Result<Vec<Published>, SpecError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mine.toml");
    let text = format!("question = \"Why?\"\n[report]\npublished = {published}\n");
    fs::write(&path, text).unwrap();
    if let Some(file) = file {
        fs::create_dir(folder.path().join("references")).unwrap();
        fs::write(folder.path().join("references/published.toml"), file).unwrap();
    }
    Plan::read(&path).map(|plan| plan.experiment.report.published)
}

fn said(published: &str, file: Option<&str>) -> String {
    planned(published, file).unwrap_err().to_string()
}

/// A sound result with one figure, `more` lines before it.
fn result(more: &str, figure: &str) -> String {
    format!(
        "[[result]]\nname = \"a\"\ncite = \"b\"\ndataset = \"mnist\"\nknown = \"memory\"\n{more}\n\
         [result.values]\n{figure}\n"
    )
}

#[test]
fn results_are_chosen_by_name_and_by_data_set_in_the_order_of_the_file() {
    let names = |published: &str| -> Vec<String> {
        let chosen = planned(published, Some(OWN)).unwrap();
        chosen.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(names(r#"["ebmkit", "JEM"]"#), ["JEM", "ebmkit"]);
    assert_eq!(names(r#"["dataset: mnist"]"#), ["ebmkit"]);
    assert_eq!(names(r#"["bm4tc"]"#).len(), 6);
    assert_eq!(names(r#"["JEM", "JEM"]"#), ["JEM"]);
    assert_eq!(names("[]"), [""; 0]);
}

#[test]
fn a_figure_keeps_its_digits_its_spread_and_its_setting() {
    let ladder = planned(r#"["bm4tc"]"#, Some(OWN)).unwrap();
    assert_eq!(ladder[1].at, [("objective.lambda".to_owned(), json!(0.01))]);
    assert_eq!((ladder[1].seeds, ladder[1].known), (Some(5), Known::Primary));
    let accuracy = &ladder[1].values[0];
    assert_eq!((accuracy.value, accuracy.shown.as_str()), (0.9797, "0.9797"));
    assert_eq!(accuracy.sd.as_deref(), Some("0.0005"));
    let egc = planned(r#"["EGC"]"#, Some(OWN)).unwrap();
    assert_eq!(egc[0].values[2].shown, "3.30");
}

/// Their ε is for pixels in [−1, 1]: an MLP that is right on .37 of images under
/// their ε of .2 is so under ours of .1.
#[test]
fn sizes_of_attacks_are_read_in_pixels_of_zero_to_one() {
    let ladder = planned(r#"["bm4tc"]"#, Some(OWN)).unwrap();
    let found: Vec<(&str, &str)> =
        ladder[0].values.iter().map(|one| (one.path.as_str(), one.shown.as_str())).collect();
    let wanted = [
        ("clf/accuracy", "0.9767"),
        ("clf/nll", "0.1090"),
        ("adversarial/accuracy/linf/pgd/0.05", "0.8415"),
        ("adversarial/accuracy/linf/pgd/0.1", "0.3725"),
        ("adversarial/accuracy/linf/pgd/0.15", "0.0748"),
    ];
    assert_eq!(found, wanted);
    assert_eq!(ladder[4].values.len(), 2, "of λ = 0.5 fewer columns are known");
    let hill = planned(r#"["Stochastic Security"]"#, Some(OWN)).unwrap();
    assert_eq!(hill[0].values[1].path, "robust_accuracy/BPDA+EOT, L∞ 8/255");
    for (range, eps, wanted) in [
        ("[-1, 1]", "linf/pgd/0.20", "linf/pgd/0.1"),
        ("[-1, 1]", "l2/square/3", "l2/square/1.5"),
        ("[0, 1]", "linf/pgd/0.20", "linf/pgd/0.2"),
    ] {
        let more = format!("attack_range = \"{range}\"");
        let figure = format!("\"adversarial/accuracy/{eps}\" = 0.5");
        let read = planned(r#"["a"]"#, Some(&result(&more, &figure))).unwrap();
        assert_eq!(read[0].values[0].path, format!("adversarial/accuracy/{wanted}"));
    }
}

#[test]
fn a_figure_under_attack_without_the_range_of_its_pixels_is_refused() {
    let pgd = "\"adversarial/accuracy/linf/pgd/0.2\" = 0.5";
    for (more, figure, needed) in [
        ("", pgd, ["published.toml:8", "`attack_range` is missing"]),
        ("", pgd, ["`adversarial/accuracy/linf/pgd/0.2`", "attack_range = \"[-1, 1]\""]),
        ("", "\"robust_accuracy/PGD\" = 0.5", ["`attack_range` is missing", "\"[0, 1]\""]),
        (
            "attack_range = \"[-1, 1]\"",
            "\"robust_accuracy/PGD .2\" = 0.5",
            ["no size can be converted", "pixels of [0, 1]"],
        ),
        (
            "attack_range = \"[0, 255]\"",
            pgd,
            ["cannot be `[0, 255]`", "accepted values: `[-1, 1]`, `[0, 1]`"],
        ),
        (
            "attack_range = \"[0, 1]\"",
            "\"adversarial/accuracy/linf/pgd/small\" = 0.5",
            ["the size of an attack cannot be `small`", "a number above 0"],
        ),
        (
            "attack_range = \"[0, 1]\"",
            "\"adversarial/accuracy/linf/pgd/0.2\" = 0.5\n\
             \"adversarial/accuracy/linf/pgd/0.20\" = 0.5",
            ["a second time", "published.toml:9"],
        ),
    ] {
        let text = said(r#"["a"]"#, Some(&result(more, figure)));
        for needed in needed {
            assert!(text.contains(needed), "no {needed} in {text}");
        }
    }
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_and_all_there_are() {
    let text = said(r#"["JEMM"]"#, Some(OWN));
    for needed in ["mine.toml:3", "`JEMM`", "did you mean \"JEM\"?", "`ebmkit`", "published.toml"] {
        assert!(text.contains(needed), "no {needed} in {text}");
    }
    let text = said(r#"["dataset: mnits"]"#, Some(OWN));
    assert!(text.contains("nothing is published on `mnits`"), "{text}");
    assert!(text.contains("did you mean \"dataset: mnist\"?"), "{text}");
    let text = said("\"JEM\"", Some(OWN));
    assert!(text.contains("a list"), "{text}");
}

#[test]
fn a_missing_file_is_named_and_one_that_is_not_asked_for_is_not_read() {
    let text = said(r#"["JEM"]"#, None);
    assert!(text.contains("references/published.toml"), "{text}");
    assert_eq!(planned("[]", Some("[[[")).unwrap(), []);
}

#[test]
fn what_is_wrong_with_the_file_is_told_with_line_value_and_what_is_accepted() {
    for (more, figure, needed) in [
        ("", "\"clf/acuracy\" = 0.5", ["published.toml:8", "did you mean `clf/accuracy`?"]),
        ("", "\"clf/accuracy\" = 92.9", ["accuracy cannot be 92.9", "from 0 to 1"]),
        ("", "\"clf/accuracy\" = \"0.9\"", ["published.toml:8", "a number"]),
        ("", "\"clf/accuracy\" = { value = 0.9 }", ["`sd` is missing", "published.toml:8"]),
        ("seeds = 0", "fid = 3", ["`result.seeds` cannot be 0", "at least 1"]),
        ("at = { \"objective.lamda\" = 1 }", "fid = 3", ["no field", "`objective.lambda`?"]),
        ("at = { \"objective.lambda\" = \"x\" }", "fid = 3", ["a number", "published.toml:6"]),
        ("knwon = 1", "fid = 3", ["unknown key `knwon`", "did you mean `known`?"]),
    ] {
        let text = said(r#"["a"]"#, Some(&result(more, figure)));
        for needed in needed {
            assert!(text.contains(needed), "no {needed} in {text}");
        }
    }
    let text = said(r#"["a"]"#, Some(&result("", "fid = 3").replace("\"memory\"", "\"hearsay\"")));
    assert!(text.contains("accepted values: `primary source`, `later table`, `memory`"), "{text}");
    let text = said(r#"["a"]"#, Some(&result("", "fid = 3").replace("\"b\"", "\"\"")));
    assert!(text.contains("the cite of a published result is empty"), "{text}");
}

#[test]
fn what_stands_in_the_report_table_changes_no_id() {
    let text = "question = \"Why?\"\n";
    let one = Plan::parse("mine", "mine.toml", text).unwrap();
    let named = format!("{text}[report]\npublished = [\"JEM\"]\n");
    let other = Plan::parse("mine", "mine.toml", &named).unwrap();
    assert_eq!(one.trials, other.trials);
}

#[test]
fn a_quantity_is_a_metric_or_one_that_only_papers_have() {
    let name = |path: &str| quantity(path).map(|(name, _, _)| name);
    assert_eq!(name("calib/ece/bins=20").as_deref(), Some("ECE, 20 bins"));
    assert_eq!(name("fid").as_deref(), Some("FID"));
    assert_eq!(
        name("robust_accuracy/PGD, L∞ 8/255").as_deref(),
        Some("robust accuracy, PGD, L∞ 8/255")
    );
    assert_eq!(name("robust_accuracy/"), None);
    assert_eq!(name("fidd"), None);
}
