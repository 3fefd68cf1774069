//! What a rating row must fulfil, whatever file it comes from, and the log that the good ones make.

use super::text::number;
use crate::archive::Line;
use crate::{
    AttributeKind, AttributeValue, Attributes, AttributesBuilder, DataError, DatasetSpec, Entities,
    RatingScale, RawLog, RowCounts,
};
use drr_core::{Interaction, ItemIdx, UserIdx};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// What to do about a row that is well-formed but wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadRow {
    /// Stop with an error that names file and line.
    #[default]
    Refuse,
    /// Go on and count it in [`RowCounts`].
    Count,
}

/// What to do about rows that are well-formed but wrong. Malformed rows are always refused, as is NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RowPolicy {
    /// A user rates an item again; when counted, the first row stays and later ones are dropped.
    pub duplicates: OnBadRow,
    /// A user or item that is not in the tables; when counted, the row is dropped.
    pub unknown_ids: OnBadRow,
    /// A rating that is not on the scale; when counted, the row is dropped.
    pub out_of_range: OnBadRow,
    /// Text in another encoding than declared; when counted, it is decoded by what it is and stays.
    pub encoding: OnBadRow,
}

/// Stands for "no position".
const NOWHERE: u32 = u32::MAX;

/// What one line says of a user or an item.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) id: &'a str,
    pub(super) title: Option<&'a str>,
    /// One value for each attribute of the table, in order.
    pub(super) values: Vec<AttributeValue<'a>>,
}

/// The users or items, and where each raw id is.
#[derive(Debug)]
pub(super) struct Table {
    ids: Vec<String>,
    titles: Vec<Option<Box<str>>>,
    attributes: AttributesBuilder,
    positions: FxHashMap<Box<[u8]>, u32>,
    /// The same positions for short integer ids, by the integer: no hash, no comparison. `NOWHERE` where there is none.
    by_integer: Vec<u32>,
    /// Whether an id that is in no file is taken in, for data sets without a file of users or items.
    is_open: bool,
}

impl Table {
    /// A table that knows only what is inserted, with these attributes.
    ///
    /// # Errors
    ///
    /// Refuses a name of an attribute that is empty or stands twice.
    pub(super) fn closed<N: Into<String>>(
        columns: impl IntoIterator<Item = (N, AttributeKind)>,
    ) -> Result<Self, DataError> {
        Ok(Self { attributes: AttributesBuilder::new(columns)?, is_open: false, ..Self::open() })
    }

    /// A table that takes in every id it is asked for.
    pub(super) fn open() -> Self {
        Self {
            ids: Vec::new(),
            titles: Vec::new(),
            attributes: AttributesBuilder::default(),
            positions: FxHashMap::default(),
            by_integer: Vec::new(),
            is_open: true,
        }
    }

    /// Adds the user or item of one line.
    ///
    /// # Errors
    ///
    /// Refuses an empty id, a second line of one id, and values that do not fit the attributes.
    pub(super) fn insert(&mut self, line: &Line<'_>, record: &Record<'_>) -> Result<(), DataError> {
        let id = record.id;
        if id.is_empty() {
            return Err(line.refuse("id", b"", "is empty", "give every user and item an id"));
        }
        let position = position_of(self.ids.len());
        if !self.place(id.as_bytes(), position) {
            return Err(line.refuse(
                "id",
                id.as_bytes(),
                "stands in an earlier line too",
                "remove one of them",
            ));
        }
        self.attributes.push(&record.values)?;
        self.ids.push(id.to_owned());
        self.titles.push(record.title.map(Into::into));
        Ok(())
    }

    /// Notes where an id is, unless it is somewhere already.
    fn place(&mut self, id: &[u8], position: u32) -> bool {
        let Some(integer) = small_integer(id) else {
            return self.positions.insert(id.into(), position).is_none();
        };
        if integer >= self.by_integer.len() {
            self.by_integer.resize(integer + 1, NOWHERE);
        }
        std::mem::replace(&mut self.by_integer[integer], position) == NOWHERE
    }

    /// Where an id is, if it is in the table.
    pub(super) fn known(&self, id: &[u8]) -> Option<u32> {
        match small_integer(id) {
            Some(integer) => self.by_integer.get(integer).copied().filter(|position| *position != NOWHERE),
            None => self.positions.get(id).copied(),
        }
    }

    /// The number of users or items.
    pub(super) const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Where an id is; an open table takes it in.
    pub(super) fn position(&mut self, id: &[u8]) -> Option<u32> {
        let known = self.known(id);
        if known.is_some() {
            return known;
        }
        if !self.is_open || id.is_empty() {
            return None;
        }
        let position = position_of(self.ids.len());
        self.ids.push(std::str::from_utf8(id).ok()?.to_owned());
        self.place(id, position);
        Some(position)
    }

