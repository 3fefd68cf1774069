//! Probabilistic matrix factorization: vectors of users and items whose inner products predict ratings.
//!
//! The model is that of Salakhutdinov & Mnih (2007, eq. 1-4) on ratings less their mean, optionally with a bias per user
//! and item (Koren, Bell & Volinsky 2009, eq. 4). It is fitted by alternating least squares with every squared length
//! weighted by its number of ratings (Zhou et al. 2008, sec. 3.1), since each half-step is exact, needs no learning rate,
//! and splits into independent rows: any number of threads gives the same bits. A new user's vector is the same ridge
//! solution for the history alone.

mod als;
mod config;
mod fit;
mod ridge;

pub use config::PmfConfig;
pub use fit::{EpochRmse, PmfFit};

use crate::EmbedError;
use crate::arrays::{Arrays, in_file, table_array, vector_array};
use drr_core::{
    EmbeddingSpace, EmbeddingTable, InteractionLog, ItemIdx, Observed, RowOrigin, Seeds, UserIdx,
};
use drr_store::Written;
use ridge::{Factors, Ridge};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The kind of the artifact, and what its header says.
const KIND: &str = "pmf";

/// A user as a history shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldedUser {
    /// The vector, `[D]`; zeros if the history says nothing.
    pub vector: Vec<f32>,
    /// The bias, in rating units; zero if the model has none.
    pub bias: f32,
}

/// A fitted factorization.
#[derive(Debug, Clone, PartialEq)]
pub struct Pmf {
    users: EmbeddingTable,
    items: EmbeddingTable,
    user_biases: Vec<f32>,
    /// The items as the known side of a fold-in: vectors and biases.
    known: Factors,
    header: Header,
}

/// What is fitted beside the arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    kind: String,
    config: PmfConfig,
    mean: f64,
    lowest: f32,
    highest: f32,
    origin: RowOrigin,
}

impl Pmf {
    /// Fits on `log`. With `validation` rows, stops early and keeps the epoch whose RMSE on them is smallest; without,
    /// runs all epochs, as for a refit with the number of epochs that was best.
    ///
    /// Validation users who have train rows are judged by their fitted vectors, the others by a fold-in of the first half
    /// of their validation rows, on the second half.
    ///
    /// # Errors
    ///
    /// Fails on a configuration out of range, on no ratings, and on rows of two catalogues.
    pub fn fit(
        log: &InteractionLog,
        validation: Option<&InteractionLog>,
        config: &PmfConfig,
        seeds: Seeds,
    ) -> Result<PmfFit, EmbedError> {
        fit::fit(log, validation, config, seeds)
    }

    /// Puts the parts together.
    fn new(users: Factors, items: Factors, header: Header) -> Result<Self, EmbedError> {
        let dim = header.config.dim;
        let table = |of: &Factors| EmbeddingTable::new(of.biases.len(), dim, of.vectors.clone());
        Ok(Self {
            users: table(&users)?,
            items: table(&items)?,
            user_biases: users.biases,
            known: items,
            header,
        })
    }

    /// The vectors of the users in the fitted log, `[U, D]`; zeros for users without a rating there.
    #[must_use]
    pub const fn users(&self) -> &EmbeddingTable {
        &self.users
    }

    /// The users' biases, `[U]`, in rating units.
    #[must_use]
    pub fn user_biases(&self) -> &[f32] {
        &self.user_biases
    }

    /// The items' biases, `[I]`, in rating units.
    #[must_use]
    pub fn item_biases(&self) -> &[f32] {
        &self.known.biases
    }

