//! What a run says of itself.

use anyhow::{Context as _, Result, bail};
use drr_store::{file_digest, read_sealed, write_sealed};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The form of a run's folder that this program writes and reads.
///
/// It rises when a folder of the old form would be read wrongly. Form 1, which had no number, has no seals.
pub const FORMAT: u32 = 2;

/// What stands in a run's `manifest.json`: enough to find and recompute everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// The form of the folder, [`FORMAT`].
    pub format: u32,
    /// Which data set, and why.
    pub dataset_line: String,
    /// The ingested data set's folder under the data folder.
    pub dataset_dir: PathBuf,
    /// The hash of the ingested data set.
    pub dataset_hash: String,
    /// The hash of the configuration.
    pub config_hash: String,
    /// The digest of the run's `config.toml`.
    pub config_file: String,
    /// What is doubtful about the data: an archive that is not the official one, a host that did not answer.
    pub warnings: Vec<String>,
    /// What the settings that follow from the data leave out, with the reason: a sentence each.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The root seed.
    pub seed: u64,
    /// The version of the project.
    pub version: String,
    /// The digest of all code that figures depend on, as it was built.
    pub code: String,
    /// The commit of the checkout, where whoever started the program had just built it from there.
    pub revision: Option<String>,
    /// The machine.
    pub machine: Vec<(String, String)>,
}

/// Only the form of a folder.
#[derive(Debug, Deserialize)]
struct Form {
    #[serde(default = "first")]
    format: u32,
}

const fn first() -> u32 {
    1
}

/// The name of the file of a run's configuration.
pub const CONFIG: &str = "config.toml";

impl RunManifest {
    /// The file's name.
    pub const FILE: &'static str = "manifest.json";

    /// The version with the code's digest and the commit, for reports.
    #[must_use]
    pub fn program(&self) -> String {
        let code = self.code.get(..16).unwrap_or(&self.code);
        match &self.revision {
            Some(revision) => format!("{} (code {code}, revision {revision})", self.version),
            None => format!("{} (code {code})", self.version),
        }
    }

    /// What figures are of, in a sentence: the data set of this name, the configuration, `seeds` in words, the program and
    /// the machine.
    #[must_use]
    pub fn provenance(&self, dataset: &str, seeds: &str) -> String {
        let machine: Vec<String> =
            self.machine.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let short = |hash: &str| hash.get(..16).unwrap_or(hash).to_owned();
        format!(
            "Data set {dataset} (hash {}), configuration hash {}, {seeds}, version {}; {}.",
            short(&self.dataset_hash),
            short(&self.config_hash),
            self.program(),
            machine.join(", ")
        )
    }

    /// Reads the manifest of the run in `folder`.
    ///
    /// # Errors
    ///
    /// Fails if there is none, if it is of another form, and if a byte of it was changed; each with what to do.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(Self::FILE);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let config = folder.join(CONFIG);
        let text = std::fs::read(&path).with_context(|| {
            if config.exists() {
                return format!(
                    "there is no {} in {}, so it is no run yet: `drr pipeline --config {} --run {name}` makes it",
                    Self::FILE,
                    folder.display(),
                    config.display()
                );
            }
            format!(
                "there is no run in {}: make it with `drr pipeline --run {name}` and the --config or the --dataset that you want, or \
                 give the --data-dir that it lies in",
                folder.display()
            )
        })?;
        let anew =
            format!("make it anew with `drr pipeline --config {} --run {name} --force`", config.display());
        if let Ok(Form { format }) = serde_json::from_slice(&text)
            && format != FORMAT
        {
            bail!("{} is of form {format}, and this program reads form {FORMAT}: {anew}", folder.display());
        }
        Ok(read_sealed(&path, &anew)?)
    }

    /// Refuses a `config.toml` in `folder` that is not the one that the run was made with.
    ///
    /// # Errors
    ///
    /// Names the file and the remedy.
    pub fn check_config(&self, folder: &Path) -> Result<()> {
        let path = folder.join(CONFIG);
        if !path.exists() {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            bail!(
                "there is no {}: put back the configuration that the run was made with, or make the run anew with `drr pipeline \
                 --config FILE --run {name} --force`",
                path.display()
            );
        }
        if file_digest(&path)? != self.config_file {
            bail!(
                "{} is not the configuration that the run was made with: put back what it was, or give it to a new run with \
                 `drr pipeline --config {} --run NAME`",
                path.display(),
                path.display()
            );
        }
        Ok(())
    }

    /// Writes the manifest into `folder`.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write_sealed(&folder.join(Self::FILE), self)?;
        Ok(())
    }
}

/// The digest of all code that figures depend on, as it was built.
///
/// # Errors
///
/// Never: every name is a unit's.
pub fn code() -> Result<String> {
    let all: Vec<&str> = drr_code::UNITS.iter().map(|unit| unit.name).collect();
    Ok(drr_code::digest(&all)?)
}

/// The commit at which the checkout is now that this program was built in, where it is still there. That is the program's own
/// commit only if it has just been built.
#[must_use]
pub fn revision() -> Option<String> {
    drr_code::revision(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> RunManifest {
        RunManifest {
            format: FORMAT,
            dataset_line: "made up".to_owned(),
            dataset_dir: "processed/x".into(),
            dataset_hash: "d".to_owned(),
            config_hash: "c".to_owned(),
            config_file: "f".to_owned(),
            warnings: vec!["w".to_owned()],
            left_out: vec!["long sessions are left out: y".to_owned()],
            seed: 7,
            version: "1".to_owned(),
            code: "k".to_owned(),
            revision: Some("r".to_owned()),
            machine: vec![("CPU".to_owned(), "x".to_owned())],
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_a_changed_one_is_refused_with_the_command_that_makes_it_anew()
    {
        let folder = tempfile::tempdir().unwrap();
        manifest().write(folder.path()).unwrap();
        assert_eq!(RunManifest::read(folder.path()).unwrap(), manifest());
        assert_eq!(manifest().program(), "1 (code k, revision r)");
        let expected =
            "Data set x (hash d), configuration hash c, seed 7, version 1 (code k, revision r); CPU x.";
        assert_eq!(manifest().provenance("x", "seed 7"), expected);
        let path = folder.path().join(RunManifest::FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("made up", "made out")).unwrap();
        let error = format!("{:#}", RunManifest::read(folder.path()).unwrap_err());
        assert!(error.contains("manifest.json") && error.contains("--force"), "{error}");
    }

    #[test]
    fn a_folder_of_another_form_and_one_without_a_run_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RunManifest::FILE);
        let refused = || format!("{:#}", RunManifest::read(folder.path()).unwrap_err());
        assert!(refused().contains("there is no run"));
        std::fs::write(folder.path().join(CONFIG), "").unwrap();
        assert!(refused().contains("no run yet") && refused().contains("config.toml --run"), "{}", refused());
        std::fs::write(&path, "{\"dataset_line\": \"x\"}").unwrap();
        assert!(refused().contains("is of form 1") && refused().contains("drr pipeline --config"));
        std::fs::write(&path, "{\"format\": 9}").unwrap();
        assert!(refused().contains("is of form 9"));
    }
}
