//! Locks and unfinished files of processes that are killed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, and of a process that speaks to its parent"
)]

use drr_store::{Lock, NewFolder, StoreError, write_bytes};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The variable that tells a child where to work.
const FOLDER: &str = "DRR_STORE_TEST_FOLDER";

/// Starts this test program anew as the ignored test `name`, and waits until it has done its work and holds still.
fn child(name: &str, folder: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("processes::{name}"), "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).any(|line| line.contains("ready"));
    assert!(ready, "the child ended before it was ready");
    child
}

/// Says that the work is done, and holds still until the parent ends this process or itself.
fn hold_still() {
    println!("ready");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn given_folder() -> std::path::PathBuf {
    std::env::var_os(FOLDER).expect("the test below sets the variable").into()
}

#[test]
#[ignore = "the test below runs it in a process of its own"]
fn holder() {
    let _lock = Lock::acquire(&given_folder().join("run"), "hold").unwrap();
    hold_still();
}

#[test]
fn the_lock_of_a_killed_process_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut holder = child("holder", folder.path());
    let Err(StoreError::Held(held)) = Lock::acquire(&run, "test") else { panic!("it is held") };
    let told = held.holder.unwrap();
    assert_eq!((told.process, told.purpose.as_str()), (holder.id(), "hold"));
    let mut n_asked = 0;
    let lock = Lock::wait(&run, "test", &mut |held| {
        assert_eq!(held.holder.as_ref(), Some(&told));
        n_asked += 1;
        // Killed, it can neither drop its lock nor delete its file.
        holder.kill().unwrap();
        holder.wait().unwrap();
        n_asked < 2
    });
    lock.unwrap();
    assert_eq!(n_asked, 1);
}

#[test]
#[ignore = "the test below runs it in a process of its own"]
fn writer() {
    let folder = given_folder();
    let new = NewFolder::beside(&folder.join("set")).unwrap();
    write_bytes(&new.path().join("half"), b"half").unwrap();
    let never = drr_store::write_atomically(&folder.join("file"), |file| {
        file.write_all(b"half")?;
        hold_still();
        Err(std::io::Error::other("the parent is gone"))
    });
    assert!(never.is_err());
}

#[test]
fn what_a_killed_writer_left_is_removed_by_the_next_and_what_a_living_one_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let mut writer = child("writer", folder.path());
    write_bytes(&folder.path().join("other"), b"whole").unwrap();
    let partial = names().iter().filter(|name| name.ends_with(".partial")).count();
    assert_eq!(partial, 2, "{:?}", names());
    writer.kill().unwrap();
    writer.wait().unwrap();
    write_bytes(&folder.path().join("other"), b"whole").unwrap();
    assert_eq!(names(), ["other"]);
}
