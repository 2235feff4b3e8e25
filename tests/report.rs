//! `jem table` and `jem report` through the real binaries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use sandbox::{Sandbox, TWO_LAMBDAS, files, tiny};

/// An expectation that no network meets.
const IMPOSSIBLE: &str =
    "[expect.\"a miracle\"]\nmetric = \"clf/accuracy\"\nmin = 1.1\nsource = \"nowhere\"\n";

#[test]
fn a_report_holds_what_it_must_and_two_renderings_are_the_same_bytes() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS));
    sandbox.ok(&["run", "tiny.toml"]);
    let said = sandbox.ok(&["report", "tiny.toml"]);
    assert!(said.contains("reports/no-commit/tiny/index.html"), "{said}");
    let first = files(&sandbox.path("reports/no-commit/tiny"));
    std::fs::remove_dir_all(sandbox.path("reports")).unwrap();
    sandbox.ok(&["report", "tiny.toml"]);
    let second = files(&sandbox.path("reports/no-commit/tiny"));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(second[name] == *bytes, "{name} differs between two renderings");
    }
    for ending in [".html", ".md", ".csv", ".tex", ".parquet", ".svg", ".png"] {
        assert!(first.keys().any(|name| name.ends_with(ending)), "no {ending}");
    }
    let page = String::from_utf8(first["index.html"].clone()).unwrap();
    let here = sandbox.path("").display().to_string();
    assert!(page.contains("Does it run?") && !page.contains(&here));
}

#[test]
fn a_failed_expectation_stands_in_the_report_and_in_the_exit_code() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(IMPOSSIBLE));
    sandbox.ok(&["run", "tiny.toml"]);
    let said = sandbox.jem(&["report", "tiny.toml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("a miracle"), "{said:?}");
    let page = std::fs::read_to_string(sandbox.path("reports/no-commit/tiny/index.html")).unwrap();
    let (failure, answer) = (page.find("a miracle").unwrap(), page.find(">Answer<").unwrap());
    assert!(failure < answer, "the failed expectation does not stand above the answer");
}

#[test]
fn a_diverged_sweep_still_has_a_report() {
    let sandbox = Sandbox::new();
    let wild = "[optimizer.adam]\nlr = 1000\n[divergence]\nmax_energy_gap = 50\ncheck_every = 1\n";
    sandbox.write("wild.toml", &tiny(&format!("{wild}{TWO_LAMBDAS}")));
    sandbox.ok(&["run", "wild.toml"]);
    let table = sandbox.ok(&["table", "wild.toml", "--format", "markdown"]);
    assert!(table.contains("diverged"), "{table}");
    sandbox.ok(&["report", "wild.toml"]);
    let page = std::fs::read_to_string(sandbox.path("reports/no-commit/wild/report.md")).unwrap();
    assert!(page.contains("diverged"), "{page}");
}

#[test]
fn the_table_has_a_row_for_each_cell_and_per_example_parquet_on_request() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS));
    let nothing = sandbox.jem(&["table", "tiny.toml"]);
    assert!(nothing.code == 3 && nothing.err.contains("jem run tiny.toml"), "{nothing:?}");
    sandbox.ok(&["run", "tiny.toml"]);
    let csv = sandbox.ok(&["table", "tiny.toml", "--format", "csv"]);
    let rows: Vec<&str> = csv.lines().filter(|line| line.starts_with("0")).collect();
    assert_eq!(rows.len(), 2, "{csv}");
    sandbox.ok(&["table", "tiny.toml", "--format", "tex", "--out", "told", "--examples"]);
    let written = files(&sandbox.path("told/tables"));
    assert!(written.contains_key("examples.parquet"), "{:?}", written.keys());
    assert!(written.values().all(|bytes| !bytes.is_empty()));
}

#[test]
fn an_altered_object_is_noticed_and_named() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    let manifest =
        sandbox::manifests(&sandbox.path("results")).into_iter().find(|m| m.eval.is_some());
    let hex = manifest.unwrap().results["metrics.json"].digest.to_hex();
    let path = sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[0] ^= 1;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let said = sandbox.jem(&["table", "tiny.toml"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains(&hex), "{said:?}");
}

#[test]
fn a_second_experiment_of_the_same_name_does_not_replace_a_report_whose_runs_gc_would_sweep() {
    let sandbox = Sandbox::new();
    for (folder, steps) in [("one", "30"), ("two", "34")] {
        std::fs::create_dir(sandbox.path(folder)).unwrap();
        let text = tiny("").replace("steps = 30", &format!("steps = {steps}"));
        let text = text.replace("seeds = 2", "seeds = 1");
        sandbox.write(&format!("{folder}/demo-x.toml"), &text);
        sandbox.ok(&["run", &format!("{folder}/demo-x.toml"), "--workers", "1"]);
    }
    sandbox.ok(&["report", "one/demo-x.toml"]);
    let first = files(&sandbox.path("reports"));
    let said = sandbox.jem(&["report", "two/demo-x.toml"]);
    assert!(said.code == 3 && said.err.contains("one/demo-x.toml"), "{said:?}");
    assert!(said.err.contains("--out DIR"), "{said:?}");
    assert_eq!(files(&sandbox.path("reports")), first);
    sandbox.ok(&["store", "gc", "--grace", "0", "--yes"]);
    assert!(sandbox.ok(&["plan", "one/demo-x.toml"]).contains("1 cached"));
    // The first file is changed, and its report drawn again: what it showed stays.
    let changed = std::fs::read_to_string(sandbox.path("two/demo-x.toml")).unwrap();
    let before = std::fs::read_to_string(sandbox.path("one/demo-x.toml")).unwrap();
    sandbox.write("one/demo-x.toml", &changed.replace("steps = 34", "steps = 38"));
    sandbox.ok(&["run", "one/demo-x.toml", "--workers", "1"]);
    sandbox.ok(&["report", "one/demo-x.toml"]);
    sandbox.ok(&["store", "gc", "--grace", "0", "--yes"]);
    assert!(sandbox.ok(&["plan", "one/demo-x.toml"]).contains("1 cached"));
    sandbox.write("one/demo-x.toml", &before);
    assert!(sandbox.ok(&["plan", "one/demo-x.toml"]).contains("1 cached"));
    // Tables in a folder of one's own choice likewise.
    sandbox.ok(&["table", "one/demo-x.toml", "--out", "told"]);
    sandbox.ok(&["run", "two/demo-x.toml", "--workers", "1"]);
    let said = sandbox.jem(&["table", "two/demo-x.toml", "--out", "told"]);
    assert!(said.code == 3 && said.err.contains("one/demo-x.toml"), "{said:?}");
}
