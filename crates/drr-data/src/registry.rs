//! The registry: one TOML file per data set says where it is fetched, how it is laid out, and on what terms.
//!
//! A data set in a known format needs no code, only a file in this folder. The files are strict: an unknown key is an
//! error, so a misspelt one never goes unnoticed.

mod check;

use crate::{DataError, OwnRules, SyntheticConfig};
use drr_intake::Layout;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The layout of raw files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RawFormat {
    /// `ratings.dat`, `users.dat` and `movies.dat`, separated by `::`, latin-1.
    #[serde(rename = "movielens-1m")]
    MovieLens1m,
    /// `u.data`, `u.user`, `u.item` and `u.genre`, separated by tabs or `|`, latin-1.
    #[serde(rename = "movielens-100k")]
    MovieLens100k,
    /// RecBole's atomic files: `.inter`, and `.user` and `.item` where they exist; tab-separated, UTF-8, typed header.
    #[serde(rename = "recbole")]
    RecBole,
    /// Files of any layout, which the table `[layout]` describes: a log of one's own, or a published one.
    #[serde(rename = "layout", alias = "own")]
    Layout,
    /// No file at all: the built-in generator.
    #[serde(rename = "synthetic")]
    Synthetic,
}

/// The ratings that a data set allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingScale {
    /// The smallest rating.
    pub min: f32,
    /// The largest rating.
    pub max: f32,
    /// The distance between two neighbours; absent if every number between the ends is a rating.
    pub step: Option<f32>,
}

impl RatingScale {
    /// Whether `rating` is on the scale; NaN never is.
    #[must_use]
    pub fn contains(&self, rating: f32) -> bool {
        let in_range = rating >= self.min && rating <= self.max;
        in_range && self.step.is_none_or(|step| ((rating - self.min) / step).fract().abs() < 1e-4)
    }
}

/// The names of the columns that are read from a format with named columns; the defaults are `RecBole`'s usual ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnNames {
    /// The user's id, in `.inter` and `.user`.
    pub user: String,
    /// The item's id, in `.inter` and `.item`.
    pub item: String,
    /// The rating, in `.inter`.
    pub rating: String,
    /// The time in seconds since 1970, in `.inter`; may be absent from the file.
    pub timestamp: String,
    /// The title, in `.item`; may be absent from the file, as may all that follow.
    pub title: String,
    /// The year of release, in `.item`.
    pub year: String,
    /// The genres, in `.item`.
    pub genres: String,
    /// The gender, in `.user`.
    pub gender: String,
    /// The age, in `.user`.
    pub age: String,
    /// The occupation, in `.user`.
    pub occupation: String,
    /// The postal code, in `.user`.
    pub zip: String,
}

impl Default for ColumnNames {
    fn default() -> Self {
        Self {
            user: "user_id".into(),
            item: "item_id".into(),
            rating: "rating".into(),
            timestamp: "timestamp".into(),
            title: "movie_title".into(),
            year: "release_year".into(),
            genres: "class".into(),
            gender: "gender".into(),
            age: "age".into(),
            occupation: "occupation".into(),
            zip: "zip_code".into(),
        }
    }
}

/// A public Python package that carries the data set in `RecBole`'s format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PythonPackage {
    /// The package's name at the index.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// The folder of the files inside the wheel, with a slash at its end.
    pub member_prefix: String,
    /// The columns of the files.
    #[serde(default)]
    pub columns: ColumnNames,
}

/// One data set of the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// The name, which is also the file's stem.
    pub name: String,
    /// What the items are: `films`.
    pub domain: String,
    /// The name for readers.
    pub title: String,
    /// The page that describes the data set.
    pub homepage: Option<String>,
    /// The layout of the raw files.
    pub format: RawFormat,
    /// Where the archive can be downloaded, best first; each begins with `https://`.
    pub addresses: Vec<String>,
    /// The name of the archive, or of the folder with its files, in the folder of raw files; absent only for the
    /// synthetic set and for a log of one's own.
    pub archive: Option<String>,
    /// What a person does to get the files, where they are not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bring: Option<String>,
    /// The MD5 of the official archive, in lower-case hexadecimal digits. It shows damage, not forgery.
    pub md5: Option<String>,
    /// The SHA-256 of the official archive, in lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Who states the checksums: the publisher, or at least two others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum_from: Option<String>,
    /// The terms of use in short.
    pub licence: String,
    /// How to cite the data set.
    pub citation: String,
    /// The ratings that are allowed; of the format `layout` they follow from the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating_scale: Option<RatingScale>,
    /// The columns, for a format with named columns.
    #[serde(default)]
    pub columns: ColumnNames,
    /// The package that carries the data set when no address answers.
    pub python_package: Option<PythonPackage>,
    /// The file or folder of a log of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Files whose rows were appended to the log, in order, each read by the same layout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appended: Vec<PathBuf>,
    /// How the files of the format `layout` are to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// What the rows of the format `layout` become.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rules: OwnRules,
    /// The generator's settings, for the synthetic format.
    pub synthetic: Option<SyntheticConfig>,
}

