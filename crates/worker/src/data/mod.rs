//! Images as tensors: scaling, alterations, the validation split, labels,
//! batches, and sets made by rule.

mod augment;
mod batches;
mod corruptions;
mod elastic;
mod images;
mod inputs;
mod labelled;
mod letters;
mod split;
mod synthetic;
mod warp;

pub use augment::augmented;
pub use batches::BatchOrder;
pub use corruptions::corrupted;
pub use elastic::elastic;
pub use images::{Images, View};
pub use inputs::{Inputs, Places, first, picked};
pub use labelled::labelled;
pub use letters::letters;
pub use split::{Part, split};
pub use synthetic::{gaussian_noise, interpolated, rotated, uniform_noise};
