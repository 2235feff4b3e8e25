//! From the store to tables: the results of an experiment as plain values
//! ([`load()`], [`Results`]), their statistics over seeds ([`cells()`]), as
//! data frames ([`frames`]) and files ([`write_all`]), as a table for people
//! ([`PaperTable`]), and against what was expected of them ([`check`]).
//!
//! Equal results give equal bytes, and every table says which commit its
//! numbers came from and whether the checkout was dirty. No other module knows
//! of data frames.

mod against;
mod results;
mod error;
mod load;
mod label;
mod commits;
mod marks;
mod hardware;
mod missing;
mod sets;
mod paper_metrics;
mod spread;
mod interval;
mod cells;
mod expect;
mod examples;
pub mod frames;
mod shown_mean;
mod present;
mod published;
mod render;
mod terminal;
mod tex;
mod tex_text;
mod write;

#[cfg(test)]
pub(crate) mod sample;

pub use against::{ColumnDifference, TableDifference, csv_difference};
pub use cells::cells;
pub use error::TableError;
pub use examples::examples;
pub use expect::{Checked, check};
pub use interval::{Interval, Method};
pub use label::{axis_names, cell_label};
pub use load::{load, predictions};
pub use present::{Column, PaperTable, Shown, TableCell, shown_metrics};
pub(crate) use render::markdown as escaped_markdown;
pub use results::{
    CellResult, ChainStates, MissingTrial, PartFiles, Results, Statistics, TrialResult,
};
pub use shown_mean::{ShownMean, range_of_two, with_interval};
pub use spread::spread;
pub use write::{tables_of_another, to_csv, to_parquet, write_all, write_examples};
