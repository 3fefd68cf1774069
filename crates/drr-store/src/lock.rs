//! One writer at a time: an exclusive lock on a folder or a name.
//!
//! The lock is the system's advisory lock on a file `.NAME.lock` beside the thing, so the lock of a process that is gone
//! is free at once, however it ended. The holder writes into the file who it is, for messages only. The file stays: if it
//! were deleted, one process could lock the old file while another locks a new one. This is the only place below the
//! command line that reads a clock or a process id.

use crate::StoreError;
use crate::partial::folder_of;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a waiting process sleeps before it asks again.
const POLL: Duration = Duration::from_millis(100);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub process: u32,
    /// What it does: a command.
    pub purpose: String,
    /// The machine that it runs on.
    pub host: String,
    /// When it took the lock: `2025-01-31 12:00:00 UTC`.
    pub since: String,
}

impl Holder {
    /// This process, now.
    fn this(purpose: &str) -> Self {
        Self {
            process: std::process::id(),
            purpose: purpose.to_owned(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            since: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }
}

/// Why a lock cannot be had: somebody has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What is locked.
    pub path: PathBuf,
    /// Who holds it; `None` if the holder has not said so yet, or where a locked file cannot be read.
    pub holder: Option<Holder>,
}

impl Held {
    /// Whether this very process holds it: whoever waits for it in the same thread waits for ever.
    #[must_use]
    pub fn is_by_this_process(&self) -> bool {
        let host = gethostname::gethostname();
        let is_ours = |it: &Holder| it.process == std::process::id() && *it.host == *host.to_string_lossy();
        self.holder.as_ref().is_some_and(is_ours)
    }
}

impl std::error::Error for Held {}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is in use by ", self.path.display())?;
        match &self.holder {
            Some(Holder { purpose, since, .. }) if self.is_by_this_process() => {
                return write!(
                    formatter,
                    "this process ({purpose}) since {since}: drop what was opened first"
                );
            }
            Some(Holder { process, purpose, host, since }) => {
                write!(formatter, "process {process} on {host} ({purpose}) since {since}")?;
            }
            None => write!(formatter, "another process")?,
        }
        write!(formatter, ": wait until it is done, or end it")
    }
}

/// An exclusive lock; dropping it, or the end of the process, frees it.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Locks the folder or name `path`, which need not exist, for `purpose`: what this process does, for the messages of
    /// others. All ways to write one path lead to one lock, if the folder above it exists or `path` has no links.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Held`] if it is locked already, be it by this process, and if the system refuses.
    pub fn acquire(path: &Path, purpose: &str) -> Result<Self, StoreError> {
        let place = lock_file(path)?;
        loop {
            let mut options = File::options();
            let options = options.read(true).write(true).create(true).truncate(false);
            let mut file = options.open(&place).map_err(StoreError::io("open the lock", &place))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    let holder = read_holder(&mut file);
                    return Err(StoreError::Held(Box::new(Held { path: path.to_owned(), holder })));
                }
                Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &place)(error)),
                // Somebody may have deleted the file by hand before it was locked.
                Ok(()) if !is_at(&file, &place) => {}
                Ok(()) => {
                    let lock = Self { file };
                    lock.write_holder(&Holder::this(purpose)).map_err(StoreError::io("write", &place))?;
                    return Ok(lock);
                }
            }
        }
    }

    /// As [`Lock::acquire`], but waits while another process holds the lock. `still_waiting` is asked about ten times a
    /// second with what is known of the holder: it tells the user, and says false to give up.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::Held`] if `still_waiting` says false, and if the system refuses.
    pub fn wait(
        path: &Path,
        purpose: &str,
        still_waiting: &mut dyn FnMut(&Held) -> bool,
    ) -> Result<Self, StoreError> {
        loop {
            match Self::acquire(path, purpose) {
                Err(StoreError::Held(held)) if still_waiting(&held) => std::thread::sleep(POLL),
                outcome => return outcome,
            }
        }
    }

    fn write_holder(&self, holder: &Holder) -> io::Result<()> {
        let text = serde_json::to_vec(holder)?;
        let mut file = &self.file;
        // What the last holder left must not be taken for this one.
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&text)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The facts are for messages, and the lock goes with the file at the latest. It is freed here and not only by closing
        // the file, since a child that another thread has just started may still have it open.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// The lock's file, in a folder that exists.
