//! An ingested data set: tables of users and items, the ratings, and the part of each rating in each split.
//!
//! From here on the product knows dense indices only; the tables translate them back for reports.

use crate::manifest::{FORMAT, FileNote, Manifest, SourceNote};
use crate::split::{Split, SplitConfig, SplitSummary, hex, split_hash};
use crate::store::{EntityTable, SplitRow, TableRow, read_entities, read_rows, write_entities, write_rows};
use crate::{Attribute, AttributeValues, DataError, Entities, Protocol, RawLog};
use drr_core::{Cut, Interaction, InteractionLog, ItemIdx, Part, PartSet, UserIdx};
use drr_store::NewFolder;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

const USERS: &str = "users.parquet";
const ITEMS: &str = "items.parquet";
/// There only where there are some.
const COLD_ITEMS: &str = "cold_items.parquet";
const INTERACTIONS: &str = "interactions.parquet";
const SPLIT: &str = "split.parquet";

/// The folder of an ingested data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetDir {
    /// The folder, `PROCESSED/DATASET/HASH`.
    pub path: PathBuf,
    /// The hash of everything in it, 64 hexadecimal digits, of which the folder's name has the first 16.
    pub hash: String,
}

/// A data set with its splits, in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    manifest: Manifest,
    users: Entities,
    items: Entities,
    cold_items: Entities,
    /// The items' attribute that stands for categories.
    categories: Option<String>,
    rows: Vec<Interaction>,
    parts: BTreeMap<Protocol, Vec<Part>>,
    user_index: HashMap<String, UserIdx>,
    item_index: HashMap<String, ItemIdx>,
}

/// Splits a raw log and writes it under `processed_dir`, in full or not at all. An earlier folder of the same content
/// is replaced.
///
/// # Errors
///
/// Fails where [`Dataset::from_raw`] does, and if a file cannot be written.
pub fn ingest(
    raw: &RawLog,
    split: &SplitConfig,
    processed_dir: &Path,
    source: SourceNote,
) -> Result<DatasetDir, DataError> {
    Dataset::from_raw(raw, split, source)?.write(processed_dir)
}

/// The first ingested data set of that name, in the order of the folders' names, whose manifest is `wanted`.
///
/// It is not checked against its checksums: [`Dataset::open`] does that. Folders with an unusable manifest are passed over.
///
/// # Errors
///
/// Fails if the folders cannot be listed. That there are none is no failure.
pub fn find_ingested(
    processed_dir: &Path,
    dataset: &str,
    wanted: impl Fn(&Manifest) -> bool,
) -> Result<Option<DatasetDir>, DataError> {
    let folder = processed_dir.join(dataset);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(DataError::io("list", &folder))?,
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(DataError::io("list", &folder))?;
    paths.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    paths.sort();
    Ok(paths.into_iter().find_map(|path| {
        let manifest = Manifest::read(&path).ok().filter(&wanted)?;
        Some(DatasetDir { path, hash: manifest.hash })
    }))
}

impl Dataset {
    /// Splits a raw log by every protocol that it allows: "temporal" needs times.
    ///
    /// # Errors
    ///
    /// Refuses shares out of range, a log too small to be split, and rows beyond the tables.
    pub fn from_raw(raw: &RawLog, config: &SplitConfig, source: SourceNote) -> Result<Self, DataError> {
        check_rows(&raw.dataset, raw.users.len(), raw.items.len(), &raw.interactions)?;
        let mut parts = BTreeMap::new();
        let mut splits = BTreeMap::new();
        for protocol in Protocol::ALL {
            if protocol.split() != protocol || (protocol.needs_time() && !raw.has_time) {
                continue;
            }
            let split = match Split::new(&raw.dataset, protocol, raw.users.len(), &raw.interactions, config) {
                Ok(split) => split,
                // Few rows are enough for the two main cuts; the others may be left out.
                Err(DataError::EmptyPart { .. }) if !is_main(protocol) => continue,
                Err(error) => return Err(error),
            };
            splits.insert(protocol, split.summary());
            parts.insert(protocol, split.parts);
        }
        let mut manifest = Manifest {
            format: FORMAT,
            dataset: raw.dataset.clone(),
            hash: String::new(),
            source,
            counts: raw.counts,
            n_users: raw.users.len() as u64,
            n_items: raw.items.len() as u64,
            n_ratings: raw.interactions.len() as u64,
            rating_scale: raw.rating_scale,
            has_time: raw.has_time,
            split: *config,
            splits,
            files: BTreeMap::new(),
        };
        let entities = [&raw.users, &raw.items, &raw.cold_items];
        manifest.hash = content_hash(&manifest, entities);
        Ok(Self::new(manifest, entities.map(Clone::clone), raw.interactions.clone(), parts))
    }

