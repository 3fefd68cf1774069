//! What the agent reads of the world: item vectors, and what a fit says of a user from a few ratings.

use crate::SessionError;
use drr_core::{EmbeddingTable, ItemIdx, ItemSet, Observed, RowOrigin};
use drr_store::bytes_digest;

/// What is known of a user when the session begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionUser {
    /// What the networks read, `[F]`: the folded-in vector, the mean of the known items' vectors, and so on.
    pub features: Vec<f32>,
    /// The base action, `[D]`: the greedy policy as a vector among the items', so that an item's score is their inner
    /// product.
    pub base: Vec<f32>,
}

/// A fit that the agent acts in. Training and serving ask it the same way, so that both see the same user.
pub trait SessionSpace: Send + Sync {
    /// The item vectors, `[I, D]`: a coordinate for the item's quality, its factors, its categories where wanted.
    fn items(&self) -> &EmbeddingTable;

    /// The items that the agent may choose, out of the `I`.
    fn candidates(&self) -> &ItemSet;

    /// The number of static features, `F`.
    fn n_features(&self) -> usize;

    /// What the fit says of a user of whom `known` is known, oldest first.
    fn user(&self, known: &[Observed]) -> SessionUser;

    /// The rows that all of it was fitted on.
    fn origin(&self) -> &RowOrigin;
}

/// The digest of a space, by which a policy knows the one that it was trained in: 64 hexadecimal digits over the sizes, the
/// item vectors, the candidates, and what it says of a user of whom nothing is known.
#[must_use]
pub fn space_digest(space: &dyn SessionSpace) -> String {
    let nobody = space.user(&[]);
    let sizes = [space.items().n_rows(), space.items().dim(), space.n_features()];
    let mut bytes: Vec<u8> = sizes.iter().flat_map(|size| (*size as u64).to_le_bytes()).collect();
    for values in [space.items().values(), &nobody.features, &nobody.base] {
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    bytes.extend(space.candidates().iter().flat_map(|item| item.0.to_le_bytes()));
    bytes_digest(&bytes)
}

/// The candidates of a space with their vectors side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CandidateTable {
    /// Ascending.
    items: Vec<ItemIdx>,
    /// `[C, D]`.
    vectors: Vec<f32>,
}

impl CandidateTable {
    /// The candidates of `space`.
    pub(crate) fn new(space: &dyn SessionSpace) -> Result<Self, SessionError> {
        let n_items = space.items().n_rows();
        if space.candidates().n_items() != n_items {
            let message = format!(
                "the candidates are of a catalogue of {}, the vectors of {n_items}",
                space.candidates().n_items()
            );
            return Err(SessionError::Parts(message));
        }
        let items: Vec<ItemIdx> = space.candidates().iter().collect();
        if items.is_empty() {
            return Err(SessionError::NoCandidate { n_candidates: 0 });
        }
        let vectors = items.iter().flat_map(|item| space.items().row(item.index())).copied().collect();
        Ok(Self { items, vectors })
    }

    /// The number of candidates, `C`.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The candidates, ascending.
    pub(crate) fn items(&self) -> &[ItemIdx] {
        &self.items
    }

    /// Their vectors, `[C, D]`.
    pub(crate) fn vectors(&self) -> &[f32] {
        &self.vectors
    }
}

/// What training reads: the vectors of items and candidates, and per context, as the environments name them, the user.
#[derive(Debug, Clone)]
pub struct SessionTables {
    items: EmbeddingTable,
    candidates: CandidateTable,
    n_features: usize,
    /// `[contexts, F]`.
    features: Vec<f32>,
    /// `[contexts, D]`.
    bases: Vec<f32>,
    n_contexts: usize,
    origin: RowOrigin,
}

impl SessionTables {
    /// The tables of a space; `known` has for each context what is known of its user, oldest first.
    ///
    /// # Errors
    ///
    /// Refuses a space without candidates, and users of another size or with a value that is not finite.
    pub fn new<'a>(
        space: &dyn SessionSpace,
        known: impl IntoIterator<Item = &'a [Observed]>,
    ) -> Result<Self, SessionError> {
        let (mut features, mut bases, mut n_contexts) = (Vec::new(), Vec::new(), 0);
        for known in known {
            let user = checked(space, known)?;
            features.extend(user.features);
            bases.extend(user.base);
            n_contexts += 1;
        }
        if n_contexts == 0 {
            return Err(SessionError::Parts("there is no context: give at least one training user".into()));
        }
        Ok(Self {
            items: space.items().clone(),
            candidates: CandidateTable::new(space)?,
            n_features: space.n_features(),
            features,
            bases,
            n_contexts,
            origin: space.origin().clone(),
        })
    }

    /// The item vectors, `[I, D]`.
    #[must_use]
    pub const fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    /// The items that the agent may choose, ascending.
    #[must_use]
    pub fn candidates(&self) -> &[ItemIdx] {
        self.candidates.items()
    }

    /// The vectors of the candidates, `[C, D]`.
    #[must_use]
    pub fn candidate_vectors(&self) -> &[f32] {
        self.candidates.vectors()
    }

    /// The number of contexts.
    #[must_use]
    pub const fn n_contexts(&self) -> usize {
        self.n_contexts
    }

    /// The number of static features, `F`.
    #[must_use]
    pub const fn n_features(&self) -> usize {
        self.n_features
    }

    /// The static features of a context, `[F]`. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn features(&self, context: usize) -> &[f32] {
        &self.features[context * self.n_features..][..self.n_features]
    }

    /// The base action of a context, `[D]`. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn base(&self, context: usize) -> &[f32] {
        &self.bases[context * self.items.dim()..][..self.items.dim()]
    }

    /// The rows that all was fitted on.
    #[must_use]
    pub const fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

/// What `space` says of a user, if it is of the right size and finite.
pub(crate) fn checked(space: &dyn SessionSpace, known: &[Observed]) -> Result<SessionUser, SessionError> {
    let user = space.user(known);
    let (n_features, dim) = (space.n_features(), space.items().dim());
    if (user.features.len(), user.base.len()) != (n_features, dim) {
        let message = format!(
            "a user has {} features and a base of {}, the space says {n_features} and {dim}",
            user.features.len(),
            user.base.len()
        );
        return Err(SessionError::Parts(message));
    }
    if let Some(value) = user.features.iter().chain(&user.base).find(|value| !value.is_finite()) {
        return Err(SessionError::Parts(format!("the space says {value} of a user, which is not finite")));
    }
    Ok(user)
}
