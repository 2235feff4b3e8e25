//! Which trials run, where, and in what order; what follows when one fails.

mod child;
mod claims;
mod code;
mod difference;
mod dispatcher;
mod estimate;
mod keys;
mod live;
mod orders;
mod outputs;
mod place;
mod policy;
mod resources;
mod space;
mod stale;
mod state;
mod steps;
mod timing;
mod watch;
mod worker;

pub use child::{end_with_us, has_ended, withheld, withhold};
pub use code::Stage;
pub use difference::{Difference, Rests, differences};
pub use dispatcher::{Dispatch, Ended, Observer, Setback, StopFlags, dispatch};
pub use estimate::{Calibration, forward_macs, recorded_cost, trial_flops};
pub use keys::{Keyed, Keys, Stages, Status, used};
pub use policy::{LONGEST_BACKOFF, Policy, Verdict, backoff, policy};
pub use resources::{ResourceError, Slot, slots};
pub use space::{Space, space};
pub use stale::{Known, Past, Stale, look};
pub use state::State;
pub use steps::{Action, End, Input, OnFailure, SlotIndex, TrialIndex};
pub use timing::Timing;
