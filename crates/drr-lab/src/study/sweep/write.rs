//! The chosen settings as a block of a configuration, in the place of an earlier choice, comments left alone.

use crate::config::{ExperimentConfig, says};
use crate::shelf::Shelf;
use anyhow::{Context as _, Result};
use drr_baselines::BaselineConfig;
use drr_data::Protocol;
use std::path::Path;

/// `[[lab.tuned.PROTOCOL]]` and the settings.
pub fn block(protocol: Protocol, config: &BaselineConfig) -> Result<String> {
    Ok(format!("[[lab.tuned.{}]]\n{}", protocol.split(), toml::to_string(config)?))
}

/// Writes the block at the end of the file; one of the same protocol and kind goes. What the file has chosen by way of
/// another one that it extends is written into it too, as a list is replaced as a whole.
pub fn into(path: &Path, protocol: Protocol, config: &BaselineConfig) -> Result<()> {
    let presets = Shelf::default();
    let (mut changed, before) = read(path, &presets)?;
    if !says(&changed, &["lab", "tuned", &protocol.split().to_string()]) {
        for extended in before.lab.tuned.get(&protocol.split()).into_iter().flatten() {
            changed = replaced(&changed, protocol, extended)?;
        }
    }
    changed = replaced(&changed, protocol, config)?;
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

fn replaced(text: &str, protocol: Protocol, config: &BaselineConfig) -> Result<String> {
    let header = format!("[[lab.tuned.{}]]", protocol.split());
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
    Ok(format!("{}\n\n{}", kept.trim_end(), block(protocol, config)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_takes_the_place_of_an_earlier_one_of_its_kind() {
        let ease = |lambda| BaselineConfig::Ease(drr_baselines::EaseConfig { lambda });
        let knn = BaselineConfig::ItemKnn { n_neighbours: None, shrink: 3.0 };
        let text = "# a comment\n[a]\nx = 1\n";
        let once = replaced(text, Protocol::Temporal, &ease(10.0)).unwrap();
        let both = replaced(&once, Protocol::Temporal, &knn).unwrap();
        let again = replaced(&both, Protocol::Temporal, &ease(20.0)).unwrap();
        assert!(again.starts_with("# a comment\n[a]\nx = 1\n"), "{again}");
        assert!(again.contains("lambda = 20.0") && !again.contains("lambda = 10.0"), "{again}");
        assert!(again.contains("shrink = 3.0"), "{again}");
        let other = replaced(&again, Protocol::FirstRatings, &ease(30.0)).unwrap();
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
        into(&base, Protocol::Temporal, &ease(10.0)).unwrap();
        into(&base, Protocol::Temporal, &knn).unwrap();
        into(&own, Protocol::Temporal, &ease(20.0)).unwrap();
        let tuned = ExperimentConfig::load(&own).unwrap().lab.tuned;
        assert_eq!(tuned[&Protocol::Temporal], [knn, ease(20.0)]);
    }
}
