//! What is learnt from the auxiliary set, `data.auxiliary`: two terms of the
//! loss, each off where its weight is unset.

use serde::{Deserialize, Serialize};

/// `[objective.outlier_exposure]`: + weight · mean cross-entropy from the
/// uniform distribution to p(y|x) on the auxiliary batch (Hendrycks et al.
/// 2019, equation 1 and section 4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlierExposure {
    /// The term's weight; 0.5 in the paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

/// `[objective.energy_margin]`: + weight · (mean max(E(x) − m_in, 0)² on the
/// labelled batch + mean max(m_out − E(x), 0)² on the auxiliary batch) (Liu et
/// al. 2020, equation 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyMargin {
    /// The term's weight; 0.1 in the paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Training images are to have energies below this; −23 on CIFAR-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m_in: Option<f64>,
    /// Auxiliary images are to have energies above this; −5 on CIFAR-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m_out: Option<f64>,
}

impl OutlierExposure {
    /// Whether nothing is set.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

impl EnergyMargin {
    /// Whether nothing is set.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// Weight and both margins, where the term is on.
    pub fn on(&self) -> Option<[f64; 3]> {
        Some([self.weight?, self.m_in?, self.m_out?])
    }
}
