//! A whole training, from images to result files. Nothing here reads or
//! writes files, knows the time or draws on anything but spec and seed: what
//! can change a number of a training stands here or is used from here.

mod course;
mod left;
mod means;
mod restarts;
mod snapshot;

pub use course::{Course, Stepped, TrainSets, Unfit};
pub use left::File;
pub use restarts::sampler;
pub use snapshot::{Point, Snapshot, Standing};
