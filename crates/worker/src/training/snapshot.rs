//! What a training has to be given to go on from where it was.

use std::rc::Rc;

use jem_core::arrays::Arrays;
use jem_core::results::{Epoch, Restart};
use serde::{Deserialize, Serialize};

/// Where a training stands, beside its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Steps done. With the restart's number this is the position of every
    /// stream and the place in the epoch.
    pub step: u64,
    /// Points of the curves so far.
    pub epochs: Vec<Epoch>,
    /// Restarts so far.
    pub restarts: Vec<Restart>,
    /// Steps done at each point that can be gone back to, the oldest first.
    pub points: Vec<u64>,
}

/// A point that a diverged training can go back to: its tensors after `step`
/// steps.
#[derive(Clone, Debug)]
pub struct Point {
    /// Steps done.
    pub step: u64,
    /// Parameters, moments, chains and sums.
    pub state: Rc<Arrays>,
}

/// Everything that the rest of a training depends on, beside spec and seed.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Where it stands.
    pub standing: Standing,
    /// Its tensors.
    pub state: Rc<Arrays>,
    /// The points of [`Standing::points`].
    pub points: Vec<Point>,
}
