//! The stage cache: a stage runs only when its inputs or its code are not those of its last run.
//!
//! What a stage did stands in `stages/NAME.json` in the run's folder, sealed and written after its outputs: a stage that was
//! killed half-way has no note, or an old one, and runs again. A note vouches for the bytes that this process wrote, whatever
//! lies on the disk later, and whoever reads an output asks the note first.

use super::code::Kind;
use anyhow::{Context as _, Result, bail};
use drr_store::{Written, file_digest, read_sealed, write_bytes, write_sealed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a stage left behind.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The digest of its inputs.
    inputs: String,
    /// The digest of the code that did it.
    code: String,
    /// The digests of the outputs, by their path in the run's folder.
    outputs: BTreeMap<String, String>,
}

/// What a stage has written so far.
#[derive(Debug, Default)]
pub struct Made(BTreeMap<PathBuf, String>);

impl Made {
    /// Notes a file as it was written.
    pub fn add(&mut self, path: &Path, written: &Written) {
        self.0.insert(path.to_owned(), written.digest.clone());
    }

    /// Writes a file, and notes it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        let written = write_bytes(path, bytes)?;
        self.add(path, &written);
        Ok(())
    }
}

/// What is known of a stage before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was done by this code for these inputs, and its outputs are as it left them.
    Done,
    /// It was done for these inputs by other code.
    OfOtherCode,
    /// It was done for other inputs.
    OfOtherInputs,
    /// It was done, but its note or an output is not as it left it.
    Damaged,
    /// It was never done.
    Open,
}

/// One stage of one run.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    name: String,
    kind: Kind,
    force: bool,
}

impl Stage {
    /// The stage `name` of the run in `folder`; `force` runs it all the same.
    #[must_use]
    pub fn new(folder: &Path, name: &str, kind: Kind, force: bool) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned(), kind, force }
    }

    fn note_path(&self) -> PathBuf {
        note_path(&self.folder, &self.name)
    }

    /// What is known of it.
    ///
    /// # Errors
    ///
    /// Fails if the stage's code has no digest ([`Kind::code`]).
    pub fn state(&self, inputs: &str, outputs: &[PathBuf]) -> Result<State> {
        if !self.note_path().exists() {
            return Ok(State::Open);
        }
        let Ok(note) = read_sealed::<Note>(&self.note_path(), "") else { return Ok(State::Damaged) };
        if note.inputs != inputs {
            return Ok(State::OfOtherInputs);
        }
        if note.code != self.kind.code()? {
            return Ok(State::OfOtherCode);
        }
        let unchanged = |path: &PathBuf| {
            let then = note.outputs.get(&self.relative(path));
            then.is_some_and(|then| file_digest(path).is_ok_and(|now| now == *then))
        };
        Ok(if outputs.iter().all(unchanged) { State::Done } else { State::Damaged })
    }

    /// Runs `work`, which makes `outputs` and notes each, unless it has already been done for `inputs` by this code and the
    /// outputs are unchanged.
    ///
    /// # Errors
    ///
    /// Fails if the work or the disk does, and if an output was not written.
    pub fn run(
        &self,
        inputs: &str,
        outputs: &[PathBuf],
        work: impl FnOnce(&mut Made) -> Result<()>,
    ) -> Result<()> {
        match self.state(inputs, outputs)? {
            State::Done if !self.force => {
                tracing::info!("{} is up to date", self.name);
                return Ok(());
            }
            State::OfOtherCode => {
                tracing::info!("{} is done anew: it was done by other code", self.name);
            }
            State::Damaged => {
                tracing::warn!(
                    "{} is done anew: its note is damaged, or an output is missing or is not what it wrote",
                    self.name
                );
            }
            State::Done | State::OfOtherInputs | State::Open => {}
        }
        let mut made = Made::default();
        work(&mut made)?;
        self.vouch(inputs, outputs, &made)
    }

    /// Writes the note on what was made.
    ///
    /// # Errors
    ///
    /// Fails if an output was not written, and if the note cannot be.
    pub fn vouch(&self, inputs: &str, outputs: &[PathBuf], made: &Made) -> Result<()> {
        let mut digests = BTreeMap::new();
        for path in outputs {
            let Some(digest) = made.0.get(path) else {
                bail!("stage {} did not write {}", self.name, path.display());
            };
            digests.insert(self.relative(path), digest.clone());
        }
        let note = Note { inputs: inputs.to_owned(), code: self.kind.code()?, outputs: digests };
        write_sealed(&self.note_path(), &note)?;
        Ok(())
    }

    /// Refuses what the stage has made of other inputs.
    ///
    /// # Errors
    ///
    /// Names the stage and the remedy.
    pub fn check_inputs(&self, inputs: &str) -> Result<()> {
        let remedy = remedy(&self.folder);
        let note: Note = read_sealed(&self.note_path(), &remedy)?;
        if note.inputs != inputs {
            bail!(
                "{} was done for other data, settings or embeddings than the run has now: {remedy}",
                self.name
            );
        }
        Ok(())
    }

    /// Refuses an output that is not as the stage left it, and returns its digest.
    ///
    /// # Errors
    ///
    /// Names the file and the remedy.
    pub fn check_output(&self, path: &Path) -> Result<String> {
        check_output(&self.folder, &self.name, path)
    }

    fn relative(&self, path: &Path) -> String {
        relative(&self.folder, path)
    }
}

