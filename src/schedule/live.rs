//! What lives while trials run: worker processes, their clocks and words, and
//! the waits that are on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use jem_core::event::{Command, Event, FailureClass, Job, PROTOCOL};
use jem_core::store::record_failure;

use super::claims::{self, Answer};
use super::dispatcher::{Dispatch, Observer, Setback};
use super::orders::Unsent;
use super::outputs::{LONGEST_LINE, with_last_words};
use super::place::{LOG, Place, log_line};
use super::policy::backoff;
use super::watch::{Alarm, Watch};
use super::worker::{Heard, News, Worker};
use super::{Action, Input, SlotIndex, State, TrialIndex};

/// How often wishes, clocks and waits are looked at while no worker says
/// anything.
const PATIENCE: Duration = Duration::from_millis(100);
/// News that are taken in until wishes and clocks are looked at: a worker that
/// writes without end keeps nobody from being heard.
const NEWS: usize = 1000;
/// How often the leases are asked whether another process took one over.
const LOST: Duration = Duration::from_secs(1);

/// All that lives.
pub struct Live<'a> {
    dispatch: &'a Dispatch<'a>,
    places: Vec<Place>,
    generation: u64,
    /// The folder of each trial's last attempt.
    attempts: BTreeMap<TrialIndex, PathBuf>,
    records: Records,
    due: Vec<(Instant, TrialIndex)>,
    next_poll: Instant,
    polls: u32,
    next_lost: Instant,
    waiting: BTreeMap<String, usize>,
    sender: SyncSender<News>,
}

/// What is remembered of trials.
#[derive(Default)]
pub struct Records {
    /// Attempts that were followed by another.
    pub setbacks: BTreeMap<TrialIndex, Vec<Setback>>,
    /// Trials that failed for good.
    pub failed: BTreeMap<TrialIndex, Setback>,
    /// Trials with a checkpoint.
    pub checkpointed: BTreeSet<TrialIndex>,
    /// Trials that diverged.
    pub diverged: BTreeSet<TrialIndex>,
}

impl<'a> Live<'a> {
    /// Nothing yet.
    pub fn new(dispatch: &'a Dispatch<'a>, sender: SyncSender<News>) -> Self {
        let now = Instant::now();
        Self {
            dispatch,
            places: dispatch.slots.iter().map(|_| Place::new(now)).collect(),
            generation: 0,
            attempts: BTreeMap::new(),
            records: Records::default(),
            due: Vec::new(),
            next_poll: now + dispatch.timing.poll,
            polls: 0,
            next_lost: now + LOST,
            waiting: BTreeMap::new(),
            sender,
        }
    }

    /// What is remembered when all is over.
    pub fn into_records(self) -> Records {
        self.records
    }

    /// See [`Watch::forgive`].
    pub fn forgive(&mut self, gap: Duration) {
        self.places.iter_mut().for_each(|place| place.watch.forgive(gap));
    }

    /// Waits a little for news, and takes in those there are until one of them
    /// is an input.
    pub fn listen(
        &mut self,
        news: &Receiver<News>,
        observer: &mut dyn Observer,
        inputs: &mut VecDeque<Input>,
    ) {
        match news.recv_timeout(PATIENCE) {
            Ok(first) => {
                inputs.extend(self.hear(first, observer));
                for more in news.try_iter().take(NEWS) {
                    inputs.extend(self.hear(more, observer));
                    if !inputs.is_empty() {
                        break;
                    }
                }
            }
            // `self.sender` lives, so the channel cannot be disconnected.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => observer.tick(),
        }
    }

