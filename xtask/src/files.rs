//! Writing small files whole or not at all.

use anyhow::Result;
use std::io::Write;
use std::path::Path;

/// Replaces the file at `path`, through a temporary file that is synced and renamed; missing folders are made.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(drr_data::write_atomically(path, |file| file.write_all(bytes))?)
}
