//! What several verbs open: the plan, the worker, the keys.

use std::env;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jem_core::dataset::{Split, classes_of, count_of, default_data_dir, shape_of};
use jem_core::plan::{Plan, Trial};
use jem_core::provenance::{
    Code, Fingerprints, SourceError, SourceState, beside_with_parts, source_state,
};
use jem_core::spec::{Spec, SpecError};
use jem_core::store::Store;

use super::planned;
use super::{CliError, Exit};
use crate::schedule::{Keys, Status, end_with_us, trial_flops, withhold};
use crate::table::{self, Results, cell_label};
use crate::terminal;

/// The folders that the verbs work in.
#[derive(Clone, Debug, clap::Args)]
pub struct Folders {
    /// The store of results
    #[arg(long, global = true, env = "JEM_RESULTS", default_value = "results", value_name = "DIR")]
    pub results: PathBuf,
    /// The folder of datasets [default: the user's cache, jem/data]
    #[arg(long, global = true, env = "JEM_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Folders {
    /// The folder of datasets, absolute.
    pub fn data(&self) -> PathBuf {
        absolute(self.data.clone().unwrap_or_else(default_data_dir))
    }

    /// The state of the checkout that the command runs in, and the bytes its
    /// digests stand for; what jem itself writes or fetches is no part of it.
    /// A checkout that cannot be read is told on standard error and is
    /// unknown, which is not the same as none.
    pub fn source(&self) -> Option<(SourceState, Vec<Vec<u8>>)> {
        let state = env::current_dir().map_err(SourceError::from).and_then(|here| {
            source_state(&here, &[self.results(), self.data(), here.join("reports")])
        });
        state.unwrap_or_else(|error| {
            terminal::note(&format!(
                "warning: {error}; what is made now is marked `unknown-commit`"
            ));
            Some((SourceState::unknown(&error), Vec::new()))
        })
    }

