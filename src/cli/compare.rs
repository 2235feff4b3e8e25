//! `jem compare`: two states of the code against each other.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jem_core::diagnostic::nearest;
use jem_core::metric::{Direction, describe};
use jem_core::store::Store;

use super::open::{self, Folders};
use super::revision::Checkout;
use super::{CliError, Exit};
use crate::compare::{
    Comparison, Known, Revision, Side, SideError, compare, gate, to_markdown, to_terminal,
};
use crate::report::write_comparison;
use crate::table::{Shown, shown_metrics};
use crate::terminal;

/// What `jem compare` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// The side that is subtracted: a commit, tag, branch, HEAD~1; `work` or `.` for the work tree
    pub a: String,
    /// The other side
    pub b: String,
    /// The experiment's file [default: all in experiments/ that both sides have]
    pub spec: Option<PathBuf>,
    /// Compare this metric, as `clf/accuracy` [default: those that papers show]
    #[arg(long = "metric", value_name = "METRIC")]
    pub metrics: Vec<String>,
    /// Compare every metric there is
    #[arg(long, conflicts_with = "metrics")]
    pub all_metrics: bool,
    /// How the comparison is printed
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
    /// Write a page with charts [default DIR: reports/compare/A..B]
    #[arg(long, value_name = "DIR")]
    pub out: Option<Option<PathBuf>>,
    /// Exit with 1 when the results of any pair of trials differ, or count by a person's word
    #[arg(long)]
    pub fail_on_difference: bool,
    /// Exit with 1 when METRIC is worse in any cell by a test that is corrected over all cells and all METRICs named, or a cell cannot be tested
    #[arg(long, value_name = "METRIC")]
    pub fail_on_worse: Vec<String>,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading here
    Terminal,
    /// For a README or an issue
    Markdown,
    /// Every number in full, for a program
    Json,
}

/// The two sides of one command.
struct Sides<'c> {
    checkout: &'c Checkout<'c>,
    store: Store,
    data: PathBuf,
    a: (Revision, Known),
    b: (Revision, Known),
}

/// Compares two states of the code by the results they give.
///
/// # Errors
/// When a side, its experiment or its results cannot be read, nothing is there
/// to compare, or, on request, something differs.
pub fn run(args: &CompareArgs, folders: &Folders) -> Result<(), CliError> {
    for metric in &args.fail_on_worse {
        has_direction(metric)?;
    }
    let checkout = Checkout::here(folders)?;
    let store = Store::open(&folders.results())?;
    let side = |name: &str| -> Result<(Revision, Known), CliError> {
        let revision = checkout.revision(name)?;
        let known = checkout.known(&revision, &store, args.spec.as_deref())?;
        Ok((revision, known))
    };
    let (a, b) = (side(&args.a)?, side(&args.b)?);
    let sides = Sides { checkout: &checkout, store, data: folders.data(), a, b };
    let found = match &args.spec {
        Some(spec) => vec![one(args, &sides, spec)?],
        None => all(args, &sides)?,
    };
    checkout.tell_assumed();
    print(args, &found)?;
    if let Some(out) = &args.out {
        for comparison in &found {
            let folder = folder(out.as_deref(), comparison, args.spec.is_some());
            let page = write_comparison(comparison, &command(args), &folder)
                .map_err(super::report::failed)?;
            terminal::note(&format!("{}", page.display()));
        }
    }
    verdict(args, &found)
}

/// The comparison of the experiment at `spec`.
fn one(args: &CompareArgs, sides: &Sides<'_>, spec: &Path) -> Result<Comparison, CliError> {
    let name = sides.checkout.name_of(spec)?;
    let loaded = |(revision, known): &(Revision, Known)| -> Result<Side, CliError> {
        sides.load(revision, known, &name)?.ok_or_else(|| {
            CliError::new(Exit::BadInput, format!("{} has no {name}", revision.title()))
                .hint("jem compare without SPEC, for the experiments that both sides have")
        })
    };
    let (a, b) = (loaded(&sides.a)?, loaded(&sides.b)?);
    if a.results.trials.is_empty() && b.results.trials.is_empty() {
        let message = format!("neither side has a result of {name}");
        let mut error = CliError::new(Exit::BadInput, message);
        for (revision, _) in [&sides.a, &sides.b] {
            error = error.hint(format!("jem run {name}, at {}", revision.title()));
        }
        return Err(error);
    }
    for side in [&a, &b] {
        if side.results.trials.is_empty() {
            let commands = sides.checkout.how_to_run(&side.revision, Some(spec));
            let commands: Vec<String> = commands.iter().map(|c| format!("\n  try: {c}")).collect();
            terminal::note(&format!(
                "{} has no result yet{}",
                side.revision.title(),
                commands.concat()
            ));
        }
    }
    sides.compare(args, &a, &b)
}

/// The comparisons of every experiment that both sides have and that has a
/// result on either.
fn all(args: &CompareArgs, sides: &Sides<'_>) -> Result<Vec<Comparison>, CliError> {
    let names = sides.checkout.experiments(&sides.a.0, &sides.b.0)?;
    let mut found = Vec::new();
    for name in &names {
        let loaded = |(revision, known): &(Revision, Known)| sides.load(revision, known, name);
        let (a, b) = match (loaded(&sides.a), loaded(&sides.b)) {
            (Ok(Some(a)), Ok(Some(b))) => (a, b),
            (Err(error), _) | (_, Err(error)) => {
                // One file of another age must not keep the others back.
                terminal::note(&format!("passed over: {name}\n{error}"));
                continue;
            }
            _ => continue,
        };
        if a.results.trials.len() + b.results.trials.len() > 0 {
            found.push(sides.compare(args, &a, &b)?);
        }
    }
    if found.is_empty() {
        let message = format!(
            "nothing to compare: of {} experiments that both sides have, none has a result",
            names.len()
        );
        return Err(CliError::new(Exit::BadInput, message).hint(format!(
            "jem run experiments/NAME.toml, then jem compare {} {}",
            args.a, args.b
        )));
    }
    Ok(found)
}

