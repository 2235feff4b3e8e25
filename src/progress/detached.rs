//! Progress drawn on a thread of its own: a terminal that takes nothing for a
//! while (Ctrl-S, a pipe that nobody reads) holds up no dispatcher.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use jem_core::event::Event;

use crate::schedule::{Observer, Setback, Slot, TrialIndex};

/// What waits to be drawn, at most. What comes while so much waits is not
/// drawn: progress is a picture of what happens, and the end is told from the
/// store.
const WAITING: usize = 4096;

/// How long the end waits for what is still to be drawn.
const LAST: Duration = Duration::from_secs(2);

/// One call of an observer.
enum Call {
    Event(Slot, Option<TrialIndex>, Event),
    Retry(TrialIndex, Setback, Duration),
    Failed(TrialIndex, Setback),
    DoneElsewhere(TrialIndex),
    Waiting(BTreeMap<String, usize>),
    Tick,
}

/// An observer whose calls return at once.
pub struct Detached {
    calls: Option<SyncSender<Call>>,
    over: Receiver<()>,
}

impl Detached {
    /// In front of the observer that `make` makes, on the thread that draws.
    pub fn new(make: impl FnOnce() -> Box<dyn Observer> + Send + 'static) -> Self {
        let (calls, waiting) = sync_channel(WAITING);
        let (ended, over) = channel();
        thread::spawn(move || {
            let mut observer = make();
            for call in waiting {
                make_call(observer.as_mut(), call);
            }
            drop(observer);
            // Nobody waits for a thread that was too late.
            let _ = ended.send(());
        });
        Self { calls: Some(calls), over }
    }

    fn call(&self, call: Call) {
        if let Some(calls) = &self.calls {
            // Full: it is not drawn, see `WAITING`.
            let _ = calls.try_send(call);
        }
    }
}

fn make_call(observer: &mut dyn Observer, call: Call) {
    match call {
        Call::Event(slot, trial, event) => observer.event(&slot, trial, &event),
        Call::Retry(trial, setback, wait) => observer.retry(trial, &setback, wait),
        Call::Failed(trial, setback) => observer.failed(trial, &setback),
        Call::DoneElsewhere(trial) => observer.done_elsewhere(trial),
        Call::Waiting(places) => observer.waiting(&places),
        Call::Tick => observer.tick(),
    }
}

impl Observer for Detached {
    fn event(&mut self, slot: &Slot, trial: Option<TrialIndex>, event: &Event) {
        self.call(Call::Event(slot.clone(), trial, event.clone()));
    }

    fn retry(&mut self, trial: TrialIndex, setback: &Setback, wait: Duration) {
        self.call(Call::Retry(trial, setback.clone(), wait));
    }

    fn failed(&mut self, trial: TrialIndex, setback: &Setback) {
        self.call(Call::Failed(trial, setback.clone()));
    }

    fn done_elsewhere(&mut self, trial: TrialIndex) {
        self.call(Call::DoneElsewhere(trial));
    }

    fn waiting(&mut self, places: &BTreeMap<String, usize>) {
        self.call(Call::Waiting(places.clone()));
    }

    fn tick(&mut self) {
        self.call(Call::Tick);
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        self.calls = None;
        // Where it takes longer, what is left is not drawn.
        let _ = self.over.recv_timeout(LAST);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Sends what is done elsewhere; stands still at each tick until it is let go.
    struct Slow {
        heard: std::sync::mpsc::Sender<TrialIndex>,
        go: Receiver<()>,
    }

    impl Observer for Slow {
        fn event(&mut self, _: &Slot, _: Option<TrialIndex>, _: &Event) {}
        fn retry(&mut self, _: TrialIndex, _: &Setback, _: Duration) {}
        fn failed(&mut self, _: TrialIndex, _: &Setback) {}
        fn done_elsewhere(&mut self, trial: TrialIndex) {
            self.heard.send(trial).unwrap();
        }
        fn waiting(&mut self, _: &BTreeMap<String, usize>) {}
        fn tick(&mut self) {
            self.go.recv().unwrap();
        }
    }

    #[test]
    fn a_terminal_that_takes_nothing_holds_nobody_up_and_gets_what_waited_later() {
        let ((heard, all), (let_go, go)) = (channel(), channel());
        let mut detached = Detached::new(move || Box::new(Slow { heard, go }));
        detached.tick();
        // Were one of these to wait, the test would never end.
        (0..2 * WAITING).for_each(|trial| detached.done_elsewhere(trial));
        let_go.send(()).unwrap();
        drop(detached);
        let heard: Vec<TrialIndex> = all.iter().collect();
        assert!(heard.len() >= WAITING - 1 && heard.iter().is_sorted(), "{}", heard.len());
    }
}