    /// The mean of the fitted ratings.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.header.mean
    }

    /// How it was fitted.
    #[must_use]
    pub const fn config(&self) -> &PmfConfig {
        &self.header.config
    }

    /// The rating that a user with `vector` (`[D]`) and `bias` gives `item`, within the range of the fitted ratings:
    /// `mean + b_u + b_i + u . i` (Koren et al. 2009, eq. 4). Panics beyond the catalogue, which is a bug.
    #[must_use]
    pub fn predict(&self, vector: &[f32], bias: f32, item: ItemIdx) -> f32 {
        let score: f64 = vector.iter().zip(self.items.row(item.index())).map(|(u, i)| f64::from(u * i)).sum();
        let biases = f64::from(bias) + f64::from(self.known.biases[item.index()]);
        #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
        let rating = (self.header.mean + biases + score) as f32;
        rating.clamp(self.header.lowest, self.header.highest)
    }

    /// The rating that a user of the fitted log gives `item`; see [`Pmf::predict`].
    #[must_use]
    pub fn predict_user(&self, user: UserIdx, item: ItemIdx) -> f32 {
        self.predict(self.users.row(user.index()), self.user_biases[user.index()], item)
    }

    /// The vector and bias of a user who rated `history`. Items that have no ratings in the fitted log, or are not in
    /// the catalogue, say nothing; a history of nothing else gives zeros.
    #[must_use]
    pub fn fold_in_user(&self, history: &[Observed]) -> FoldedUser {
        let dim = self.header.config.dim;
        let ratings: Vec<(u32, f32)> = history
            .iter()
            .filter(|it| self.is_fitted(it.item) && it.rating.is_finite())
            .map(|it| (it.item.0, als::centred(it.rating, self.header.mean)))
            .collect();
        let mut ridge = Ridge::new(&self.header.config);
        let solution = if ratings.is_empty() { None } else { ridge.solve(&self.known, &ratings) };
        match solution {
            Some(solution) => FoldedUser {
                vector: solution[..dim].to_vec(),
                bias: solution.get(dim).copied().unwrap_or(0.0),
            },
            None => FoldedUser { vector: vec![0.0; dim], bias: 0.0 },
        }
    }

    /// Whether the item had ratings: the solution of a row without any is exactly zero.
    fn is_fitted(&self, item: ItemIdx) -> bool {
        let at = item.index();
        at < self.items.n_rows()
            && (self.known.biases[at] != 0.0 || self.items.row(at).iter().any(|value| *value != 0.0))
    }

    /// The header and the arrays `users` `[U, D]`, `items` `[I, D]`, `user_biases` `[U]` and `item_biases` `[I]`.
    ///
    /// # Errors
    ///
    /// Fails if the header cannot be written as JSON.
    pub fn to_arrays(&self) -> Result<Arrays, EmbedError> {
        let arrays = [
            table_array("users", &self.users),
            table_array("items", &self.items),
            vector_array("user_biases", &self.user_biases),
            vector_array("item_biases", &self.known.biases),
        ];
        Arrays::pack(KIND, &self.header, arrays)
    }

    /// Reads what [`Pmf::to_arrays`] has written.
    ///
    /// # Errors
    ///
    /// Names the part that is missing or disagrees with the others.
    pub fn from_arrays(mut arrays: Arrays) -> Result<Self, EmbedError> {
        let header: Header = arrays.header(KIND)?;
        let fail = |reason: String| EmbedError::Arrays { kind: KIND, reason };
        if header.kind != KIND {
            return Err(fail(format!("they are a {} embedding", header.kind)));
        }
        if header.lowest > header.highest || !header.mean.is_finite() {
            return Err(fail("the header's mean or range is no rating".to_owned()));
        }
        header.config.check()?;
        let mut side = |vectors: &str, biases: &str| {
            let table = arrays.take(KIND, vectors, 2)?;
            let biases = arrays.take(KIND, biases, 1)?.values;
            if table.shape != [biases.len(), header.config.dim] {
                return Err(fail(format!("{vectors} and its biases or the header's dim disagree")));
            }
            Ok(Factors { vectors: table.values, biases, dim: header.config.dim })
        };
        let (users, items) = (side("users", "user_biases")?, side("items", "item_biases")?);
        Self::new(users, items, header)
    }

    /// Writes the file `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    pub fn save(&self, path: &Path) -> Result<Written, EmbedError> {
        self.to_arrays()?.save(path)
    }

    /// Reads a file that [`Pmf::save`] has written.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is damaged.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        Self::from_arrays(Arrays::load(path)?).map_err(in_file(path))
    }
}

impl EmbeddingSpace for Pmf {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        self.fold_in_user(history).vector
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        &self.header.origin
    }
}
