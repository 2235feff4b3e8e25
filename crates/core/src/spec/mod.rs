//! Experiment files: TOML as written, what it means, and what is wrong with it.
//!
//! A file starts from a named [`preset`], whose every value it can replace.
//! Its text becomes a tree that remembers places (`tree`), which is checked
//! against the schema of the raw types (`check`, `schema`), laid over the
//! preset (`document`) and resolved to a typed [`Spec`] (`resolve`), whose
//! fields must go together (`constraint`).

mod attack_range;
mod attacks;
mod auxiliary;
mod by_content;
mod calibration;
mod check;
mod constraint;
mod corruptions;
mod data;
mod document;
mod error;
mod expect;
mod fields;
mod generation;
mod identity;
mod kind;
mod kinds;
mod network;
mod ood;
mod likelihood;
mod long_chains;
mod optimizer;
mod part;
mod paths;
mod post_hoc;
pub mod preset;
mod purification;
mod published;
mod raw;
mod report;
mod resolve;
mod resolved;
mod sampling;
mod schema;
mod show;
mod tree;

pub use attacks::{Apgd, ApgdLoss, AttackLoss, AttackNorm, Attacks};
pub use auxiliary::{EnergyMargin, OutlierExposure};
pub use by_content::Places;
pub use calibration::{Calibration, Selective};
pub use corruptions::{Corruption, Corruptions};
pub use data::{Augment, Labels};
pub use error::SpecError;
pub use generation::{Extractor, Generation, ReferenceSplit};
pub use kind::{FieldKind, field_kinds, field_values};
pub use likelihood::{AnnealingSchedule, Likelihood};
pub use long_chains::{ChainStart, LongChains};
pub use network::{Norm, SamplerMode, Wrn, WrnBlock};
pub use ood::OodSet;
pub use optimizer::{Adam, AdamW, Optimizer, Schedule, Sgd};
pub use part::Part;
pub use post_hoc::{PostHoc, Scores};
pub use published::{Known, Published, PublishedValue, quantity};
pub use purification::{Purification, PurifiedAttack, Purifier, PurifierKind};
pub use report::{DIVERGED, Expectation, Report, Scale, Statistic};
pub use resolved::{
    Activation, ChainInit, Checkpoints, Cnn, Data, Device, Divergence, Evaluate, Length, Mlp,
    Model, Objective, PixelRange, ReplayBuffer, Resources, Sampler, Spec, Train, Training,
};
pub use sampling::{Boundary, SamplerKind};
pub use schema::schema;
pub use show::{settings, show_value, to_toml, value_at};

pub(crate) use constraint::violations;
pub use constraint::{Violation, count_violations};
pub(crate) use document::{Document, read_seeds};
pub(crate) use fields::Field;
pub(crate) use identity::value;
pub(crate) use paths::{Typed, Written, by_path, check_alternatives, typed};
pub(crate) use raw::Tables;
pub(crate) use resolve::{resolve, resolve_table};
pub(crate) use tree::{Content, Entry, Node};
