//! `jem data`: what sets there are, fetching them, checking them.

use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use comfy_table::{Table, presets};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use jem_core::dataset::{
    DatasetError, Entry, FetchOutcome, FetchProgress, FileState, Format, Split, catalogue,
    end_clients, fetch, is_present, verify,
};

use crate::cli::open::print;
use crate::cli::signals::{self, InOrder};
use crate::cli::{CliError, Exit};
use crate::terminal;

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
    print(&text)
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
    let mut printed = Ok(());
    let signals = signals::in_order();
    end_clients_on_a_signal(signals);
    for set in sets {
        let size = size(set);
        let text = match fetch(set, data_dir, &mut bar) {
            Ok(FetchOutcome::Already) => format!("{}: already here ({size})\n", set.name),
            Ok(FetchOutcome::FetchedFrom(mirror)) => {
                format!("{}: fetched from {mirror} ({size})\n", set.name)
            }
            Err(error) => {
                failed.push(error.to_string());
                continue;
            }
        };
        // An output that takes nothing more does not end what is to be fetched.
        printed = printed.and(print(&text));
    }
    match failed.is_empty() {
        true => printed,
        false => Err(CliError::new(Exit::Failed, failed.join("\n"))),
    }
}

/// From here on a signal ends the registries' clients that run, with all that
/// they have started, and then this process. What they have left behind is
/// removed by the next fetch.
fn end_clients_on_a_signal(signals: InOrder) {
    std::thread::spawn(move || {
        loop {
            if let Some(exit) = signals.wish() {
                end_clients();
                let stopped = CliError::new(exit, "stopped; the sets that are whole are kept");
                stopped.hint("the same command, which fetches the rest").tell();
                std::process::exit(exit as i32);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

fn verify_all(sets: &[&Entry], data_dir: &Path) -> Result<(), CliError> {
    if sets.is_empty() {
        return print(&format!(
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
            print(&format!("{}/{}: {state}\n", set.name, check.name))?;
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

/// Draws a fetch on standard error: a bar on a terminal, plain lines elsewhere.
struct Bar {
    watched: bool,
    bar: Option<ProgressBar>,
}

impl Bar {
    fn new() -> Self {
        Self { watched: terminal::watched(), bar: None }
    }
}

impl FetchProgress for Bar {
    fn begin(&mut self, what: &str, total: Option<u64>) {
        if !self.watched {
            let size = total.map(|total| format!(" ({})", DecimalBytes(total)));
            terminal::note(&format!("{what}{}", size.unwrap_or_default()));
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
        bar.set_message(terminal::clean(what).into_owned());
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
            Some(bar) => bar.suspend(|| terminal::note(text)),
            None => terminal::note(text),
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
