//! The stage cache: a stage runs only when the hash of its inputs is not the one of its last run.
//!
//! What a stage did stands in `stages/NAME.json` in the run's folder, written after its outputs: a stage that was killed
//! half-way has no note, or an old one, and runs again.

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a stage left behind.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    inputs: String,
    /// The digests of the outputs, by their path in the run's folder.
    outputs: BTreeMap<String, String>,
    seconds: u64,
}

/// One stage of one run.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    name: String,
    force: bool,
}

impl Stage {
    /// The stage `name` of the run in `folder`; `force` runs it all the same.
    pub fn new(folder: &Path, name: &str, force: bool) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned(), force }
    }

    fn note_path(&self) -> PathBuf {
        self.folder.join("stages").join(format!("{}.json", self.name))
    }

    /// Runs `work`, which makes `outputs`, unless it has already been done for `inputs` and the outputs are unchanged.
    pub fn run(&self, inputs: &str, outputs: &[PathBuf], work: impl FnOnce() -> Result<()>) -> Result<()> {
        if !self.force && self.is_done(inputs, outputs) {
            tracing::info!("{} is up to date", self.name);
            return Ok(());
        }
        let begun = std::time::Instant::now();
        work()?;
        let mut digests = BTreeMap::new();
        for path in outputs {
            if !path.exists() {
                bail!("stage {} did not write {}", self.name, path.display());
            }
            digests.insert(self.relative(path), file_digest(path)?);
        }
        let note = Note { inputs: inputs.to_owned(), outputs: digests, seconds: begun.elapsed().as_secs() };
        crate::files::write(&self.note_path(), &serde_json::to_vec_pretty(&note)?)
    }

    /// Refuses an output that is not as the stage left it.
    pub fn check_output(&self, path: &Path) -> Result<()> {
        let note: Note = crate::files::read_json(&self.note_path(), &format!("run {} again", self.name))?;
        let then = note.outputs.get(&self.relative(path));
        if then.is_none_or(|then| file_digest(path).map_or(true, |now| now != *then)) {
            bail!(
                "{} is damaged, or not what {} has written: run `cargo xtask pipeline` with the run's configuration again, which \
                 makes it anew",
                path.display(),
                self.name
            );
        }
        Ok(())
    }

    fn is_done(&self, inputs: &str, outputs: &[PathBuf]) -> bool {
        let Ok(text) = std::fs::read(self.note_path()) else { return false };
        let Ok(note) = serde_json::from_slice::<Note>(&text) else { return false };
        let unchanged = |path: &PathBuf| {
            let then = note.outputs.get(&self.relative(path));
            then.is_some_and(|then| file_digest(path).is_ok_and(|now| now == *then))
        };
        note.inputs == inputs && outputs.iter().all(unchanged)
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// The digest of anything that can be written as JSON, with the version of the project: another version may compute
/// otherwise.
pub fn digest_of(value: &impl Serialize) -> Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(serde_json::to_vec(value)?);
    Ok(hex(&hasher.finalize()))
}

/// The digest of a file.
pub fn file_digest(path: &Path) -> Result<String> {
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut hasher).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the stage and says whether it did any work.
    fn works(stage: &Stage, inputs: &str, output: &Path) -> bool {
        let mut worked = false;
        let work = || {
            worked = true;
            Ok(std::fs::write(output, inputs)?)
        };
        stage.run(inputs, &[output.to_owned()], work).unwrap();
        worked
    }

    #[test]
    fn a_stage_runs_again_only_for_other_inputs_a_changed_output_or_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let stage = Stage::new(folder.path(), "test", false);
        assert!(works(&stage, "a", &output));
        assert!(!works(&stage, "a", &output));
        assert!(works(&stage, "b", &output));
        stage.check_output(&output).unwrap();
        std::fs::write(&output, "tampered").unwrap();
        assert!(stage.check_output(&output).unwrap_err().to_string().contains("pipeline"));
        let error = stage.check_output(&folder.path().join("other")).unwrap_err().to_string();
        assert!(error.contains("other") && error.contains("not what test has written"), "{error}");
        assert!(works(&stage, "b", &output));
        assert!(works(&Stage::new(folder.path(), "test", true), "b", &output));
    }

    #[test]
    fn a_stage_that_fails_or_writes_nothing_is_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let stage = Stage::new(folder.path(), "test", false);
        let outputs = std::slice::from_ref(&output);
        assert_eq!(stage.run("a", outputs, || bail!("no")).unwrap_err().to_string(), "no");
        let error = stage.run("a", outputs, || Ok(())).unwrap_err().to_string();
        assert!(error.contains("stage test did not write"), "{error}");
        assert!(works(&stage, "a", &output));
    }

    #[test]
    fn digests_tell_values_apart() {
        assert_ne!(digest_of(&(1, "a")).unwrap(), digest_of(&(1, "b")).unwrap());
    }
}
