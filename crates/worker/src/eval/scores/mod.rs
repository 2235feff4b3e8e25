//! Out-of-distribution scores of a network's features and gradients. Every
//! score is higher for inputs less like the training data, and everything
//! after the network is computed on the host in double precision.

mod bank;
mod gradient;
mod head;
mod knn;
mod mahalanobis;
mod principal;
mod shaped;
mod vim;

pub use bank::Bank;
pub(crate) use bank::batches;
pub use gradient::{approximate_mass, odin};
pub use head::{Head, grad_norm, negative_logsumexp};
pub use knn::Neighbours;
pub use mahalanobis::Mahalanobis;
pub use principal::{Principal, principal};
pub use shaped::{Shape, percentile, pruned, react};
pub use vim::Vim;