    /// Keeps those at the positions that `is_used`, sorted by id, and tells where each position went.
    pub(super) fn compact(self, is_used: &[bool]) -> Compacted {
        let (used, rest) = (self.order(is_used, true), self.order(is_used, false));
        let n = self.ids.len();
        let all = if self.is_open {
            // Nothing was said of anybody.
            Entities::untitled(self.ids, Attributes::none(n))
        } else {
            Entities::new(self.ids, self.titles, self.attributes.finish())
        };
        Compacted::of(all, &used, &rest)
    }

    /// The same of a table that takes in every id, with titles and attributes from elsewhere, one for each id.
    pub(super) fn compact_with(
        self,
        titles: Vec<Option<Box<str>>>,
        attributes: Attributes,
        is_used: &[bool],
    ) -> Compacted {
        let (used, rest) = (self.order(is_used, true), self.order(is_used, false));
        Compacted::of(Entities::new(self.ids, titles, attributes), &used, &rest)
    }

    /// The positions that are used, or are not, sorted by id: as numbers if all of them are integers, else as text.
    fn order(&self, is_used: &[bool], wanted: bool) -> Vec<usize> {
        let id_of = |at: usize| self.ids[at].as_str();
        let mut order: Vec<usize> = (0..self.ids.len()).filter(|at| is_used[*at] == wanted).collect();
        let keys: Option<Vec<i64>> = order.iter().map(|at| integer_key(id_of(*at))).collect();
        let Some(keys) = keys else {
            order.sort_unstable_by(|left, right| id_of(*left).cmp(id_of(*right)));
            return order;
        };
        let mut keyed: Vec<(i64, usize)> = keys.into_iter().zip(order).collect();
        keyed.sort_unstable_by(|(left_key, left), (right_key, right)| {
            left_key.cmp(right_key).then_with(|| id_of(*left).cmp(id_of(*right)))
        });
        keyed.into_iter().map(|(_, at)| at).collect()
    }
}

/// A table in the order of its ids.
#[derive(Debug)]
pub(super) struct Compacted {
    /// Those that are used.
    pub(super) used: Entities,
    /// Those of the others of whom something is known beside the id.
    pub(super) others: Entities,
    /// Where each position went; nowhere if it is not used.
    pub(super) moved: Vec<u32>,
}

impl Compacted {
    fn of(all: Entities, used: &[usize], rest: &[usize]) -> Self {
        let known: Vec<usize> = rest.iter().copied().filter(|at| all.is_described(*at)).collect();
        let others = if known.is_empty() { Entities::default() } else { all.clone().reordered(&known) };
        let moved = moved(used, all.len());
        Self { used: all.reordered(used), others, moved }
    }
}

/// Where each of `n` positions went; `NOWHERE` if it is not in the order.
fn moved(order: &[usize], n: usize) -> Vec<u32> {
    let mut moved = vec![NOWHERE; n];
    for (to, from) in order.iter().enumerate() {
        moved[*from] = position_of(to);
    }
    moved
}

/// The integer that an id of at most six digits is, if it is written the only usual way: without zeros before it.
fn small_integer(id: &[u8]) -> Option<usize> {
    if id.is_empty() || id.len() > 6 || (id[0] == b'0' && id.len() > 1) {
        return None;
    }
    id.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| 10 * sum + usize::from(byte - b'0')))
}

fn integer_key(id: &str) -> Option<i64> {
    id.parse().ok()
}

fn position_of(position: usize) -> u32 {
    u32::try_from(position).expect("a table has fewer than 2^32 records")
}

/// One rating row as its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct RatingFields<'a> {
    pub(super) user: &'a [u8],
    pub(super) item: &'a [u8],
    pub(super) rating: &'a [u8],
    /// `None` where the data set has no time.
    pub(super) timestamp: Option<&'a [u8]>,
}

/// Checks rating rows one by one and collects the good ones.
#[derive(Debug)]
pub(super) struct RatingRows {
    users: Table,
    items: Table,
    policy: RowPolicy,
    scale: RatingScale,
    /// The items of each user so far: files are mostly sorted by user, so a user's set stays in the cache.
    seen: Vec<FxHashSet<u32>>,
    rows: Vec<Interaction>,
    has_time: bool,
    counts: RowCounts,
}

impl RatingRows {
    pub(super) fn new(
        spec: &DatasetSpec,
        policy: &RowPolicy,
        users: Table,
        items: Table,
        n_reencoded: u64,
    ) -> Self {
        Self {
            users,
            items,
            policy: *policy,
            scale: spec.scale(),
            seen: Vec::new(),
            rows: Vec::new(),
            has_time: true,
            counts: RowCounts { reencoded: n_reencoded, ..RowCounts::default() },
        }
    }

