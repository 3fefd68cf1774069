//! What a run says of itself.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What stands in a run's `manifest.json`: enough to find and recompute everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunManifest {
    /// Which data set, and why.
    pub dataset_line: String,
    /// The ingested data set's folder under the data folder.
    pub dataset_dir: PathBuf,
    /// The hash of the ingested data set.
    pub dataset_hash: String,
    /// The hash of the configuration.
    pub config_hash: String,
    /// What is doubtful about the data: an archive that is not the official one, a host that did not answer.
    pub warnings: Vec<String>,
    /// The root seed.
    pub seed: u64,
    /// The version of the project.
    pub version: String,
    /// The machine.
    pub machine: Vec<(String, String)>,
}
