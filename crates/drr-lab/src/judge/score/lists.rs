//! The lists to judge, and the name that they go by.

use anyhow::{Result, bail};
use drr_core::Protocol;
use drr_data::{ForeignLists, read_foreign_lists};
use std::path::Path;

/// The names beside which lists are judged.
const TAKEN: [&str; 3] = ["popularity", "random", "oracle"];

/// Reads lists, and finds their name: the one asked for, else the one in the file, else the file's.
///
/// # Errors
///
/// Fails if there is no file, and as [`read_foreign_lists`] does.
pub fn named_lists(path: &Path, protocol: Protocol, name: Option<&str>) -> Result<(String, ForeignLists)> {
    if !path.exists() {
        bail!("there are no lists in {}: check the path after --lists", path.display());
    }
    let lists = read_foreign_lists(path, protocol.name(), name)?;
    let stem = path.file_stem().map_or_else(|| "lists".into(), |stem| stem.to_string_lossy().into_owned());
    let name = name.map(str::to_owned).or_else(|| lists.recommender.clone()).unwrap_or(stem);
    let taken = TAKEN.contains(&name.as_str());
    Ok((if taken { format!("{name} (lists)") } else { name }, lists))
}
