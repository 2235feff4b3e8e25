//! `jem spec`: what an experiment file says, before anything is run.

use std::path::{Path, PathBuf};

use jem_core::plan::{Plan, Trial};
use jem_core::spec::{Length, schema, to_toml};

use super::notes::notes;
use super::open::{self, Folders};
use super::{CliError, Exit, planned};

/// What `jem spec` is asked.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum SpecCommand {
    /// Say all that is wrong with an experiment file, or how many trials it makes
    Check {
        /// The experiment's file
        spec: PathBuf,
    },
    /// Print the JSON Schema of experiment files, for an editor
    Schema,
    /// Print what a trial trains and evaluates, with nothing left to a preset
    Show {
        /// The experiment's file
        spec: PathBuf,
        /// The beginning of the trial's id, as `jem plan` lists it [default: the first trial's]
        trial: Option<String>,
    },
}

/// Checks, shows or describes experiment files.
///
/// # Errors
/// When the file is wrong, or has no such trial.
pub fn run(command: &SpecCommand, folders: &Folders) -> Result<(), CliError> {
    let text = match command {
        SpecCommand::Check { spec } => {
            let plan = planned::plan(spec, folders)?;
            check(&plan)
        }
        SpecCommand::Schema => format!("{:#}\n", schema()),
        SpecCommand::Show { spec, trial } => show(spec, trial.as_deref(), folders)?,
    };
    open::print(&text)
}

fn check(plan: &Plan) -> String {
    let experiment = &plan.experiment;
    let swept = match &plan.axes[..] {
        [] => "nothing is swept".to_owned(),
        axes => format!("swept: {}", axes.join(", ")),
    };
    let notes: String = notes(plan).iter().map(|note| format!("note: {note}\n")).collect();
    format!(
        "{}: trials: {}; expectations: {}; {swept}\n{notes}{}",
        experiment.name,
        plan.trials.len(),
        experiment.expect.len(),
        mean_weights_note(plan)
    )
}

/// The share of the first weights in the mean of the weights that is worth a
/// note.
const MUCH_OF_THE_START: f64 = 0.01;

/// A note where the mean of the weights that is evaluated still holds much of
/// the weights that training began with; else nothing.
fn mean_weights_note(plan: &Plan) -> String {
    let share = |trial: &Trial| {
        let spec = plan.spec_of(trial);
        let steps = match spec.training.train.length {
            Length::Steps(steps) => steps,
            Length::Epochs(_) => {
                let base = plan.experiment.file.parent().unwrap_or(Path::new(""));
                spec.training.updates(open::training_images(&spec, base)?)
            }
        };
        spec.training.train.ema_start_share(steps).filter(|share| *share > MUCH_OF_THE_START)
    };
    // The seeds of a cell follow each other and differ in nothing else.
    let mut last = None;
    let mut of_cell = |trial: &Trial| match last {
        Some((cell, share)) if cell == trial.cell => share,
        _ => {
            let found = share(trial);
            last = Some((trial.cell, found));
            found
        }
    };
    let shares: Vec<f64> = plan.trials.iter().filter_map(&mut of_cell).collect();
    let Some(largest) = shares.iter().copied().max_by(f64::total_cmp) else {
        return String::new();
    };
    format!(
        "note: in {} of {} trials the weights after the first step have up to {:.0} % of the mean \
         of the weights that is evaluated (train.ema); write train.ema_warmup = true, a smaller \
         train.ema, or more steps\n",
        shares.len(),
        plan.trials.len(),
        100.0 * largest
    )
}

fn show(file: &Path, id: Option<&str>, folders: &Folders) -> Result<String, CliError> {
    let plan = planned::plan(file, folders)?;
    let found = match id {
        Some(id) => plan.find(id),
        None => plan.trials.iter().take(1).collect(),
    };
    let Some(trial) = found.first() else {
        let message = format!("no trial of {} has an id {}…", file.display(), id.unwrap_or(""));
        let list = format!("jem plan {} lists the trials with their ids", file.display());
        return Err(CliError::new(Exit::BadInput, message).hint(list));
    };
    // One trial may have several evaluations; its first one is shown.
    if found.iter().any(|other| other.id != trial.id) {
        let ids: Vec<String> = found.iter().take(5).map(|trial| trial.id.short()).collect();
        let message = format!("{} trials have an id {}…", found.len(), id.unwrap_or_default());
        return Err(CliError::new(Exit::BadInput, message)
            .hint(format!("more of the id: {}, …", ids.join(", "))));
    }
    Ok(resolved(&plan, trial))
}

fn resolved(plan: &Plan, trial: &Trial) -> String {
    format!(
        "# trial {} of {}, cell {}: {}\n\n{}",
        trial.id.short(),
        plan.experiment.name,
        trial.cell.short(),
        open::label(plan, trial),
        to_toml(&plan.spec_of(trial))
    )
}
