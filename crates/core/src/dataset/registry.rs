//! Packages of the registries, fetched by the registries' own clients. Which
//! servers those ask is the machine's settings, not ours. Nothing is installed
//! and no script of a package is run.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::archive::Archive;
use super::client::Group;
use super::fetch::FetchProgress;
use crate::durable;

/// How long a client may take.
const LIMIT: Duration = Duration::from_secs(1800);
/// How many of a failed client's last lines are shown.
const SHOWN_LINES: usize = 4;

/// Fetches an npm package into `scratch`. The error is a reason in words.
pub(super) fn npm(
    package: &str,
    version: &str,
    scratch: &Path,
    progress: &mut dyn FetchProgress,
) -> Result<Archive, String> {
    let spec = format!("{package}@{version}");
    let args = ["pack", &spec, "--ignore-scripts", "--loglevel=error", "--logs-max=0"];
    client(&["npm"], &args, scratch, progress)?;
    find(scratch, "tgz").map(Archive::TarGz)
}

/// Fetches a Debian package into `scratch` and unwraps its tar, which must
/// stay a tar: only named members are read from it.
pub(super) fn debian(
    package: &str,
    version: &str,
    scratch: &Path,
    progress: &mut dyn FetchProgress,
) -> Result<Archive, String> {
    let spec = format!("{package}={version}");
    client(&["apt-get"], &["download", &spec], scratch, progress)?;
    let deb = find(scratch, "deb")?;
    let tar = scratch.join("content.tar");
    let mut command = Command::new("dpkg-deb");
    command.arg("--fsys-tarfile").arg(&deb).current_dir(scratch);
    command.stdout(File::create(&tar).map_err(|error| error.to_string())?);
    wait(command, "dpkg-deb --fsys-tarfile", scratch, progress)
        .map_err(|failure| failure.reason)?;
    Ok(Archive::Tar(tar))
}

/// Fetches a wheel into `scratch`.
pub(super) fn pypi(
    package: &str,
    version: &str,
    scratch: &Path,
    progress: &mut dyn FetchProgress,
) -> Result<Archive, String> {
    let spec = format!("{package}=={version}");
    let args = [
        "download",
        "--no-deps",
        "--no-input",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        &spec,
    ];
    client(&["pip", "pip3"], &args, scratch, progress)?;
    find(scratch, "whl").map(Archive::Zip)
}

/// Runs the first of `programs` that is installed.
fn client(
    programs: &[&str],
    args: &[&str],
    scratch: &Path,
    progress: &mut dyn FetchProgress,
) -> Result<(), String> {
    for program in programs {
        let mut command = Command::new(program);
        command.args(args).current_dir(scratch).stdout(Stdio::null());
        let title = format!("{program} {}", args.join(" "));
        match wait(command, &title, scratch, progress) {
            Err(failure) if failure.not_installed => {}
            Err(failure) => return Err(failure.reason),
            Ok(()) => return Ok(()),
        }
    }
    Err(format!("`{}` is not installed", programs.join("` or `")))
}

struct Failure {
    not_installed: bool,
    reason: String,
}

/// Runs `command` until it ends or the time is up, telling how much has come. Its error output is kept in
/// a file, so that a talkative program cannot block, and shown when it fails.
fn wait(
    mut command: Command,
    title: &str,
    scratch: &Path,
    progress: &mut dyn FetchProgress,
) -> Result<(), Failure> {
    let failure = |reason: String| Failure { not_installed: false, reason };
    let io = |error: io::Error| failure(format!("`{title}`: {error}"));
    let log = scratch.join("client.log");
    command.stdin(Stdio::null()).stderr(File::create(&log).map_err(io)?);
    let (mut child, group) = Group::start(&mut command).map_err(|error| Failure {
        not_installed: error.kind() == io::ErrorKind::NotFound,
        reason: format!("`{title}` could not be started: {error}"),
    })?;
    progress.begin(title, None);
    let started = Instant::now();
    let mut seen = 0;
    let ended = loop {
        match group.has_ended() {
            Ok(true) => break Ok(()),
            Ok(false) if started.elapsed() > LIMIT => {
                break Err(failure(format!("`{title}` took more than {LIMIT:?}")));
            }
            Ok(false) => thread::sleep(Duration::from_millis(50)),
            Err(error) => break Err(io(error)),
        }
        let size = folder_size(scratch).max(seen);
        progress.advance(size - seen);
        seen = size;
    };
    drop(group);
    let status = child.wait().map_err(io);
    progress.end();
    ended?;
    let status = status?;
    if status.success() {
        return Ok(());
    }
    Err(failure(explain(title, status, &log)))
}

/// The bytes that a client has put into `folder` so far.
fn folder_size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

fn explain(title: &str, status: ExitStatus, log: &Path) -> String {
    let bytes = durable::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let shown = lines[lines.len().saturating_sub(SHOWN_LINES)..].join(" | ");
    format!("`{title}` failed ({status}): {shown}")
}

/// The one file in `folder` with this extension.
fn find(folder: &Path, extension: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new(extension)))
        .ok_or_else(|| format!("the client left no .{extension} file"))
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::fetch::Quiet;
    use super::*;

    #[test]
    fn a_client_that_is_not_installed_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            client(&["jem-no-such", "jem-none"], &[], folder.path(), &mut Quiet).unwrap_err();
        assert_eq!(error, "`jem-no-such` or `jem-none` is not installed");
    }

    #[test]
    fn a_failing_client_is_quoted_with_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let script = "for i in 1 2 3 4 5 6; do echo line $i >&2; done; exit 7";
        let error = client(&["sh"], &["-c", script], folder.path(), &mut Quiet).unwrap_err();
        assert!(error.contains("exit status: 7"), "{error}");
        assert!(error.ends_with("line 3 | line 4 | line 5 | line 6"), "{error}");
    }

    #[test]
    fn a_client_that_leaves_no_package_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        client(&["true"], &[], folder.path(), &mut Quiet).unwrap();
        assert!(find(folder.path(), "whl").unwrap_err().contains("no .whl"));
    }
}
