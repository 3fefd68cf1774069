//! The rows of a file of lists as they come in: ids become positions, and what the whole file must keep is checked at the end.

use super::columns::Order;
use super::names::plain;
use super::{ForeignLists, ForeignRow, ListPlace, Stop, listed_names, refuse};
use crate::{DataError, Protocol};
use drr_intake::shown;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::path::Path;

/// A file has at most so many places of lists: 32 bytes each.
const MAX_ROWS: usize = 50_000_000;
/// So many other protocols are named.
const MAX_OTHERS: usize = 10;

/// A row as a file has it.
pub(super) struct RawRow<'a> {
    pub place: ListPlace,
    pub user: &'a str,
    pub item: &'a str,
    pub order: f64,
    pub recommender: Option<&'a str>,
}

/// Ids, each once, in the order of their first appearance.
#[derive(Default)]
struct Ids {
    ids: Vec<String>,
    positions: FxHashMap<String, u32>,
}

impl Ids {
    fn position(&mut self, id: &str) -> u32 {
        if let Some(position) = self.positions.get(id) {
            return *position;
        }
        let position = u32::try_from(self.ids.len()).unwrap_or_else(|_| unreachable!("rows are bounded"));
        self.ids.push(id.to_owned());
        self.positions.insert(id.to_owned(), position);
        position
    }
}

/// What orders the lists of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A rank, which nobody has twice.
    Rank,
    /// A score.
    Score,
    /// The order of the items in a row: nobody has two rows.
    Row,
}

/// The rows of the protocol, of all recommenders.
pub(super) struct Gathered<'a> {
    pub path: &'a Path,
    /// Whoever may stop the reading.
    pub stop: &'a Stop<'a>,
    protocol: &'a str,
    users: Ids,
    items: Ids,
    recommenders: Ids,
    /// The rows, each with the position of its recommender; 0 where the file names none.
    pub rows: Vec<(u32, ForeignRow)>,
    /// Other protocols of which there was a row.
    others: Vec<String>,
    /// The last name of a protocol, and whether it is the one asked for: most rows have that of the row before.
    last: Option<(String, bool)>,
    /// What the order is by.
    pub by: By,
    /// Where the whole list of a recommender for a user stands, of lists that are ordered by numbers beside them.
    lists: FxHashMap<(u32, u32), ListPlace>,
    /// The first second list of each recommender: whose, for whom, where, and where the first one stands.
    second_lists: Vec<(u32, u32, [ListPlace; 2])>,
    /// So many lists are ordered by numbers beside their items, and of so many that is another order than that of the items.
    n_lists: usize,
    n_reordered: usize,
    /// How the file was understood.
    pub notes: Vec<String>,
}

impl<'a> Gathered<'a> {
    pub fn new(stop: &'a Stop<'a>, protocol: &'a str) -> Self {
        let (users, items, recommenders) = (Ids::default(), Ids::default(), Ids::default());
        let (rows, others, notes) = (Vec::new(), Vec::new(), Vec::new());
        let (last, by, path) = (None, By::Score, stop.path);
        let (lists, second_lists) = (FxHashMap::default(), Vec::new());
        let (n_lists, n_reordered) = (0, 0);
        Self {
            path,
            stop,
            protocol,
            users,
            items,
            recommenders,
            rows,
            others,
            last,
            by,
            lists,
            second_lists,
            n_lists,
            n_reordered,
            notes,
        }
    }

    /// Whether a row with this in its column `protocol` counts. Case and separators do not matter, and old names are known.
    pub fn is_of_protocol(&mut self, name: Option<&str>) -> bool {
        let name = name.unwrap_or_default().trim();
        if let Some((_, is_own)) = self.last.as_ref().filter(|(last, _)| last == name) {
            return *is_own;
        }
        let lower = name.to_lowercase().replace('-', "_");
        let is_own = plain(&Protocol::table_name(&lower)) == plain(self.protocol);
        if !is_own && self.others.len() <= MAX_OTHERS && !self.others.iter().any(|it| it == name) {
            self.others.push(name.to_owned());
        }
        self.last = Some((name.to_owned(), is_own));
        is_own
    }

    /// Notes where a whole list stands that numbers order, and whether its items stand in that order.
    pub fn begin_list(
        &mut self,
        place: ListPlace,
        (user, recommender): (&str, Option<&str>),
        is_as_it_stands: bool,
    ) {
        self.n_lists += 1;
        self.n_reordered += usize::from(!is_as_it_stands);
        let recommender = recommender.map_or(0, |name| self.recommenders.position(name));
        let user = self.users.position(user);
        if let Some(before) = self.lists.insert((recommender, user), place)
            && !self.second_lists.iter().any(|(of, ..)| *of == recommender)
        {
            self.second_lists.push((recommender, user, [place, before]));
        }
    }

    /// # Errors
    ///
    /// Refuses more rows than anybody needs, and fails where the reading is to stop.
    pub fn add(&mut self, raw: &RawRow<'_>) -> Result<(), DataError> {
        self.stop.step()?;
        if self.rows.len() >= MAX_ROWS {
            let problem = format!("there are more than {MAX_ROWS} places of lists");
            return Err(self.refuse(raw.place, problem, "write shorter lists, or fewer users"));
        }
        let recommender = raw.recommender.map_or(0, |name| self.recommenders.position(name));
        let row = ForeignRow {
            place: raw.place,
            user: self.users.position(raw.user),
            item: self.items.position(raw.item),
            order: raw.order,
        };
        self.rows.push((recommender, row));
        Ok(())
    }

