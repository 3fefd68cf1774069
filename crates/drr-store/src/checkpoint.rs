//! Checkpoints: a folder each, with the arrays and a manifest that vouches for them.
//!
//! A folder appears under its final name only when both files are complete, so a run killed at any moment finds the
//! last whole checkpoint. The one before stays too: should the disk damage the newest, a run falls back to it.

use crate::arrays::{read_with_digest, write_with_digest};
use crate::{NamedArray, NewFolder, StoreError, file_digest, read_sealed, write_sealed};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const ARRAYS: &str = "state.safetensors";
const MANIFEST: &str = "manifest.json";

/// What to do about a damaged checkpoint.
const REMEDY: &str = "delete the whole folder step-N and run again: a training goes on from the checkpoint before, or begins anew";

/// What stands in the sealed manifest.
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

/// The checkpoint to go on from, and those after it that cannot be used.
#[derive(Debug)]
pub struct LatestCheckpoint<T> {
    /// The newest checkpoint that is whole, if there is one.
    pub found: Option<FoundCheckpoint<T>>,
    /// The damaged ones that are newer, the newest first. A caller says so, and without a whole one it should not begin
    /// anew unasked.
    pub skipped: Vec<DamagedCheckpoint>,
}

/// A whole checkpoint and where it was.
#[derive(Debug, Clone)]
pub struct FoundCheckpoint<T> {
    /// Its folder.
    pub path: PathBuf,
    /// The step that it was saved as.
    pub step: u64,
    /// What is in it.
    pub checkpoint: Checkpoint<T>,
}

/// A checkpoint that cannot be used.
#[derive(Debug)]
pub struct DamagedCheckpoint {
    /// Its folder.
    pub path: PathBuf,
    /// Why it cannot be used.
    pub error: StoreError,
}

/// Saves `arrays` and `state` as the checkpoint of `step` in `folder`, then deletes all but this one and the latest of an
/// earlier step: a training that saves a step has not come further.
///
/// # Errors
///
/// Fails if a file cannot be written; earlier checkpoints are still there.
pub fn save_checkpoint<T: Serialize>(
    folder: &Path,
    step: u64,
    arrays: &[NamedArray],
    state: &T,
) -> Result<PathBuf, StoreError> {
    let finished = folder.join(format!("step-{step:012}"));
    let new = NewFolder::beside(&finished)?;
    let (_, sha256) = write_with_digest(&new.path().join(ARRAYS), arrays, &[])?;
    write_sealed(&new.path().join(MANIFEST), &Manifest { sha256, state })?;
    new.publish()?;
    let mut others = checkpoints(folder)?;
    others.retain(|other| *other != finished);
    let before = others.iter().position(|other| step_of(other).is_some_and(|other| other < step));
    if let Some(before) = before {
        others.remove(before);
    }
    for other in others {
        std::fs::remove_dir_all(&other).map_err(StoreError::io("remove", &other))?;
    }
    Ok(finished)
}

/// The folder of the latest checkpoint in `folder`, if there is one, without a look into it.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub fn latest_checkpoint(folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    Ok(checkpoints(folder)?.into_iter().next())
}

/// The folders of the checkpoints in `folder`, the newest first; none if there is no such folder.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub fn checkpoints(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(StoreError::io("list", folder))?.path();
        if let Some(step) = step_of(&path) {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found.into_iter().rev().map(|(_, path)| path).collect())
}

/// The step in a checkpoint's name; `None` for any other name.
fn step_of(path: &Path) -> Option<u64> {
    let step = path.file_name()?.to_str()?.strip_prefix("step-")?;
    step.bytes().all(|byte| byte.is_ascii_digit()).then(|| step.parse().ok())?
}

/// Reads a checkpoint and checks its manifest and its arrays.
///
/// # Errors
///
/// Fails if a file is missing or damaged, and if the state is of another form than `T`.
pub fn load_checkpoint<T: DeserializeOwned>(path: &Path) -> Result<Checkpoint<T>, StoreError> {
    let manifest: Manifest<T> = read_sealed(&path.join(MANIFEST), REMEDY)?;
    let arrays_path = path.join(ARRAYS);
    let ((arrays, _), digest) = read_with_digest(&arrays_path, REMEDY)?;
    if digest != manifest.sha256 {
        return Err(StoreError::damaged(&arrays_path, "its digest is not the one in the manifest", REMEDY));
    }
    Ok(Checkpoint { arrays, state: manifest.state })
}

