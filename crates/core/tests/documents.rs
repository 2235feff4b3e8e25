//! The documents agree with the code: every metric has a row in docs/metrics.md,
//! and every link between documents leads somewhere.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jem_core::metric::{Direction, metrics};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of the table of metrics: key → orientation.
fn documented() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        // A bar inside a formula is escaped.
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [key, formula, orientation, range, source] = cells[..] else {
            panic!("docs/metrics.md: a row with {} cells instead of 5: {line}", cells.len());
        };
        assert!(![formula, range, source].contains(&""), "docs/metrics.md: empty cell: {line}");
        let key = key.trim_matches('`').to_owned();
        let twice = rows.insert(key.clone(), orientation.to_owned());
        assert!(twice.is_none(), "docs/metrics.md: {key} has two rows");
    }
    rows
}

#[test]
fn every_metric_has_a_row_and_every_row_is_a_metric() {
    let declared = metrics().map(|info| {
        let orientation = match info.direction {
            Direction::HigherIsBetter => "↑",
            Direction::LowerIsBetter => "↓",
            Direction::None => "–",
        };
        (info.pattern.to_owned(), orientation.to_owned())
    });
    let (declared, documented): (BTreeMap<_, _>, _) = (declared.collect(), documented());
    for (key, orientation) in &declared {
        let row = documented.get(key);
        assert_eq!(row, Some(orientation), "docs/metrics.md: the row and orientation of {key}");
    }
    for key in documented.keys() {
        assert!(declared.contains_key(key), "docs/metrics.md: {key} is no declared metric");
    }
}

/// The targets of the Markdown links in `text`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
}

/// The anchors of the headings in `text`, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || *c == ' ' || *c == '-';
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title.chars().filter(kept).collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_between_documents_lead_to_files_and_headings() {
    let folders = [root(), root().join("docs")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|ending| ending == "md")) {
        let text = fs::read_to_string(&file).unwrap();
        for target in links(&text).into_iter().filter(|target| !target.contains("://")) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let to = match path {
                "" => file.clone(),
                path => file.parent().unwrap().join(path),
            };
            let from = file.display();
            assert!(to.exists(), "{from}: {target} leads to no file");
            if !heading.is_empty() {
                let there = anchors(&fs::read_to_string(&to).unwrap());
                assert!(there.iter().any(|a| a == heading), "{from}: {target} is no heading");
            }
        }
    }
}
