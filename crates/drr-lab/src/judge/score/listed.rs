//! A recommender that only reads out given lists.

use super::Unknown;
use crate::run::Work;
use anyhow::{Result, bail};
use drr_core::{ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, UserIdx};
use drr_data::{Dataset, ForeignLists, ForeignRow};
use drr_eval::EvaluationSet;
use drr_intake::shown;
use std::collections::BTreeMap;

/// After so many rows whoever waits may stop the work.
const STOP_EVERY: usize = 1 << 16;

/// What was left out of foreign lists, and what is missing from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListCounts {
    /// Rows of users or items that the data set does not have.
    pub unknown: usize,
    /// The first of them: `row 7: the data set ml-1m has no user 0`.
    pub first_unknown: Option<String>,
    /// Rows that recommend a user what the protocol does not allow, such as an item of the history.
    pub not_allowed: usize,
    /// Rows of users whom the protocol does not ask.
    pub not_asked: usize,
    /// Users whom the protocol asks and who have no list; theirs count as empty.
    pub without_list: usize,
    /// Users with a longer list than is judged.
    pub longer: usize,
    /// Users with equal scores.
    pub tied: usize,
}

impl ListCounts {
    /// One sentence for every count that is not 0.
    pub fn warnings(&self) -> Vec<String> {
        let counts = [
            (self.unknown, "rows of users or items unknown to the data set were left out"),
            (
                self.not_allowed,
                "rows were left out, and later ones moved up: the protocol does not allow the item for the user",
            ),
            (self.not_asked, "rows were not used: the protocol does not ask their user"),
            (self.without_list, "users have no list and count as if theirs was empty"),
            (self.longer, "users have a longer list than is judged; its end was not used"),
            (self.tied, "users have items of equal score, which keep the order of the file"),
        ];
        let present = counts.into_iter().filter(|(n, _)| *n > 0);
        let first = self.first_unknown.iter().map(|first| format!("the first of the unknown{first}"));
        present.map(|(n, what)| format!("{n} {what}")).chain(first).collect()
    }
}

/// Given lists: whoever has none gets an empty one.
#[derive(Debug, Clone)]
pub struct ListedRecommender {
    name: String,
    lists: BTreeMap<UserIdx, Vec<ItemIdx>>,
}

/// The places of each user's list, as far as users and items are known.
type Known = BTreeMap<UserIdx, Vec<(f64, ItemIdx)>>;

impl ListedRecommender {
    /// Orders the rows of each user and keeps what the protocol allows; `longest` is the longest list that is judged.
    ///
    /// # Errors
    ///
    /// Refuses unknown users and items, with the first's place, unless they are to be dropped, and lists of which
    /// nothing is known. Fails where the work is to stop.
    pub fn new(
        name: String,
        lists: &ForeignLists,
        dataset: &Dataset,
        set: &EvaluationSet,
        (longest, unknown): (usize, Unknown),
        work: &Work<'_>,
    ) -> Result<(Self, ListCounts)> {
        let mut counts = ListCounts::default();
        let mut known = known(lists, dataset, &mut counts, work)?;
        if let Some(first) = &counts.first_unknown
            && (unknown == Unknown::Refuse || known.is_empty())
        {
            let (path, n) = (lists.path.display(), counts.unknown);
            bail!(
                "{path}{first}, the first of {n} such rows: use the data set's original ids{}",
                if known.is_empty() { "" } else { ", or leave such rows out with --unknown drop" }
            );
        }
        let mut kept = BTreeMap::new();
        for case in &set.cases {
            let Some(mut list) = known.remove(&case.query.user) else {
                counts.without_list += 1;
                continue;
            };
            // Stable, so equal scores keep the order of the file.
            list.sort_by(|left, right| left.0.total_cmp(&right.0));
            counts.tied += usize::from(list.windows(2).any(|pair| pair[0].0 == pair[1].0));
            let n_all = list.len();
            list.retain(|(_, item)| case.query.allowed.contains(*item));
            counts.not_allowed += n_all - list.len();
            counts.longer += usize::from(list.len() > longest);
            kept.insert(case.query.user, list.into_iter().map(|(_, item)| item).collect());
        }
        counts.not_asked = known.values().map(Vec::len).sum();
        Ok((Self { name, lists: kept }, counts))
    }
}

/// Original ids to indices; what is unknown is counted.
fn known(lists: &ForeignLists, dataset: &Dataset, counts: &mut ListCounts, work: &Work<'_>) -> Result<Known> {
    let users: Vec<Option<UserIdx>> = indices(&lists.user_ids, |id| dataset.user(id));
    let items: Vec<Option<ItemIdx>> = indices(&lists.item_ids, |id| dataset.item(id));
    let mut known = Known::new();
    for (at, row) in lists.rows.iter().enumerate() {
        if at.is_multiple_of(STOP_EVERY) {
            work.stop_if_asked()?;
        }
        if let (Some(user), Some(item)) = (users[row.user as usize], items[row.item as usize]) {
            known.entry(user).or_default().push((row.order, item));
        } else {
            counts.unknown += 1;
            let is_user = users[row.user as usize].is_none();
            counts.first_unknown.get_or_insert_with(|| describe(lists, row, dataset, is_user));
        }
    }
    Ok(known)
}

/// The index of each id. Where a program has written whole ids as floats, all of them are: `7.0` then means `7`.
fn indices<T>(ids: &[String], index: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
    let whole = |id: &str| -> Option<usize> {
        let (whole, zero) = id.split_once('.')?;
        let is_zero = !zero.is_empty() && zero.bytes().all(|digit| digit == b'0');
        (is_zero && whole.bytes().all(|digit| digit.is_ascii_digit())).then_some(whole.len())
    };
    let found: Vec<Option<T>> = ids.iter().map(|id| index(id)).collect();
    let are_floats = found.iter().all(Option::is_none) && ids.iter().all(|id| whole(id).is_some());
    if !are_floats {
        return found;
    }
    ids.iter().map(|id| index(&id[..whole(id).unwrap_or(id.len())])).collect()
}

fn describe(lists: &ForeignLists, row: &ForeignRow, dataset: &Dataset, is_user: bool) -> String {
    let (what, id) = if is_user {
        ("user", &lists.user_ids[row.user as usize])
    } else {
        ("item", &lists.item_ids[row.item as usize])
    };
    format!("{}: the data set {} has no {what} {}", row.place, dataset.manifest().dataset, shown(id))
}

impl Recommender for ListedRecommender {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let list = |query: &Query| {
            let items = self.lists.get(&query.user).map_or(&[][..], Vec::as_slice);
            let allowed = items.iter().filter(|item| query.allowed.contains(**item)).take(k);
            allowed
                .enumerate()
                .map(|(rank, item)| ScoredItem { item: *item, score: -(rank as f32) })
                .collect()
        };
        Ok(queries.iter().map(list).collect())
    }
}