fn lock_file(path: &Path) -> Result<PathBuf, StoreError> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder_of(&real);
    fs::create_dir_all(folder).map_err(|error| StoreError::refusal(error, folder, 0))?;
    Ok(folder.join(format!(".{}.lock", real.file_name().unwrap_or_default().to_string_lossy())))
}

/// What the holder has written; `None` if that is nothing yet, or half of it.
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether the open file is the one that has the name now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Whether the open file is the one that has the name now: elsewhere an open file cannot be deleted.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn held(outcome: Result<Lock, StoreError>) -> Held {
        match outcome {
            Err(StoreError::Held(held)) => *held,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_second_one_is_told_who_holds_the_lock_and_gets_it_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("runs/one");
        let lock = Lock::acquire(&run, "drr train").unwrap();
        let refused = held(Lock::acquire(&run, "drr report"));
        let holder = refused.holder.clone().unwrap();
        assert_eq!((holder.process, holder.purpose.as_str()), (std::process::id(), "drr train"));
        assert!(holder.since.ends_with(" UTC") && holder.since.starts_with("2"), "{}", holder.since);
        let ours = refused.to_string();
        assert!(ours.contains("in use by this process (drr train) since 2"), "{ours}");
        let theirs = Holder { process: 0, ..holder.clone() };
        let message = Held { holder: Some(theirs), ..refused }.to_string();
        for part in ["runs/one", &holder.host, &holder.since, "drr train", "process 0 "] {
            assert!(message.contains(part), "{message}");
        }
        Lock::acquire(&folder.path().join("runs/two"), "drr train").unwrap();
        drop(lock);
        Lock::acquire(&run, "drr report").unwrap();
    }

    #[test]
    fn one_folder_has_one_lock_however_its_path_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        fs::create_dir(&run).unwrap();
        let _lock = Lock::acquire(&run, "a").unwrap();
        held(Lock::acquire(&folder.path().join("./run/../run/"), "b"));
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&run, &link).unwrap();
            held(Lock::acquire(&link, "b"));
        }
    }

    #[test]
    fn a_holder_who_has_not_said_who_it_is_is_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let lock = Lock::acquire(&run, "a").unwrap();
        lock.file.set_len(0).unwrap();
        let refused = held(Lock::acquire(&run, "b"));
        assert_eq!(refused.holder, None);
        assert!(refused.to_string().contains("another process"));
    }

    #[test]
    fn a_lock_file_that_was_deleted_by_hand_does_not_let_two_in_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        drop(Lock::acquire(&run, "a").unwrap());
        fs::remove_file(folder.path().join(".run.lock")).unwrap();
        let _lock = Lock::acquire(&run, "b").unwrap();
        assert_eq!(held(Lock::acquire(&run, "c")).holder.unwrap().purpose, "b");
    }

    #[test]
    fn whoever_waits_is_told_for_whom_and_can_give_up() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let lock = Lock::acquire(&run, "first").unwrap();
        let mut told = Vec::new();
        let outcome = Lock::wait(&run, "second", &mut |held| {
            told.extend(held.holder.as_ref().map(|holder| holder.purpose.clone()));
            told.len() < 2
        });
        held(outcome);
        assert_eq!(told, ["first", "first"]);
        let mut lock = Some(lock);
        Lock::wait(&run, "second", &mut |_| lock.take().is_some()).unwrap();
    }

    #[test]
    fn threads_that_wait_are_let_in_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let inside = AtomicU32::new(0);
        let total = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let _lock = Lock::wait(&run, "count", &mut |_| true).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        total.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 10);
    }
}