    /// Reads an ingested data set and compares each file with its checksum.
    ///
    /// # Errors
    ///
    /// Fails if a file is missing, was changed, or is damaged, and says how to make it anew.
    pub fn open(dir: &Path) -> Result<Self, DataError> {
        let manifest = Manifest::read(dir)?;
        manifest.verify(dir, USERS)?;
        let users = read_entities(&dir.join(USERS), EntityTable::Users)?;
        manifest.verify(dir, ITEMS)?;
        let items = read_entities(&dir.join(ITEMS), EntityTable::Items)?;
        let cold_items = if manifest.files.contains_key(COLD_ITEMS) {
            manifest.verify(dir, COLD_ITEMS)?;
            read_entities(&dir.join(COLD_ITEMS), EntityTable::Items)?
        } else {
            Entities::default()
        };
        let rows: Vec<Interaction> = read_verified(&manifest, dir, INTERACTIONS)?;
        let split: Vec<SplitRow> = read_verified(&manifest, dir, SPLIT)?;
        check_rows(&manifest.dataset, users.len(), items.len(), &rows)?;
        let mut parts = BTreeMap::new();
        for protocol in manifest.splits.keys() {
            let of: Option<Vec<Part>> = split.iter().map(|row| row.part(*protocol)).collect();
            let of = of.ok_or_else(|| unusable(dir, "a row has no part in one of the splits"))?;
            parts.insert(*protocol, of);
        }
        let wanted = |protocol: Protocol| !protocol.needs_time() || manifest.has_time;
        let is_listed = |protocol: &Protocol| parts.contains_key(protocol);
        let complete = Protocol::ALL.iter().filter(|it| is_main(**it) && wanted(**it)).all(is_listed);
        if split.len() != rows.len() || !complete || !parts.keys().all(|protocol| wanted(*protocol)) {
            return Err(unusable(dir, "its splits are not those of the rows"));
        }
        let same_rows = |(protocol, summary): (&Protocol, &SplitSummary)| {
            summary.hash == split_hash(*protocol, &rows, &manifest.split)
        };
        let hash = content_hash(&manifest, [&users, &items, &cold_items]);
        if !manifest.splits.iter().all(same_rows) || manifest.hash != hash {
            return Err(unusable(dir, "the hash of the tables is another than it names"));
        }
        Ok(Self::new(manifest, [users, items, cold_items], rows, parts))
    }

    /// Writes the data set under `processed_dir`, in full or not at all.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written; an earlier folder of the same content is then as it was.
    pub fn write(&self, processed_dir: &Path) -> Result<DatasetDir, DataError> {
        let hash = self.manifest.hash.clone();
        let path = processed_dir.join(&self.manifest.dataset).join(&hash[..16]);
        let new = NewFolder::beside(&path)?;
        self.write_files(new.path())?;
        new.publish()?;
        tracing::debug!(path = %path.display(), rows = self.rows.len(), "data set written");
        Ok(DatasetDir { path, hash })
    }

    fn write_files(&self, dir: &Path) -> Result<(), DataError> {
        let mut split = vec![SplitRow::default(); self.rows.len()];
        for (protocol, parts) in &self.parts {
            for (row, part) in split.iter_mut().zip(parts) {
                row.set(*protocol, *part);
            }
        }
        let mut manifest = self.manifest.clone();
        manifest.files = [
            (USERS, write_entities(&dir.join(USERS), EntityTable::Users, &self.users)?, self.users.len()),
            (ITEMS, write_entities(&dir.join(ITEMS), EntityTable::Items, &self.items)?, self.items.len()),
            (INTERACTIONS, write_rows(&dir.join(INTERACTIONS), &self.rows)?, self.rows.len()),
            (SPLIT, write_rows(&dir.join(SPLIT), &split)?, split.len()),
        ]
        .map(|(name, written, rows)| (name.to_owned(), FileNote::new(written, rows)))
        .into();
        if !self.cold_items.is_empty() {
            let written = write_entities(&dir.join(COLD_ITEMS), EntityTable::Items, &self.cold_items)?;
            manifest.files.insert(COLD_ITEMS.to_owned(), FileNote::new(written, self.cold_items.len()));
        }
        manifest.write(dir)
    }

