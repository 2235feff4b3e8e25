//! What is done with a query that nobody vouches for: it is read, its error is
//! shown, or it is asked of runs and they are listed. Called by the test and
//! by the fuzz target, whose root has `query` each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::query::{Asked, List, Run, Sort, Vocabulary};

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::new(["clf/accuracy", "calib/ece/bins=15", "calib/ece/bins=20", "ood/n_id/a"])
});

static RUNS: LazyLock<Vec<Run>> = LazyLock::new(|| {
    let values = [
        ("seed", json!(u64::MAX)),
        ("outcome", json!("finished")),
        ("commit", json!("é4fa0892")),
        ("dirty", json!(true)),
        ("started", json!("2026-01-31T12:00:00Z")),
        ("objective.lambda", json!(0.3)),
        ("model.mlp.hidden", json!([256, "x"])),
        ("clf/accuracy", json!(f64::MAX)),
    ];
    let values: BTreeMap<String, Value> = values.map(|(n, v)| (n.to_owned(), v)).into();
    vec![Run::of(values), Run::default()]
});

/// A query in UTF-8.
pub fn query_language(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(error) = Asked::name(text, &VOCABULARY) {
        assert!(!error.render(true).is_empty());
    }
    match Asked::parse(text, &VOCABULARY) {
        Ok(asked) => {
            let sort = Sort { names: asked.names.clone(), reverse: text.len() % 2 == 1 };
            let list = List::new(&RUNS, &asked, &sort, usize::MAX);
            let shown = list.to_terminal();
            assert_eq!(shown.is_empty(), list.runs.is_empty());
            assert!(list.to_csv().lines().count() > list.runs.len());
            let json: Value = serde_json::from_str(&list.to_json()).expect("JSON is JSON");
            assert_eq!(json.as_array().map(Vec::len), Some(list.runs.len()));
        }
        Err(error) => {
            let shown = error.render(false);
            assert!(shown.starts_with("error: ") && !error.render(true).is_empty());
        }
    }
}
