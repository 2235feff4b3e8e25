//! Joint energy models: networks, energies, the sampler, the objective and
//! one training step. Nothing here reads or writes files.

mod activation;
mod adam;
mod auxiliary;
mod chain;
mod chains;
mod class_gaussians;
mod cnn;
mod divergence;
mod energy;
mod mlp;
mod network;
mod objective;
mod parameters;
mod replay_buffer;
mod schedule;
mod sgld;
mod starts;
mod step_values;
mod trainer;

pub use adam::{AdamState, clip_grad_norm};
pub use auxiliary::{Auxiliary, energy_margin, outlier_exposure};
pub use chain::{Chain, EnergyOf, Walked};
pub use chains::{Chains, Samples};
pub use class_gaussians::ClassGaussians;
pub use divergence::{Look, detect, not_finite};
pub use energy::{class_probabilities, energy, energy_of_class, ood_score};
pub use network::{Mode, Network, build};
pub use objective::{Energies, Terms, cross_entropy, terms};
pub(crate) use parameters::to_host;
pub use parameters::{Misfit, ParameterShape, Parameters, from_array};
pub use replay_buffer::{Ask, Drawn, Draws, ReplayBuffer};
pub use schedule::learning_rate;
pub use sgld::{Noise, langevin};
pub use starts::Starts;
pub use step_values::StepValues;
pub use trainer::Trainer;
