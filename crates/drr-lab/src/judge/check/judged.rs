//! The judged users of a run: what stands in its `per_user.parquet`, by recommender and metric.

use crate::run::{Context, instead};
use anyhow::{Context as _, Result, bail};
use drr_data::{read_per_user, read_sessions};
use drr_eval::LONG_SESSION;
use drr_eval::gate::Golden;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One metric of one recommender: user id and value.
pub type UserValues = BTreeMap<String, f64>;

/// The name of a session's figure.
pub(super) const TOTAL_REWARD: &str = "total_reward";

/// Every judged value of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// By protocol, recommender, metric and length of the list.
    values: BTreeMap<(String, String, String, u32), UserValues>,
}

impl Judged {
    /// Reads the `per_user.parquet` of a run's folder.
    ///
    /// Where the run has long sessions, the total reward of every session counts too, as `total_reward` at the greatest
    /// length of a session.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("per_user.parquet");
        if !path.exists() {
            bail!("there is no {}: run `drr evaluate` first", path.display());
        }
        let rows = read_per_user(&path).with_context(|| {
            format!("{} cannot be used: run `drr evaluate --force` again", path.display())
        })?;
        if rows.is_empty() {
            bail!("{} has no rows: run `drr evaluate --force` again", path.display());
        }
        let mut values: BTreeMap<_, UserValues> = BTreeMap::new();
        for row in rows {
            let key = (row.protocol, row.recommender, row.metric, row.k);
            if values.entry(key).or_default().insert(row.user_id.clone(), row.value).is_some() {
                bail!(
                    "{} judges user {} twice: run `drr evaluate --force` again",
                    path.display(),
                    row.user_id
                );
            }
        }
        let mut judged = Self { values };
        judged.add_sessions(folder)?;
        Ok(judged)
    }

    /// The total rewards of long sessions, of which a run need not have any.
    fn add_sessions(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join(crate::judge::sessions::ROWS);
        if !path.exists() {
            return Ok(());
        }
        let rows = read_sessions(&path)
            .with_context(|| format!("{} cannot be used: run `drr evaluate` again", path.display()))?;
        let longest = rows.iter().map(|row| row.step).max().unwrap_or(0);
        for row in rows {
            let key = (row.protocol, row.recommender, TOTAL_REWARD.to_owned(), longest);
            *self.values.entry(key).or_default().entry(row.user_id).or_insert(0.0) +=
                row.survival * f64::from(row.reward);
        }
        Ok(())
    }

    /// One metric's values.
    pub fn get(&self, protocol: &str, recommender: &str, metric: &str, k: u32) -> Option<&UserValues> {
        self.values.get(&(protocol.to_owned(), recommender.to_owned(), metric.to_owned(), k))
    }

    /// The steps of the longest session; none where the run has no long sessions.
    pub fn longest_session(&self) -> Option<u32> {
        self.values.keys().find(|key| key.0 == LONG_SESSION && key.2 == TOTAL_REWARD).map(|key| key.3)
    }

    /// Refuses lines that pair recommenders who were judged on different users.
    pub fn check_pairs(&self, golden: &Golden) -> Result<()> {
        for line in &golden.lines {
            let Some(against) = &line.against else { continue };
            let k = u32::try_from(line.k).unwrap_or(u32::MAX);
            let of = |name: &str| self.get(&line.protocol, name, &line.metric, k);
            if let (Some(left), Some(right)) = (of(&line.recommender), of(against))
                && !left.keys().eq(right.keys())
            {
                bail!(
                    "{} pairs recommenders who were judged on different users: evaluate both in one run",
                    line.label()
                );
            }
        }
        Ok(())
    }

    /// Protocols and recommenders, each pair once and in order.
    pub fn recommenders(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self.values.keys().map(|key| (key.0.clone(), key.1.clone())).collect();
        all.dedup();
        all
    }

    /// The metrics of a recommender under a protocol, as `precision@10`.
    pub fn metrics(&self, protocol: &str, recommender: &str) -> Vec<String> {
        let of = self.values.keys().filter(|key| key.0 == protocol && key.1 == recommender);
        of.map(|key| format!("{}@{}", key.2, key.3)).collect()
    }
}

/// The folder of a run: a name under `data/runs`, or the folder itself.
pub fn folder_of(context: &Context, name: &str) -> Result<PathBuf> {
    let named = context.runs_dir().join(name);
    let folder = if named.is_dir() { named } else { PathBuf::from(name) };
    if !folder.is_dir() {
        bail!(
            "there is no run {name}, neither under {} nor as a folder{}; make it with `drr pipeline --run {name}`",
            context.runs_dir().display(),
            instead(&context.runs_dir(), name)
        );
    }
    Ok(folder)
}
