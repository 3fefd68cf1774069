//! The manifest of an ingested data set: where it comes from, what is in it, and the checksum of each file.

use crate::split::{SplitConfig, SplitSummary};
use crate::{DataError, Protocol, RowCounts};
use drr_store::{Written, file_digest, read_sealed, write_sealed};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// The name of the manifest in its folder.
pub const MANIFEST: &str = "manifest.json";
/// The version of the tables; another one is not read.
pub const FORMAT: u32 = 4;

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceNote {
    /// The name of the archive, without its folder; or what else made the rows.
    pub archive: String,
    /// The archive's SHA-256, if there is an archive.
    pub sha256: Option<String>,
    /// The archive's MD5, if there is an archive.
    pub md5: Option<String>,
    /// What is known of the archive's checksum: registered, pinned at the first fetch, or neither.
    #[serde(default)]
    pub checksum: Option<String>,
    /// The digest of the registry's entry, if there is one: what the raw columns mean.
    #[serde(default)]
    pub entry: Option<String>,
    /// The digest of the code that read the raw rows, where the reader knows it.
    #[serde(default)]
    pub code: Option<String>,
    /// Which data set is used and why: the line that a report opens with.
    pub reason: String,
}

/// One file of the data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileNote {
    /// The checksum.
    pub sha256: String,
    /// The size.
    pub bytes: u64,
    /// The number of rows.
    pub rows: u64,
}

/// What stands in `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the tables, [`FORMAT`].
    pub format: u32,
    /// The name of the data set.
    pub dataset: String,
    /// The hash of everything in the folder, whose first 16 digits are its name.
    pub hash: String,
    /// Where the rows come from.
    pub source: SourceNote,
    /// What was counted while the raw rows were read.
    pub counts: RowCounts,
    /// The number of users.
    pub n_users: u64,
    /// The number of items.
    pub n_items: u64,
    /// The number of ratings.
    pub n_ratings: u64,
    /// The smallest and the largest possible rating.
    pub rating_scale: (f32, f32),
    /// Whether the rows have times.
    pub has_time: bool,
    /// Where the cuts of the splits are.
    pub split: SplitConfig,
    /// The splits that exist; in the file each by its protocol's key, which stays when a protocol gets another name.
    #[serde(serialize_with = "by_key")]
    pub splits: BTreeMap<Protocol, SplitSummary>,
    /// The files, by name.
    pub files: BTreeMap<String, FileNote>,
}

/// Only the version.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

fn by_key<S: Serializer>(
    splits: &BTreeMap<Protocol, SplitSummary>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(splits.iter().map(|(protocol, summary)| (protocol.facts().key, summary)))
}

impl Manifest {
    /// Reads the manifest of the folder `dir`, without looking at the files it describes.
    ///
    /// # Errors
    ///
    /// Fails if there is none, if it is no manifest, and if it is of another version.
    pub fn read(dir: &Path) -> Result<Self, DataError> {
        let path = dir.join(MANIFEST);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DataError::NotIngested { path: dir.to_owned() });
            }
            read => read.map_err(DataError::io("read", &path))?,
        };
        let Form { format } = serde_json::from_slice(&text)
            .map_err(|error| DataError::Manifest { path: path.clone(), reason: error.to_string() })?;
        if format != FORMAT {
            let reason = format!("it is of format {format}, and this program reads format {FORMAT}");
            return Err(DataError::Manifest { path, reason });
        }
        let sealed = read_sealed(&path, "run `drr ingest --force`");
        sealed.map_err(|error| DataError::Manifest { path, reason: error.to_string() })
    }

    /// Writes the manifest into the folder `dir`.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), DataError> {
        write_sealed(&dir.join(MANIFEST), self)?;
        Ok(())
    }

    /// Compares a file of the folder `dir` with its note.
    pub(crate) fn verify(&self, dir: &Path, name: &str) -> Result<(), DataError> {
        let note = self.files.get(name).ok_or_else(|| DataError::Manifest {
            path: dir.join(MANIFEST),
            reason: format!("it does not list {name}"),
        })?;
        let path = dir.join(name);
        let found = file_digest(&path)?;
        if found == note.sha256 {
            Ok(())
        } else {
            Err(DataError::ChangedFile { path, expected: note.sha256.clone(), found })
        }
    }
}

impl FileNote {
    /// The note on a file of `rows` rows, as it was written.
    pub(crate) fn new(written: Written, rows: usize) -> Self {
        Self { sha256: written.digest, bytes: written.n_bytes, rows: rows as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_manifest_is_not_ingested() {
        let folder = tempfile::tempdir().unwrap();
        let error = Manifest::read(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::NotIngested { .. }), "{error}");
    }

    #[test]
    fn text_that_is_no_manifest_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), "{\n  \"format\": \"one\"\n}").unwrap();
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("--force"), "{error}");
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        let written = drr_store::write_bytes(&path, b"abc").unwrap();
        // FIPS 180-4's first example.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let note = FileNote::new(written, 1);
        assert_eq!(note, FileNote { sha256: expected.to_owned(), bytes: 3, rows: 1 });
    }
}