    /// Turns news into an input, tells the observer and keeps the log.
    fn hear(&mut self, news: News, observer: &mut dyn Observer) -> Option<Input> {
        let (slot, now) = (news.slot, Instant::now());
        let place = &mut self.places[slot];
        if place.worker.as_ref().map(|worker| worker.generation) != Some(news.generation) {
            return None;
        }
        place.watch.heard(now);
        match news.heard {
            Heard::Said(event) => {
                match *event {
                    Event::Beat { done } => place.watch.beat(now, done),
                    _ => place.watch.moved(now),
                }
                let trial = place.running;
                // A trial counts by what is in the store, not by what is said.
                if let (Event::TrialFinished { .. }, Some(trial)) = (&*event, trial)
                    && let Err(why) =
                        claims::check_result(self.dispatch.store, &self.dispatch.jobs[trial])
                {
                    self.places[slot].over();
                    return Some(Input::Failed(slot, FailureClass::Store, why));
                }
                observer.event(&self.dispatch.slots[slot], trial, &event);
                self.on_event(slot, *event)
            }
            Heard::Wrote(line) => {
                place.keep(line);
                None
            }
            Heard::Flooded => {
                let how = format!(
                    "the worker wrote more than {LONGEST_LINE} bytes without ending the line, and \
                     was killed"
                );
                place.end(FailureClass::WorkerDied, how);
                None
            }
            Heard::Refused(error) => {
                place.end(FailureClass::WorkerDied, unheard(&error));
                None
            }
            Heard::Ended => {
                let worker = place.worker.take()?;
                let ours = place.ended_for.take();
                let (class, how) = worker.how_it_ended(&place.last_words, ours);
                let how = with_last_words(&how, &place.last_words);
                place.last_words.clear();
                Some(Input::Exited(slot, class, how))
            }
        }
    }

    fn on_event(&mut self, slot: SlotIndex, event: Event) -> Option<Input> {
        let place = &mut self.places[slot];
        match event {
            Event::WorkerStarted { protocol, fingerprints, .. } => {
                if protocol == PROTOCOL && fingerprints == self.dispatch.fingerprints {
                    return Some(Input::Started(slot));
                }
                let how = "the worker is not the one that the build described; try: cargo build";
                place.end(FailureClass::BadInput, how.to_owned());
                None
            }
            Event::TrialStarted { attempt, .. } => {
                let trial = place.running?;
                // A worker says where it writes, and is not believed blindly.
                let run = self.dispatch.jobs[trial].evaluation.run_id();
                let folder = self.dispatch.store.attempt_path(run, &attempt)?;
                place.log_into(folder.clone());
                self.attempts.insert(trial, folder);
                None
            }
            Event::CheckpointWritten { .. } | Event::Resumed { .. } => {
                self.records.checkpointed.extend(place.running);
                None
            }
            Event::TrialFinished { outcome, .. } => {
                if outcome.diverged() {
                    self.records.diverged.extend(place.running);
                }
                place.over();
                Some(Input::Finished(slot))
            }
            Event::TrialFailed { class, message, .. } => {
                place.over();
                Some(Input::Failed(slot, class, message))
            }
            _ => None,
        }
    }

    /// Looks at clocks, waits and what other processes hold.
    pub fn look(
        &mut self,
        state: &State,
        observer: &mut dyn Observer,
        inputs: &mut VecDeque<Input>,
    ) {
        let now = Instant::now();
        for slot in 0..self.places.len() {
            inputs.extend(self.alarm(slot, now));
        }
        let (due, later) = self.due.iter().partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(Instant, TrialIndex)> = due;
        inputs.extend(due.into_iter().map(|(_, trial)| Input::Due(trial)));
        if now >= self.next_lost {
            self.next_lost = now + LOST;
            self.lost(inputs);
        }
        if now >= self.next_poll {
            self.next_poll = now + self.dispatch.timing.poll + self.jitter();
            self.poll(state, inputs);
        }
        let mut places = BTreeMap::new();
        for place in state.elsewhere().values() {
            *places.entry(place.clone()).or_default() += 1;
        }
        if places != self.waiting {
            observer.waiting(&places);
            self.waiting = places;
        }
    }