    fn new(
        manifest: Manifest,
        [users, items, cold_items]: [Entities; 3],
        rows: Vec<Interaction>,
        parts: BTreeMap<Protocol, Vec<Part>>,
    ) -> Self {
        let user_index =
            users.ids().iter().enumerate().map(|(at, id)| (id.clone(), UserIdx::from(at))).collect();
        let item_index =
            items.ids().iter().enumerate().map(|(at, id)| (id.clone(), ItemIdx::from(at))).collect();
        let usual = items.attributes().categories(None).ok().flatten();
        let categories = usual.map(|attribute| attribute.name().to_owned());
        Self { manifest, users, items, cold_items, categories, rows, parts, user_index, item_index }
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The users; a `UserIdx` is a position here.
    #[must_use]
    pub const fn users(&self) -> &Entities {
        &self.users
    }

    /// The items; an `ItemIdx` is a position here.
    #[must_use]
    pub const fn items(&self) -> &Entities {
        &self.items
    }

    /// Items of which something is said, but that no row is of: new ones, sorted by id, without indices.
    #[must_use]
    pub const fn cold_items(&self) -> &Entities {
        &self.cold_items
    }

    /// All ratings, in the order of the raw file.
    #[must_use]
    pub fn interactions(&self) -> &[Interaction] {
        &self.rows
    }

    /// The part of each rating, in the order of the raw file.
    ///
    /// # Errors
    ///
    /// There is no "temporal" split of a data set without times, and not every split of a very small one.
    pub fn parts(&self, protocol: Protocol) -> Result<&[Part], DataError> {
        let parts = self.parts.get(&protocol.split());
        parts.map(Vec::as_slice).ok_or_else(|| self.no_split(protocol))
    }

    /// The hash of a split.
    ///
    /// # Errors
    ///
    /// There is no "temporal" split of a data set without times.
    pub fn split_hash(&self, protocol: Protocol) -> Result<&str, DataError> {
        let summary = self.manifest.splits.get(&protocol.split());
        summary.map(|summary| summary.hash.as_str()).ok_or_else(|| self.no_split(protocol))
    }

    fn no_split(&self, protocol: Protocol) -> DataError {
        let dataset = self.manifest.dataset.clone();
        if protocol.needs_time() && !self.manifest.has_time {
            DataError::NoTime { dataset, protocol }
        } else {
            DataError::EmptyPart { dataset, protocol, part: "train or test" }
        }
    }

    /// The ratings of some parts of a split, as a log that knows where they are from.
    ///
    /// # Errors
    ///
    /// There is no "temporal" split of a data set without times.
    pub fn log(&self, protocol: Protocol, parts: &PartSet) -> Result<InteractionLog, DataError> {
        let part_of_row = self.parts(protocol)?.iter();
        let rows = self.rows.iter().zip(part_of_row).filter(|(_, part)| parts.contains(**part));
        let rows: Vec<Interaction> = rows.map(|(row, _)| *row).collect();
        Ok(self.log_of(&rows)?.with_split(self.split_hash(protocol)?, parts.clone()))
    }

    /// All ratings as a log that belongs to no split: to describe and to look up, not to fit on.
    ///
    /// # Errors
    ///
    /// Fails if the rows are no log, which opening has ruled out.
    pub fn full_log(&self) -> Result<InteractionLog, DataError> {
        self.log_of(&self.rows)
    }

    fn log_of(&self, rows: &[Interaction]) -> Result<InteractionLog, DataError> {
        InteractionLog::new(self.users.len(), self.items.len(), rows)
            .map_err(|source| DataError::Log { dataset: self.manifest.dataset.clone(), source })
    }

    /// The user with an original id.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<UserIdx> {
        self.user_index.get(id).copied()
    }

    /// The item with an original id.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<ItemIdx> {
        self.item_index.get(id).copied()
    }

    /// The original id of a user. Panics beyond the users, which is a bug.
    #[must_use]
    pub fn user_id(&self, user: UserIdx) -> &str {
        self.users.id(user.index())
    }

    /// The original id of an item. Panics beyond the items, which is a bug.
    #[must_use]
    pub fn item_id(&self, item: ItemIdx) -> &str {
        self.items.id(item.index())
    }

    /// The title of an item, where the data set gives it one.
    #[must_use]
    pub fn item_title(&self, item: ItemIdx) -> Option<&str> {
        self.items.title(item.index())
    }

    /// An item in words: its title, with the year behind it where that is an attribute, or without a title its id.
    #[must_use]
    pub fn item_name(&self, item: ItemIdx) -> String {
        let Some(title) = self.item_title(item) else { return self.item_id(item).to_owned() };
        let year = self.items.attribute("year").and_then(|year| year.number(item.index()));
        year.map_or_else(|| title.to_owned(), |year| format!("{title} ({year})"))
    }

    /// Takes the items' attribute `wanted` for their categories, or, where none is wanted, the usual one:
    /// [`crate::Attributes::categories`].
    ///
    /// # Errors
    ///
    /// Refuses an attribute that is not there or has no words, with the names to choose from.
    pub fn choose_categories(&mut self, wanted: Option<&str>) -> Result<(), DataError> {
        let chosen = self.items.attributes().categories(wanted)?;
        self.categories = chosen.map(|attribute| attribute.name().to_owned());
        Ok(())
    }

    /// The items' attribute that stands for their categories; the usual one until another is chosen.
    #[must_use]
    pub fn categories(&self) -> Option<&Attribute> {
        self.items.attribute(self.categories.as_deref()?)
    }

    /// The categories of an item; none where it has none.
    pub fn item_categories(&self, item: ItemIdx) -> impl Iterator<Item = &str> {
        self.categories().into_iter().flat_map(move |attribute| attribute.words(item.index()))
    }
}

