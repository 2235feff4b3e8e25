//! The answer in numbers: sentences, tiles and the best cells, computed from
//! the results. They say what the numbers show and no more: of two intervals
//! that they overlap or do not, of nothing that it is significant.

mod attacked;
mod best;
mod beyond;
mod course;
mod likelihood;
mod long_chains;
mod paired;
mod rivals;
mod scaling;
mod selective;
mod scores;
mod standing;
mod tiles;
mod words;

pub use best::best;
pub use likelihood::table as likelihood;
pub use long_chains::table as long_chains;
pub use scaling::table as scaling;
pub use scores::scores;
pub use selective::table as selective;
pub use tiles::tiles;
pub use words::parts;

use words::{Point, best_of, overlap, points};