    fn alarm(&mut self, slot: SlotIndex, now: Instant) -> Option<Input> {
        let place = &mut self.places[slot];
        place.worker.as_ref()?;
        Some(match place.watch.check(now, &self.dispatch.timing)? {
            Alarm::Silent(gap) => {
                let seconds = gap.as_secs_f64();
                let message = format!("the worker said nothing for {seconds:.0} s and was killed");
                place.ended_for = Some((FailureClass::Stalled, message.clone()));
                Input::Stalled(slot, message)
            }
            Alarm::StandsStill(gap) => {
                let minutes = gap.as_secs_f64() / 60.0;
                let message =
                    format!("the worker did nothing for {minutes:.0} minutes and was killed");
                Input::Stalled(slot, message)
            }
            Alarm::Overdue(timeout) => {
                let message = format!(
                    "it took longer than resources.timeout = {}; its last checkpoint is kept, and \
                     with a longer resources.timeout the same command goes on from there",
                    timeout.as_secs()
                );
                Input::Overdue(slot, message)
            }
            Alarm::GraceOver => Input::GraceOver(slot),
            Alarm::Undead(gap) => {
                // What it still says is another generation's, and not heard.
                let pid = place.worker.take().map_or(0, |worker| worker.pid());
                let seconds = gap.as_secs_f64();
                let message = format!(
                    "worker process {pid} was killed {seconds:.0} s ago and has not ended: the \
                     kernel waits for a device or a file server on its behalf, or something that \
                     it started holds its outputs"
                );
                Input::Undead(slot, message)
            }
        })
    }

    /// Up to as long again as the poll, so that processes started together do
    /// not look together for ever.
    fn jitter(&mut self) -> Duration {
        self.polls = self.polls.wrapping_add(1);
        let mixed = (std::process::id() ^ self.polls.rotate_left(16)).wrapping_mul(0x9E37_79B1);
        self.dispatch.timing.poll * (mixed >> 24) / 256
    }

    fn poll(&self, state: &State, inputs: &mut VecDeque<Input>) {
        if state.elsewhere().is_empty() {
            return;
        }
        for trial in state.elsewhere().keys() {
            // What cannot be read now is found by the claim, which says so.
            if claims::is_done(self.dispatch.store, &self.dispatch.jobs[*trial]).unwrap_or(false) {
                inputs.push_back(Input::Done(*trial));
            }
        }
        inputs.push_back(Input::Poll);
    }

    /// Leases of ours that another process took over, because this one looked
    /// dead for a while.
    fn lost(&self, inputs: &mut VecDeque<Input>) {
        let lost = self.dispatch.leases.lost();
        for (slot, place) in self.places.iter().enumerate() {
            let run = place.running.map(|trial| self.dispatch.jobs[trial].training.run_id());
            if run.is_some_and(|run| lost.contains(&run)) {
                inputs.push_back(Input::Lost(slot, "another process".to_owned()));
            }
        }
    }

    /// Tells the observer of inputs that no worker said.
    pub fn note(&self, input: &Input, state: &State, observer: &mut dyn Observer) {
        if let Input::Done(trial) = input
            && !state.done_by_others().contains(trial)
        {
            observer.done_elsewhere(*trial);
        }
    }

    /// Does what the state asks for.
    pub fn act(
        &mut self,
        actions: Vec<Action>,
        state: &State,
        observer: &mut dyn Observer,
        inputs: &mut VecDeque<Input>,
    ) {
        let (now, timing) = (Instant::now(), &self.dispatch.timing);
        for action in actions {
            match action {
                Action::Claim(slot, trial) => inputs.push_back(self.claim(slot, trial)),
                Action::Release(trial) => {
                    // A lease that cannot be released is stale once this
                    // process is gone.
                    let run = self.dispatch.jobs[trial].training.run_id();
                    let _ = self.dispatch.leases.release(run);
                }
                Action::Start(slot) => self.start(slot, inputs),
                Action::Give(slot, trial) => inputs.extend(self.give(slot, trial)),
                Action::Dismiss(slot) => self.places[slot].ask(&Command::Quit, now, timing.grace),
                Action::Stop(slot) => {
                    let ends = state.end().is_some();
                    let grace = if ends { timing.grace } else { timing.short_grace };
                    self.places[slot].ask(&Command::Stop, now, grace);
                }
                Action::Kill(slot) => {
                    if self.places[slot].worker.is_none() {
                        let class = FailureClass::WorkerDied;
                        inputs.push_back(Input::Exited(slot, class, String::new()));
                    }
                    self.places[slot].kill();
                }
                Action::Retry(trial, class, message, number) => {
                    let wait = backoff(timing.backoff, number);
                    let setback = self.setback(trial, class, message);
                    observer.retry(trial, &setback, wait);
                    self.records.setbacks.entry(trial).or_default().push(setback);
                    self.due.push((now + wait, trial));
                }
                Action::Report(trial, class, message) => {
                    let setback = self.setback(trial, class, message);
                    observer.failed(trial, &setback);
                    self.records.failed.insert(trial, setback);
                }
            }
        }
    }

