//! The front of `jem`: schedules trials, and tells what came out of them. It
//! never loads libtorch. Modules in the order in which one may use another.

pub mod significance;
pub mod spreadsheet;
pub mod schedule;
pub mod query;
pub mod verify;
pub mod table;
pub mod compare;
pub mod chart;
pub mod report;
pub mod terminal;
pub mod progress;
pub mod cli;
