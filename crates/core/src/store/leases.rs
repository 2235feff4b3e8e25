//! One process's view of the leases of a store.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::lease::{Lease, Standing};
use super::{Holder, Life, Store, StoreError};
use crate::id::RunId;

/// How often a holder shows that it lives.
const BEAT: Duration = Duration::from_secs(2);

/// How long a holder on another machine may stand still.
const STALE: Duration = Duration::from_secs(20);

/// Replaces [`STALE`], in seconds: for tests.
const STALE_SECONDS: &str = "JEM_LEASE_STALE_SECONDS";

/// A lease that others take faster than one can look is busy.
const LOOKS: u32 = 16;

/// One process's view of the leases of a store. A thread of its own beats for
/// those that it holds, until this is dropped: then all are released.
///
/// Whether a holder lives is judged without comparing clocks. One on this
/// machine is looked up among the processes. One elsewhere is watched: when
/// its counter did not move for the limit, by the clock of this process, it is
/// taken to be dead. So a lease of another machine is never taken at the first
/// look; ask again until it is.
#[derive(Debug)]
pub struct Leases {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours.
    Held,
    /// Another has it.
    Busy(Holder),
}

#[derive(Debug)]
struct Shared {
    store: Store,
    holder: Holder,
    beat: Duration,
    stale: Duration,
    state: Mutex<State>,
    /// Held while the files of a held lease are touched, so that no beat comes
    /// after a release. Taken before `state`, never within it.
    touching: Mutex<()>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    held: BTreeMap<RunId, Held>,
    watched: HashMap<RunId, Watched>,
    /// When this process last ran, as the thread or a claim saw it.
    round: Instant,
    stopping: bool,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    generation: u64,
    beats: u64,
    lost: bool,
}

#[derive(Debug)]
struct Watched {
    standing: Standing,
    since: Instant,
}

enum Verdict {
    /// Nobody has it.
    Free,
    /// It is ours already, by this generation.
    Ours(u64),
    Busy(Holder),
}

impl Leases {
    /// The leases of `store`, held by this process with the usual timing: a
    /// beat every 2 s, stale after 20 s or what JEM_LEASE_STALE_SECONDS says.
    pub fn new(store: &Store) -> Self {
        let stale = Self::stale_after();
        Self::with(store, Holder::me(), BEAT.min(stale / 5), stale)
    }

    /// As [`Leases::new`], for a process that sweeps the store: who counts on a
    /// run under one of these leases had better wait.
    pub(super) fn sweeping(store: &Store) -> Self {
        let (holder, stale) = (Holder { sweeps: true, ..Holder::me() }, Self::stale_after());
        Self::with(store, holder, BEAT.min(stale / 5), stale)
    }

    /// How long a holder on another machine may stand still: 20 s, or what
    /// JEM_LEASE_STALE_SECONDS says.
    pub fn stale_after() -> Duration {
        let told = std::env::var(STALE_SECONDS).ok().and_then(|text| text.parse::<f64>().ok());
        let told = told.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        told.filter(|stale| !stale.is_zero()).unwrap_or(STALE)
    }

