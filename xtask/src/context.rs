//! The surroundings of a command: folders, progress, the wish to stop.

use crate::interrupt::Interrupt;
pub use crate::progress::Bar;
use crate::progress::{Bytes, Progress};
use drr_data::Registry;
use std::path::PathBuf;

/// The surroundings of a command.
#[derive(Debug, Clone)]
pub struct Context {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Whether stages run although nothing changed.
    pub force: bool,
    /// Whether the user asked to stop.
    pub interrupt: Interrupt,
    /// What shows how far work is.
    pub progress: Progress,
}

impl Context {
    /// The project's folder.
    pub fn root() -> PathBuf {
        let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        manifest.parent().unwrap_or(manifest).to_owned()
    }

    /// The shipped configurations.
    pub fn configs_dir() -> PathBuf {
        Self::root().join("xtask/configs")
    }

    /// The registry of data sets, which belongs to the project whatever the data folder is.
    pub fn registry(&self) -> Registry {
        Registry::new(Self::root().join("data/registry"))
    }

    /// Downloaded archives.
    pub fn raw_dir(&self) -> PathBuf {
        self.data_dir.join("raw")
    }

    /// Ingested data sets.
    pub fn processed_dir(&self) -> PathBuf {
        self.data_dir.join("processed")
    }

    /// Runs.
    pub fn runs_dir(&self) -> PathBuf {
        self.data_dir.join("runs")
    }

    /// Shows the bytes of downloads and files.
    pub fn bytes_progress(&self) -> Bytes {
        Bytes::new(self.progress.clone())
    }

    /// Shows work of `total` steps.
    pub fn bar(&self, label: &str, total: u64) -> Bar {
        self.progress.bar(label, total)
    }

    /// Whether to stop at the next point from which work can go on.
    pub fn interrupted(&self) -> bool {
        self.interrupt.is_set()
    }

    /// Ends the command with [`crate::exit::Interrupted`] if the user asked to stop.
    pub fn stop_if_asked(&self) -> anyhow::Result<()> {
        if self.interrupted() { Err(crate::exit::Interrupted.into()) } else { Ok(()) }
    }
}
