//! Files and folders under names of their own until they are finished, and what killed writers left behind.
//!
//! An unfinished thing stands beside its place as `.NAME.new-RANDOM.partial`, and its maker holds an advisory lock on it.
//! The system frees the lock of a process that is gone, however it ended and in whatever container it ran, so a next
//! writer knows what nobody will finish.

use crate::StoreError;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile, TempDir};

/// The ending of what is not finished.
const PARTIAL: &str = ".partial";
/// The ending of a folder that makes way for its successor.
const REPLACED: &str = ".replaced";
/// How the part between the name and the ending begins.
const MARK: &str = "new-";
/// The number of random letters and digits behind the mark.
const N_RANDOM: usize = 8;
/// The ending of a checkpoint that an earlier version of this program did not finish.
const UNFINISHED: &str = ".unfinished";

/// The folder of `path`, which for a bare name is the current one.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes sure that the folder of `path` exists and is free of what nobody will finish.
pub(crate) fn prepare(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(|error| StoreError::refusal(error, folder, 0))?;
    remove_leftovers(folder);
    Ok(())
}

/// A new file beside `path`, to be written and then renamed; it goes when dropped.
pub(crate) fn file_beside(path: &Path) -> Result<NamedTempFile, StoreError> {
    let make = || with_builder(path, PARTIAL, false, |builder| builder.tempfile_in(folder_of(path)));
    loop {
        let file = make().map_err(|error| StoreError::refusal(error, path, 0))?;
        if is_kept(file.as_file(), file.path()) {
            return Ok(file);
        }
    }
}

/// A new folder beside `path`, with the handle that says that its maker lives; it goes when dropped.
pub(crate) fn folder_beside(path: &Path) -> Result<(TempDir, Option<File>), StoreError> {
    let make = || with_builder(path, PARTIAL, true, |builder| builder.tempdir_in(folder_of(path)));
    loop {
        let folder = make().map_err(|error| StoreError::refusal(error, path, 0))?;
        // Only Unix opens folders.
        let Ok(handle) = File::open(folder.path()) else { return Ok((folder, None)) };
        if is_kept(&handle, folder.path()) {
            return Ok((folder, Some(handle)));
        }
    }
}

/// Moves the folder at `path` out of the way of its successor, and returns where to.
pub(crate) fn move_away(path: &Path) -> Result<PathBuf, StoreError> {
    let make = |builder: &Builder<'_, '_>| builder.make_in(folder_of(path), |away| fs::rename(path, away));
    let moved = with_builder(path, REPLACED, true, make).map_err(StoreError::io("move away", path))?;
    let kept = moved.into_temp_path().keep();
    kept.map_err(|error| StoreError::io("move away", path)(error.error))
}

/// Calls `make` with a builder of names `.NAME.new-RANDOM.ENDING` and the permissions that any new file has.
fn with_builder<T>(
    path: &Path,
    ending: &str,
    is_folder: bool,
    make: impl FnOnce(&Builder<'_, '_>) -> io::Result<T>,
) -> io::Result<T> {
    let prefix = format!(".{}.{MARK}", path.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(ending).rand_bytes(N_RANDOM);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The process's mask takes from these what it takes from any file's.
        builder.permissions(fs::Permissions::from_mode(if is_folder { 0o777 } else { 0o666 }));
    }
    make(&builder)
}

/// Takes the lock that says that this process is at work on the thing. False if a cleaner was faster and removes it.
///
/// Where files cannot be locked, cleaners cannot lock them either, and leave them alone.
fn is_kept(handle: &File, path: &Path) -> bool {
    match handle.try_lock() {
        Ok(()) => fs::symlink_metadata(path).is_ok(),
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => true,
    }
}

/// Removes from `folder` what writers began and will not finish, because they are gone. A folder that was moved out of
/// the way of a successor that never came takes its place again.
///
/// Every writer of this crate does that in the folder that it writes to; a program may also do so when it begins. What
/// cannot be removed stays: it is in nobody's way.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(of) = name.to_str().and_then(unfinished) else { continue };
        let path = entry.path();
        let Ok(handle) = File::open(&path) else { continue };
        if handle.try_lock().is_err() {
            continue;
        }
        let place = folder.join(of.name);
        if of.is_replaced && !place.exists() && fs::rename(&path, place).is_ok() {
            continue;
        }
        // Another cleaner may have been faster.
        if fs::remove_file(&path).is_err() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// What the name of an unfinished thing says.
struct Unfinished<'name> {
    /// The name that it is to have, or had.
    name: &'name str,
    /// Whether it was complete once, and made way for a successor.
    is_replaced: bool,
}

/// Reads the name of an unfinished thing; `None` for any other name.
fn unfinished(name: &str) -> Option<Unfinished<'_>> {
    if let Some(step) = name.strip_suffix(UNFINISHED) {
        let is_step = step.strip_prefix("step-").is_some_and(is_number);
        return is_step.then_some(Unfinished { name: step, is_replaced: false });
    }
    let hidden = name.strip_prefix('.')?;
    let (stem, is_replaced) = match hidden.strip_suffix(PARTIAL) {
        Some(stem) => (stem, false),
        None => (hidden.strip_suffix(REPLACED)?, true),
    };
    let (name, token) = stem.rsplit_once('.')?;
    let is_random =
        |text: &str| text.len() == N_RANDOM && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // Earlier versions of this program put the process and a number there.
    let is_earlier =
        token.split_once('-').is_some_and(|(process, number)| is_number(process) && is_number(number));
    let is_ours = token.strip_prefix(MARK).is_some_and(is_random) || is_earlier;
    (is_ours && !name.is_empty()).then_some(Unfinished { name, is_replaced })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atomic::tests::names;

    #[test]
    fn what_nobody_will_finish_is_removed_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in [".a.txt.new-aB3dE6gH.partial", ".a.txt.4294967295-0.partial"] {
            fs::write(place(name), "half").unwrap();
        }
        for name in [".set.new-12345678.partial", "step-000000000007.unfinished"] {
            fs::create_dir(place(name)).unwrap();
            fs::write(place(name).join("half"), "").unwrap();
        }
        let foreign = [
            ".film.download.partial",
            ".new-12345678.partial",
            ".x.new-1234.partial",
            "a.new-12345678.partial",
            "step-x.unfinished",
        ];
        for name in foreign {
            fs::write(place(name), "").unwrap();
        }
        remove_leftovers(folder.path());
        assert_eq!(names(folder.path()), foreign);
    }

    #[test]
    fn what_a_living_writer_has_begun_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let (file, held) = (file_beside(&path).unwrap(), folder_beside(&path).unwrap());
        remove_leftovers(folder.path());
        assert!(file.path().exists() && held.0.path().exists());
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[test]
    fn a_folder_whose_successor_never_came_takes_its_place_again() {
        let folder = tempfile::tempdir().unwrap();
        let away = folder.path().join(".set.new-12345678.replaced");
        fs::create_dir(&away).unwrap();
        fs::write(away.join("rows"), "1").unwrap();
        remove_leftovers(folder.path());
        assert_eq!(names(folder.path()), ["set"]);
        assert_eq!(fs::read(folder.path().join("set/rows")).unwrap(), b"1");
        // With a successor in place, the old one goes.
        fs::create_dir(&away).unwrap();
        remove_leftovers(folder.path());
        assert_eq!(names(folder.path()), ["set"]);
    }

    #[cfg(unix)]
    #[test]
    fn new_files_have_the_permissions_that_the_mask_allows() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let file = file_beside(&folder.path().join("a")).unwrap();
        assert_eq!(mode(file.path()), mode(&plain));
    }
}
