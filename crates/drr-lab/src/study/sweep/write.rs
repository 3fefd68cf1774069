//! The chosen settings as a block of a configuration, in the place of an earlier choice, comments left alone.

use super::Ground;
use crate::config::{ExperimentConfig, says};
use crate::shelf::Shelf;
use anyhow::{Context as _, Result};
use drr_baselines::BaselineConfig;
use std::path::Path;

/// `[[lab.tuned.PROTOCOL]]` or `[[sessions.rules]]`, and the settings.
pub fn block(ground: Ground, config: &BaselineConfig) -> Result<String> {
    Ok(format!("{}\n{}", header(ground), toml::to_string(config)?))
}

fn header(ground: Ground) -> String {
    format!("[[{}]]", ground.place().join("."))
}

/// What a configuration has chosen.
fn chosen(config: &ExperimentConfig, ground: Ground) -> Vec<BaselineConfig> {
    match ground {
        Ground::Rows(protocol) => config.lab.tuned.get(&protocol.split()).cloned(),
        Ground::LongSessions => config.sessions.as_ref().map(|sessions| sessions.rules.clone()),
    }
    .unwrap_or_default()
}

/// Writes the block at the end of the file; one of the same place and kind goes. What the file has chosen by way of
/// another one that it extends is written into it too, as a list is replaced as a whole.
pub fn into(path: &Path, ground: Ground, config: &BaselineConfig) -> Result<()> {
    let presets = Shelf::default();
    let (mut changed, before) = read(path, &presets)?;
    if !says(&changed, &ground.place()) {
        for extended in chosen(&before, ground) {
            changed = replaced(&changed, ground, &extended)?;
        }
    }
    changed = replaced(&changed, ground, config)?;
    ExperimentConfig::parse(&changed, path, &presets)
        .with_context(|| format!("{} would be no valid configuration with the choice", path.display()))?;
    drr_store::write_bytes(path, changed.as_bytes())?;
    Ok(())
}

/// Refuses a file that no choice could be written into.
pub fn check(path: &Path) -> Result<()> {
    read(path, &Shelf::default()).map(|_| ())
}

fn read(path: &Path, presets: &Shelf) -> Result<(String, ExperimentConfig)> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "cannot read {}: --write needs a configuration that exists, into which it writes",
            path.display()
        )
    })?;
    let config = ExperimentConfig::parse(&text, path, presets)?;
    Ok((text, config))
}

fn replaced(text: &str, ground: Ground, config: &BaselineConfig) -> Result<String> {
    let header = header(ground);
    let kind = format!("kind = \"{}\"", config.kind_name());
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let mut section = vec![line];
        if line == header {
            while let Some(next) = lines.next_if(|next| !next.starts_with('[')) {
                section.push(next);
            }
            if section.contains(&kind.as_str()) {
                continue;
            }
        }
        for line in section {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Ok(format!("{}\n\n{}", kept.trim_end(), block(ground, config)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Protocol;

    const TEMPORAL: Ground = Ground::Rows(Protocol::Temporal);

    #[test]
    fn a_choice_takes_the_place_of_an_earlier_one_of_its_kind() {
        let ease = |lambda| BaselineConfig::Ease(drr_baselines::EaseConfig { lambda });
        let knn = BaselineConfig::ItemKnn { n_neighbours: None, shrink: 3.0 };
        let text = "# a comment\n[a]\nx = 1\n";
        let once = replaced(text, TEMPORAL, &ease(10.0)).unwrap();
        let both = replaced(&once, TEMPORAL, &knn).unwrap();
        let again = replaced(&both, TEMPORAL, &ease(20.0)).unwrap();
        assert!(again.starts_with("# a comment\n[a]\nx = 1\n"), "{again}");
        assert!(again.contains("lambda = 20.0") && !again.contains("lambda = 10.0"), "{again}");
        assert!(again.contains("shrink = 3.0"), "{again}");
        let other = replaced(&again, Ground::Rows(Protocol::FirstRatings), &ease(30.0)).unwrap();
        assert!(other.contains("lambda = 20.0") && other.contains("[[lab.tuned.first_ratings]]"), "{other}");
    }

    #[test]
    fn what_an_extended_file_has_chosen_stays_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let ease = |lambda| BaselineConfig::Ease(drr_baselines::EaseConfig { lambda });
        let knn = BaselineConfig::ItemKnn { n_neighbours: None, shrink: 3.0 };
        let missing = check(&folder.path().join("none.toml")).unwrap_err().to_string();
        assert!(missing.contains("none.toml") && missing.contains("--write"), "{missing}");
        let (base, own) = (folder.path().join("base.toml"), folder.path().join("own.toml"));
        std::fs::write(&base, "# the base\n").unwrap();
        std::fs::write(&own, "extends = \"base.toml\"\n").unwrap();
        check(&own).unwrap();
        into(&base, TEMPORAL, &ease(10.0)).unwrap();
        into(&base, TEMPORAL, &knn).unwrap();
        into(&own, TEMPORAL, &ease(20.0)).unwrap();
        let tuned = ExperimentConfig::load(&own).unwrap().lab.tuned;
        assert_eq!(tuned[&Protocol::Temporal], [knn, ease(20.0)]);
    }

    #[test]
    fn a_rule_of_long_sessions_stands_in_their_section() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.toml");
        std::fs::write(&path, "# own\n[sessions]\nn_known = 7\n").unwrap();
        let mean = |damping| BaselineConfig::DampedItemMean(drr_baselines::DampedItemMeanConfig { damping });
        into(&path, Ground::LongSessions, &mean(20.0)).unwrap();
        into(&path, Ground::LongSessions, &mean(30.0)).unwrap();
        let sessions = ExperimentConfig::load(&path).unwrap().sessions.unwrap();
        assert_eq!((sessions.rules, sessions.n_known), (vec![mean(30.0)], 7));
    }
}
