//! The study of models that grow stale.

use drr_baselines::BaselineConfig;
use serde::{Deserialize, Serialize};

/// What is studied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StalenessConfig {
    /// The share of the log, in time order, before the cut.
    pub trained_share: f64,
    /// The length of a period in days; a month is 30.4.
    pub period_days: f64,
    /// The greatest number of periods.
    pub n_periods: usize,
    /// A period with fewer users is left out.
    pub min_users: usize,
    /// Who is studied.
    pub recommenders: Vec<BaselineConfig>,
}
