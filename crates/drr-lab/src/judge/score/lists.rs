//! The lists to judge, and the name that they go by.

use crate::failure;
use crate::watch::{Interruptible, Watch};
use anyhow::{Result, bail};
use drr_core::Protocol;
use drr_data::{ForeignLists, read_foreign_lists};
use drr_intake::shown;
use std::path::Path;

/// The names beside which lists are judged.
const TAKEN: [&str; 3] = ["popularity", "random", "oracle"];

/// Reads lists, and finds their name: the one asked for, else the one in the file, else the file's.
///
/// # Errors
///
/// Fails if there is no file, where `watch` is interrupted, and as [`read_foreign_lists`] does.
pub fn named_lists(
    path: &Path,
    protocol: Protocol,
    name: Option<&str>,
    watch: &dyn Watch,
) -> Result<(String, ForeignLists)> {
    if !path.exists() {
        bail!("there are no lists in {}: check the path after --lists", path.display());
    }
    let mut progress = Interruptible::new(watch);
    let lists = read_foreign_lists(path, protocol.name(), name, &mut progress).map_err(failure::of_data)?;
    let is_packed = path.extension().is_some_and(|it| it == "gz" || it == "zst");
    let file = if is_packed { path.with_extension("") } else { path.to_owned() };
    let stem = file.file_stem().map_or_else(|| "lists".into(), |stem| stem.to_string_lossy().into_owned());
    let named = lists.recommender.as_deref().map(shown).filter(|name| !name.trim().is_empty());
    let name = name.map(str::to_owned).or(named).unwrap_or(stem);
    let taken = TAKEN.contains(&name.as_str());
    Ok((if taken { format!("{name} (lists)") } else { name }, lists))
}
