//! Images as tensors: scaling, alterations, the validation split, draws,
//! labels, batches, and sets made by rule.

mod augment;
mod batches;
mod cells;
mod corruptions;
mod draw;
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
pub use cells::Cells;
pub use corruptions::corrupted;
pub use draw::{Drawn, drawn, in_proportion, places};
pub use elastic::elastic;
pub use images::{Images, View};
pub use inputs::{Inputs, Places, picked};
pub use labelled::labelled;
pub use letters::letters;
pub use split::{Part, held_out, split};
pub use synthetic::{gaussian_noise, interpolated, rotated, uniform_noise};
