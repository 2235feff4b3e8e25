//! Adversarial perturbations of whatever gives logits: a network, or one
//! behind a purifier. Nothing here knows which.

mod apgd;
mod ball;
mod checkpoints;
mod losses;
mod noise;
mod pgd;
mod square;
mod tiles;
mod victim;

pub use apgd::Apgd;
pub use ball::Ball;
pub use losses::{Loss, LossOf, cross_entropy_of_rows, dlr, log_odds, loss_of, margin};
pub use noise::{fast_gradient, random_noise};
pub use pgd::{Pgd, Trace};
pub use square::Square;
pub use victim::{Attacked, LogitsOf, Query, Victim};