/// Reads the newest checkpoint in `folder` that is whole, and says which newer ones it passed over because they are
/// damaged.
///
/// # Errors
///
/// Fails if the disk does, and if a whole checkpoint has a state of another form than `T`: the one before would have it
/// too.
pub fn load_latest<T: DeserializeOwned>(folder: &Path) -> Result<LatestCheckpoint<T>, StoreError> {
    let mut skipped = Vec::new();
    for path in checkpoints(folder)? {
        match load_checkpoint(&path) {
            Ok(checkpoint) => {
                let step = step_of(&path).unwrap_or_default();
                return Ok(LatestCheckpoint {
                    found: Some(FoundCheckpoint { path, step, checkpoint }),
                    skipped,
                });
            }
            Err(error) if is_damage(&error) => skipped.push(DamagedCheckpoint { path, error }),
            Err(error) => return Err(error),
        }
    }
    Ok(LatestCheckpoint { found: None, skipped })
}

/// Whether an error says that a file of a checkpoint is absent or not what was written.
fn is_damage(error: &StoreError) -> bool {
    match error {
        StoreError::Damaged { .. } | StoreError::Missing { .. } => true,
        StoreError::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

/// The digest of a whole checkpoint, to compare two runs: it covers arrays and manifest.
///
/// # Errors
///
/// Fails if the manifest cannot be read.
pub fn checkpoint_digest(path: &Path) -> Result<String, StoreError> {
    file_digest(&path.join(MANIFEST))
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

    /// Changes the last byte of a file.
    fn damage(file: &Path) {
        let mut data = std::fs::read(file).unwrap();
        *data.last_mut().unwrap() ^= 1;
        std::fs::write(file, data).unwrap();
    }

    #[test]
    fn a_damaged_checkpoint_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = save_checkpoint(folder.path(), 1, &arrays(1.0), &()).unwrap();
        damage(&path.join(ARRAYS));
        let message = load_checkpoint::<()>(&path).unwrap_err().to_string();
        assert!(message.contains("digest") && message.contains(ARRAYS), "{message}");
        assert!(message.contains("step-N") && message.contains("run again"), "{message}");
    }

    #[test]
    fn a_changed_count_in_the_manifest_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = save_checkpoint(folder.path(), 1, &arrays(1.0), &41_u64).unwrap();
        let manifest = path.join(MANIFEST);
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, text.replace("41,", "42,").replace("41\n", "42\n")).unwrap();
        assert!(text.contains("41"));
        let message = load_checkpoint::<u64>(&path).unwrap_err().to_string();
        assert!(message.contains(MANIFEST) && message.contains("run again"), "{message}");
    }

    #[test]
    fn the_arrays_of_another_checkpoint_do_not_stand_in() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = [1, 2].map(|step| {
            save_checkpoint(folder.path(), step, &arrays(step as f32), &()).unwrap().join(ARRAYS)
        });
        std::fs::copy(one, &two).unwrap();
        let message = load_checkpoint::<()>(two.parent().unwrap()).unwrap_err().to_string();
        assert!(message.contains("not the one in the manifest"), "{message}");
    }

    #[test]
    fn a_damaged_newest_checkpoint_is_passed_over_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] =
            [1, 2].map(|step| save_checkpoint(folder.path(), step, &arrays(step as f32), &step).unwrap());
        damage(&two.join(ARRAYS));
        let latest = load_latest::<u64>(folder.path()).unwrap();
        let found = latest.found.unwrap();
        assert_eq!((found.step, &found.path, found.checkpoint.state), (1, &one, 1));
        assert_eq!(latest.skipped.len(), 1);
        assert_eq!(latest.skipped[0].path, two);
        assert!(latest.skipped[0].error.to_string().contains("digest"));
        std::fs::remove_file(one.join(MANIFEST)).unwrap();
        let latest = load_latest::<u64>(folder.path()).unwrap();
        assert!(latest.found.is_none());
        assert_eq!(latest.skipped.len(), 2);
        let none = load_latest::<u64>(&folder.path().join("none")).unwrap();
        assert!(none.found.is_none() && none.skipped.is_empty());
    }

    #[test]
    fn a_whole_checkpoint_of_another_form_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        save_checkpoint(folder.path(), 1, &arrays(1.0), &"text").unwrap();
        assert!(matches!(load_latest::<u64>(folder.path()), Err(StoreError::OtherForm { .. })));
    }

    #[test]
    fn a_step_that_is_saved_again_replaces_itself_and_what_came_after() {
        let folder = tempfile::tempdir().unwrap();
        for step in [5, 8, 10] {
            save_checkpoint(folder.path(), step, &arrays(0.0), &step).unwrap();
        }
        save_checkpoint(folder.path(), 9, &arrays(9.0), &9_u64).unwrap();
        save_checkpoint(folder.path(), 9, &arrays(9.5), &9_u64).unwrap();
        let steps: Vec<_> = checkpoints(folder.path()).unwrap().iter().filter_map(|it| step_of(it)).collect();
        assert_eq!(steps, [9, 8]);
        let found = load_latest::<u64>(folder.path()).unwrap().found.unwrap();
        assert_eq!(found.checkpoint.arrays, arrays(9.5));
    }
}
