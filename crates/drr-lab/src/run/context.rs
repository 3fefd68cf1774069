//! The surroundings of work: the folders, whether it is forced, and who watches it.

use crate::failure::Interrupted;
use crate::shelf::Shelf;
use crate::watch::{Bar, Unwatched, Watch};
use drr_data::Registry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The surroundings of work.
#[derive(Debug, Clone)]
pub struct Context {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Whether stages run although nothing changed.
    pub force: bool,
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
            shelf: Shelf::default(),
            watch: Arc::new(Unwatched::default()),
        }
    }

    /// The registry of data sets.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.shelf.registry()
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

    /// Ends the work if the user asked to stop.
    ///
    /// # Errors
    ///
    /// Fails with [`Interrupted`] then.
    pub fn stop_if_asked(&self) -> anyhow::Result<()> {
        if self.interrupted() { Err(Interrupted.into()) } else { Ok(()) }
    }
}
