//! Files and folders that are either there in full or not at all.
//!
//! A run can be killed, and a disk can be full, at any moment. So everything is written beside its place, brought to
//! the disk, and only then renamed: a reader never meets half a file, and what was there before stays until then.

use crate::DataError;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The ending of what is not finished.
const PARTIAL: &str = ".partial";
/// The ending of a folder that makes way for its successor.
const REPLACED: &str = ".replaced";

/// Writes a file in full or not at all: `write` fills a new file beside `path`, which then takes its place.
///
/// The folder is made if need be. What a killed run left behind for the same `path` is removed.
///
/// # Errors
///
/// Fails if `write` fails and if the system refuses; whatever was at `path` is then unchanged, and no partial file
/// stays.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), DataError> {
    let partial = Partial::beside(path)?;
    let failed = |error| {
        let written = fs::metadata(&partial.path).map_or(0, |it| it.len());
        refusal_after(error, path, written)
    };
    let mut file = File::create(&partial.path).map_err(failed)?;
    write(&mut file).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&partial.path, path).map_err(failed)?;
    sync_folder(path)
}

/// Makes an empty folder beside `path`, to be filled and then given to [`publish_directory`].
///
/// What a killed run left behind for the same `path` is removed.
///
/// # Errors
///
/// Fails if the system refuses to make the folder.
pub fn partial_directory(path: &Path) -> Result<PathBuf, DataError> {
    let partial = Partial::beside(path)?;
    fs::create_dir(&partial.path).map_err(|error| refusal(error, path))?;
    Ok(partial.keep())
}

/// Puts the filled folder `partial` in the place of `path`, whose earlier content is removed.
///
/// # Errors
///
/// Fails if the system refuses; `partial` is then removed and `path` is as it was.
pub fn publish_directory(partial: &Path, path: &Path) -> Result<(), DataError> {
    let partial = Partial { path: partial.to_owned() };
    let old = beside(path, REPLACED);
    let had_old = path.exists();
    if had_old {
        fs::rename(path, &old).map_err(|error| refusal(error, path))?;
    }
    if let Err(error) = fs::rename(&partial.path, path) {
        if had_old {
            fs::rename(&old, path).map_err(DataError::io("put back", path))?;
        }
        return Err(refusal(error, path));
    }
    sync_folder(path)?;
    if had_old {
        fs::remove_dir_all(&old).map_err(DataError::io("remove", &old))?;
    }
    Ok(())
}

/// Something unfinished that goes when its owner fails.
struct Partial {
    path: PathBuf,
}

impl Partial {
    /// A free name beside `path`, in a folder that exists and is free of earlier remains.
    fn beside(path: &Path) -> Result<Self, DataError> {
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(|error| refusal(error, folder))?;
        remove_stale(path)?;
        Ok(Self { path: beside(path, PARTIAL) })
    }

    /// The path, which from now on stays.
    fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After success nothing is there any more; after a failure there is nothing better to do about a second one.
        if fs::remove_file(&self.path).is_err() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The folder of `path`, which for a bare name is the current one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name `.NAME.PROCESS-NUMBER.ENDING`, which no other writer has.
fn beside(path: &Path, ending: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    folder_of(path).join(format!("{}{}-{number}{ending}", stem_of(path), std::process::id()))
}

/// How the names of all unfinished versions of `path` begin.
fn stem_of(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes unfinished versions of `path` whose process is gone.
fn remove_stale(path: &Path) -> Result<(), DataError> {
    let folder = folder_of(path);
    let stem = stem_of(path);
    for entry in fs::read_dir(folder).map_err(DataError::io("list", folder))? {
        let entry = entry.map_err(DataError::io("list", folder))?;
        let name = entry.file_name();
        if name.to_str().and_then(|name| owner_of(name, &stem)).is_some_and(|process| !is_running(process)) {
            drop(Partial { path: entry.path() });
        }
    }
    Ok(())
}

/// The process in the name of an unfinished version.
fn owner_of(name: &str, stem: &str) -> Option<u32> {
    let rest = name.strip_prefix(stem)?;
    let rest = rest.strip_suffix(PARTIAL).or_else(|| rest.strip_suffix(REPLACED))?;
    rest.split_once('-')?.0.parse().ok()
}

/// Whether a process runs; where the system does not tell, only this one does.
fn is_running(process: u32) -> bool {
    process == std::process::id() || Path::new("/proc").join(process.to_string()).exists()
}

/// Brings a rename to the disk.
fn sync_folder(path: &Path) -> Result<(), DataError> {
    let folder = folder_of(path);
    // Only Unix opens folders, and only there a rename needs it.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| refusal(error, folder))?;
    }
    Ok(())
}

/// The error for a write that the system refused.
fn refusal(error: io::Error, path: &Path) -> DataError {
    refusal_after(error, path, 0)
}

/// The same, after some bytes were written.
fn refusal_after(error: io::Error, path: &Path, written: u64) -> DataError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            DataError::NoSpace { path: path.to_owned(), written }
        }
        _ => DataError::io("write", path)(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// The names in a folder, sorted.
    fn names(folder: &Path) -> Vec<String> {
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
            matches!(&error, DataError::NoSpace { path: named, written: 14 } if *named == path),
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
        let reason = caught.unwrap_err();
        assert_eq!(reason.downcast_ref::<&str>(), Some(&"a bug"), "the panic goes on to the caller");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn remains_of_a_process_that_is_gone_are_removed_and_those_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let gone = u32::MAX;
        let living = std::process::id();
        fs::write(folder.path().join(format!(".file.txt.{gone}-0.partial")), "x").unwrap();
        fs::create_dir(folder.path().join(format!(".file.txt.{gone}-1.replaced"))).unwrap();
        fs::write(folder.path().join(format!(".file.txt.{living}-999.partial")), "x").unwrap();
        fs::write(folder.path().join(format!(".other.txt.{gone}-0.partial")), "x").unwrap();
        write_atomically(&folder.path().join("file.txt"), |file| file.write_all(b"new")).unwrap();
        let expected = [
            format!(".file.txt.{living}-999.partial"),
            format!(".other.txt.{gone}-0.partial"),
            "file.txt".to_owned(),
        ];
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn a_folder_takes_the_place_of_its_predecessor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        for content in ["one", "two"] {
            let partial = partial_directory(&path).unwrap();
            fs::write(partial.join(content), content).unwrap();
            publish_directory(&partial, &path).unwrap();
        }
        assert_eq!(names(&path), ["two"]);
        assert_eq!(names(folder.path()), ["data"]);
    }

    #[test]
    fn a_folder_that_cannot_be_published_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("old"), "").unwrap();
        let error = publish_directory(&folder.path().join("missing"), &path).unwrap_err();
        let DataError::Io { source, .. } = &error else { panic!("{error}") };
        assert_eq!(source.kind(), io::ErrorKind::NotFound, "{error}");
        assert_eq!(names(&path), ["old"]);
        assert_eq!(names(folder.path()), ["data"]);
    }
}
