//! Every recommender of this crate by name and settings: what a configuration lists, a sweep draws, and a report prints.

mod kinds;
mod space;
mod table;

pub use kinds::BaselineConfig;

use crate::BaselineError;
use drr_core::{EmbeddingTable, Interaction, InteractionLog, ItemIdx, Recommender, Seeds, UserIdx};
use drr_embed::EmbedError;

/// What a recommender is fitted on.
#[derive(Debug, Clone, Copy)]
pub struct FitInputs<'a> {
    /// The ratings.
    pub log: &'a InteractionLog,
    /// The least rating that counts as positive.
    pub positive: f32,
    /// The least and the greatest rating of the data set.
    pub rating_scale: (f32, f32),
    /// The item vectors of a space fitted on the same rows, for those that need features.
    pub item_vectors: Option<&'a EmbeddingTable>,
}

impl<'a> FitInputs<'a> {
    /// The item vectors, for a recommender that cannot do without.
    fn vectors(&self) -> Result<&'a EmbeddingTable, BaselineError> {
        self.item_vectors.ok_or(BaselineError::NoItemVectors)
    }
}

/// What a recommender is, what it needs, and whom it can serve without being trained anew: the words of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Character {
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// What it reads of a log.
    pub needs: &'static str,
    /// How it treats a user who is in no training data.
    pub new_users: &'static str,
    /// How it treats an item that nobody has rated.
    pub new_items: &'static str,
}

impl Character {
    /// New users, where nothing depends on the user.
    pub const SAME_LIST: &'static str = "the same list as for everyone";
    /// New users, where a history is enough.
    pub const FOLDED_IN: &'static str = "folded in from a history, else the popular items";
    /// New users of a bandit.
    pub const SHARED_PRIOR: &'static str = "a shared prior";
    /// New items, where an item is known by its ratings alone.
    pub const NEVER: &'static str = "never recommended before a rating";
    /// New items of those that predict ratings.
    pub const MEAN_OF_ALL: &'static str = "the mean of all items";
}

impl BaselineConfig {
    /// Refuses settings that no log can be fitted with, by a fit on a made-up handful of ratings.
    ///
    /// # Errors
    ///
    /// Names the setting and what would be usable.
    pub fn check(&self) -> Result<(), BaselineError> {
        let row = |at: u32| Interaction {
            user: UserIdx(at / 4),
            item: ItemIdx((at + at / 4) % 6),
            rating: (1 + at % 5) as f32,
            timestamp: i64::from(at),
        };
        let rows: Vec<Interaction> = (0..16).map(row).collect();
        let log = InteractionLog::new(4, 6, &rows).map_err(EmbedError::from)?;
        let vectors = EmbeddingTable::new(6, 2, vec![0.5; 12]).map_err(EmbedError::from)?;
        let inputs =
            FitInputs { log: &log, positive: 4.0, rating_scale: (1.0, 5.0), item_vectors: Some(&vectors) };
        self.fit(&inputs, Seeds(0)).map(drop)
    }
}

/// Fits by what an entry of the table says, and forgets the recommender's type.
fn boxed<R: Recommender + 'static>(
    inputs: &FitInputs<'_>,
    seeds: Seeds,
    fit: impl FnOnce(&FitInputs<'_>, Seeds) -> Result<R, BaselineError>,
) -> Result<Box<dyn Recommender>, BaselineError> {
    Ok(Box::new(fit(inputs, seeds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_every_kind_are_usable_and_settings_that_none_can_be_fitted_with_are_refused() {
        for kind in BaselineConfig::KINDS {
            BaselineConfig::default_of(kind)
                .unwrap()
                .check()
                .unwrap_or_else(|error| panic!("{kind}: {error}"));
        }
        let refused = |text: &str| {
            let config: BaselineConfig = serde_json::from_str(text).unwrap();
            config.check().unwrap_err().to_string()
        };
        assert!(refused(r#"{"kind":"ease","lambda":-1.0}"#).contains("lambda"));
        assert!(refused(r#"{"kind":"damped_item_mean","damping":-3.0}"#).contains("damping"));
        assert!(refused(r#"{"kind":"pmf","dim":0,"l2":1.0,"epochs":3}"#).contains("dim"));
        assert!(refused(r#"{"kind":"item_knn","shrink":-5.0}"#).contains("shrink"));
    }
}
