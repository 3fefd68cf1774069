//! Notes on the files of a folder, by which whoever reads them knows that they are the ones that were written.

use crate::{StoreError, Written, bytes_digest, file_digest, write_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The digests of files, by their paths in a folder, with `/` between the parts.
///
/// Only what a writer returned goes in ([`FolderNote::add`], [`FolderNote::write`]), so a note vouches for what this
/// process wrote and not for what lay on the disk when it looked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderNote {
    /// The SHA-256 of each file.
    files: BTreeMap<String, String>,
}

impl FolderNote {
    /// Notes what was written at the path `name` in the folder.
    pub fn add(&mut self, name: impl AsRef<Path>, written: &Written) {
        self.files.insert(key(name.as_ref()), written.digest.clone());
    }

    /// Writes a file of the folder, whole or not at all, and notes it.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written; it is then not noted.
    pub fn write(&mut self, folder: &Path, name: impl AsRef<Path>, bytes: &[u8]) -> Result<(), StoreError> {
        let written = write_bytes(&folder.join(name.as_ref()), bytes)?;
        self.add(name, &written);
        Ok(())
    }

    /// The digest of a file, if it is noted.
    #[must_use]
    pub fn digest(&self, name: impl AsRef<Path>) -> Option<&str> {
        self.files.get(&key(name.as_ref())).map(String::as_str)
    }

    /// The paths of the files in the folder, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Compares a file of the folder with its note; `remedy` says how to make it anew.
    ///
    /// # Errors
    ///
    /// Fails if the file is absent, not noted or not the one that was written.
    pub fn check(&self, folder: &Path, name: impl AsRef<Path>, remedy: &str) -> Result<(), StoreError> {
        let path = folder.join(name.as_ref());
        self.compare(&path, name.as_ref(), &file_digest(&path).map_err(missing(&path, remedy))?, remedy)
    }

    /// Compares every noted file of the folder.
    ///
    /// # Errors
    ///
    /// Fails with the first file that is absent or not the one that was written.
    pub fn check_all(&self, folder: &Path, remedy: &str) -> Result<(), StoreError> {
        self.names().try_for_each(|name| self.check(folder, name, remedy))
    }

    /// Reads a file of the folder: the bytes that were compared with the note are the ones that are returned.
    ///
    /// # Errors
    ///
    /// Fails if the file is absent, not noted or not the one that was written.
    pub fn read(&self, folder: &Path, name: impl AsRef<Path>, remedy: &str) -> Result<Vec<u8>, StoreError> {
        let path = folder.join(name.as_ref());
        let read = std::fs::read(&path).map_err(StoreError::io("read", &path));
        let bytes = read.map_err(missing(&path, remedy))?;
        self.compare(&path, name.as_ref(), &bytes_digest(&bytes), remedy)?;
        Ok(bytes)
    }

    /// Refuses the file at `path` whose digest is `found` unless the note has that digest.
    fn compare(&self, path: &Path, name: &Path, found: &str, remedy: &str) -> Result<(), StoreError> {
        let reason = match self.digest(name) {
            Some(expected) if expected == found => return Ok(()),
            Some(expected) => format!("its SHA-256 is {found}, but {expected} was written"),
            None => "no note vouches for it".to_owned(),
        };
        Err(StoreError::damaged(path, reason, remedy))
    }
}

/// Tells an absent file from one that cannot be read.
fn missing(path: &Path, remedy: &str) -> impl FnOnce(StoreError) -> StoreError {
    move |error| match error {
        StoreError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            StoreError::Missing { path: path.to_owned(), remedy: remedy.to_owned() }
        }
        other => other,
    }
}

/// A path as a note has it, the same on every system.
fn key(name: &Path) -> String {
    let parts: Vec<_> = name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_checked_and_every_difference_is_told_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let mut note = FolderNote::default();
        note.write(folder.path(), "a.txt", b"one").unwrap();
        note.add("deep/b.txt", &write_bytes(&folder.path().join("deep/b.txt"), b"two").unwrap());
        assert_eq!(note.names().collect::<Vec<_>>(), ["a.txt", "deep/b.txt"]);
        note.check_all(folder.path(), "run again").unwrap();
        assert_eq!(note.read(folder.path(), Path::new("deep").join("b.txt"), "x").unwrap(), b"two");
        let refusal = |name: &str| note.check(folder.path(), name, "run again").unwrap_err();
        std::fs::write(folder.path().join("other"), "").unwrap();
        assert!(refusal("other").to_string().contains("no note"));
        std::fs::write(folder.path().join("a.txt"), "onE").unwrap();
        let changed = refusal("a.txt").to_string();
        assert!(changed.contains("a.txt") && changed.contains("run again"), "{changed}");
        assert!(changed.contains(note.digest("a.txt").unwrap()), "{changed}");
        std::fs::remove_file(folder.path().join("a.txt")).unwrap();
        assert!(matches!(refusal("a.txt"), StoreError::Missing { .. }));
        assert!(matches!(note.check_all(folder.path(), "x"), Err(StoreError::Missing { .. })));
    }

    #[test]
    fn a_note_vouches_for_what_was_written_even_if_it_was_changed_before_the_note_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let written = write_bytes(&path, b"ours").unwrap();
        std::fs::write(&path, "theirs").unwrap();
        let mut note = FolderNote::default();
        note.add("a.txt", &written);
        assert!(note.check(folder.path(), "a.txt", "x").is_err());
    }

    #[test]
    fn a_note_goes_to_a_sealed_file_and_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut note = FolderNote::default();
        note.write(folder.path(), "a.txt", b"one").unwrap();
        let path = folder.path().join("files.json");
        crate::write_sealed(&path, &note).unwrap();
        assert_eq!(crate::read_sealed::<FolderNote>(&path, "x").unwrap(), note);
    }
}
