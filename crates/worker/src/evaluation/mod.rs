//! A whole evaluation, from weights and sets to result files. Nothing here
//! reads or writes a store or knows the time: what can change a number of an
//! evaluation stands here or is used from here.

mod attacks;
mod calibration;
mod chains;
mod corruptions;
mod extractor;
mod files;
mod fresh;
mod generation;
mod held_out;
mod likelihood;
mod part;
mod purification;
mod sample_sources;
mod scores;
mod selective;
mod sets;
mod trivial;

pub use files::{Evaluated, diverged_by, evaluate};
pub use part::{Found, Look, Subject, run_part};
pub use sets::{EvaluationSets, Set, SetError, held_out_set, sets};

use sets::held_out_rows;
