//! `jem store`: what is in the store, whether it is whole, and what may go.

mod verbs;
mod words;
mod reports;
mod find;
mod fsck;
mod gc;
mod du;
mod ls;
mod show;
mod tags;

pub use verbs::{StoreCommand, run};
