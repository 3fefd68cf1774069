//! Checkpoints: a folder each, with the arrays and a manifest that vouches for them.
//!
//! A folder appears under its final name only when both files are complete, so a run killed at any moment finds the
//! last whole checkpoint.

use crate::arrays::{read_with_digest, write_bytes, write_with_digest};
use crate::{NamedArray, NnError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const ARRAYS: &str = "state.safetensors";
const MANIFEST: &str = "manifest.json";

#[derive(Serialize, Deserialize)]
struct Manifest<T> {
    /// The digest in the arrays' file, so that no other file stands in for it.
    sha256: String,
    /// Everything that is no array: counts, random streams, the configuration.
    state: T,
}

/// A loaded checkpoint.
#[derive(Debug, Clone)]
pub struct Checkpoint<T> {
    /// The arrays, in the order of their names.
    pub arrays: Vec<NamedArray>,
    /// The rest of the state.
    pub state: T,
}

/// Saves `arrays` and `state` as the checkpoint of `step` in `folder`, then deletes all but the latest two.
///
/// # Errors
///
/// Fails if a file cannot be written; earlier checkpoints are still there.
pub fn save_checkpoint<T: Serialize>(
    folder: &Path,
    step: u64,
    arrays: &[NamedArray],
    state: &T,
) -> Result<PathBuf, NnError> {
    std::fs::create_dir_all(folder).map_err(NnError::io(folder))?;
    let unfinished = folder.join(format!("step-{step:012}.unfinished"));
    let finished = folder.join(format!("step-{step:012}"));
    for old in [&unfinished, &finished] {
        if old.exists() {
            std::fs::remove_dir_all(old).map_err(NnError::io(old))?;
        }
    }
    std::fs::create_dir(&unfinished).map_err(NnError::io(&unfinished))?;
    let arrays_path = unfinished.join(ARRAYS);
    let manifest = Manifest { sha256: write_with_digest(&arrays_path, arrays, &[])?, state };
    let path = unfinished.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| NnError::corrupt(&path, error))?;
    write_bytes(&path, &text)?;
    std::fs::rename(&unfinished, &finished).map_err(NnError::io(&finished))?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(NnError::io(folder))?;
    let mut all = checkpoints(folder)?;
    all.truncate(all.len().saturating_sub(2));
    for old in all {
        std::fs::remove_dir_all(&old).map_err(NnError::io(&old))?;
    }
    Ok(finished)
}

/// The latest whole checkpoint in `folder`, if there is one.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub fn latest_checkpoint(folder: &Path) -> Result<Option<PathBuf>, NnError> {
    if !folder.exists() {
        return Ok(None);
    }
    Ok(checkpoints(folder)?.pop())
}

fn checkpoints(folder: &Path) -> Result<Vec<PathBuf>, NnError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(NnError::io(folder))? {
        let path = entry.map_err(NnError::io(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.strip_prefix("step-").is_some_and(|step| step.bytes().all(|byte| byte.is_ascii_digit())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a checkpoint and checks its arrays against the manifest.
///
/// # Errors
///
/// Fails if a file is missing or damaged.
pub fn load_checkpoint<T: DeserializeOwned>(path: &Path) -> Result<Checkpoint<T>, NnError> {
    let manifest_path = path.join(MANIFEST);
    let text = std::fs::read(&manifest_path).map_err(NnError::io(&manifest_path))?;
    let manifest: Manifest<T> =
        serde_json::from_slice(&text).map_err(|error| NnError::corrupt(&manifest_path, error))?;
    let arrays_path = path.join(ARRAYS);
    let ((arrays, _), digest) = read_with_digest(&arrays_path)?;
    if digest != manifest.sha256 {
        return Err(NnError::corrupt(&arrays_path, "its digest is not the one in the manifest"));
    }
    Ok(Checkpoint { arrays, state: manifest.state })
}

/// The digest of a whole checkpoint, to compare two runs: it covers arrays and manifest.
///
/// # Errors
///
/// Fails if the manifest cannot be read.
pub fn checkpoint_digest(path: &Path) -> Result<String, NnError> {
    sha256(&path.join(MANIFEST))
}

fn sha256(path: &Path) -> Result<String, NnError> {
    let data = std::fs::read(path).map_err(NnError::io(path))?;
    Ok(Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Values;

    fn arrays(value: f32) -> Vec<NamedArray> {
        vec![NamedArray::new("a", vec![1], Values::F32(vec![value]))]
    }

    #[test]
    fn the_latest_checkpoint_is_found_and_only_two_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert!(latest_checkpoint(&folder.path().join("none")).unwrap().is_none());
        for (step, value) in [(9, 1.0), (10, 2.0), (200, 3.0)] {
            save_checkpoint(folder.path(), step, &arrays(value), &step).unwrap();
        }
        std::fs::create_dir(folder.path().join("step-000000000999.unfinished")).unwrap();
        let latest = latest_checkpoint(folder.path()).unwrap().unwrap();
        let loaded: Checkpoint<u64> = load_checkpoint(&latest).unwrap();
        assert_eq!((loaded.state, loaded.arrays), (200, arrays(3.0)));
        assert_eq!(checkpoints(folder.path()).unwrap().len(), 2);
    }

    #[test]
    fn a_damaged_checkpoint_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = save_checkpoint(folder.path(), 1, &arrays(1.0), &()).unwrap();
        let file = path.join(ARRAYS);
        let mut data = std::fs::read(&file).unwrap();
        *data.last_mut().unwrap() ^= 1;
        std::fs::write(&file, data).unwrap();
        let message = load_checkpoint::<()>(&path).unwrap_err().to_string();
        assert!(message.contains("digest") && message.contains(ARRAYS), "{message}");
    }
}
