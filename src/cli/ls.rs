//! `jem ls`: the trials of the store that a query picks.

use comfy_table::{LineStyle, Table, TableStyle};
use jem_core::store::Store;

use super::open::{self, Folders};
use super::{CliError, Exit};
use crate::query::{Asked, Found, List, QueryError, Sort, Vocabulary, load};
use crate::terminal;

/// Unreadable runs of which the reason is printed.
const TOLD: usize = 3;

/// The language, as `jem ls --help` tells it.
const HELP: &str = "\
The query picks among all trials of the store that were evaluated. A trial that
was evaluated several times, with further parts or by other code, is one row: its
newest whole evaluation. --runs lists every one of them, and asks each.
  jem ls 'lambda > 0.3 and ece < 0.05'
  jem ls 'outcome = diverged or restarts > 0' --sort lambda
  jem ls 'commit = 4fa0892 and seed in [0, 1]' --columns lambda,accuracy --csv
  jem ls 'not (dirty or stale) and exists(ood/auroc/fashion-mnist/energy)' --count

  and, or, not, ( )      as usual: not binds closest, then and, then or
  = != < <= > >=         numbers (1e-3, inf) and times; = and != any value
  ~                      a part of a text, in either case: host ~ node
  in [a, b]              one of several values
  exists(name)           the run has a value of this name
  name                   alone, where it is true or false: dirty

Names are facts (seed, outcome, commit, dirty, started, host, …), settings
(objective.lambda, or lambda where only one ends so) and metrics
(ood/auroc/rotated/energy, or parts of it in their order where only one has
them; ece is calib/ece/bins=15, whichever other bins were measured). A fact
stands before a setting of the same ending: steps is the steps trained,
sampler.steps the setting. `jem ls --names` lists all. Texts with spaces or odd
characters stand in quotes, such names in backquotes. Ids, commits and times are equal to their
first characters. A comparison with a value that a run has not, as a metric
where training diverged, is false, `!=` included: `not accuracy > 0.9` lists
such a run and `accuracy <= 0.9` does not.

Exit code 0 also where no run is picked, or 1 with --fail-empty.";

/// What `jem ls` is asked.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct LsArgs {
    /// What the trials must meet; without it all are listed. `--help` tells the language
    pub query: Vec<String>,
    /// The columns, by name, in the place of those that the query names
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    pub columns: Vec<String>,
    /// Every run, where a trial was evaluated several times, and not the newest alone
    #[arg(long)]
    pub runs: bool,
    /// Sort by these values; rows without one stand last
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    pub sort: Vec<String>,
    /// Largest first
    #[arg(long, requires = "sort")]
    pub reverse: bool,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Print a list of objects, with whole values
    #[arg(long, conflicts_with_all = ["csv", "count"])]
    pub json: bool,
    /// Print comma-separated values, whole
    #[arg(long, conflicts_with = "count")]
    pub csv: bool,
    /// Print the number of rows alone
    #[arg(long)]
    pub count: bool,
    /// End with exit code 1 where nothing is picked
    #[arg(long)]
    pub fail_empty: bool,
    /// List every name that can be asked for, and what values it has
    #[arg(long)]
    pub names: bool,
}

/// Lists trials, or runs.
///
/// # Errors
/// When the query is wrong or the store cannot be read.
pub fn run(args: &LsArgs, folders: &Folders) -> Result<(), CliError> {
    let every = load(&Store::open(&folders.results())?)?;
    let behind = every.runs.len();
    let mut found = if args.runs { every } else { every.into_trials() };
    let vocabulary = Vocabulary::new(found.metrics()).with_held(found.names());
    if args.names {
        return open::print(&names(&vocabulary));
    }
    let asked = Asked::parse(&args.query.join(" "), &vocabulary).map_err(wrong)?;
    let full = |names: &[String]| -> Result<Vec<String>, CliError> {
        names.iter().map(|name| Asked::name(name.trim(), &vocabulary).map_err(wrong)).collect()
    };
    let (columns, sorted) = (full(&args.columns)?, full(&args.sort)?);
    let names = [&asked.names, &columns, &sorted];
    if names.iter().any(|names| names.iter().any(|name| name == "stale")) {
        found.mark_stale(&open::worker()?.1);
    }
    let sort = Sort { names: sorted, reverse: args.reverse };
    let mut list = List::new(&found.runs, &asked, &sort, args.limit.unwrap_or(usize::MAX));
    if !columns.is_empty() {
        list.columns = columns;
    }
    open::print(&text(&list, args, (found.runs.len(), behind)))?;
    warn(&found);
    if list.runs.is_empty() && args.fail_empty {
        return Err(CliError::new(Exit::Failed, "nothing is picked"));
    }
    Ok(())
}

/// The list, of so many rows that there are, of so many runs behind them.
fn text(list: &List<'_>, args: &LsArgs, (of, behind): (usize, usize)) -> String {
    let n = list.runs.len();
    if args.count {
        format!("{n}\n")
    } else if args.json {
        list.to_json()
    } else if args.csv {
        list.to_csv()
    } else {
        let row = if args.runs { "run" } else { "trial" };
        let rows = if of == 1 { row.to_owned() } else { format!("{row}s") };
        let more = match behind == of {
            true => String::new(),
            false => format!("; {behind} runs are behind them, which --runs lists"),
        };
        format!("{}{n} of {of} {rows}{more}\n", list.to_terminal())
    }
}

fn names(vocabulary: &Vocabulary) -> String {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(line));
    table.set_header(["name", "its values are"]);
    for (name, kind) in vocabulary.names() {
        table.add_row([name.to_owned(), kind.to_string()]);
    }
    format!("{}\n", table.trim_fmt())
}

/// Says which runs are not listed because they cannot be read.
fn warn(found: &Found) {
    let n = found.unreadable.len();
    if n == 0 {
        return;
    }
    let what = if n == 1 { "1 run is" } else { &format!("{n} runs are") };
    terminal::note(&format!("warning: {what} unreadable and not listed"));
    for why in found.unreadable.iter().take(TOLD) {
        terminal::note(&format!("  {}", why.lines().next().unwrap_or_default()));
    }
    terminal::note("  try: jem store fsck");
}

fn wrong(error: QueryError) -> CliError {
    CliError::rendered(Exit::Usage, |colour| error.render(colour))
        .hint("jem ls --help, which tells the language")
}
