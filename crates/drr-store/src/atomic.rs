//! Files and folders that are either there in full or not at all.
//!
//! A run can be killed, and a disk can be full, at any moment. So everything is written beside its place, brought to
//! the disk, and only then renamed: a reader never meets half a file, and what was there before stays until then.

use crate::StoreError;
use crate::digest::HashingWriter;
use crate::partial::{file_beside, folder_beside, folder_of, move_away, prepare};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What was written, known without reading it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The SHA-256 of the file's bytes, 64 hexadecimal digits.
    pub digest: String,
    /// The number of bytes.
    pub n_bytes: u64,
}

/// Writes a file in full or not at all: `write` fills a new file beside `path`, which then takes its place.
///
/// The folder is made if need be. What killed writers left behind in it is removed.
///
/// # Errors
///
/// Fails if `write` fails and if the system refuses; whatever was at `path` is then unchanged, and no partial file
/// stays.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut HashingWriter<&mut File>) -> io::Result<()>,
) -> Result<Written, StoreError> {
    prepare(path)?;
    let mut file = file_beside(path)?;
    let mut writer = HashingWriter::new(file.as_file_mut());
    let outcome = write(&mut writer);
    let n_bytes = writer.n_bytes();
    let failed = |error| StoreError::refusal(error, path, n_bytes);
    outcome.map_err(failed)?;
    let (_, digest) = writer.finish();
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(path)?;
    Ok(Written { digest, n_bytes })
}

/// Writes a file of these bytes, in full or not at all.
///
/// # Errors
///
/// Fails if the system refuses; whatever was at `path` is then unchanged.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<Written, StoreError> {
    write_atomically(path, |file| file.write_all(bytes))
}

/// A folder that is filled beside its place, and takes it when it is complete. Dropped before, it goes.
#[derive(Debug)]
pub struct NewFolder {
    place: PathBuf,
    partial: TempDir,
    /// Says to cleaners that the maker lives.
    held: Option<File>,
}

impl NewFolder {
    /// Makes an empty folder beside `place`. What killed writers left behind there is removed.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses to make the folder.
    pub fn beside(place: &Path) -> Result<Self, StoreError> {
        prepare(place)?;
        let (partial, held) = folder_beside(place)?;
        Ok(Self { place: place.to_owned(), partial, held })
    }

    /// Where to write the files.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.partial.path()
    }

    /// Puts the folder in its place, whose earlier content is removed.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses; the new folder is then removed, and the place is as it was.
    pub fn publish(self) -> Result<(), StoreError> {
        let Self { place, partial, held } = self;
        // Says to cleaners that somebody is at work on the earlier folder.
        let old = File::open(&place).ok().filter(|handle| handle.try_lock().is_ok());
        let away = if place.exists() { Some(move_away(&place)?) } else { None };
        if let Err(error) = fs::rename(partial.path(), &place) {
            if let Some(away) = away {
                fs::rename(&away, &place).map_err(StoreError::io("put back", &place))?;
            }
            return Err(StoreError::refusal(error, &place, 0));
        }
        // It is no longer where a drop would remove it.
        let _ = partial.keep();
        drop(held);
        sync_folder(&place)?;
        if let Some(away) = away {
            fs::remove_dir_all(&away).map_err(StoreError::io("remove", &away))?;
        }
        drop(old);
        Ok(())
    }
}

/// Brings a rename to the disk.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    // Only Unix opens folders, and only there a rename needs it.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::refusal(error, folder, 0))?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The names in a folder, sorted.
    pub(crate) fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_into_a_new_folder_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file.txt");
        write_atomically(&path, |file| file.write_all(b"a longer text")).unwrap();
        write_atomically(&path, |file| file.write_all(b"short")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short");
        assert_eq!(names(path.parent().unwrap()), ["file.txt"]);
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_and_no_partial_one_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.txt");
        write_atomically(&path, |file| file.write_all(b"old")).unwrap();
        let error = write_atomically(&path, |file| {
            file.write_all(b"half of the ne")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(
            matches!(&error, StoreError::NoSpace { path: named, written: 14 } if *named == path),
            "{error}"
        );
        assert!(error.to_string().contains("--data-dir"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["file.txt"]);
    }

    #[test]
    fn a_panic_while_writing_leaves_no_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.txt");
        let caught = std::panic::catch_unwind(|| write_atomically(&path, |_| panic!("a bug")));
        assert!(caught.is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn what_was_written_is_known_without_reading_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        let written = write_bytes(&path, b"abc").unwrap();
        // FIPS 180-4's first example.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        assert_eq!(written, Written { digest, n_bytes: 3 });
        assert_eq!(crate::file_digest(&path).unwrap(), written.digest);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = write_bytes(&file.join("below"), b"").unwrap_err().to_string();
        assert!(error.contains("file") && error.contains("check the path"), "{error}");
    }

    #[test]
    fn a_failed_write_leaves_the_old_one_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::create_dir(&path).unwrap();
        assert!(write_bytes(&path, b"new").unwrap_err().to_string().contains("file"));
        assert!(path.is_dir());
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn writers_of_one_file_side_by_side_leave_one_of_their_texts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.txt");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        write_bytes(path, &[b'a' + writer; 100]).unwrap();
                    }
                });
            }
        });
        let text = fs::read(&path).unwrap();
        assert!(text.len() == 100 && text.iter().all(|byte| *byte == text[0]), "{text:?}");
        assert_eq!(names(folder.path()), ["file.txt"]);
    }

    #[test]
    fn a_folder_takes_the_place_of_its_predecessor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        for content in ["one", "two"] {
            let new = NewFolder::beside(&path).unwrap();
            fs::write(new.path().join(content), content).unwrap();
            new.publish().unwrap();
        }
        assert_eq!(names(&path), ["two"]);
        assert_eq!(names(folder.path()), ["data"]);
    }

    #[test]
    fn a_folder_that_is_not_published_goes_and_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "").unwrap();
        let new = NewFolder::beside(&path).unwrap();
        fs::write(new.path().join("half"), "").unwrap();
        drop(new);
        assert_eq!(names(&path), ["old"]);
        assert_eq!(names(folder.path()), ["data"]);
    }

    #[test]
    fn a_folder_that_cannot_be_published_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "").unwrap();
        let new = NewFolder::beside(&path).unwrap();
        fs::remove_dir(new.path()).unwrap();
        assert!(new.publish().unwrap_err().to_string().contains("data"));
        assert_eq!(names(&path), ["old"]);
        assert_eq!(names(folder.path()), ["data"]);
    }
}
