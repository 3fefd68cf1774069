//! The surroundings of work: the folders, whether it is forced, and who watches it.

use crate::failure::Interrupted;
use crate::shelf::Shelf;
use crate::watch::{Bar, Unwatched, Watch};
use drr_data::Registry;
use drr_store::{Lock, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to do with the checkpoints of an unfinished training that other code began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OtherCode {
    /// Nothing: the user is asked to choose.
    #[default]
    Refuse,
    /// Go on from them.
    GoOn,
    /// Drop them.
    BeginAnew,
}

/// The surroundings of work.
#[derive(Debug, Clone)]
pub struct Context {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Whether stages run although nothing changed.
    pub force: bool,
    /// What to do with unfinished trainings of other code.
    pub other_code: OtherCode,
    /// What is done, for whoever waits for it: a command.
    pub purpose: String,
    /// The program's commit, where it is known.
    pub revision: Option<String>,
    /// The presets and the data sets that are known.
    pub shelf: Shelf,
    /// Who watches.
    pub watch: Arc<dyn Watch>,
}

impl Context {
    /// The surroundings of work that nobody watches, with the built-in presets and data sets.
    #[must_use]
    pub fn unwatched(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            force: false,
            other_code: OtherCode::default(),
            purpose: "work".to_owned(),
            revision: None,
            shelf: Shelf::default(),
            watch: Arc::new(Unwatched::default()),
        }
    }

    /// The registry of data sets.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.shelf.registry().with_folder(&self.own_dir())
    }

    /// Descriptions of logs of one's own.
    #[must_use]
    pub fn own_dir(&self) -> PathBuf {
        self.data_dir.join("own")
    }

    /// Downloaded archives.
    #[must_use]
    pub fn raw_dir(&self) -> PathBuf {
        self.data_dir.join("raw")
    }

    /// Ingested data sets.
    #[must_use]
    pub fn processed_dir(&self) -> PathBuf {
        self.data_dir.join("processed")
    }

    /// Runs.
    #[must_use]
    pub fn runs_dir(&self) -> PathBuf {
        self.data_dir.join("runs")
    }

    /// Shows work of `total` steps.
    #[must_use]
    pub fn bar(&self, label: &str, total: u64) -> Box<dyn Bar> {
        self.watch.bar(label, total)
    }

    /// Whether to stop at the next point from which work can go on.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.watch.interrupted()
    }

    /// Keeps other processes out of `path` while the lock exists; waits for one that is there, and says for whom.
    ///
    /// # Errors
    ///
    /// Fails with [`Interrupted`] if the user asks to stop meanwhile, if this very process has the lock, since nobody might be
    /// left to free it, and if the system refuses.
    pub fn lock(&self, path: &Path) -> anyhow::Result<Lock> {
        let mut said = false;
        let outcome = Lock::wait(path, &self.purpose, &mut |held| {
            // One who has just begun may not have said yet who it is.
            if !said && held.holder.is_some() {
                tracing::warn!("waiting: {held}");
                said = true;
            }
            !held.is_by_this_process() && !self.interrupted()
        });
        match outcome {
            Err(StoreError::Held(held)) if !held.is_by_this_process() => Err(Interrupted.into()),
            outcome => Ok(outcome?),
        }
    }

    /// Ends the work if the user asked to stop.
    ///
    /// # Errors
    ///
    /// Fails with [`Interrupted`] then.
    pub fn stop_if_asked(&self) -> anyhow::Result<()> {
        if self.interrupted() { Err(Interrupted.into()) } else { Ok(()) }
    }
}