    /// The error at one place of the file.
    pub fn refuse(&self, place: ListPlace, problem: impl AsRef<str>, remedy: &'static str) -> DataError {
        refuse(self.path, place, problem, remedy)
    }

    /// Notes columns that are not read.
    pub fn note_unused(&mut self, unused: &[&str]) {
        let unused: Vec<&str> = unused.iter().copied().filter(|name| !name.trim().is_empty()).collect();
        if !unused.is_empty() {
            self.notes.push(format!("columns that were not read: {}", listed_names(unused)));
        }
    }

    /// Notes that the numbers of these columns order the lists, once all lists are there.
    pub fn note_beside(&mut self, by: Order, names: &[&str]) {
        let ([what, first], names) = (by.words(), listed_names(names.iter().copied()));
        let (n_reordered, n_lists) = (self.n_reordered, self.n_lists);
        self.notes.push(format!(
            "each list is ordered by its {what} in {names}, the {first} first, whatever the order of its items; in {n_reordered} of \
             {n_lists} lists these orders differ"
        ));
    }

    /// # Errors
    ///
    /// Refuses a choice that leaves nothing, several recommenders without a choice, and what a user has twice.
    pub fn finish(self, recommender: Option<&str>) -> Result<ForeignLists, DataError> {
        let names = &self.recommenders.ids;
        if self.rows.is_empty() {
            let others = || listed_names(self.others.iter().map(String::as_str));
            let (problem, remedy) = if self.others.is_empty() {
                ("it has no lists in it".to_owned(), "give the file that the lists were written to")
            } else {
                let problem =
                    format!("it has no lists under protocol {}, but under {}", self.protocol, others());
                (problem, "choose one of them with --protocol, or remove the column")
            };
            return Err(self.refuse(ListPlace::File, problem, remedy));
        }
        let chosen = match recommender.and_then(|name| names.iter().position(|it| it == name)) {
            Some(chosen) => chosen,
            None if names.len() <= 1 => 0,
            None => {
                let missing =
                    recommender.map(|name| format!("no lists of {}, but ", shown(name))).unwrap_or_default();
                let names = listed_names(names.iter().map(String::as_str));
                let problem = format!("it has {missing}lists of several recommenders: {names}");
                return Err(self.refuse(ListPlace::File, problem, "choose one of them with --name"));
            }
        };
        let own = self.rows.into_iter().filter(|(of, _)| *of as usize == chosen);
        let lists = ForeignLists {
            path: self.path.to_owned(),
            recommender: names.get(chosen).cloned(),
            user_ids: self.users.ids,
            item_ids: self.items.ids,
            rows: own.map(|(_, row)| row).collect(),
            notes: self.notes,
        };
        if let Some((_, user, places)) = self.second_lists.iter().find(|(of, ..)| *of as usize == chosen) {
            return Err(lists.repeated(*user, "a list", *places));
        }
        lists.refuse_repeats(self.by, self.stop)?;
        Ok(lists)
    }
}

impl ForeignLists {
    /// The error of a user who has something a second time, at the first of both places.
    fn repeated(&self, user: u32, what: &str, [place, before]: [ListPlace; 2]) -> DataError {
        let (user, before) = (shown(&self.user_ids[user as usize]), before.to_string());
        let problem = format!("user {user} has {what} already (see {})", before.trim_start_matches(", "));
        let remedy = "let each user have one list, and each list every item and every rank once";
        refuse(&self.path, place, problem, remedy)
    }

    /// Refuses an item, and a rank or a row where these order the lists, that a user has twice.
    fn refuse_repeats(&self, by: By, stop: &Stop<'_>) -> Result<(), DataError> {
        // With room for all from the beginning, none of the steps is a long one.
        let n_ranks = if by == By::Score { 0 } else { self.rows.len() };
        let mut items: FxHashMap<(u32, u32), ListPlace> =
            FxHashMap::with_capacity_and_hasher(self.rows.len(), FxBuildHasher);
        let mut ranks: FxHashMap<(u32, u64), ListPlace> =
            FxHashMap::with_capacity_and_hasher(n_ranks, FxBuildHasher);
        for row in &self.rows {
            stop.step()?;
            let twice =
                |what: &str, before: ListPlace| Err(self.repeated(row.user, what, [row.place, before]));
            let rank = (row.user, row.order.to_bits());
            let same_rank = if by == By::Score { None } else { ranks.insert(rank, row.place) };
            if let Some(before) = same_rank.filter(|_| by == By::Row) {
                return twice("a list", before);
            }
            if let Some(before) = items.insert((row.user, row.item), row.place) {
                let item = format!("the item {}", shown(&self.item_ids[row.item as usize]));
                return twice(&item, before);
            }
            if let Some(before) = same_rank {
                return twice(&format!("the rank {}", row.order), before);
            }
        }
        Ok(())
    }
}
