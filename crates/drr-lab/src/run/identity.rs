//! Whose folder it is: a run's folder keeps one configuration and one data set, and nobody overwrites it by accident.

use super::manifest::CONFIG;
use super::{Context, RunManifest};
use crate::config::ExperimentConfig;
use anyhow::{Result, anyhow};
use drr_store::digest_of;
use std::fmt::Display;
use std::path::Path;

/// A run's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// The user has given it: it means one run.
    Given(&'a str),
    /// It is that of the configuration's file or of the data set: who changes the configuration goes on in its folder, and
    /// what depends on the change is done anew.
    Derived(&'a str),
    /// It is that of a log of one's own: the log may grow and its layout may be edited, and the run goes on in its folder.
    OfLog(&'a str),
}

impl<'a> Name<'a> {
    /// The name of the folder.
    #[must_use]
    pub const fn text(self) -> &'a str {
        match self {
            Self::Given(name) | Self::Derived(name) | Self::OfLog(name) => name,
        }
    }
}

/// Refuses a folder that has another run than `ours`.
///
/// # Errors
///
/// Names what is there and what is wanted.
pub fn check(folder: &Path, ours: &RunManifest, name: Name<'_>) -> Result<()> {
    if !folder.join(RunManifest::FILE).exists() {
        return Ok(());
    }
    let theirs = RunManifest::read(folder)?;
    compare(folder, &theirs, ours, name)?;
    if matches!(name, Name::OfLog(_)) && theirs.dataset_hash != ours.dataset_hash {
        tracing::warn!(
            "the log of the run {} or its layout has changed: what depends on it is done anew (another --run keeps both)",
            name.text()
        );
    } else if theirs.config_hash != ours.config_hash {
        tracing::warn!(
            "the configuration of the run {} has changed: what depends on the change is done anew (another --run keeps both)",
            name.text()
        );
    }
    Ok(())
}

fn compare(folder: &Path, theirs: &RunManifest, ours: &RunManifest, name: Name<'_>) -> Result<()> {
    if theirs.seed != ours.seed {
        return Err(other("root seed", &theirs.seed, &ours.seed, folder));
    }
    let (same_data, same_config) =
        (theirs.dataset_hash == ours.dataset_hash, theirs.config_hash == ours.config_hash);
    let named = |it: &RunManifest| format!("{} ({})", it.dataset_line, short(&it.dataset_hash));
    match name {
        // A changed configuration may split or filter the same archive in another way.
        Name::Derived(_) if !same_config => Ok(()),
        Name::OfLog(_) => Ok(()),
        _ if !same_data => Err(other("data set", &named(theirs), &named(ours), folder)),
        _ if !same_config => {
            let [then, now] = [theirs, ours].map(|it| format!("that with hash {}", short(&it.config_hash)));
            Err(other("configuration", &then, &now, folder))
        }
        _ => Ok(()),
    }
}

/// Refuses what can be refused before the data set is there: another data set, another seed, and under a name that the user
/// gave another configuration than the run's own.
///
/// # Errors
///
/// Names what is there and what is wanted.
pub fn check_choice(context: &Context, ours: &ExperimentConfig, name: Name<'_>) -> Result<()> {
    let folder = context.runs_dir().join(name.text());
    if context.force || !folder.join(RunManifest::FILE).exists() {
        return Ok(());
    }
    let theirs = RunManifest::read(&folder)?;
    // A changed file says nothing; the hashes below do, and beginning the run writes it anew.
    if theirs.check_config(&folder).is_ok() {
        let config = ExperimentConfig::load(&folder.join(CONFIG))?;
        if config.data.dataset != ours.data.dataset {
            return Err(other("data set", &config.data.dataset, &ours.data.dataset, &folder));
        }
    }
    let hash = digest_of(ours)?;
    let ours = RunManifest { seed: ours.seed, config_hash: hash, ..theirs.clone() };
    compare(&folder, &theirs, &ours, name)
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// The refusal.
pub fn other(what: &str, theirs: &dyn Display, ours: &dyn Display, folder: &Path) -> anyhow::Error {
    anyhow!(
        "the run in {} has another {what}: {theirs}, and not {ours}; give the new one another --run, or make the folder anew with \
         --force (`drr report --run {}` shows what is there)",
        folder.display(),
        folder.file_name().unwrap_or_default().to_string_lossy()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(seed: u64, dataset: &str, config: &str) -> RunManifest {
        RunManifest {
            format: super::super::manifest::FORMAT,
            dataset_line: format!("{dataset} as asked for"),
            dataset_dir: "processed/x".into(),
            dataset_hash: dataset.to_owned(),
            config_hash: config.to_owned(),
            config_file: String::new(),
            warnings: Vec::new(),
            left_out: Vec::new(),
            seed,
            version: "1".to_owned(),
            code: String::new(),
            revision: None,
            machine: Vec::new(),
        }
    }

    #[test]
    fn another_data_set_configuration_or_seed_is_refused_and_both_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (given, derived) = (Name::Given("x"), Name::Derived("x"));
        let refused = |ours: &RunManifest, name| {
            let outcome = check(folder.path(), ours, name);
            outcome.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(&manifest(1, "a", "c"), given), "", "nothing is there");
        manifest(1, "a", "c").write(folder.path()).unwrap();
        assert_eq!(refused(&manifest(1, "a", "c"), given), "");
        let grown = manifest(1, "b", "d");
        assert_eq!(refused(&grown, Name::OfLog("x")), "", "a log may grow");
        assert!(refused(&manifest(2, "a", "c"), Name::OfLog("x")).contains("root seed"));
        for name in [given, derived] {
            let seed = refused(&manifest(2, "a", "d"), name);
            assert!(seed.contains("root seed: 1, and not 2") && seed.contains("--force"), "{seed}");
            let data = refused(&manifest(1, "b", "c"), name);
            assert!(data.contains("a as asked for (a), and not b as asked for (b)"), "{data}");
        }
        assert!(refused(&manifest(1, "a", "d"), given).contains("hash c, and not that with hash d"));
        assert_eq!(refused(&manifest(1, "b", "d"), derived), "", "its configuration was changed");
        std::fs::write(folder.path().join(RunManifest::FILE), "{}").unwrap();
        assert!(refused(&manifest(1, "a", "c"), derived).contains("form 1"));
    }

    #[test]
    fn a_choice_is_refused_before_its_data_set_is_there() {
        let home = tempfile::tempdir().unwrap();
        let context = Context::unwatched(home.path());
        let theirs = ExperimentConfig::preset("smoke").unwrap();
        let refused = |ours: &ExperimentConfig, name| {
            let outcome = check_choice(&context, ours, name);
            outcome.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(&theirs, Name::Given("x")), "", "nothing is there");
        let folder = home.path().join("runs/x");
        let text = theirs.to_toml().unwrap();
        drr_store::write_bytes(&folder.join(CONFIG), text.as_bytes()).unwrap();
        let config_file = drr_store::bytes_digest(text.as_bytes());
        let there = manifest(theirs.seed, "a", &digest_of(&theirs).unwrap());
        RunManifest { config_file, ..there }.write(&folder).unwrap();
        assert_eq!(refused(&theirs, Name::Given("x")), "");

        let mut other_data = theirs.clone();
        "ml-1m".clone_into(&mut other_data.data.dataset);
        let mut other_seed = theirs.clone();
        other_seed.seed += 1;
        let mut other_length = theirs.clone();
        other_length.evaluation.n_observed += 1;
        for name in [Name::Given("x"), Name::Derived("x")] {
            let data = refused(&other_data, name);
            assert!(data.contains("data set: synthetic, and not ml-1m"), "{data}");
            assert!(refused(&other_seed, name).contains("another root seed"));
        }
        assert!(refused(&other_length, Name::Given("x")).contains("another configuration"));
        assert_eq!(refused(&other_length, Name::Derived("x")), "");
        let forced = Context { force: true, ..Context::unwatched(home.path()) };
        check_choice(&forced, &other_data, Name::Given("x")).unwrap();
    }
}