    fn claim(&self, slot: SlotIndex, trial: TrialIndex) -> Input {
        let Dispatch { store, leases, jobs, .. } = self.dispatch;
        match claims::claim(store, leases, &jobs[trial]) {
            Answer::Held => Input::Claimed(slot),
            Answer::Taken(place) => Input::Taken(slot, place),
            Answer::Done => Input::Done(trial),
            Answer::Unable(class, message) => Input::Unclaimed(slot, class, message),
        }
    }

    fn start(&mut self, slot: SlotIndex, inputs: &mut VecDeque<Input>) {
        self.generation += 1;
        let place = &mut self.places[slot];
        (place.running, place.ended_for) = (None, None);
        place.begin();
        let binary = self.dispatch.binary;
        let named = (slot, &self.dispatch.slots[slot]);
        match Worker::start(binary, named, self.generation, &self.sender) {
            Ok(worker) => {
                (place.worker, place.watch) = (Some(worker), Watch::new(Instant::now()));
            }
            Err(error) => {
                let how = format!("{}: {error}", binary.display());
                inputs.push_back(Input::Exited(slot, FailureClass::WorkerDied, how));
            }
        }
    }

    /// Gives `trial` to the worker in `slot`; an input where that cannot be.
    fn give(&mut self, slot: SlotIndex, trial: TrialIndex) -> Option<Input> {
        let place = &mut self.places[slot];
        let job = &self.dispatch.jobs[trial];
        place.running = Some(trial);
        place.begin();
        self.attempts.remove(&trial);
        place.watch.given(Instant::now(), job.spec.resources.timeout.map(Duration::from_secs));
        match place.worker.as_ref()?.send(&Command::Run(Box::new(job.clone()))) {
            Ok(()) => None,
            Err(unsent @ Unsent::Unwritable(_)) => {
                place.over();
                Some(Input::Failed(slot, FailureClass::BadInput, unwritable(&unsent, job)))
            }
            Err(unsent) => {
                place.end(FailureClass::WorkerDied, format!("{unsent}, and was killed"));
                None
            }
        }
    }

    /// The setback, written beside and into the log of the trial's last attempt
    /// too: a worker that was killed has told nobody.
    fn setback(&self, trial: TrialIndex, class: FailureClass, message: String) -> Setback {
        let log = self.attempts.get(&trial).map(|attempt| {
            log_line(attempt, &format!("{}: {message}", class.name()));
            // Where the disk is full it cannot be kept, and is told all the same.
            let _ = record_failure(attempt, class, &message);
            attempt.join(LOG)
        });
        Setback { class, message, log }
    }
}

/// That the worker did not take an order.
fn unheard(error: &std::io::Error) -> String {
    format!("the worker takes no more orders ({error}) and was killed")
}

/// That `job` cannot be written down, with what is likely to be why.
fn unwritable(unsent: &Unsent, job: &Job) -> String {
    let paths = [&job.store, &job.data, &job.base];
    let odd = paths.into_iter().find(|path| path.to_str().is_none());
    let why = odd.map_or_else(String::new, |path| {
        format!("; {} is no UTF-8 text\n  try: a folder with another name", path.display())
    });
    format!("{unsent}{why}")
}
