//! A worker that behaves as badly as a test wants: the test binary itself,
//! started again through a script, speaking the worker's protocol.

use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::time::Duration;

use jem_core::digest::Digest;
use jem_core::event::{Command, Event, FailureClass, Job, PROTOCOL};
use jem_core::provenance::Fingerprints;
use jem_core::results::Outcome;

use super::Sandbox;

/// Says which part the fake worker plays.
const PART: &str = "JEM_TEST_PART";

/// What a fake worker does once it has a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It beats and works until told to stop; then it leaves a checkpoint.
    Polite,
    /// It beats and works, and hears nothing.
    Deaf,
    /// It beats, but nothing gets done.
    StandsStill,
    /// It hears nothing, and something that it started outlives it and holds
    /// its outputs open: to the front, a process that no kill ends.
    Undead,
    /// Every trial fails with this class.
    Fails(FailureClass),
    /// It dies at once, before it is up.
    StillBorn,
    /// It says that each trial is finished, and writes nothing.
    Lies,
    /// It beats, and never reads what it is to do.
    ReadsNothing,
    /// It beats, and has closed its standard input.
    ClosesInput,
    /// It lives, and has closed its outputs.
    ClosesOutputs,
    /// It writes and writes, and ends no line.
    EndsNoLine,
    /// It never says a word.
    Mute,
}

const PARTS: [Part; 18] = [
    Part::Lies,
    Part::ReadsNothing,
    Part::ClosesInput,
    Part::ClosesOutputs,
    Part::EndsNoLine,
    Part::Mute,
    Part::Polite,
    Part::Deaf,
    Part::StandsStill,
    Part::Undead,
    Part::StillBorn,
    Part::Fails(FailureClass::BadInput),
    Part::Fails(FailureClass::Store),
    Part::Fails(FailureClass::DiskFull),
    Part::Fails(FailureClass::OutOfMemory),
    Part::Fails(FailureClass::GpuOutOfMemory),
    Part::Fails(FailureClass::Preempted),
    Part::Fails(FailureClass::Bug),
];

fn fingerprints() -> Fingerprints {
    Fingerprints { training: Digest::of(b"fake"), evaluation: Digest::of(b"fake too") }
}

impl Sandbox {
    /// Starts a front whose workers play `part`. The test file must have a
    /// test named `fake_worker` that calls [`play`].
    pub fn start_with(&self, part: Part, arguments: &[&str], more: &[(&str, &str)]) -> Child {
        let program = std::env::current_exe().unwrap().display().to_string();
        let known = serde_json::to_string(&fingerprints()).unwrap();
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = --fingerprints ]; then echo '{known}'; exit 0; fi\n\
             exec '{program}' --exact fake_worker --nocapture\n"
        );
        let path = self.path("worker.sh");
        // Once: a script that runs cannot be written.
        if !path.exists() {
            self.write("worker.sh", &script);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let name = format!("{part:?}");
        let path = path.display().to_string();
        let mut environment =
            vec![("JEM_WORKER", path.as_str()), (PART, name.as_str()), ("JEM_BACKOFF_MS", "10")];
        environment.extend(more);
        self.start(arguments, &environment)
    }
}

/// Plays the part that the environment names; returns where it names none.
pub fn play() {
    let Ok(part) = std::env::var(PART) else { return };
    let part = PARTS.into_iter().find(|known| format!("{known:?}") == part).unwrap();
    if part == Part::StillBorn {
        eprintln!("no such library");
        std::process::exit(1);
    }
    if part == Part::Undead {
        // In a session of its own, which the kill of this group does not reach.
        std::process::Command::new("setsid").args(["--fork", "sleep", "15"]).status().unwrap();
    }
    if part == Part::Mute {
        loop {
            std::thread::park();
        }
    }
    if part == Part::ClosesInput {
        // Before it is up, and so before the first order.
        close(0);
    }
    // The test harness may have begun a line of its own.
    println!();
    say(&Event::WorkerStarted {
        protocol: PROTOCOL,
        fingerprints: fingerprints(),
        libtorch: "none".to_owned(),
        cuda_devices: 0,
    });
    match part {
        Part::ReadsNothing | Part::ClosesInput => beat_on(),
        Part::ClosesOutputs => {
            close(1);
            close(2);
            loop {
                std::thread::park();
            }
        }
        Part::EndsNoLine => {
            let part = vec![b'x'; 1 << 16];
            for _ in 0..1024 {
                std::io::stdout().lock().write_all(&part).unwrap();
            }
            beat_on();
        }
        _ => {}
    }
    let (sender, commands) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            sender.send(serde_json::from_str::<Command>(&line.unwrap()).unwrap()).unwrap();
        }
        std::process::exit(0);
    });
    let mut job: Option<Box<Job>> = None;
    for beat in 0.. {
        match commands.recv_timeout(Duration::from_millis(50)) {
            Ok(Command::Run(given)) => {
                begin(&given);
                if part == Part::Lies {
                    say(&Event::TrialFinished {
                        trial: given.trial,
                        run: given.evaluation.run_id(),
                        outcome: Outcome::finished(1),
                        accuracy: Some(1.0),
                        seconds: 0.0,
                    });
                } else if let Part::Fails(class) = part {
                    let message = format!("its words for {}", class.name());
                    let trial = given.trial;
                    say(&Event::TrialFailed { trial, class, message });
                } else {
                    job = Some(given);
                }
            }
            Ok(Command::Stop | Command::Quit) if !matches!(part, Part::Deaf | Part::Undead) => {
                if let Some(job) = job {
                    let (trial, class) = (job.trial, FailureClass::Preempted);
                    say(&Event::CheckpointWritten { trial, step: 7, bytes: 1 });
                    say(&Event::TrialFailed { trial, class, message: "stopped".to_owned() });
                }
                std::process::exit(0);
            }
            _ => say(&Event::Beat { done: if part == Part::StandsStill { 0 } else { beat } }),
        }
    }
}

/// Beats, and does nothing else.
fn beat_on() -> ! {
    for done in 0.. {
        say(&Event::Beat { done });
        if done == 20 {
            // By now it was told what to do, unless it cannot be told.
            fs::write("beats", "").unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    unreachable!("it counts for ever")
}

/// Closes a standard stream, which nothing uses any more.
fn close(stream: i32) {
    use std::os::fd::FromRawFd;
    // SAFETY: it is open, and what std has of it is not used after this.
    drop(unsafe { fs::File::from_raw_fd(stream) });
}

fn begin(job: &Job) {
    let attempt = format!("runs/{}/attempts/1", job.evaluation.run_id());
    fs::create_dir_all(job.store.join(&attempt)).unwrap();
    let event = Event::TrialStarted { trial: job.trial, attempt: attempt.clone(), protocol: None };
    let mut line = serde_json::to_vec(&event).unwrap();
    line.push(b'\n');
    fs::write(job.store.join(attempt).join("events.jsonl"), line).unwrap();
    say(&event);
}

fn say(event: &Event) {
    let mut line = serde_json::to_vec(event).unwrap();
    line.push(b'\n');
    std::io::stdout().lock().write_all(&line).unwrap();
}