    /// The store's folder, absolute.
    pub fn results(&self) -> PathBuf {
        absolute(self.results.clone())
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// What is wrong with the file at `path`, which is no correct experiment.
pub fn no_experiment(path: &Path, error: &SpecError) -> CliError {
    let file = path.display();
    CliError::rendered(Exit::BadInput, |colour| error.render(colour))
        .hint(format!("jem spec check {file}, or jem spec schema for all that is accepted"))
}

/// The worker binary and what it was built from.
pub fn worker() -> Result<(PathBuf, Fingerprints), CliError> {
    let (path, code, _) = worker_with_code()?;
    Ok((path, code.fingerprints))
}

/// The worker binary, the code that its numbers pass through, and the bytes of
/// the fingerprint file that says so.
pub fn worker_with_code() -> Result<(PathBuf, Code, Vec<u8>), CliError> {
    let beside_us = || {
        let exe = env::current_exe().ok()?;
        Some(exe.parent()?.join("jem-worker"))
    };
    let path = env::var_os("JEM_WORKER").map(PathBuf::from).or_else(beside_us).unwrap_or_default();
    if !path.is_file() {
        let message = format!("no worker binary at {}", path.display());
        return Err(CliError::new(Exit::Machine, message)
            .hint("cargo build, which builds it beside jem; or set JEM_WORKER to its path"));
    }
    let (code, text) = match beside_with_parts(&path) {
        Ok(known) if written_with(&path) => known,
        _ => ask(&path)?,
    };
    Ok((path, code, text))
}

/// Whether the file beside the worker is older than the worker, as a build
/// leaves them. A mere check of changed sources rewrites the file alone.
fn written_with(worker: &Path) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let file = time(&worker.with_extension("fingerprint.json"));
    matches!((file, time(worker)), (Some(file), Some(worker)) if file <= worker)
}

/// Asks the worker itself, which costs the time to load libtorch.
fn ask(worker: &Path) -> Result<(Code, Vec<u8>), CliError> {
    let mut command = Command::new(worker);
    withhold(&mut command);
    let said = output_of(end_with_us(command.arg("--fingerprints")));
    let failed = |why: String| {
        CliError::new(Exit::Machine, format!("{} does not start: {why}", worker.display()))
            .hint("just setup, which fetches libtorch, then cargo build")
    };
    let said = said.map_err(|error| failed(error.to_string()))?;
    if !said.status.success() {
        return Err(failed(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
    }
    let code = Code::parse(&said.stdout).map_err(|why| {
        let message = format!("{} says no fingerprint that is read here: {why}", worker.display());
        CliError::new(Exit::Machine, message)
            .hint("cargo build, so that jem and it are of one build")
    })?;
    Ok((code, said.stdout))
}

/// The most that a worker may say of what it was built from, in bytes.
const DESCRIBED: u64 = 16 << 20;

/// What `command` writes, which is no more than [`DESCRIBED`] to each output.
fn output_of(command: &mut Command) -> io::Result<Output> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let complaints = std::thread::spawn(move || read_some(err));
    let stdout = read_some(out);
    let stderr = complaints.join().unwrap_or_else(|_| Ok(Vec::new()));
    // One that has more to say is not waited for.
    if [&stdout, &stderr].iter().any(|read| read.as_ref().is_ok_and(|b| b.len() as u64 > DESCRIBED))
    {
        child.kill()?;
        child.wait()?;
        return Err(io::Error::other(format!("it says more than {DESCRIBED} bytes")));
    }
    Ok(Output { status: child.wait()?, stdout: stdout?, stderr: stderr? })
}

fn read_some(from: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(DESCRIBED + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Prints `text`, as every verb does: see [`terminal::print`].
///
/// # Errors
/// When the output cannot be written, and its reader has not just left.
pub fn print(text: &str) -> Result<(), CliError> {
    Ok(terminal::print(text)?)
}

/// Where every trial of `plan` stands in the store at `results`.
pub fn statuses(keys: &Keys<'_>, results: &Path) -> Result<Vec<Status>, CliError> {
    Ok(keys.statuses(&Store::open(results)?)?)
}

/// What the store holds of the experiment at `spec`, and the store.
pub fn results(spec: &Path, folders: &Folders) -> Result<(Results, Store), CliError> {
    let plan = planned::plan(spec, folders)?;
    let (_, fingerprints) = worker()?;
    let data = folders.data();
    let keys = plan.keys(fingerprints, &data)?;
    let store = Store::open(&folders.results())?;
    let results = table::load(&plan, &keys, &store)?;
    if results.trials.is_empty() {
        let file = spec.display();
        let message = format!("no trial of {file} is done with this build and these data");
        return Err(CliError::new(Exit::BadInput, message)
            .hint(format!("jem run {file}, or jem plan {file} to see what is there")));
    }
    Ok((results, store))
}

/// How much work a trial is, in multiply-adds.
pub fn work(spec: &Spec) -> f64 {
    let train = &spec.training.data.train;
    let shape = shape_of(train).unwrap_or([1, 28, 28]);
    let classes = classes_of(train).unwrap_or(10);
    // Only an estimate of time hangs on this: a user's own set counts as MNIST.
    let known = train.catalogue_name().and_then(|_| training_images(spec, Path::new("")));
    trial_flops(spec, shape, classes, known.unwrap_or(60_000) as usize)
}

/// Images of the training split, before any hold-out, of files named from `base`;
/// none where they cannot be counted.
pub fn training_images(spec: &Spec, base: &Path) -> Option<u64> {
    count_of(&spec.training.data.train.based_on(base), Split::Train).ok().flatten()
}

/// `lambda=0.1 seed=2`; where it has a name, `label smoothing seed=2`.
pub fn label(plan: &Plan, trial: &Trial) -> String {
    let (axes, values) = (plan.told_axes(), plan.told_values(trial));
    let seed = format!("seed={}", trial.seed);
    match values.iter().all(serde_json::Value::is_null) {
        true => seed,
        false => format!("{} {seed}", cell_label(&axes, &values)),
    }
}
