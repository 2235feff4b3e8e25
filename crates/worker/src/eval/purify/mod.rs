//! Purification as a defence, and attacks that know of it: descending E(x)
//! from an input before it is classified (Hill, Mitchell and Zhu 2021,
//! "Stochastic Security"; the seed chapter without noise).

mod attack;
mod black_box;
mod course;
mod defence;
mod detector;
mod descent;
mod gradient;

pub use attack::{Objective, Start, Strength, attack};
pub use black_box::attack_blind;
pub use course::Attacked;
pub use defence::{Defence, Inputs};
pub use descent::{descend, unrolled};
pub use detector::Detector;
pub use gradient::{Look, Pass, energies, look, look_with, margins};