/// Whether nothing else was said.
fn is_default(rules: &OwnRules) -> bool {
    *rules == OwnRules::default()
}

impl DatasetSpec {
    /// The ratings that are allowed; of the format `layout` all.
    #[must_use]
    pub fn scale(&self) -> RatingScale {
        self.rating_scale.unwrap_or(RatingScale { min: f32::MIN, max: f32::MAX, step: None })
    }

    /// Whether it is a log of one's own, which lies where its person has put it.
    #[must_use]
    pub fn is_own_log(&self) -> bool {
        self.format == RawFormat::Layout && self.archive.is_none()
    }
}

/// Descriptions of data sets: built-in ones, and those of a folder, which come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    built_in: &'static [(&'static str, &'static str)],
    folders: Vec<PathBuf>,
}

impl Registry {
    /// The registry in `folder`: `data/registry`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { built_in: &[], folders: vec![folder.into()] }
    }

    /// The descriptions `built_in`, each a name and a text, overridden by those of `folder`.
    #[must_use]
    pub fn built_in(built_in: &'static [(&'static str, &'static str)], folder: Option<&Path>) -> Self {
        Self { built_in, folders: folder.map(Path::to_owned).into_iter().collect() }
    }

    /// The same with one more folder, if it exists; it comes after the folder that is there.
    #[must_use]
    pub fn with_folder(mut self, folder: &Path) -> Self {
        if folder.is_dir() {
            self.folders.push(folder.to_owned());
        }
        self
    }

    /// The names of all data sets, sorted.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, DataError> {
        let mut names: Vec<String> = self.built_in.iter().map(|(name, _)| (*name).to_owned()).collect();
        for folder in &self.folders {
            for entry in std::fs::read_dir(folder).map_err(DataError::io("read", folder))? {
                let path = entry.map_err(DataError::io("read", folder))?.path();
                if path.extension().is_some_and(|it| it == "toml") {
                    names.extend(path.file_stem().and_then(|it| it.to_str()).map(str::to_owned));
                }
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The description of one data set.
    ///
    /// # Errors
    ///
    /// Fails with the known names if `name` is none of them, and if the file is not readable, not valid TOML, has
    /// unknown or missing keys, or contradicts itself.
    pub fn load(&self, name: &str) -> Result<DatasetSpec, DataError> {
        let names = self.names()?;
        let Some((path, text)) = self.text(name)? else {
            let (name, known) = (name.to_owned(), names.join(", "));
            let folder =
                self.folders.first().cloned().unwrap_or_else(|| PathBuf::from("the built-in registry"));
            return Err(DataError::UnknownDataset { name, known, folder });
        };
        let spec: DatasetSpec = toml::from_str(&text)
            .map_err(|error| DataError::Registry { path: path.clone(), reason: error.to_string() })?;
        match check::contradiction(&spec, name) {
            Some(reason) => Err(DataError::Registry { path, reason }),
            None => Ok(spec),
        }
    }

    /// The text of a description with its place: of the folder first.
    fn text(&self, name: &str) -> Result<Option<(PathBuf, String)>, DataError> {
        let file = format!("{name}.toml");
        if let Some(path) = self.folders.iter().map(|folder| folder.join(&file)).find(|path| path.exists()) {
            let text = std::fs::read_to_string(&path).map_err(DataError::io("read", &path))?;
            return Ok(Some((path, text)));
        }
        let found = self.built_in.iter().find(|(known, _)| *known == name);
        Ok(found.map(|(_, text)| (PathBuf::from("built-in").join(file), (*text).to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/registry");

    fn shipped() -> Registry {
        Registry::new(FOLDER)
    }

    #[test]
    fn every_shipped_description_is_valid_and_movielens_carries_the_official_checksums() {
        let names = shipped().names().unwrap();
        for name in &names {
            shipped().load(name).unwrap();
        }
        let md5 = |name| shipped().load(name).unwrap().md5.unwrap();
        assert_eq!(md5("ml-1m"), "c4d9eecfca2ab87c1945afe126590906");
        assert_eq!(md5("ml-100k"), "0e33842e24a9c977be4e0107933c0723");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let message = shipped().load("ml-2m").unwrap_err().to_string();
        assert!(message.contains("\"ml-2m\"") && message.contains("ml-100k, ml-10m, ml-1m"), "{message}");
    }

    #[test]
    fn an_unknown_key_and_a_wrong_name_are_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(Path::new(FOLDER).join("ml-1m.toml")).unwrap();
        std::fs::write(folder.path().join("typo.toml"), format!("adresses = []\n{text}")).unwrap();
        std::fs::write(folder.path().join("other.toml"), text).unwrap();
        let registry = Registry::new(folder.path());
        let typo = registry.load("typo").unwrap_err().to_string();
        assert!(typo.contains("typo.toml") && typo.contains("adresses"), "{typo}");
        assert!(registry.load("other").unwrap_err().to_string().contains("must be ml-1m.toml"));
    }

    /// The description of MovieLens 1M with one text in the place of another, as it is refused or not.
    fn changed(from: &str, to: &str) -> Result<DatasetSpec, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(Path::new(FOLDER).join("ml-1m.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(folder.path().join("ml-1m.toml"), text.replacen(from, to, 1)).unwrap();
        Registry::new(folder.path()).load("ml-1m")
    }

    #[test]
    fn an_address_that_is_not_secure_and_a_checksum_of_nobody_are_refused() {
        let refusal = |from, to| changed(from, to).unwrap_err().to_string();
        let message = refusal("[\"https://", "[\"http://");
        assert!(message.contains("ml-1m.toml") && message.contains("https://"), "{message}");
        let message = refusal("checksum_from = ", "citation_of_nobody = ");
        assert!(message.contains("citation_of_nobody"), "{message}");
        assert!(
            refusal("checksum_from = \"GroupLens", "checksum_from = \"\" # ")
                .contains("checksum_from must say")
        );
        assert!(refusal("sha256 = \"a6", "sha256 = \"A6").contains("64 lower-case"));
        assert!(refusal("licence = ", "bring = \"by hand\"\nlicence = ").contains("addresses must be empty"));
        assert!(refusal("archive = \"ml-1m.zip\"\n", "").contains("archive must be"));
        assert!(refusal("licence = ", "file = \"x\"\nlicence = ").contains("leave one of them out"));
    }

    #[test]
    fn a_log_of_ones_own_is_read_by_its_old_name_of_the_format() {
        let text = "name = \"plays\"\ndomain = \"items\"\ntitle = \"plays\"\nformat = \"own\"\naddresses = []\n\
            licence = \"\"\ncitation = \"\"\nfile = \"plays.csv\"\n[layout]\nfiles = [\"plays.csv\"]\nsignal = \"event\"\n\
            dialect = {}\ncolumns = { user = \"1\", item = \"2\" }\n";
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plays.toml"), text).unwrap();
        let spec = Registry::new(folder.path()).load("plays").unwrap();
        assert!(spec.is_own_log() && spec.format == RawFormat::Layout);
        assert!(toml::to_string(&spec).unwrap().contains("format = \"layout\""));
        assert!(!shipped().load("yelp").unwrap().is_own_log());
    }

    #[test]
    fn a_folder_comes_before_what_is_built_in() {
        let text = std::fs::read_to_string(Path::new(FOLDER).join("ml-1m.toml")).unwrap();
        let built_in: &'static [(&str, &str)] = Vec::leak(vec![("ml-1m", &*String::leak(text.clone()))]);
        assert_eq!(
            Registry::built_in(built_in, None).load("ml-1m").unwrap(),
            shipped().load("ml-1m").unwrap()
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ml-1m.toml"), text.replace("films", "pictures")).unwrap();
        let overridden = Registry::built_in(built_in, Some(folder.path()));
        assert_eq!(overridden.load("ml-1m").unwrap().domain, "pictures");
        assert_eq!(overridden.names().unwrap(), ["ml-1m"]);
    }

    #[test]
    fn a_scale_with_steps_holds_only_its_steps() {
        let scale = RatingScale { min: 0.5, max: 5.0, step: Some(0.5) };
        assert!(scale.contains(4.5) && scale.contains(0.5) && scale.contains(5.0));
        assert!(!scale.contains(4.25) && !scale.contains(0.0) && !scale.contains(f32::NAN));
        assert!(RatingScale { step: None, ..scale }.contains(4.25));
    }
}