/// Refuses a file of the run in `folder` that is not as the stage of that name left it, whoever did the stage: a reader needs
/// no more than that. Returns the file's digest.
///
/// # Errors
///
/// Names the file and the remedy.
pub fn check_output(folder: &Path, stage: &str, path: &Path) -> Result<String> {
    let remedy = remedy(folder);
    if !path.exists() {
        bail!("there is no {}: {remedy}", path.display());
    }
    let note: Note = read_sealed(&note_path(folder, stage), &remedy)
        .with_context(|| format!("nothing vouches for {}", path.display()))?;
    match (note.outputs.get(&relative(folder, path)), file_digest(path)) {
        (Some(then), Ok(now)) if *then == now => Ok(now),
        _ => bail!("{} is damaged, or not what {stage} has written: {remedy}", path.display()),
    }
}

/// What brings a run into order.
fn remedy(folder: &Path) -> String {
    let run = folder.file_name().unwrap_or_default().to_string_lossy();
    format!("`drr pipeline --run {run}` makes it")
}

fn note_path(folder: &Path, stage: &str) -> PathBuf {
    folder.join("stages").join(format!("{stage}.json"))
}

fn relative(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(folder: &Path, kind: Kind, force: bool) -> Stage {
        Stage::new(folder, "test", kind, force)
    }

    /// Runs the stage and says whether it did any work.
    fn works(stage: &Stage, inputs: &str, output: &Path) -> bool {
        let mut worked = false;
        let work = |made: &mut Made| {
            worked = true;
            made.write(output, inputs.as_bytes())
        };
        stage.run(inputs, &[output.to_owned()], work).unwrap();
        worked
    }

    #[test]
    fn a_stage_runs_again_only_for_other_inputs_other_code_a_changed_output_or_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let one = stage(folder.path(), Kind::Spaces, false);
        assert!(works(&one, "a", &output));
        assert!(!works(&one, "a", &output));
        assert!(works(&one, "b", &output));
        one.check_output(&output).unwrap();
        std::fs::write(&output, "tampered").unwrap();
        assert!(one.check_output(&output).unwrap_err().to_string().contains("pipeline"));
        let error = one.check_output(&folder.path().join("other")).unwrap_err().to_string();
        assert!(error.contains("other"), "{error}");
        assert!(works(&one, "b", &output));
        assert!(works(&stage(folder.path(), Kind::Spaces, true), "b", &output));
        let of_other_code = stage(folder.path(), Kind::Evaluate, false);
        assert_eq!(of_other_code.state("b", std::slice::from_ref(&output)).unwrap(), State::OfOtherCode);
        assert!(works(&of_other_code, "b", &output));
        assert!(!works(&of_other_code, "b", &output));
        of_other_code.check_inputs("b").unwrap();
        let error = of_other_code.check_inputs("c").unwrap_err().to_string();
        assert!(error.contains("test was done for other data") && error.contains("drr pipeline"), "{error}");
    }

    #[test]
    fn a_note_vouches_for_what_was_written_and_not_for_what_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let stage = stage(folder.path(), Kind::Spaces, false);
        let outputs = [output.clone()];
        stage
            .run("a", &outputs, |made| {
                made.write(&output, b"mine")?;
                // Somebody else writes before the note is made.
                Ok(std::fs::write(&output, "theirs")?)
            })
            .unwrap();
        assert_eq!(stage.state("a", &outputs).unwrap(), State::Damaged);
        assert!(stage.check_output(&output).unwrap_err().to_string().contains("not what test has written"));
    }

    #[test]
    fn a_stage_that_fails_or_writes_nothing_is_not_done_and_a_damaged_note_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let stage = stage(folder.path(), Kind::Spaces, false);
        let outputs = std::slice::from_ref(&output);
        assert!(stage.run("a", outputs, |_| bail!("no luck")).unwrap_err().to_string().contains("no luck"));
        assert_eq!(stage.state("a", outputs).unwrap(), State::Open);
        let error = stage.run("a", outputs, |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("did not write"), "{error}");
        assert!(works(&stage, "a", &output));
        let note = folder.path().join("stages/test.json");
        let text = std::fs::read_to_string(&note).unwrap();
        std::fs::write(&note, text.replacen("\"a\"", "\"b\"", 1)).unwrap();
        assert_eq!(stage.state("b", outputs).unwrap(), State::Damaged);
        assert!(format!("{:#}", stage.check_output(&output).unwrap_err()).contains("test.json"));
    }
}
