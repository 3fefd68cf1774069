//! Counts of instructions, which do not depend on how busy the machine is.
//!
//! Valgrind's callgrind counts those of a process that does a piece of work n times, and of one that does it twice as
//! often: the difference is the work's own. Valgrind hides AVX-512, so it is the path for older processors that is counted.

use super::work;
use anyhow::{Context as _, Result, bail};
use drr::say;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// What is counted, and how often it is done.
const COUNTED: [(&str, u32); 3] = [("update_32", 10), ("act_64", 3), ("environment", 2000)];

/// The greatest relative difference that passes.
const TOLERANCE: f64 = 0.03;

/// How the counts came out.
#[derive(Debug, PartialEq, Eq)]
pub enum Held {
    /// Within the tolerance.
    Yes,
    /// So many left it.
    No(usize),
    /// Nothing could be compared, for this reason.
    Unknown(String),
}

/// The recorded counts: instructions of one call, by compiler and by work.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Recorded(BTreeMap<String, BTreeMap<String, f64>>);

/// Counts, and compares with what `golden` holds for this compiler; `bless` records the counts instead.
pub fn check(program: &Path, golden: &Path, bless: bool) -> Result<Held> {
    if !has_valgrind() {
        return Ok(Held::Unknown("valgrind is not installed".to_owned()));
    }
    let compiler = compiler()?;
    let mut recorded: Recorded = match std::fs::read_to_string(golden) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("in {}", golden.display()))?,
        Err(_) => Recorded::default(),
    };
    let found = COUNTED
        .into_iter()
        .map(|(name, times)| Ok((name.to_owned(), count(program, name, times)?)))
        .collect::<Result<BTreeMap<_, _>>>()?;
    if bless {
        recorded.0.insert(compiler, found);
        let text = format!(
            "# Instructions of one call, by compiler. `cargo xtask ci --only instructions --bless` writes it.\n{}",
            toml::to_string(&recorded)?
        );
        drr_store::write_bytes(golden, text.as_bytes())?;
        return Ok(Held::Yes);
    }
    let Some(before) = recorded.0.get(&compiler) else {
        return Ok(Held::Unknown(format!("{} has no counts of {compiler}", golden.display())));
    };
    let lines = differences(&found, before);
    lines.iter().for_each(say);
    let n_left = lines.iter().filter(|line| line.ends_with(LEFT)).count();
    Ok(if n_left == 0 { Held::Yes } else { Held::No(n_left) })
}

/// How a line ends whose count left the tolerance.
const LEFT: &str = "beyond 3 %";

fn differences(found: &BTreeMap<String, f64>, before: &BTreeMap<String, f64>) -> Vec<String> {
    let line = |(name, now): (&String, &f64)| match before.get(name) {
        None => format!("  {name}: {now:.0} instructions, no count to compare with, {LEFT}"),
        Some(before) => {
            let change = now / before - 1.0;
            // Not "greater than": a NaN must fail too.
            let verdict = if change.abs() <= TOLERANCE { "held" } else { LEFT };
            format!(
                "  {name}: {now:.0} instructions, {before:.0} before, {:+.1} %, {verdict}",
                100.0 * change
            )
        }
    };
    found.iter().map(line).collect()
}

/// Does a piece of work some times and nothing else: what is counted.
pub fn run_alone(name: &str, times: u32) -> Result<()> {
    let work = work::named(name).with_context(|| format!("there is no work {name}"))?;
    let mut call = (work.make)()?;
    (0..times).try_for_each(|_| call())
}

fn has_valgrind() -> bool {
    let mut command = Command::new("valgrind");
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn compiler() -> Result<String> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(program).arg("--version").output().context("cannot ask rustc for its version")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The instructions of one call.
fn count(program: &Path, name: &str, times: u32) -> Result<f64> {
    let (less, more) = (total(program, name, times)?, total(program, name, 2 * times)?);
    Ok((more - less) / f64::from(times))
}

/// The instructions of a whole process on one thread: others would wait in loops.
fn total(program: &Path, name: &str, times: u32) -> Result<f64> {
    let file = std::env::temp_dir().join(format!("callgrind-{}-{name}-{times}.out", std::process::id()));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(["work", name, "--times", &times.to_string()])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .context("cannot run valgrind")?;
    if !output.status.success() {
        bail!("callgrind of {name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    std::fs::remove_file(&file)?;
    totals(&text).with_context(|| format!("callgrind wrote no total of {name}"))
}

fn totals(text: &str) -> Option<f64> {
    let line =
        text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_within_three_percent_hold_and_new_ones_do_not() {
        let counts = |pairs: &[(&str, f64)]| -> BTreeMap<String, f64> {
            pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        let before = counts(&[("a", 100.0), ("b", 100.0)]);
        let lines = differences(&counts(&[("a", 102.9), ("b", 96.0), ("c", 1.0)]), &before);
        assert_eq!(lines.iter().map(|it| it.ends_with(LEFT)).collect::<Vec<_>>(), [false, true, true]);
    }

    #[test]
    fn the_total_stands_behind_its_word() {
        assert_eq!(totals("events: Ir\n1 2\ntotals: 1234\n"), Some(1234.0));
        assert_eq!(totals("nothing"), None);
    }
}
