//! What stands in a policy's file beside its arrays, the same for every system that is trained.

use crate::LearnError;
use drr_core::{EmbeddingSpace, RowOrigin};
use drr_store::{NamedArray, Written, read_arrays, write_arrays};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Whose policy it is, and what it was trained on; `C` are the settings of the system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyHeader<C> {
    /// The policy's name in files and reports.
    pub name: String,
    /// The settings of the system.
    pub config: C,
    /// The window `N`.
    pub history_length: usize,
    /// The least rating that counts as positive.
    pub positive_rating: f32,
    /// The rows that the space was fitted on.
    pub origin: RowOrigin,
    /// The updates that made the policy; 0 is the untrained one.
    pub n_updates: u64,
}

impl<C: Serialize> PolicyHeader<C> {
    /// Writes the policy whose parameters are `arrays`, without its space, to a safetensors file; `kind` tells the systems'
    /// files apart.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn write(&self, kind: &str, arrays: &[NamedArray], path: &Path) -> Result<Written, LearnError> {
        let text = serde_json::to_string(self).map_err(|error| LearnError::OtherRun(error.to_string()))?;
        Ok(write_arrays(path, arrays, &[(kind, text)])?)
    }
}

impl<C: DeserializeOwned> PolicyHeader<C> {
    /// Reads a policy of the kind, to be joined to the space it was trained in.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged, or if `space` was fitted on other rows than the policy.
    pub fn read(
        kind: &str,
        path: &Path,
        space: &dyn EmbeddingSpace,
    ) -> Result<(Self, Vec<NamedArray>), LearnError> {
        let (arrays, texts) = read_arrays(path)?;
        let text = texts.get(kind).map_or("", String::as_str);
        let header: Self = serde_json::from_str(text).map_err(|error| {
            let path = path.display();
            LearnError::OtherRun(format!(
                "{path} is no policy of this kind: {error}: train again with --force"
            ))
        })?;
        if &header.origin != space.origin() {
            let message =
                "the policy and the embedding were fitted on different rows: train again with --force";
            return Err(LearnError::OtherRun(message.to_owned()));
        }
        Ok((header, arrays))
    }
}