    /// Takes one row.
    ///
    /// # Errors
    ///
    /// Refuses a row that is malformed, or wrong where the policy says so.
    pub(super) fn push(&mut self, line: &Line<'_>, fields: RatingFields<'_>) -> Result<(), DataError> {
        self.counts.rows_read += 1;
        let rating = parse_rating(line, fields.rating)?;
        let timestamp = match fields.timestamp {
            Some(text) => parse_timestamp(line, text)?,
            None => {
                self.has_time = false;
                self.counts.rows_read.cast_signed() - 1
            }
        };
        let (Some(user), Some(item)) = self.positions(line, fields)? else {
            self.counts.unknown_dropped += 1;
            return Ok(());
        };
        if !self.scale.contains(rating) {
            if self.policy.out_of_range == OnBadRow::Refuse {
                return Err(refuse_rating(line, fields.rating, self.scale));
            }
            self.counts.out_of_range_dropped += 1;
            return Ok(());
        }
        if self.seen.len() <= user as usize {
            self.seen.resize_with(user as usize + 1, FxHashSet::default);
        }
        if !self.seen[user as usize].insert(item) {
            if self.policy.duplicates == OnBadRow::Refuse {
                let problem = "repeats the user and item of an earlier row";
                let remedy = "remove one, or set duplicates = \"count\" in the row policy to keep the first";
                return Err(line.refuse("row", line.bytes, problem, remedy));
            }
            self.counts.duplicates_dropped += 1;
            return Ok(());
        }
        self.rows.push(Interaction { user: UserIdx(user), item: ItemIdx(item), rating, timestamp });
        Ok(())
    }

    /// The positions of user and item; `None` for one that is unknown and may be counted.
    fn positions(
        &mut self,
        line: &Line<'_>,
        fields: RatingFields<'_>,
    ) -> Result<(Option<u32>, Option<u32>), DataError> {
        let (user, item) = (self.users.position(fields.user), self.items.position(fields.item));
        if self.policy.unknown_ids == OnBadRow::Refuse {
            let remedy =
                "complete the table, or set unknown_ids = \"count\" in the row policy to drop the row";
            if user.is_none() {
                return Err(line.refuse("user id", fields.user, "is not in the table of users", remedy));
            }
            if item.is_none() {
                return Err(line.refuse("item id", fields.item, "is not in the table of items", remedy));
            }
        }
        Ok((user, item))
    }

    /// Drops users and items without a rating, sorts the tables by id, and gives the rows their final indices.
    ///
    /// # Errors
    ///
    /// Fails if no row is left.
    pub(super) fn finish(mut self, dataset: &str) -> Result<RawLog, DataError> {
        if self.rows.is_empty() {
            let rows_read = self.counts.rows_read;
            return Err(DataError::NoRows { dataset: dataset.to_owned(), rows_read });
        }
        let mut used_users = vec![false; self.users.len()];
        let mut used_items = vec![false; self.items.len()];
        for row in &self.rows {
            used_users[row.user.index()] = true;
            used_items[row.item.index()] = true;
        }
        let Compacted { used: users, moved: new_user, .. } = self.users.compact(&used_users);
        let Compacted { used: items, others: cold_items, moved: new_item } = self.items.compact(&used_items);
        for row in &mut self.rows {
            row.user = UserIdx(new_user[row.user.index()]);
            row.item = ItemIdx(new_item[row.item.index()]);
        }
        self.counts.unrated_users = (used_users.len() - users.len()) as u64;
        self.counts.unrated_items = (used_items.len() - items.len()) as u64;
        Ok(RawLog {
            dataset: dataset.to_owned(),
            users,
            items,
            cold_items,
            interactions: self.rows,
            counts: self.counts,
            rating_scale: (self.scale.min, self.scale.max),
            has_time: self.has_time,
        })
    }
}

fn parse_rating(line: &Line<'_>, text: &[u8]) -> Result<f32, DataError> {
    // Nearly every rating is one digit.
    if let [digit @ b'0'..=b'9'] = text {
        return Ok(f32::from(digit - b'0'));
    }
    let refuse = |problem| line.refuse("rating", text, problem, "correct or remove the row");
    let rating: f32 = number(text).ok_or_else(|| refuse("is not a number"))?;
    if rating.is_finite() { Ok(rating) } else { Err(refuse("is not finite")) }
}

fn refuse_rating(line: &Line<'_>, text: &[u8], scale: RatingScale) -> DataError {
    let step = scale.step.map(|step| format!(" in steps of {step}")).unwrap_or_default();
    let problem = format!("is not on the scale from {} to {}{step}", scale.min, scale.max);
    let remedy = "correct the row or the scale in the registry, or set out_of_range = \"count\" to drop it";
    line.refuse("rating", text, problem, remedy)
}

/// Whole seconds; a fraction, which some files write, is cut off.
fn parse_timestamp(line: &Line<'_>, text: &[u8]) -> Result<i64, DataError> {
    if let Some(seconds) = number::<i64>(text) {
        return Ok(seconds);
    }
    match number::<f64>(text) {
        // Up to here a 64-bit float still counts single seconds.
        Some(seconds) if seconds.abs() < 9.0e15 => Ok(seconds.trunc() as i64),
        _ => Err(line.refuse(
            "timestamp",
            text,
            "is not a number of seconds since 1970",
            "correct or remove the row",
        )),
    }
}

#[cfg(test)]
mod tests;
