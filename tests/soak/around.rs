//! What can happen around a run: to its store and to its terminal.

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::faults::{Dice, Struck, end, let_end, signal, wait};
use crate::sweep::Sweep;

#[derive(Clone, Copy, Debug)]
pub enum Around {
    CollectGarbage,
    RenameStore,
    CloseTerminal,
    FullTerminal,
    StuckTerminal,
    PlantFifo,
}

impl Around {
    pub fn name(self) -> &'static str {
        match self {
            Self::CollectGarbage => "jem store gc --all --yes under a run",
            Self::RenameStore => "the store is renamed under a run",
            Self::CloseTerminal => "the terminal is closed",
            Self::FullTerminal => "the terminal takes nothing more (/dev/full)",
            Self::StuckTerminal => "nobody reads the terminal, and the run is preempted",
            Self::PlantFifo => "a FIFO stands in the place of a file of the store",
        }
    }

    /// As [`crate::faults::Fault::strike`].
    pub fn strike(self, sweep: &Sweep, results: &str, dice: &mut Dice) -> Struck {
        let instant = Duration::from_millis(dice.below(2500));
        match self {
            Self::CollectGarbage => {
                let mut run = sweep.start(results);
                let running = wait(&mut run, instant);
                // Everything is as young as the sweep, and so is to stay.
                sweep.sandbox.jem(&["store", "gc", "--all", "--yes", "--results", results]);
                let_end(&mut run, sweep, results, running)
            }
            Self::RenameStore => rename_store(sweep, results, instant),
            Self::CloseTerminal => {
                let (reader, writer) = std::io::pipe().unwrap();
                let again = writer.try_clone().unwrap();
                let mut run = sweep.start_saying(results, writer.into(), again.into());
                let running = wait(&mut run, instant);
                drop(reader);
                let_end(&mut run, sweep, results, running)
            }
            Self::FullTerminal => {
                let full = || fs::File::options().write(true).open("/dev/full").unwrap();
                let mut run = sweep.start_saying(results, full().into(), full().into());
                let running = wait(&mut run, instant);
                let_end(&mut run, sweep, results, running)
            }
            Self::StuckTerminal => {
                let (reader, writer) = full_pipe();
                let again = writer.try_clone().unwrap();
                let mut run = sweep.start_saying(results, writer.into(), again.into());
                let running = wait(&mut run, instant);
                signal(run.id(), "-TERM");
                let struck = let_end(&mut run, sweep, results, running);
                drop(reader);
                struck
            }
            Self::PlantFifo => plant_fifo(sweep, results, instant, dice),
        }
    }
}

/// A pipe that takes nothing more until somebody reads it.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'.'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

fn rename_store(sweep: &Sweep, results: &str, instant: Duration) -> Struck {
    let (store, away) = (sweep.path(results), sweep.path(&format!("{results}-away")));
    let mut run = sweep.start(results);
    let running = wait(&mut run, instant);
    let renamed = fs::rename(&store, &away).is_ok();
    let struck = let_end(&mut run, sweep, results, running);
    if renamed {
        // What was made at its old place meanwhile is whole, and not wanted.
        let _ = fs::remove_dir_all(&store);
        fs::rename(&away, &store).unwrap();
    }
    struck
}

fn plant_fifo(sweep: &Sweep, results: &str, instant: Duration, dice: &mut Dice) -> Struck {
    let mut run = sweep.start(results);
    let running = wait(&mut run, instant);
    let planted = dice.choose(places(sweep, results)).filter(|path| replace_by_fifo(path));
    // It may be that nothing can be done about it; the run is to say so.
    let mut struck = let_end(&mut run, sweep, results, running);
    if let Some(path) = planted {
        let is_fifo =
            |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_fifo());
        // Nothing that jem offers waits for it either.
        let mut fsck = sweep.sandbox.command(&["store", "fsck", "--results", results]);
        let mut fsck = fsck.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        struck.hung |= wait(&mut fsck, Duration::from_secs(60));
        end(&mut fsck);
        if is_fifo(&path) {
            fs::remove_file(&path).unwrap();
        }
    }
    struck
}

/// Where a FIFO is planted: files of runs that are not done, those that such
/// runs will write, and leases.
fn places(sweep: &Sweep, results: &str) -> Vec<PathBuf> {
    let store = sweep.path(results);
    let mut found = crate::faults::unfinished(&store);
    for run in sweep.runs() {
        let manifest = store.join("runs").join(run.to_string()).join("manifest.json");
        if !manifest.exists() {
            found.push(manifest);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether it could be put there: what it replaces may be in use.
fn replace_by_fifo(path: &Path) -> bool {
    let _ = fs::create_dir_all(path.parent().unwrap());
    let _ = fs::remove_file(path);
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).is_ok()
}
