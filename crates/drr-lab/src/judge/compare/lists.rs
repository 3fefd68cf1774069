//! The ranked lists of a run, by protocol, recommender and user.

use anyhow::{Context as _, Result, bail};
use drr_data::read_lists;
use std::collections::BTreeMap;
use std::path::Path;

/// User id and item ids, best first.
pub type UserLists = BTreeMap<String, Vec<String>>;

/// All lists of a run.
#[derive(Debug, Clone, Default)]
pub struct Lists(BTreeMap<(String, String), UserLists>);

impl Lists {
    /// Reads the `lists.parquet` of a run's folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("lists.parquet");
        if !path.exists() {
            bail!("there is no {}: run `drr evaluate` first", path.display());
        }
        let mut rows = read_lists(&path).with_context(|| {
            format!("{} cannot be used: run `drr evaluate --force` again", path.display())
        })?;
        rows.sort_by_key(|row| row.rank);
        let mut all: BTreeMap<_, UserLists> = BTreeMap::new();
        for row in rows {
            let lists = all.entry((row.protocol, row.recommender)).or_default();
            lists.entry(row.user_id).or_default().push(row.item_id);
        }
        Ok(Self(all))
    }

    /// The lists of one recommender, cut at `k` items.
    pub fn get(&self, protocol: &str, recommender: &str, k: u32) -> Option<UserLists> {
        let all = self.0.get(&(protocol.to_owned(), recommender.to_owned()))?;
        let cut = |items: &Vec<String>| items.iter().take(k as usize).cloned().collect();
        Some(all.iter().map(|(user, items)| (user.clone(), cut(items))).collect())
    }
}
