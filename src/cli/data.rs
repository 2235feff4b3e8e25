//! `jem data`: what sets there are, fetching them, checking them.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use comfy_table::{Table, presets};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use jem_core::dataset::{
    DatasetError, Entry, FetchOutcome, FetchProgress, FileState, Format, Split, catalogue, fetch,
    is_present, verify,
};

use crate::cli::{CliError, Exit};

/// What to do with the data sets.
#[derive(Clone, Debug, Subcommand)]
pub enum DataCommand {
    /// List the known sets: shape, size, licence, and whether they are here
    Ls,
    /// Fetch sets; those already here and right are left alone
    Fetch {
        /// The sets to fetch
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// Fetch every set of the catalogue
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
    /// Hash the files of sets and compare them with the catalogue
    Verify {
        /// The sets to check; without any, those whose folder exists
        names: Vec<String>,
    },
}

/// Runs `command` on the sets in `data_dir`.
///
/// # Errors
/// Bad input when a name is not in the catalogue; failed when a set could not
/// be fetched or has a file that is not the catalogue's.
pub fn run(command: &DataCommand, data_dir: &Path) -> Result<(), CliError> {
    match command {
        DataCommand::Ls => ls(data_dir),
        DataCommand::Fetch { names, all } => {
            let sets = match all {
                true => catalogue().sets().iter().collect(),
                false => entries(names)?,
            };
            fetch_all(&sets, data_dir)
        }
        DataCommand::Verify { names } if names.is_empty() => {
            let here = |set: &&Entry| data_dir.join(&set.name).is_dir();
            verify_all(&catalogue().sets().iter().filter(here).collect::<Vec<_>>(), data_dir)
        }
        DataCommand::Verify { names } => verify_all(&entries(names)?, data_dir),
    }
}

fn entries(names: &[String]) -> Result<Vec<&'static Entry>, CliError> {
    let find = |name: &String| catalogue().entry(name);
    let found: Result<Vec<_>, DatasetError> = names.iter().map(find).collect();
    found.map_err(|error| CliError::from(error).hint("jem data ls".to_owned()))
}

fn ls(data_dir: &Path) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["set", "train", "test", "shape", "classes", "size", "here", "licence"]);
    for set in catalogue().sets() {
        let [c, h, w] = set.shape;
        let here = match (set.format, is_present(set, data_dir)) {
            (Format::Embedded, _) => "built in",
            (_, true) => "yes",
            (_, false) => "no",
        };
        table.add_row([
            set.name.clone(),
            count(set, Split::Train),
            count(set, Split::Test),
            format!("{c}×{h}×{w}"),
            set.classes.to_string(),
            size(set),
            here.to_owned(),
            set.licence.clone(),
        ]);
    }
    let mut text = format!("{}\n\n", table.trim_fmt());
    for set in catalogue().sets() {
        text += &format!("{}: {}\n", set.name, set.citation);
    }
    text += &format!("\nFolder: {}\n", data_dir.display());
    say(&text)
}

/// How many images a split has, as far as the catalogue knows.
fn count(set: &Entry, split: Split) -> String {
    set.splits.map_or("–".to_owned(), |splits| splits.count(split).to_string())
}

/// The bytes of the set, as far as the catalogue knows.
fn size(set: &Entry) -> String {
    set.bytes().map_or("not pinned".to_owned(), |bytes| DecimalBytes(bytes).to_string())
}

fn fetch_all(sets: &[&Entry], data_dir: &Path) -> Result<(), CliError> {
    let mut bar = Bar::new();
    let mut failed = Vec::new();
    for set in sets {
        let size = size(set);
        match fetch(set, data_dir, &mut bar) {
            Ok(FetchOutcome::Already) => say(&format!("{}: already here ({size})\n", set.name))?,
            Ok(FetchOutcome::FetchedFrom(mirror)) => {
                say(&format!("{}: fetched from {mirror} ({size})\n", set.name))?;
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(Exit::Failed, failed.join("\n"))),
    }
}

fn verify_all(sets: &[&Entry], data_dir: &Path) -> Result<(), CliError> {
    if sets.is_empty() {
        return say(&format!(
            "no set is in {}; `jem data fetch <name>` puts one there\n",
            data_dir.display()
        ));
    }
    let mut bad = Vec::new();
    for set in sets {
        for check in verify(set, data_dir) {
            let state = match &check.state {
                FileState::Ok => "ok".to_owned(),
                FileState::Unpinned(digest) => format!("not pinned: SHA-256 {digest}"),
                FileState::Missing => "missing".to_owned(),
                FileState::Unreadable(reason) => format!("unreadable: {reason}"),
                FileState::Wrong { expected, found } => {
                    format!("wrong: {found} where the catalogue has {expected}")
                }
            };
            say(&format!("{}/{}: {state}\n", set.name, check.name))?;
            let is_good = matches!(check.state, FileState::Ok | FileState::Unpinned(_));
            if !is_good && bad.last() != Some(&set.name.as_str()) {
                bad.push(&set.name);
            }
        }
    }
    match bad.is_empty() {
        true => Ok(()),
        false => {
            Err(CliError::new(Exit::Failed, format!("not as in the catalogue: {}", bad.join(", ")))
                .hint(format!("jem data fetch {}", bad.join(" "))))
        }
    }
}

/// Writes to standard output; a reader that has gone (`| head`) is no failure.
pub(super) fn say(text: &str) -> Result<(), CliError> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::new(Exit::Failed, format!("the output could not be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Draws a fetch on standard error: a bar on a terminal, plain lines elsewhere.
struct Bar {
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Bar {
    fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), bar: None }
    }
}

impl FetchProgress for Bar {
    fn begin(&mut self, what: &str, total: Option<u64>) {
        if !self.terminal {
            let size = total.map(|total| format!(" ({})", DecimalBytes(total)));
            eprintln!("{what}{}", size.unwrap_or_default());
            return;
        }
        let (bar, template) = match total {
            Some(total) => (
                ProgressBar::new(total),
                "{wide_msg} {bar:24} {decimal_bytes}/{decimal_total_bytes} {eta}",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {wide_msg} {decimal_bytes} {elapsed}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bar = Some(bar);
    }

    fn advance(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    fn note(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
