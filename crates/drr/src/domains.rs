//! The study of domains: the pipeline on every log of a folder.

use crate::cli::{Checkpoints, Selection};
use crate::experiment::with_own_plan;
use anyhow::{Context as _, Result, bail};
use drr_intake::shown;
use drr_lab::failure::{Kind, kind};
use drr_lab::run::Context;
use drr_lab::run::own::OwnLog;
use drr_lab::study::domains::{Outcome, write};
use std::path::{Path, PathBuf};

/// The logs of a folder: everything in it but hidden files and texts about them; or those that are named.
///
/// # Errors
///
/// Fails if the folder cannot be read, if it is empty, and for a name that is not in it.
pub fn logs(folder: &Path, only: &[String]) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("the folder of logs {} cannot be read", folder.display()))?;
    let mut logs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_about = path.is_file()
            && ["readme", "license", "licence"].iter().any(|it| name.to_lowercase().starts_with(it));
        if !name.starts_with('.') && !is_about {
            logs.push(path);
        }
    }
    logs.sort();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(other) = only.iter().find(|it| !logs.iter().any(|path| name(path) == **it)) {
        let names: Vec<String> = logs.iter().map(|it| shown(&name(it))).collect();
        bail!("there is no log {} in {}; there are {}", shown(other), folder.display(), names.join(", "));
    }
    logs.retain(|path| only.is_empty() || only.contains(&name(path)));
    if logs.is_empty() {
        bail!("there is no log in {}: put each into a file or folder of its own", folder.display());
    }
    Ok(logs)
}

/// Judges every log, and writes the document.
///
/// # Errors
///
/// Fails if the document cannot be written, and where somebody stops the work. A log that cannot be judged does not stop the
/// others.
pub fn study(context: &Context, logs: &[PathBuf], into: Option<&Path>) -> Result<String> {
    let selection = Selection {
        config: None,
        dataset: None,
        archive: None,
        run: None,
        seed: None,
        force: context.force,
        checkpoints: Checkpoints::Refuse,
    };
    let mut outcomes = Vec::new();
    for (at, file) in (1..).zip(logs) {
        context.watch.say(&format!("Log {at} of {}: {}", logs.len(), shown(&file.display().to_string())));
        let name = shown(&file.file_name().unwrap_or_default().to_string_lossy());
        let own = OwnLog { file: Some(file), ..OwnLog::default() };
        let begun = context.watch.seconds();
        let judged = with_own_plan(context, &selection, &own, |plan| {
            plan.pipeline()?;
            let minutes = (context.watch.seconds() - begun) / 60.0;
            outcomes.push(Outcome::Judged(Box::new(plan.domain(name.clone(), minutes)?)));
            Ok(())
        });
        match judged {
            Ok(()) => {}
            Err(error) if kind(&error) == Kind::Interrupted => return Err(error),
            Err(error) => {
                tracing::warn!("{error:#}");
                outcomes.push(Outcome::Refused { name, reason: format!("{error:#}") });
            }
        }
    }
    write(&outcomes, into)
}