    /// The leases of `store`, held by `holder`, which beats every `beat` and
    /// waits `stale` (several beats) for others.
    pub fn with(store: &Store, holder: Holder, beat: Duration, stale: Duration) -> Self {
        let state = State {
            held: BTreeMap::new(),
            watched: HashMap::new(),
            round: Instant::now(),
            stopping: false,
        };
        let shared = Arc::new(Shared {
            store: store.clone(),
            holder,
            beat,
            stale,
            state: Mutex::new(state),
            touching: Mutex::new(()),
            wake: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        // Without the thread nothing beats: others may then run what we run,
        // which costs time and nothing else.
        let named = std::thread::Builder::new().name("leases".to_owned());
        let thread = named.spawn(move || theirs.keep()).ok();
        Self { shared, thread }
    }

    /// Who holds what is claimed here.
    pub fn holder(&self) -> &Holder {
        &self.shared.holder
    }

    /// Asks for the lease of `run`. Having got it, look whether the run was
    /// done meanwhile. Asking for one that is held already is no error.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn claim(&self, run: RunId) -> Result<Claim, StoreError> {
        if self.shared.state().held.get(&run).is_some_and(|held| !held.lost) {
            return Ok(Claim::Held);
        }
        let lease = Lease::new(&self.shared.store, run);
        for _ in 0..LOOKS {
            let standing = lease.look()?;
            match self.shared.judge(run, standing.as_ref()) {
                Verdict::Busy(holder) => return Ok(Claim::Busy(holder)),
                Verdict::Ours(generation) => return Ok(self.shared.hold(run, generation)),
                Verdict::Free => {
                    if let Some(generation) = lease.take(standing.as_ref(), self.holder())? {
                        return Ok(self.shared.hold(run, generation));
                    }
                }
            }
        }
        Ok(Claim::Busy(Holder::unknown()))
    }

    /// Gives the lease of `run` back. Does nothing where it is not held, or
    /// was lost.
    ///
    /// # Errors
    /// When the file system says no; nothing beats for it any more, so others
    /// find it stale in time.
    pub fn release(&self, run: RunId) -> Result<(), StoreError> {
        let _touching = self.shared.touching();
        let Some(held) = self.shared.state().held.remove(&run) else { return Ok(()) };
        let lease = Lease::new(&self.shared.store, run);
        if held.lost || lease.lost(held.generation, self.holder()) {
            return Ok(());
        }
        lease.release(held.generation, self.holder())
    }

    /// Removes all traces of the lease of `run`, which must be held here: for
    /// runs that are done or no longer wanted.
    ///
    /// # Errors
    /// When the file system says no; the lease is then still there.
    pub fn forget(&self, run: RunId) -> Result<(), StoreError> {
        let _touching = self.shared.touching();
        let held = self.shared.state().held.get(&run).copied();
        let Some(held) = held.filter(|held| !held.lost) else { return Ok(()) };
        let lease = Lease::new(&self.shared.store, run);
        if !lease.lost(held.generation, self.holder()) {
            lease.forget(held.generation)?;
        }
        self.shared.state().held.remove(&run);
        Ok(())
    }

    /// The leases of ours that another took over, since it found them stale:
    /// what runs under them runs twice and had better stop. Each is named
    /// until it is released or claimed again.
    pub fn lost(&self) -> Vec<RunId> {
        self.shared.look_after_held(false);
        let state = self.shared.state();
        state.held.iter().filter(|(_, held)| held.lost).map(|(run, _)| *run).collect()
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.shared.state().stopping = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there is nothing to do about it.
            let _ = thread.join();
        }
        let held: Vec<RunId> = self.shared.state().held.keys().copied().collect();
        for run in held {
            // What cannot be released is found stale.
            let _ = self.release(run);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touching(&self) -> MutexGuard<'_, ()> {
        self.touching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, run: RunId, generation: u64) -> Claim {
        // A beat that cannot be written (a full disk) is not fatal.
        let _ = Lease::new(&self.store, run).beat(generation, 0);
        let mut state = self.state();
        state.watched.remove(&run);
        state.held.insert(run, Held { generation, beats: 0, lost: false });
        Claim::Held
    }

    fn judge(&self, run: RunId, standing: Option<&Standing>) -> Verdict {
        let Some(standing) = standing.filter(|standing| !standing.released) else {
            return Verdict::Free;
        };
        let holder = standing.holder();
        if holder.as_ref().is_some_and(|holder| holder.nonce == self.holder.nonce) {
            return Verdict::Ours(standing.generation);
        }
        if holder.as_ref().is_some_and(|holder| holder.life() == Life::Gone) {
            return Verdict::Free;
        }
        let mut state = self.state();
        state.forget_what_was_slept_through(self.stale);
        let now = Instant::now();
        state.round = now;
        let seen = Watched { standing: standing.clone(), since: now };
        let watched = state.watched.entry(run).or_insert(seen);
        if watched.standing != *standing {
            *watched = Watched { standing: standing.clone(), since: now };
        }
        if now.duration_since(watched.since) >= self.stale {
            return Verdict::Free;
        }
        Verdict::Busy(holder.unwrap_or_else(Holder::unknown))
    }

    /// Beats until told to stop.
    fn keep(&self) {
        loop {
            let state = self.state();
            let woken = self.wake.wait_timeout_while(state, self.beat, |state| !state.stopping);
            let (mut state, _) = woken.unwrap_or_else(PoisonError::into_inner);
            if state.stopping {
                return;
            }
            state.forget_what_was_slept_through(self.stale);
            state.round = Instant::now();
            drop(state);
            self.look_after_held(true);
        }
    }

    /// Finds out which of ours are lost; beats for the others. Files are
    /// touched without the state's lock, since a network file system may take
    /// long.
    fn look_after_held(&self, beat: bool) {
        let runs: Vec<RunId> = self.state().held.keys().copied().collect();
        for run in runs {
            let _touching = self.touching();
            let held = self.state().held.get(&run).copied();
            let Some(mut held) = held.filter(|held| !held.lost) else { continue };
            let lease = Lease::new(&self.store, run);
            held.lost = lease.lost(held.generation, &self.holder);
            if beat && !held.lost {
                held.beats += 1;
                let _ = lease.beat(held.generation, held.beats);
            }
            self.state().held.insert(run, held);
        }
    }
}

impl State {
    /// Begins to watch anew where this process did not run for long: those it
    /// watches may have been suspended with it, and must first have the time
    /// to show themselves.
    fn forget_what_was_slept_through(&mut self, stale: Duration) {
        if self.round.elapsed() > stale / 2 {
            self.watched.clear();
        }
    }
}
