//! Which trials run, where, and in what order; what follows when one fails.

mod claims;
mod dispatcher;
mod estimate;
mod keys;
mod live;
mod policy;
mod resources;
mod space;
mod state;
mod steps;
mod timing;
mod watch;
mod worker;

pub use dispatcher::{Dispatch, Ended, Observer, Setback, StopFlags, dispatch};
pub use estimate::{Calibration, forward_macs, recorded_cost, trial_flops};
pub use keys::{Keyed, Keys, Status};
pub use policy::{LONGEST_BACKOFF, Policy, Verdict, backoff, policy};
pub use resources::{ResourceError, Slot, slots};
pub use space::{Space, space};
pub use state::State;
pub use steps::{Action, End, Input, OnFailure, SlotIndex, TrialIndex};
pub use timing::Timing;
