//! The part `[evaluate.scores]`: scores of features and gradients, their
//! hyper-parameters chosen on validation sets alone, and intervals.

mod groups;
mod measure;
mod scorer;
mod tuning;

pub(super) use measure::measure;

use groups::{Group, Groups, groups};
use scorer::{Marks, Scorer, Setting, marks};
use tuning::tuned;
