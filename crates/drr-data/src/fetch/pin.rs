//! The checksum of an archive for which nobody states one: what the first fetch brought is what later ones must bring.

use super::checksum::Sums;
use crate::DataError;
use std::path::{Path, PathBuf};

/// `ARCHIVE.sha256`, beside the archive.
pub(super) fn place(archive: &Path) -> PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

/// The pinned SHA-256 of an archive, if there is one.
///
/// # Errors
///
/// Fails if the pin cannot be read or holds no such sum.
pub(super) fn read(archive: &Path) -> Result<Option<String>, DataError> {
    let pin = place(archive);
    let bytes = match std::fs::read(&pin) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(DataError::io("read", &pin))?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let sum = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Some(sum))
    } else {
        Err(DataError::BadPin { pin })
    }
}

/// Compares an archive in the folder of raw files with its pin, and pins it if there is none.
///
/// # Errors
///
/// Fails if the archive is another one than was pinned, and if the pin cannot be written.
pub(super) fn keep(archive: &Path, sums: &Sums) -> Result<(), DataError> {
    match read(archive)? {
        Some(pinned) if pinned == sums.sha256 => Ok(()),
        Some(pinned) => Err(DataError::OtherThanPinned {
            archive: archive.to_owned(),
            found: sums.sha256.clone(),
            pinned,
            pin: place(archive),
        }),
        None => {
            let name = archive.file_name().unwrap_or(archive.as_os_str()).to_string_lossy();
            let text = format!("{}  {name}\n", sums.sha256);
            drr_store::write_bytes(&place(archive), text.as_bytes())?;
            Ok(())
        }
    }
}
