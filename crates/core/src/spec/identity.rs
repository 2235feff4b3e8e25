//! The ids of a spec, by hashing all of it. A plan finds the same ids faster,
//! by hashing only what differs between cells.

use serde::Serialize;
use serde_json::Value;

use super::resolved::{Evaluate, Spec, Training};
use crate::digest::{Canonical, leaves};
use crate::id::{CellId, EvalId, TrialId};

impl Spec {
    /// The id of the cell: of everything that can change what training
    /// produces.
    pub fn cell_id(&self) -> CellId {
        CellId::new(&Canonical::of(&value(&self.training)), &[])
    }

    /// The id of this spec's trial with `seed`.
    pub fn trial_id(&self, seed: u64) -> TrialId {
        TrialId::new(self.cell_id(), seed)
    }

    /// The id of this spec's evaluation of its trial with `seed`.
    pub fn eval_id(&self, seed: u64) -> EvalId {
        EvalId::new(self.trial_id(seed), &Canonical::of(&value(&self.evaluate)), &[])
    }
}

impl Training {
    /// Every value that the cell's id is made of, by path.
    pub fn leaves(&self) -> Vec<(String, Value)> {
        owned(&value(self))
    }
}

impl Evaluate {
    /// Every value that the evaluation's id is made of beside the trial, by
    /// path.
    pub fn leaves(&self) -> Vec<(String, Value)> {
        owned(&value(self))
    }
}

fn owned(tree: &Value) -> Vec<(String, Value)> {
    leaves(tree).into_iter().map(|(path, leaf)| (path, leaf.clone())).collect()
}

/// The tree of a table that is hashed.
pub(crate) fn value(table: &impl Serialize) -> Value {
    serde_json::to_value(table).expect("tables have text keys and finite numbers")
}
