//! Presets and descriptions of data sets: built in, so that a program needs no folder of the project, and overridden by a
//! folder where one is given.

use crate::presets::Presets;
use anyhow::{Context as _, Result};
use drr_data::Registry;
use std::path::PathBuf;

/// A list of embedded files: each name and its text.
macro_rules! embedded {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../", $folder, "/", $name, ".toml")))),+]
    };
}

/// The built-in presets.
pub const PRESETS: &[(&str, &str)] = embedded!("xtask/configs":
    "ml-100k", "ml-100k-ablation", "ml-1m", "ml-1m-ablation", "ml-1m-agents", "ml-1m-family", "ml-1m-full", "ml-1m-lab",
    "ml-1m-online", "ml-1m-online-free", "ml-1m-protocols", "paper", "report", "smoke", "smoke-lab", "strong", "switches", "synthetic");

/// The built-in descriptions of data sets.
pub const DATA_SETS: &[(&str, &str)] = embedded!("data/registry":
    "amazon-2014-musical-instruments", "amazon-2014-musical-instruments-ratings", "amazon-2018-musical-instruments",
    "amazon-2023-musical-instruments", "amazon-2023-musical-instruments-0core", "book-crossing", "coat", "goodbooks-10k",
    "jester-1", "jester-2", "job-views", "jth", "kuairand-pure", "kuairec", "lastfm-hetrec2011", "ml-100k", "ml-10m",
    "ml-1m", "ml-20m", "ml-25m", "ml-32m", "ml-latest", "ml-latest-small", "movietweetings", "movietweetings-100k",
    "restaurant-consumer", "synthetic", "xing-2016", "xing-2017", "yahoo-r3", "yelp");

/// The presets and the data sets that are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shelf {
    /// A folder whose presets come before the built-in ones.
    pub presets: Option<PathBuf>,
    /// A folder whose data sets come before the built-in ones.
    pub registry: Option<PathBuf>,
}

/// A preset that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Where its text is from, for messages: a path, or the name of a built-in one.
    pub place: PathBuf,
    /// The text.
    pub text: String,
}

impl Shelf {
    /// The registry of data sets.
    #[must_use]
    pub fn registry(&self) -> Registry {
        Registry::built_in(DATA_SETS, self.registry.as_deref())
    }

    /// The preset of this name; none if there is no such preset.
    ///
    /// # Errors
    ///
    /// Fails if a file of the folder cannot be read.
    pub fn preset(&self, name: &str) -> Result<Option<Preset>> {
        if let Some(folder) = &self.presets {
            let place = folder.join(format!("{name}.toml"));
            if place.exists() {
                let text = std::fs::read_to_string(&place)
                    .with_context(|| format!("cannot read the preset {}", place.display()))?;
                return Ok(Some(Preset { place, text }));
            }
        }
        let built_in = PRESETS.iter().find(|(known, _)| *known == name);
        Ok(built_in.map(|(name, text)| Preset {
            place: PathBuf::from(format!("built-in/{name}.toml")),
            text: (*text).to_owned(),
        }))
    }
}

impl Presets for Shelf {
    fn text(&self, name: &str) -> Result<Option<String>> {
        let preset = self.preset(name.strip_suffix(".toml").unwrap_or(name))?;
        Ok(preset.map(|preset| preset.text))
    }

    fn names(&self) -> Vec<String> {
        PRESETS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn names(folder: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_preset_and_every_data_set_of_the_project_is_built_in() {
        let built_in = |list: &[(&str, &str)]| -> Vec<String> {
            list.iter().map(|(name, _)| (*name).to_owned()).collect()
        };
        let mut presets = built_in(PRESETS);
        presets.sort();
        assert_eq!(presets, names("xtask/configs"));
        assert_eq!(built_in(DATA_SETS), names("data/registry"));
    }

    #[test]
    fn a_folder_comes_before_what_is_built_in_and_an_unknown_name_lists_the_known() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("smoke.toml"), "mine").unwrap();
        let shelf = Shelf { presets: Some(folder.path().to_owned()), registry: None };
        assert_eq!(shelf.preset("smoke").unwrap().unwrap().text, "mine");
        assert!(shelf.preset("ml-1m").unwrap().unwrap().text.contains("format = 1"));
        assert_eq!(shelf.preset("nothing").unwrap(), None);
    }
}