/// Whether a data set without the protocol's cut is refused.
const fn is_main(protocol: Protocol) -> bool {
    matches!(protocol.facts().cut, Cut::LastUsers | Cut::Moment)
}

/// Reads a table that is the one of the manifest.
fn read_verified<R: TableRow>(manifest: &Manifest, dir: &Path, name: &str) -> Result<Vec<R>, DataError> {
    manifest.verify(dir, name)?;
    read_rows(&dir.join(name))
}

fn unusable(dir: &Path, reason: &str) -> DataError {
    DataError::Manifest { path: dir.join(crate::manifest::MANIFEST), reason: reason.to_owned() }
}

/// Refuses rows beyond the tables.
fn check_rows(dataset: &str, n_users: usize, n_items: usize, rows: &[Interaction]) -> Result<(), DataError> {
    let beyond = |it: &Interaction| it.user.index() >= n_users || it.item.index() >= n_items;
    let Some(row) = rows.iter().position(beyond) else { return Ok(()) };
    let (user, item) = (rows[row].user.0, rows[row].item.0);
    let source = drr_core::LogError::OutOfRange { row, user, item, n_users, n_items };
    Err(DataError::Log { dataset: dataset.to_owned(), source })
}

/// Hashes all that the folder holds: the tables, the splits of the rows, and how to read them.
fn content_hash(manifest: &Manifest, [users, items, cold_items]: [&Entities; 3]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(manifest.format.to_le_bytes());
    hash_text(&mut hasher, &manifest.dataset);
    hash_entities(&mut hasher, users);
    hash_entities(&mut hasher, items);
    hash_entities(&mut hasher, cold_items);
    for (protocol, summary) in &manifest.splits {
        hash_text(&mut hasher, protocol.facts().key);
        hash_text(&mut hasher, &summary.hash);
    }
    hasher.update(manifest.rating_scale.0.to_le_bytes());
    hasher.update(manifest.rating_scale.1.to_le_bytes());
    hex(&hasher.finalize())
}

/// Hashes ids, titles, and the attributes with their names and kinds.
fn hash_entities(hasher: &mut Sha256, entities: &Entities) {
    hash_length(hasher, entities.len());
    for (at, id) in entities.ids().iter().enumerate() {
        hash_text(hasher, id);
        hash_optional(hasher, entities.title(at));
    }
    hash_length(hasher, entities.attributes().iter().count());
    for attribute in entities.attributes().iter() {
        hash_text(hasher, attribute.name());
        hash_text(hasher, attribute.kind().name());
        match attribute.values() {
            AttributeValues::Category(values) => {
                values.iter().for_each(|word| hash_optional(hasher, word.as_deref()));
            }
            AttributeValues::Categories(values) => values.iter().for_each(|words| {
                hash_length(hasher, words.len());
                words.iter().for_each(|word| hash_text(hasher, word));
            }),
            AttributeValues::Number(values) => values.iter().for_each(|number| {
                hasher.update([u8::from(number.is_some())]);
                hasher.update(number.unwrap_or(0.0).to_bits().to_le_bytes());
            }),
            AttributeValues::Text(values) => {
                values.iter().for_each(|text| hash_optional(hasher, text.as_deref()));
            }
        }
    }
}

fn hash_length(hasher: &mut Sha256, length: usize) {
    hasher.update((length as u64).to_le_bytes());
}

fn hash_text(hasher: &mut Sha256, text: &str) {
    hash_length(hasher, text.len());
    hasher.update(text.as_bytes());
}

/// Nothing and an empty text differ.
fn hash_optional(hasher: &mut Sha256, text: Option<&str>) {
    hasher.update([u8::from(text.is_some())]);
    hash_text(hasher, text.unwrap_or(""));
}
