//! Where work is done: a run's folder with the cache of its stages, and who watches.

use super::cache::{Stage, check_output};
use super::code::Kind;
use super::context::OtherCode;
use crate::failure::Interrupted;
use crate::watch::{Bar, Watch};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where work is done. It knows nothing of what is worked on.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The run's folder.
    pub folder: &'a Path,
    /// Whether stages run although nothing changed.
    pub force: bool,
    /// What to do with unfinished trainings of other code.
    pub other_code: OtherCode,
    /// Who watches.
    pub watch: &'a Arc<dyn Watch>,
}

impl Work<'_> {
    /// A file of the run.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// The cache of one stage.
    #[must_use]
    pub fn stage(&self, name: &str, kind: Kind) -> Stage {
        Stage::new(self.folder, name, kind, self.force)
    }

    /// The path of a file of the run, which is as the stage left it.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing or changed, with the remedy.
    pub fn checked(&self, stage: &str, file: impl AsRef<Path>) -> Result<PathBuf> {
        let path = self.path(file);
        check_output(self.folder, stage, &path)?;
        Ok(path)
    }

    /// The run's name: that of its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
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
    pub fn stop_if_asked(&self) -> Result<()> {
        if self.interrupted() { Err(Interrupted.into()) } else { Ok(()) }
    }
}
