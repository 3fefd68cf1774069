//! The gate: whether a run's figures are at least as good as written down, as far as its users can tell.

mod bless;
mod gate;
mod judged;
#[cfg(test)]
mod tests;

pub use judged::{Judged, folder_of};

use crate::console::say;
use crate::context::Context;
use crate::exit::{NotEnough, Regressed};
use anyhow::{Context as _, Result, bail};
use gate::{Golden, Verdict, judge};
use std::path::Path;

/// Judges a run by a golden file and prints the table; ends with [`Regressed`] or [`NotEnough`] where it did not hold.
/// With `bless` it rewrites the file instead.
pub fn run(context: &Context, name: &str, golden: &Path, bless: bool) -> Result<()> {
    let folder = folder_of(context, name)?;
    let judged = Judged::read(&folder)?;
    if bless {
        say(bless::run(&judged, golden)?);
        return Ok(());
    }
    let report = judge(&load(golden)?, &judged).with_context(|| format!("in {}", golden.display()))?;
    say(report.to_table());
    let named = |verdict: fn(&Verdict) -> bool| -> Vec<String> {
        let lines = report.lines.iter().filter(|line| verdict(&line.verdict));
        lines.map(|line| line.line.to_string()).collect()
    };
    let regressed = named(|verdict| *verdict == Verdict::Regressed);
    if !regressed.is_empty() {
        let message = format!(
            "{} regressed: {}; find the cause, or accept it with `cargo xtask check --run {name} --against {} --bless`",
            folder.display(),
            regressed.join(", "),
            golden.display()
        );
        return Err(Regressed(message).into());
    }
    let unsure = named(|verdict| matches!(verdict, Verdict::NotEnough { .. }));
    if let Some((line, needed)) = report.neediest() {
        let message = format!(
            "{needed} users are needed to tell, and {} has {}, for {}; undecided are {}: judge on more users, or allow a \
             greater max_regression in {}",
            folder.display(),
            line.n_users,
            line.line,
            unsure.join(", "),
            golden.display()
        );
        return Err(NotEnough(message).into());
    }
    say("held");
    Ok(())
}

/// Reads a golden file and refuses one that cannot judge.
fn load(path: &Path) -> Result<Golden> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}: make it with --bless", path.display()))?;
    let golden: Golden = toml::from_str(&text).with_context(|| {
        format!("{} is no golden file: correct the line, or delete the file and --bless", path.display())
    })?;
    if golden.format != gate::FORMAT {
        bail!("{} has format {}, and this program reads {}", path.display(), golden.format, gate::FORMAT);
    }
    if golden.lines.is_empty() {
        bail!("{} has no lines, so it judges nothing: delete it and --bless", path.display());
    }
    for line in &golden.lines {
        line.check().with_context(|| format!("in {}", path.display()))?;
    }
    Ok(golden)
}
