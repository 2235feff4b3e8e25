//! Purification as a defence: its tables, and whether it survives attacks that
//! know of it.

mod share;
mod tables;
mod verdict;

pub use share::{ATTACKS, DEFENCES, Share, attack_name, defence_name, share};
pub use tables::tables;
pub use verdict::Verdicts;
