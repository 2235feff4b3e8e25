//! A whole experiment file as written, and the tables that say what is asked
//! of its results.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    RawAxes, RawData, RawDivergence, RawEvaluate, RawModel, RawObjective, RawOptimizer,
    RawReplayBuffer, RawResources, RawSampler, RawSeeds, RawSweep, RawTrain,
};

/// Declares the file, its tables apart from the rest, and how the tables of
/// one file are laid over those of another.
macro_rules! file {
    (
        $(#[$doc:meta])* $name:ident {
            $($(#[$head_doc:meta])* $head:ident: $head_type:ty,)*
        }
        $(#[$tables_doc:meta])* $tables:ident {
            $($(#[$table_doc:meta])* $table:ident: $table_type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "it stands for the schema; files are read as trees")]
        pub struct $name {
            $($(#[$head_doc])* $head: $head_type,)*
            $($(#[$table_doc])* $table: Option<$table_type>,)*
        }

        $(#[$tables_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $tables {
            $(
                $(#[$table_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $table: Option<Box<$table_type>>,
            )*
        }

        impl $tables {
            /// The tables' names.
            pub const NAMES: &[&str] = &[$(stringify!($table)),*];

            /// The table `name` alone.
            pub fn only(&self, name: &str) -> Self {
                let mut only = Self::default();
                $(if name == stringify!($table) {
                    only.$table.clone_from(&self.$table);
                })*
                only
            }

            /// Takes over every field that `over` sets. A length of training
            /// or a kind of network replaces its alternative.
            pub fn overlay(&mut self, over: &Self) {
                self.drop_alternatives(over);
                $(if let Some(table) = &over.$table {
                    self.$table.get_or_insert_default().overlay(table);
                })*
            }
        }
    };
}

file! {
    /// A jem experiment: the question, what is trained and evaluated, the sweep over it, and what is expected of the results.
    RawSpec {
        /// What the experiment is to find out, in a sentence.
        question: String,
        /// Where every value not written here comes from.
        preset: Option<String>,
        /// The seeds of every cell: a number n for 0 … n−1, or a list. Default: 1.
        seeds: Option<RawSeeds>,
        /// Blocks of cells; together they form a union. Without any there is one cell.
        sweep: Option<Vec<RawSweep>>,
        /// How the report shows the results.
        report: Option<RawReport>,
        /// Values that show whether the experiment worked, by the name of the check.
        expect: Option<BTreeMap<String, RawExpectation>>,
    }
    /// The tables that say what is trained and evaluated; their fields can be swept.
    Tables {
        /// Training data and how it is scaled.
        data: RawData,
        /// The network: [model.mlp], [model.cnn] or [model.wrn].
        model: RawModel,
        /// Weights of the loss terms: cross-entropy + lambda (mean E(x⁺) − mean E(x⁻)) + energy_l2 (mean E(x⁺)² + mean E(x⁻)²) + energy_l2_data mean E(x⁺)².
        objective: RawObjective,
        /// Langevin dynamics: x ← x − step_size ∇E(x) + noise_std ξ.
        sampler: RawSampler,
        /// Where chains start and end.
        replay_buffer: RawReplayBuffer,
        /// The optimiser: [optimizer.adam], [optimizer.adamw] or [optimizer.sgd].
        optimizer: RawOptimizer,
        /// Length of training, batches, learning-rate schedule.
        train: RawTrain,
        /// What ends a trial as diverged. NaN and infinity always do.
        divergence: RawDivergence,
        /// What is measured on the trained network. Changing it never trains again.
        evaluate: RawEvaluate,
        /// What one trial is given. How many trials run at once is not written here.
        resources: RawResources,
    }
}

impl Tables {
    fn drop_alternatives(&mut self, over: &Self) {
        if let (Some(train), Some(over)) = (&mut self.train, &over.train) {
            if over.epochs.is_some() {
                train.steps = None;
            }
            if over.steps.is_some() {
                train.epochs = None;
            }
        }
    }
}

/// How the report shows the results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawReport {
    /// The report's title; without it the experiment's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The swept path on the horizontal axis of the charts; without it the first one swept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The scale of that axis; without it linear, or by the values when they span more than two decades.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_scale: Option<Scale>,
    /// Published results to stand beside this experiment's own, by name, or all of a data set by "dataset: mnist"; they are in references/published.toml beside the experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Vec<String>>,
}

/// The scale of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal steps are equally far apart.
    Linear,
    /// Equal factors are equally far apart; no zero.
    Log,
    /// Logarithmic, but linear around zero.
    Symlog,
}

/// A range that a metric is expected to fall in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawExpectation {
    /// The metric's name, such as clf/accuracy; trial/diverged is the share of trials that diverged.
    pub metric: String,
    /// Only the cells with these values, by path; without it every cell.
    #[serde(rename = "where", default)]
    pub condition: RawAxes,
    /// The smallest value expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What is taken over the seeds of a cell.
    #[serde(default)]
    pub statistic: Statistic,
    /// Where the range comes from.
    pub source: String,
}

/// What is taken over the seeds of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The arithmetic mean.
    #[default]
    Mean,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The median.
    Median,
}