impl Sides<'_> {
    fn load(
        &self,
        revision: &Revision,
        known: &Known,
        name: &str,
    ) -> Result<Option<Side>, CliError> {
        let Some(plan) = self.checkout.plan(revision, name)? else { return Ok(None) };
        let (revision, known) = (revision.clone(), known.clone());
        let side = Side::load(revision, known, plan, &self.store, &self.data);
        side.map(Some).map_err(|error| match error {
            SideError::Data(error) => error.into(),
            SideError::Table(error) => error.into(),
        })
    }

    fn compare(&self, args: &CompareArgs, a: &Side, b: &Side) -> Result<Comparison, CliError> {
        let metrics = metrics(args, a, b)?;
        let files = self.checkout.changes(&a.revision, &b.revision)?;
        Ok(compare(a, b, metrics, files))
    }
}

/// The metrics that are compared: those that either side has.
fn metrics(args: &CompareArgs, a: &Side, b: &Side) -> Result<Vec<String>, CliError> {
    let of = |shown: Shown| {
        let mut paths: Vec<String> = Vec::new();
        for side in [a, b].into_iter().filter(|side| !side.results.trials.is_empty()) {
            for path in shown_metrics(&side.results, shown) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
        paths
    };
    let mut wanted = match (args.all_metrics, args.metrics.is_empty()) {
        (true, _) => of(Shown::Everything),
        (_, true) => of(Shown::Paper),
        _ => args.metrics.clone(),
    };
    let everything = of(Shown::Everything);
    wanted.extend(
        args.fail_on_worse
            .iter()
            .filter(|path| !wanted.contains(path))
            .cloned()
            .collect::<Vec<_>>(),
    );
    for path in args.metrics.iter().chain(&args.fail_on_worse) {
        if !everything.contains(path) {
            let message = format!("no trial of either side has a metric `{path}`");
            let error = CliError::new(Exit::BadInput, message);
            return Err(match nearest(path, everything.iter().map(String::as_str)) {
                Some(meant) => error.hint(format!("`{meant}`")),
                None => error.hint("--all-metrics, which shows every metric there is"),
            });
        }
    }
    Ok(wanted)
}

fn has_direction(metric: &str) -> Result<(), CliError> {
    match describe(metric).map(|info| info.direction) {
        Some(Direction::None) => {
            let message = format!("`{metric}` is neither better nor worse when it is higher");
            Err(CliError::new(Exit::Usage, message).hint("--fail-on-difference"))
        }
        _ => Ok(()),
    }
}

fn print(args: &CompareArgs, found: &[Comparison]) -> Result<(), CliError> {
    let each = |form: fn(&Comparison) -> String| {
        found.iter().map(form).collect::<Vec<String>>().join("\n")
    };
    let text = match args.format {
        Format::Terminal => each(to_terminal),
        Format::Markdown => each(to_markdown),
        Format::Json => {
            let json = serde_json::to_string_pretty(found);
            json.map_err(|error| CliError::new(Exit::Machine, error.to_string()))? + "\n"
        }
    };
    open::print(&text)
}

/// Where the page of `found` goes: `out` itself where one experiment was asked
/// for and a folder named, else a folder of its own below.
fn folder(out: Option<&Path>, found: &Comparison, single: bool) -> PathBuf {
    match out {
        Some(out) if single => out.to_owned(),
        Some(out) => out.join(&found.experiment),
        None => {
            let sides = format!("{}..{}", found.a.short, found.b.short);
            Path::new("reports/compare").join(sides).join(&found.experiment)
        }
    }
}

/// The command without what only this machine has.
fn command(args: &CompareArgs) -> String {
    let spec = args.spec.as_ref().map_or_else(String::new, |spec| {
        let name = spec.file_name().filter(|_| spec.is_absolute());
        format!(" {}", name.map_or(spec.as_path(), Path::new).display())
    });
    format!("jem compare {} {}{spec}", args.a, args.b)
}

/// What the exit code is to say, on request.
fn verdict(args: &CompareArgs, found: &[Comparison]) -> Result<(), CliError> {
    if !args.fail_on_difference && args.fail_on_worse.is_empty() {
        return Ok(());
    }
    let mut wrong: Vec<String> = Vec::new();
    for comparison in found {
        let (name, counts) = (&comparison.experiment, comparison.counts());
        if counts.pairs == 0 {
            wrong.push(format!("{name}: no trial has a partner, so nothing was compared"));
        }
        if args.fail_on_difference && comparison.differs() {
            wrong.push(format!("{name}: {} of {} pairs differ", counts.differ, counts.pairs));
        }
        if args.fail_on_difference && counts.accepted > 0 {
            wrong.push(format!(
                "{name}: {} of {} pairs count by a person's word (jem accept), so whether they \
                 differ is not known",
                counts.accepted, counts.pairs
            ));
        }
    }
    if !args.fail_on_worse.is_empty() {
        let gate = gate(found, &args.fail_on_worse);
        gate.notes.iter().for_each(|note| terminal::note(note));
        wrong.extend(gate.failed);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(CliError::new(Exit::Failed, wrong.join("\n")))
}
