//! The gate: whether a run's figures are at least as good as written down, as far as its users can tell.

mod bless;
mod judged;
#[cfg(test)]
mod tests;

pub use judged::{Judged, UserValues, folder_of};

use crate::document::aligned;
use crate::failure::{NotEnough, Regressed};
use crate::judge::figures::{Origin, check_folder};
use crate::judge::sessions;
use crate::run::Context;
use crate::run::cache::check_output;
use anyhow::{Context as _, Result, bail};
use drr_core::Seeds;
use drr_eval::gate::{GateError, GateReport, Golden, Outcome, Verdict, judge};
use drr_eval::report::{Report, Section};
use std::path::Path;

/// Judges a run by a golden file and prints the table; ends with [`Regressed`] or [`NotEnough`] where it did not hold.
/// With `bless` it rewrites the file instead.
pub fn run(context: &Context, name: &str, golden: &Path, bless: bool) -> Result<()> {
    let folder = folder_of(context, name)?;
    let origin = check_folder(&folder, &["per_user.parquet"])?;
    // Lists from elsewhere have no stages; where figures have an origin, sessions have one too.
    if origin.is_some() && folder.join(sessions::ROWS).exists() {
        for file in [sessions::ROWS, sessions::FILE] {
            check_output(&folder, sessions::STAGE, &folder.join(file))?;
        }
    }
    let judged = Judged::read(&folder)?;
    if bless {
        context.watch.say(&bless::run(&judged, origin.as_ref(), golden)?);
        return Ok(());
    }
    let golden_lines = load(golden)?;
    check_data_set(&golden_lines, origin.as_ref(), golden)?;
    judged.check_pairs(&golden_lines).with_context(|| format!("in {}", golden.display()))?;
    let report = judge(&golden_lines, &lookup(&judged), Seeds(0))
        .map_err(|error| explained(&judged, error))
        .with_context(|| format!("in {}", golden.display()))?;
    context.watch.say(&console_table(&report));
    let named = |verdict: fn(&Verdict) -> bool| -> String {
        let lines = report.lines.iter().filter(|line| verdict(&line.verdict));
        lines.map(|line| line.line.label()).collect::<Vec<_>>().join(", ")
    };
    match report.outcome {
        Outcome::Held => context.watch.say("held"),
        Outcome::Regressed => {
            let message = format!(
                "{} regressed: {}; find the cause, or accept it with `drr check --run {name} --against {} --bless`",
                folder.display(),
                named(|verdict| *verdict == Verdict::Regressed),
                golden.display()
            );
            return Err(Regressed(message).into());
        }
        Outcome::NotEnough => {
            let Some(short) = not_enough(&report, golden) else { return Ok(()) };
            return Err(NotEnough(format!("{} has too few users: {short}", folder.display())).into());
        }
    }
    Ok(())
}

/// Refuses to judge a run by figures of another data set.
fn check_data_set(figures: &Golden, origin: Option<&Origin>, golden: &Path) -> Result<()> {
    match (&figures.dataset_hash, origin.map(|it| &it.dataset_hash)) {
        (Some(then), Some(now)) if then != now => bail!(
            "the figures in {} are of the data set with hash {then}, the run's are of that with hash {now}: check a run on the same \
             data, or accept the other with --bless",
            golden.display()
        ),
        _ => Ok(()),
    }
}

/// What is short where users are too few to tell, and the remedy.
fn not_enough(report: &GateReport, golden: &Path) -> Option<String> {
    let short = report.lines.iter().filter_map(|line| match line.verdict {
        Verdict::NotEnough { needed_users } => Some((needed_users, line)),
        _ => None,
    });
    let undecided: Vec<String> = short.clone().map(|(_, line)| line.line.label()).collect();
    let (needed, line) = short.max_by_key(|(needed, _)| *needed)?;
    Some(format!(
        "{needed} users are needed to tell, and there are {}, for {}; undecided are {}: judge on more users, or allow a greater \
         max_regression in {}",
        line.n_users,
        line.line.label(),
        undecided.join(", "),
        golden.display()
    ))
}

/// The run's values, as the gate asks for them: in the order of the user ids.
fn lookup(judged: &Judged) -> impl Fn(&str, &str, &str, usize) -> Option<Vec<f64>> + '_ {
    |protocol, recommender, metric, k| {
        let values = judged.get(protocol, recommender, metric, u32::try_from(k).ok()?)?;
        Some(values.values().copied().collect())
    }
}

/// The gate's error, with what the run has instead where something is missing.
fn explained(judged: &Judged, error: GateError) -> anyhow::Error {
    let missing = matches!(error, GateError::Missing { .. });
    let error = anyhow::Error::from(error);
    if missing {
        let names: Vec<String> =
            judged.recommenders().into_iter().map(|(protocol, name)| format!("{protocol}/{name}")).collect();
        error.context(format!("the run has {}", names.join(", ")))
    } else {
        error
    }
}

/// The lines of a gate, for a terminal.
fn console_table(report: &GateReport) -> String {
    let page = Report {
        title: "Against the golden figures".to_owned(),
        sections: vec![Section { tables: vec![report.table()], ..Section::default() }],
        ..Report::default()
    };
    aligned(&page.to_markdown())
}

/// Reads a golden file and refuses one that cannot judge.
fn load(path: &Path) -> Result<Golden> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}: make it with --bless", path.display()))?;
    let golden: Golden = toml::from_str(&text).with_context(|| {
        format!("{} is no golden file: correct the line, or delete the file and --bless", path.display())
    })?;
    golden.check().with_context(|| format!("in {}", path.display()))?;
    Ok(golden)
}
