//! Which trials run, where, and in what order.

mod code;
mod difference;
mod dispatcher;
mod estimate;
mod keys;
mod resources;
mod stale;
mod state;
mod worker;

pub use code::Stage;
pub use difference::{Difference, Rests, differences};
pub use dispatcher::{Dispatch, Ended, FailedTrial, Observer, dispatch};
pub use estimate::{Calibration, forward_macs, recorded_cost, trial_flops};
pub use keys::{Keyed, Keys, Status, used};
pub use resources::{ResourceError, Slot, slots};
pub use stale::{Known, Past, Stale, look};
pub use state::{Action, Input, OnFailure, SlotIndex, State, TrialIndex};
