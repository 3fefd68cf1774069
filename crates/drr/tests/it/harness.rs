//! A folder to try the product in, with a small experiment, and what that gives when nobody disturbs it.

use crate::process::{Done, Process};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use toml::{Table, Value};

/// The built-in small experiment on synthetic users.
const SMOKE: &str = include_str!("../../../../xtask/configs/smoke.toml");
/// How often a process or a folder is looked at, in one second.
const LOOKS_PER_SECOND: u32 = 500;
/// After so many looks nothing will come any more: five minutes.
const MOST_LOOKS: u32 = 300 * LOOKS_PER_SECOND;
/// The command that makes the run "same" with the configuration's own seed.
pub const PIPELINE: &str = "pipeline --config small.toml --run same";

/// How long the tests are.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    /// Rounds of processes that disturb each other.
    pub rounds: u64,
    /// Damaged bytes.
    pub damages: u64,
}

/// The short form, or the long one where the variable `DRR_TESTS` is `full`.
pub fn length() -> Length {
    if std::env::var("DRR_TESTS").is_ok_and(|it| it == "full") {
        Length { rounds: 50, damages: 500 }
    } else {
        Length { rounds: 6, damages: 60 }
    }
}

/// A fixed sequence of draws (Knuth's MMIX constants), the same in every run of the tests.
#[derive(Debug)]
pub struct Draws(pub u64);

impl Draws {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The low bits of such a sequence have short periods.
        ((self.0 >> 33) % n as u64) as usize
    }
}

/// Does `round` as often as the tests are long, and fails with all that went wrong.
pub fn rounds(seed: u64, mut round: impl FnMut(&mut Draws) -> Result<()>) {
    let (n, mut draws, mut failures) = (length().rounds, Draws(seed), Vec::new());
    for at in 0..n {
        if let Err(error) = round(&mut draws) {
            failures.push(format!("round {at}: {error:#}"));
        }
    }
    assert!(failures.is_empty(), "{} of {n} rounds went wrong:\n{}", failures.len(), failures.join("\n"));
}

/// Waits until `is_so`.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..MOST_LOOKS {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_secs(1) / LOOKS_PER_SECOND);
    }
    panic!("in vain was waited until {what}");
}

/// The small experiment, as a table to be changed.
pub fn small() -> Table {
    let mut table: Table = SMOKE.parse().unwrap();
    set(&mut table, "agent.n_episodes", 160);
    table
}

/// Sets the value at a path: `agent.discount`.
pub fn set(table: &mut Table, path: &str, value: impl Into<Value>) {
    match path.split_once('.') {
        None => drop(table.insert(path.to_owned(), value.into())),
        Some((first, rest)) => {
            let below = table.entry(first).or_insert_with(|| Table::new().into());
            set(below.as_table_mut().unwrap(), rest, value);
        }
    }
}

/// A folder with a small experiment `small.toml`, and a data folder.
#[derive(Debug)]
pub struct House(TempDir);

impl House {
    /// A new one, without any run.
    pub fn new() -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        house.write("small.toml", &small().to_string());
        house
    }

    /// One with the finished run "same".
    pub fn with_run() -> Self {
        let house = Self::new();
        house.drr(PIPELINE).succeeded();
        house
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A path in the folder of the run "same".
    pub fn run(&self, name: &str) -> PathBuf {
        self.path("data/runs/same").join(name)
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The figures of the run "same".
    pub fn metrics(&self) -> Vec<u8> {
        fs::read(self.run("metrics.json")).unwrap_or_default()
    }

    /// Refuses figures of the run "same" that are not those of an undisturbed one.
    pub fn check_metrics(&self, seed: u64) -> Result<()> {
        ensure!(self.metrics() == undisturbed(seed).metrics, "the figures are not those of seed {seed}");
        Ok(())
    }

    /// Starts a command in the folder; its arguments are separated by blanks.
    pub fn start(&self, arguments: &str) -> Process {
        let data = self.path("data");
        Process::start(self.0.path(), &format!("--data-dir {} {arguments}", data.display()))
    }

    /// Runs a command to its end.
    pub fn drr(&self, arguments: &str) -> Done {
        self.start(arguments).wait()
    }

    /// Refuses files in the data folder that nobody has finished.
    pub fn check_leftovers(&self) -> Result<()> {
        let marks = ["partial", "unfinished", "replaced", "tmp", "new-"];
        for path in paths_below(&self.path("data")) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            ensure!(!marks.iter().any(|mark| name.contains(mark)), "left behind: {}", path.display());
        }
        Ok(())
    }

    /// The number of files and folders in the data folder.
    pub fn n_paths(&self) -> usize {
        paths_below(&self.path("data")).len()
    }
}

/// All files and folders below a folder, in order; what vanishes meanwhile is not there.
pub fn paths_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let deeper: Vec<PathBuf> = paths.iter().flat_map(|path| paths_below(path)).collect();
    paths.extend(deeper);
    paths.sort();
    paths
}

/// What an undisturbed run gives.
#[derive(Debug)]
pub struct Undisturbed {
    /// The bytes of its figures.
    pub metrics: Vec<u8>,
    /// The hash of its configuration.
    pub config_hash: String,
}

/// The run "same" with the root seed 42 or 43 when nobody disturbs it.
pub fn undisturbed(seed: u64) -> &'static Undisturbed {
    static RUNS: [OnceLock<Undisturbed>; 2] = [OnceLock::new(), OnceLock::new()];
    let make = || {
        let house = House::new();
        house.drr(&format!("{PIPELINE} --seed {seed}")).succeeded();
        let config_hash = config_hash(&house.metrics()).unwrap();
        Undisturbed { metrics: house.metrics(), config_hash }
    };
    RUNS[usize::from(seed != 42)].get_or_init(make)
}

fn config_hash(metrics: &[u8]) -> Result<String> {
    let metrics: serde_json::Value = serde_json::from_slice(metrics)?;
    let hash = find(&metrics, "config_hash").and_then(serde_json::Value::as_str);
    Ok(hash.context("metrics.json does not name the configuration")?.to_owned())
}

/// The value of a key, however deep it stands.
pub fn find<'a>(value: &'a serde_json::Value, key: &str) -> Option<&'a serde_json::Value> {
    let object = value.as_object()?;
    object.get(key).or_else(|| object.values().find_map(|below| find(below, key)))
}
