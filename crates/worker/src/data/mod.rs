//! Images as tensors: scaling, the validation split, batches, and sets made
//! by rule.

mod batches;
mod corruptions;
mod images;
mod inputs;
mod split;
mod synthetic;
mod warp;

pub use batches::BatchOrder;
pub use corruptions::corrupted;
pub use images::Images;
pub use inputs::{Inputs, Places, first};
pub use split::{Part, split};
pub use synthetic::{rotated, uniform_noise};
