//! Small files: written whole or not at all, and read with a remedy.

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use std::io::Write;
use std::path::Path;

/// Replaces the file at `path`, through a temporary file that is synced and renamed; missing folders are made.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(drr_data::write_atomically(path, |file| file.write_all(bytes))?)
}

/// Reads a JSON file that a stage wrote; `remedy` says how to make it anew.
pub fn read_json<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T> {
    let text =
        std::fs::read(path).with_context(|| format!("cannot read {}: {remedy} first", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is damaged: {remedy} --force", path.display()))
}
