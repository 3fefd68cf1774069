//! A recommender that only reads out given lists.

use super::ForeignRow;
use anyhow::{Result, bail};
use drr_core::{ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, UserIdx};
use drr_data::Dataset;
use drr_eval::EvaluationSet;
use std::collections::{BTreeMap, BTreeSet};

/// What was left out of foreign lists, and what is missing from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListCounts {
    /// Rows of users or items that the data set does not have.
    pub unknown: usize,
    /// Rows that recommend a user what the protocol does not allow, such as an item of the history.
    pub not_allowed: usize,
    /// Rows that name an item of a list again.
    pub repeated: usize,
    /// Rows of users whom the protocol does not ask.
    pub not_asked: usize,
    /// Users whom the protocol asks and who have no list; theirs count as empty.
    pub without_list: usize,
}

impl ListCounts {
    /// One sentence for every count that is not 0.
    pub fn warnings(&self) -> Vec<String> {
        let counts = [
            (self.unknown, "rows of users or items unknown to the data set were left out"),
            (self.not_allowed, "rows were left out: the protocol does not allow the item for the user"),
            (self.repeated, "rows were left out: the item stands further up in the list"),
            (self.not_asked, "rows were not used: the protocol does not ask their user"),
            (self.without_list, "users have no list and count as if theirs was empty"),
        ];
        let present = counts.into_iter().filter(|(n, _)| *n > 0);
        present.map(|(n, what)| format!("{n} {what}")).collect()
    }
}

/// Given lists: whoever has none gets an empty one.
#[derive(Debug, Clone)]
pub struct ListedRecommender {
    name: String,
    lists: BTreeMap<UserIdx, Vec<ItemIdx>>,
}

impl ListedRecommender {
    /// Orders the rows of each user and keeps what the protocol allows.
    ///
    /// # Errors
    ///
    /// Refuses unknown users and items, with the line, unless `ignore_unknown`.
    pub fn new(
        name: String,
        rows: &[ForeignRow],
        dataset: &Dataset,
        set: &EvaluationSet,
        ignore_unknown: bool,
    ) -> Result<(Self, ListCounts)> {
        let mut counts = ListCounts::default();
        let mut ordered: BTreeMap<UserIdx, Vec<(f64, ItemIdx)>> = BTreeMap::new();
        for row in rows {
            match (dataset.user(&row.user_id), dataset.item(&row.item_id)) {
                (Some(user), Some(item)) => ordered.entry(user).or_default().push((row.order, item)),
                _ if ignore_unknown => counts.unknown += 1,
                (None, _) => bail!(unknown("user", &row.user_id, row, dataset)),
                (_, None) => bail!(unknown("item", &row.item_id, row, dataset)),
            }
        }
        let mut lists = BTreeMap::new();
        for case in &set.cases {
            let Some(mut list) = ordered.remove(&case.query.user) else {
                counts.without_list += 1;
                continue;
            };
            // Stable, so equal ranks or scores keep the order of the file.
            list.sort_by(|left, right| left.0.total_cmp(&right.0));
            let mut seen = BTreeSet::new();
            let mut kept = Vec::with_capacity(list.len());
            for (_, item) in list {
                if !case.query.allowed.contains(item) {
                    counts.not_allowed += 1;
                } else if seen.insert(item) {
                    kept.push(item);
                } else {
                    counts.repeated += 1;
                }
            }
            lists.insert(case.query.user, kept);
        }
        counts.not_asked = ordered.values().map(Vec::len).sum();
        Ok((Self { name, lists }, counts))
    }
}

fn unknown(what: &str, id: &str, row: &ForeignRow, dataset: &Dataset) -> String {
    format!(
        "row {}: the data set {} has no {what} {id}: use its original ids, or leave such rows out with --ignore-unknown",
        row.line,
        dataset.manifest().dataset
    )
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
