//! Which trials run, where, and in what order.

mod dispatcher;
mod estimate;
mod keys;
mod resources;
mod state;
mod worker;

pub use dispatcher::{Dispatch, Ended, FailedTrial, Observer, dispatch};
pub use estimate::{Calibration, forward_macs, recorded_cost, trial_flops};
pub use keys::{Keyed, Keys, Stages, Status};
pub use resources::{ResourceError, Slot, slots};
pub use state::{Action, Input, OnFailure, SlotIndex, State, TrialIndex};
