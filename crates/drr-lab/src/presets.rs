//! Where presets come from: configurations that others extend by name.

use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// Named configurations. Whoever embeds them in a binary hands them over by this.
pub trait Presets {
    /// The text of the preset `name`, such as `ml-1m.toml`; `None` where there is none of that name.
    fn text(&self, name: &str) -> Result<Option<String>>;

    /// The names of all, for messages.
    fn names(&self) -> Vec<String>;
}

/// No presets: a configuration then extends files alone.
#[derive(Debug, Clone, Copy)]
pub struct NoPresets;

impl Presets for NoPresets {
    fn text(&self, _name: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The files of a folder.
#[derive(Debug, Clone)]
pub struct PresetFolder(pub PathBuf);

impl Presets for PresetFolder {
    fn text(&self, name: &str) -> Result<Option<String>> {
        let path = self.0.join(name);
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the preset {}", path.display()))?;
        Ok(Some(text))
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
        names.sort_unstable();
        names
    }
}
