//! The runs that are there, for whoever names one that is not.

use super::manifest::RunManifest;
use crate::config::nearest;
use drr_intake::shown;
use std::path::Path;

/// How many runs a message names.
const MOST_NAMED: usize = 20;

/// What to say of a run that is not there: the nearest name, and the runs that are there. Empty where there are none.
#[must_use]
pub fn instead(runs: &Path, name: &str) -> String {
    let known = names(runs);
    let plain = Path::new(name).file_name().map_or(name.into(), |it| it.to_string_lossy());
    let known_names: Vec<&str> = known.iter().map(String::as_str).collect();
    let meant = nearest(&plain, &known_names)
        .map_or_else(String::new, |it| format!("did you mean --run {}? ", shown(it)));
    let named: Vec<String> = known.iter().take(MOST_NAMED).map(|it| shown(it)).collect();
    let more = known.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if named.is_empty() { String::new() } else { format!("; {meant}there are {}{more}", named.join(", ")) }
}

/// The names of the runs in a folder, sorted; none where it cannot be read.
fn names(runs: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let is_run = |entry: &std::fs::DirEntry| entry.path().join(RunManifest::FILE).is_file();
    let mut names: Vec<String> =
        entries.filter(is_run).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_run_is_named_and_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(instead(folder.path(), "films"), "");
        assert_eq!(instead(&folder.path().join("nowhere"), "films"), "");
        for name in ["films-2", "books"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join(RunManifest::FILE), "{}").unwrap();
        }
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        assert_eq!(
            instead(folder.path(), "flims-2"),
            "; did you mean --run films-2? there are books, films-2"
        );
        assert_eq!(
            instead(folder.path(), "data/runs/book"),
            "; did you mean --run books? there are books, films-2"
        );
        assert_eq!(instead(folder.path(), "music"), "; there are books, films-2");
        for at in 0..30 {
            std::fs::create_dir(folder.path().join(format!("z{at:02}"))).unwrap();
            std::fs::write(folder.path().join(format!("z{at:02}")).join(RunManifest::FILE), "{}").unwrap();
        }
        assert!(
            instead(folder.path(), "music").ends_with("z17 and 12 more"),
            "{}",
            instead(folder.path(), "music")
        );
    }
}
