//! Log-likelihood of images: the normaliser of an energy model by annealed
//! importance sampling, and densities from the images alone. Everything is on
//! rows `[n, d]`, in double precision.

mod annealing;
mod base;
mod spectrum;
mod transition;
mod weights;

pub use annealing::{Annealed, Annealing, betas};
pub use base::TruncatedNormals;
pub use spectrum::Spectrum;
pub use weights::{bootstrap, effective_size, log_mean_exp, standard_error};
