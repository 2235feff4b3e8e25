//! `jem store du`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jem_core::store::{Amount, GcOptions, GcPlan, Store, Usage, Use};

use super::{reports, words};
use crate::cli::CliError;
use crate::cli::open::print;

/// What `jem store du` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct DuArgs {
    /// Each cell on its own line
    #[arg(long)]
    cells: bool,
    /// The folder of reports [default: reports, beside the store]
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

/// Prints what the bytes of `store` are used for.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &DuArgs, store: &Store) -> Result<(), CliError> {
    let usage = Usage::of(store);
    let mut text = by_use(&usage) + "\n" + &by_experiment(&usage, args.cells);
    text += &format!("\n{} in all\n", words::bytes(usage.bytes()));
    text += &match freed(args, store) {
        Ok(bytes) => format!("jem store gc would free {}\n", words::bytes(bytes)),
        Err(error) => format!("jem store gc would free nothing: {error}\n"),
    };
    print(&text)
}

fn freed(args: &DuArgs, store: &Store) -> Result<u64, CliError> {
    let shown = reports::shown(args.reports.as_deref(), store.root())?;
    Ok(GcPlan::of(store, &GcOptions::default(), &shown)?.bytes())
}

fn by_use(usage: &Usage) -> String {
    let row = |used: &Use| {
        let amount = usage.uses.get(used).filter(|amount| amount.count > 0)?;
        let (n, size) = (amount.count.to_string(), words::bytes(amount.bytes));
        Some(vec![used.name().to_owned(), n, size])
    };
    words::table(&["used for", "files", "size"], Use::ALL.iter().filter_map(row).collect())
}

fn by_experiment(usage: &Usage, cells: bool) -> String {
    let mut rows: BTreeMap<(String, String), (u64, Amount)> = BTreeMap::new();
    for (group, (runs, amount)) in &usage.groups {
        let name = group.experiment.clone().unwrap_or_else(|| "not known".to_owned());
        let cell = if cells { group.cell.clone() } else { String::new() };
        let sum = rows.entry((name, cell)).or_default();
        sum.0 += runs;
        sum.1.count += amount.count;
        sum.1.bytes += amount.bytes;
    }
    let mut told: Vec<Vec<String>> = rows
        .into_iter()
        .map(|((name, cell), (runs, amount))| {
            let name = if cells { format!("{name}  {cell}") } else { name };
            vec![name, runs.to_string(), words::bytes(amount.bytes)]
        })
        .collect();
    if usage.shared.count > 0 {
        told.push(vec![
            "shared by cells".to_owned(),
            String::new(),
            words::bytes(usage.shared.bytes),
        ]);
    }
    words::table(&["experiment", "runs", "of its own"], told)
}
