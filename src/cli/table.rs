//! `jem table`: the tables of an experiment.

use std::path::PathBuf;

use clap::ValueEnum;
use jem_core::spec::show_value;

use super::open::{self, Folders};
use super::origin::{self, Origin};
use super::{CliError, Exit};
use crate::table::{self, Checked, PaperTable, Results, Shown, TableError};
use crate::terminal;

/// What `jem table` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct TableArgs {
    /// The experiment's file
    pub spec: PathBuf,
    /// How the table is printed
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
    /// Write the table, and all numbers behind it, into DIR/tables
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write what each network says of each example, which is large
    #[arg(long, requires = "out")]
    pub examples: bool,
    /// Every metric there is, not only those that papers show
    #[arg(long)]
    pub all_metrics: bool,
    /// Refuse unless the checkout, and every trial shown, is wholly in a commit
    #[arg(long)]
    pub require_clean: bool,
}

/// How a table is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading here
    Terminal,
    /// For a README or an issue
    Markdown,
    /// For a spreadsheet
    Csv,
    /// For a paper, with booktabs
    Tex,
}

impl TableArgs {
    fn shown(&self) -> Shown {
        if self.all_metrics { Shown::Everything } else { Shown::Paper }
    }
}

/// Prints the table of an experiment, and writes its files when asked.
///
/// # Errors
/// When the spec or the store cannot be read, nothing is done yet, or a file
/// cannot be written.
pub fn run(args: &TableArgs, folders: &Folders) -> Result<(), CliError> {
    let (results, store) = open::results(&args.spec, folders)?;
    let (worker, code, described) = open::worker_with_code()?;
    if args.require_clean {
        Origin::look(folders, &worker, code, described).require_clean()?;
        origin::require_clean_trials(&results)?;
    } else {
        origin::unbuilt_at_once(&worker, &code);
    }
    let file = args.spec.display();
    let text = text(&results, args)?;
    open::print(&text)?;
    if let Some(out) = &args.out {
        let folder = out.join("tables");
        if let Some(other) = table::tables_of_another(&folder, &results) {
            let message = format!(
                "{} holds the tables of another experiment file, {other}",
                folder.display()
            );
            return Err(CliError::new(Exit::BadInput, message)
                .hint("--out DIR, another folder for these")
                .hint("where the others are no longer wanted: remove them"));
        }
        let mut files = table::write_all(&results, &folder, args.shown())?;
        if args.examples {
            files.push(table::write_examples(&results, &store, &folder)?);
        }
        terminal::note(&format!("{}: {}", folder.display(), files.join(", ")));
    }
    if !results.missing.is_empty() && args.format != Format::Terminal {
        let all = results.trials.len() + results.missing.len();
        terminal::note(&format!(
            "{} of {all} trials have no result yet: jem run {file}",
            results.missing.len()
        ));
    }
    Ok(())
}

fn text(results: &Results, args: &TableArgs) -> Result<String, TableError> {
    let table = PaperTable::of(results, args.shown());
    Ok(match args.format {
        Format::Terminal => {
            let checks: Vec<String> = table::check(results).iter().map(line).collect();
            format!("{}{}", table.to_terminal(), checks.concat())
        }
        Format::Markdown => table.to_markdown(),
        Format::Csv => table.to_csv()?,
        Format::Tex => table.to_tex(),
    })
}

/// `holds  it learns: mean of clf/accuracy at lambda=0 is 0.97, expected ≥ 0.9`
fn line(check: &Checked) -> String {
    let word = if check.holds { "holds" } else { "FAILS" };
    let number = |value: f64| show_value(&value.into());
    let found = check.value.map_or_else(|| "has no value".to_owned(), |v| format!("is {v:.4}"));
    let range = match (check.min, check.max) {
        (Some(min), Some(max)) => format!("{} to {}", number(min), number(max)),
        (Some(min), None) => format!("≥ {}", number(min)),
        (None, Some(max)) => format!("≤ {}", number(max)),
        (None, None) => "anything".to_owned(),
    };
    let Checked { name, statistic, metric, cell, n, .. } = check;
    format!(
        "{word}  {name}: {statistic} of {metric} at {cell} (n = {n}) {found}, expected {range}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_says_what_was_found_and_what_was_expected() {
        let mut check = Checked {
            name: "it learns".to_owned(),
            metric: "clf/accuracy".to_owned(),
            statistic: "mean",
            cell: "lambda=0".to_owned(),
            n: 2,
            value: Some(0.5),
            min: Some(0.9),
            max: None,
            holds: false,
            source: "by hand".to_owned(),
        };
        let expected = "FAILS  it learns: mean of clf/accuracy at lambda=0 (n = 2) is 0.5000, expected ≥ 0.9\n";
        assert_eq!(line(&check), expected);
        check.value = None;
        assert!(line(&check).contains("(n = 2) has no value, expected"));
    }
}
