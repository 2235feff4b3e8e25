//! What the front and the worker of `jem` share, in the order in which one
//! module may use another: each uses only those above it.

pub mod diagnostic;
pub mod digest;
pub mod id;
pub mod durable;
pub mod random;
pub mod arrays;
pub mod interval;
pub mod metric;
pub mod dataset;
pub mod spec;
pub mod provenance;
pub mod plan;
pub mod results;
pub mod event;
pub mod store;
