//! Which code began an unfinished training: a note in the checkpoints' folder.
//!
//! A training that goes on under other code is neither code's training, and nobody could repeat it. So the user chooses.

use crate::run::context::OtherCode;
use anyhow::{Result, bail};
use drr_store::{checkpoints, read_sealed, write_sealed};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "begun_by.json";

#[derive(Debug, Serialize, Deserialize)]
struct BegunBy {
    /// The digest of the code.
    code: String,
}

/// Looks at what lies in `folder` before a training of `code` goes on from there, and notes the code.
///
/// # Errors
///
/// Refuses checkpoints of other code, unless `choice` says what to do with them.
pub fn check(folder: &Path, code: &str, choice: OtherCode) -> Result<()> {
    let note = folder.join(FILE);
    let there =
        !checkpoints(&folder.join("choose"))?.is_empty() || !checkpoints(&folder.join("final"))?.is_empty();
    let by = read_sealed::<BegunBy>(&note, "").ok().map(|it| it.code);
    if there && by.as_deref() != Some(code) {
        match choice {
            OtherCode::Refuse => bail!(
                "the training in {} was begun by {}: choose with --checkpoints begin-anew, which drops its checkpoints, or \
                 --checkpoints go-on, after which no single version of the program can repeat the result",
                folder.display(),
                if by.is_some() { "other code" } else { "code that nothing tells of" },
            ),
            OtherCode::GoOn => {
                tracing::warn!("the training in {} goes on although other code began it", folder.display());
            }
            OtherCode::BeginAnew => {
                tracing::warn!("the training in {} begins anew: other code had begun it", folder.display());
                std::fs::remove_dir_all(folder)?;
            }
        }
    }
    write_sealed(&note, &BegunBy { code: code.to_owned() })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_of_other_code_are_refused_until_somebody_chooses() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("checkpoints");
        let saved = || drr_store::save_checkpoint(&folder.join("choose"), 3, &[], &7).unwrap();
        let n_there = || checkpoints(&folder.join("choose")).unwrap().len();
        check(&folder, "a", OtherCode::Refuse).unwrap();
        // Nothing is lost by beginning under other code.
        check(&folder, "b", OtherCode::Refuse).unwrap();
        saved();
        check(&folder, "b", OtherCode::Refuse).unwrap();
        let error = check(&folder, "c", OtherCode::Refuse).unwrap_err().to_string();
        assert!(error.contains("other code") && error.contains("--checkpoints begin-anew"), "{error}");
        assert_eq!(n_there(), 1);
        check(&folder, "c", OtherCode::GoOn).unwrap();
        check(&folder, "c", OtherCode::Refuse).unwrap();
        assert_eq!(n_there(), 1);
        check(&folder, "d", OtherCode::BeginAnew).unwrap();
        assert_eq!(n_there(), 0);
        saved();
        std::fs::remove_file(folder.join(FILE)).unwrap();
        assert!(check(&folder, "d", OtherCode::Refuse).unwrap_err().to_string().contains("nothing tells of"));
    }
}
