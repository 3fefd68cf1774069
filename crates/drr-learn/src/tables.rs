//! The vectors an agent works with, scaled so that networks can work with them.

use crate::{LearnError, StateFeatures};
use candle_core::{Device, Tensor};
use drr_core::{ContextIdx, EmbeddingTable, ItemIdx, Observation, RowOrigin, UserIdx};
use std::sync::Arc;

/// Item vectors, and the vectors of the users at the beginning of their sessions.
#[derive(Debug, Clone)]
pub struct TrainingTables {
    items: EmbeddingTable,
    contexts: EmbeddingTable,
    /// What an accepted item adds to a user's vector, `[I, D]`.
    additions: Option<EmbeddingTable>,
    /// What the space's vectors were multiplied by.
    factor: f32,
    /// Features of users and items, and the user of each context.
    features: Option<(Arc<StateFeatures>, Vec<UserIdx>)>,
    origin: RowOrigin,
    /// The items that each context's user rates positively later, shared by copies; contexts added later have none.
    positives: Arc<[Vec<ItemIdx>]>,
}

impl TrainingTables {
    /// Scales `items` (`[I, D]`) to a mean square of 1, and `contexts` (`[contexts, D]`) and `additions` (`[I, D]`, what an
    /// accepted item adds to a user's vector, if users are such sums) by the same factor.
    ///
    /// A common factor changes no ranking; networks learn badly from coordinates of a hundredth.
    ///
    /// # Errors
    ///
    /// Refuses tables of different dimensions and items that are all zero.
    pub fn new(
        items: &EmbeddingTable,
        contexts: &EmbeddingTable,
        additions: Option<&EmbeddingTable>,
        origin: RowOrigin,
    ) -> Result<Self, LearnError> {
        if items.dim() != contexts.dim() {
            let (left, right) = (items.dim(), contexts.dim());
            return Err(LearnError::Tables(format!("items have dimension {left}, users {right}")));
        }
        let shape = |table: &EmbeddingTable| (table.n_rows(), table.dim());
        if additions.is_some_and(|additions| shape(additions) != shape(items)) {
            return Err(LearnError::Tables("items and what they add to users differ in shape".to_owned()));
        }
        let factor = scale_factor(items)?;
        Ok(Self {
            items: scaled(items, factor)?,
            contexts: scaled(contexts, factor)?,
            additions: additions.map(|table| scaled(table, factor)).transpose()?,
            factor,
            features: None,
            origin,
            positives: Arc::default(),
        })
    }

    /// The same with the items that each context's user rates positively after the session's start, `[contexts]`: what
    /// the supervised anchor draws on.
    ///
    /// # Errors
    ///
    /// Refuses another number of lists than there are contexts, and items beyond the catalogue.
    pub fn with_positives(mut self, positives: Vec<Vec<ItemIdx>>) -> Result<Self, LearnError> {
        let (n_lists, n_contexts) = (positives.len(), self.contexts.n_rows());
        if n_lists != n_contexts {
            return Err(LearnError::Tables(format!(
                "{n_lists} lists of positives for {n_contexts} contexts"
            )));
        }
        if let Some(item) = positives.iter().flatten().find(|item| item.index() >= self.n_items()) {
            return Err(LearnError::Tables(format!("the positive item {} has no vector", item.0)));
        }
        self.positives = positives.into();
        Ok(self)
    }

    /// Whether positives were given.
    #[must_use]
    pub fn has_positives(&self) -> bool {
        !self.positives.is_empty()
    }

    /// The items that a context's user rates positively after the session's start.
    #[must_use]
    pub fn positives(&self, context: ContextIdx) -> &[ItemIdx] {
        self.positives.get(context.index()).map_or(&[], Vec::as_slice)
    }

    /// The same with `features` of users and items; `users` are those of the contexts, in order.
    ///
    /// # Errors
    ///
    /// Refuses features of another catalogue, and users that are more or fewer than the contexts.
    pub fn with_features(mut self, features: StateFeatures, users: Vec<UserIdx>) -> Result<Self, LearnError> {
        if (features.n_items(), users.len()) != (self.n_items(), self.contexts.n_rows()) {
            let (n_items, n_users) = (features.n_items(), users.len());
            return Err(LearnError::Tables(format!(
                "features of {n_items} items and users of {n_users} contexts, for {} items and {} contexts",
                self.n_items(),
                self.contexts.n_rows()
            )));
        }
        self.features = Some((Arc::new(features), users));
        Ok(self)
    }

    /// The features at the end of the states, if they are `wanted`.
    ///
    /// # Errors
    ///
    /// Fails if they are wanted and none were given.
    pub fn features(&self, wanted: bool) -> Result<Option<&StateFeatures>, LearnError> {
        match (wanted, &self.features) {
            (false, _) => Ok(None),
            (true, Some((features, _))) => Ok(Some(features)),
            (true, None) => Err(LearnError::Tables("features = true, but none were given".to_owned())),
        }
    }

    /// Appends the features `[F]` of an observation, if there are any.
    pub fn push_features(
        &self,
        context: ContextIdx,
        history: impl Iterator<Item = ItemIdx>,
        into: &mut Vec<f32>,
    ) {
        if let Some((features, users)) = &self.features {
            features.push(users[context.index()], history, into);
        }
    }

    /// The dimension `D`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.items.dim()
    }

    /// The size of the catalogue, `I`.
    #[must_use]
    pub const fn n_items(&self) -> usize {
        self.items.n_rows()
    }

    /// The number of contexts.
    #[must_use]
    pub const fn n_contexts(&self) -> usize {
        self.contexts.n_rows()
    }

    /// The item vectors, scaled to a mean square of 1, `[I, D]`.
    #[must_use]
    pub const fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    /// The rows that the vectors were fitted on.
    #[must_use]
    pub const fn origin(&self) -> &RowOrigin {
        &self.origin
    }

    /// Adds a context of `user`: a vector in the unscaled space, `[D]`. Returns its index.
    ///
    /// # Errors
    ///
    /// Refuses a vector of another dimension.
    pub fn add_context(&mut self, user: UserIdx, vector: &[f32]) -> Result<ContextIdx, LearnError> {
        let context = ContextIdx::from(self.contexts.n_rows());
        let mut values = self.contexts.values().to_vec();
        values.extend(vector.iter().map(|value| value * self.factor));
        self.contexts = EmbeddingTable::new(context.index() + 1, self.dim(), values)
            .map_err(|error| LearnError::Tables(error.to_string()))?;
        if let Some((_, users)) = &mut self.features {
            users.push(user);
        }
        Ok(context)
    }

    /// The item vectors, `[I, D]`.
    #[must_use]
    pub fn item_values(&self) -> &[f32] {
        self.items.values()
    }

    /// The item vectors as a tensor, `[I, D]`.
    ///
    /// # Errors
    ///
    /// Fails if Candle does.
    pub fn item_tensor(&self) -> Result<Tensor, LearnError> {
        Ok(Tensor::from_slice(self.items.values(), (self.n_items(), self.dim()), &Device::Cpu)?)
    }

    /// Appends a user's vector, scaled to a mean square of 1, to `into`: the context's, plus the accepted items' where
    /// user vectors are sums of item vectors.
    pub fn push_user(
        &self,
        context: ContextIdx,
        accepted: impl Iterator<Item = ItemIdx>,
        into: &mut Vec<f32>,
    ) {
        let at = into.len();
        into.extend_from_slice(self.contexts.row(context.index()));
        if let Some(additions) = &self.additions {
            for item in accepted {
                for (value, add) in into[at..].iter_mut().zip(additions.row(item.index())) {
                    *value += add;
                }
            }
        }
        normalize(&mut into[at..]);
    }

    /// The user's vector in an observation.
    pub fn push_observed_user(&self, observation: &Observation, into: &mut Vec<f32>) {
        let n_old = observation.history.len() - observation.n_accepted as usize;
        self.push_user(observation.context, observation.history[n_old..].iter().copied(), into);
    }
}

impl AsRef<Self> for TrainingTables {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// The factor that brings a table to a mean square of 1.
///
/// # Errors
///
/// Refuses a table that is all zero.
pub fn scale_factor(items: &EmbeddingTable) -> Result<f32, LearnError> {
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no exact count")]
    let mean_square = items.values().iter().map(|value| f64::from(*value).powi(2)).sum::<f64>()
        / items.values().len() as f64;
    if mean_square == 0.0 {
        return Err(LearnError::Tables("every item vector is zero".to_owned()));
    }
    #[expect(clippy::cast_possible_truncation, reason = "vectors are single precision")]
    Ok((1.0 / mean_square.sqrt()) as f32)
}

/// Item vectors `[I, D]` as [`TrainingTables`] holds them: scaled to a mean square of 1.
///
/// # Errors
///
/// Refuses items that are all zero.
pub fn scaled_items(items: &EmbeddingTable) -> Result<EmbeddingTable, LearnError> {
    scaled(items, scale_factor(items)?)
}

/// A table times a factor.
///
/// # Errors
///
/// Fails if a product is not finite.
pub fn scaled(table: &EmbeddingTable, factor: f32) -> Result<EmbeddingTable, LearnError> {
    let values = table.values().iter().map(|value| value * factor).collect();
    EmbeddingTable::new(table.n_rows(), table.dim(), values)
        .map_err(|error| LearnError::Tables(error.to_string()))
}

/// Scales a vector to a mean square of 1; zeros stay zeros.
pub fn normalize(vector: &mut [f32]) {
    // Eight running sums take whole registers; their order is fixed.
    let mut lanes = [0.0_f64; 8];
    for chunk in vector.chunks(8) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += f64::from(*value).powi(2));
    }
    let squares: f64 = lanes.iter().sum();
    if squares > 0.0 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "single precision vectors"
        )]
        let factor = (vector.len() as f64 / squares).sqrt() as f32;
        for value in vector {
            *value *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{PartSet, RowDigest};

    fn origin() -> RowOrigin {
        RowOrigin { split: "s".into(), parts: PartSet::train(), digest: RowDigest::default() }
    }

    #[test]
    fn a_user_is_the_context_plus_the_accepted_items_with_a_mean_square_of_one() {
        let items = EmbeddingTable::new(2, 2, vec![2.0, 0.0, 0.0, 2.0]).unwrap();
        let contexts = EmbeddingTable::new(1, 2, vec![2.0, 0.0]).unwrap();
        let tables = TrainingTables::new(&items, &contexts, Some(&items), origin()).unwrap();
        let observation =
            Observation { history: vec![ItemIdx(0), ItemIdx(1)], n_accepted: 1, ..Observation::default() };
        let mut users = Vec::new();
        tables.push_observed_user(&observation, &mut users);
        assert!((users[0] - 1.0).abs() < 1e-6 && (users[1] - 1.0).abs() < 1e-6, "{users:?}");
        let frozen = TrainingTables::new(&items, &contexts, None, origin()).unwrap();
        users.clear();
        frozen.push_observed_user(&observation, &mut users);
        assert!((users[0] - 2.0_f32.sqrt()).abs() < 1e-6 && users[1] == 0.0, "{users:?}");
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        let items = EmbeddingTable::new(1, 2, vec![1.0, 0.0]).unwrap();
        let narrow = EmbeddingTable::new(1, 1, vec![1.0]).unwrap();
        let zeros = EmbeddingTable::new(1, 2, vec![0.0, 0.0]).unwrap();
        let refusal =
            |items: &EmbeddingTable, contexts: &EmbeddingTable, additions: Option<&EmbeddingTable>| {
                TrainingTables::new(items, contexts, additions, origin()).unwrap_err().to_string()
            };
        let of_users = refusal(&items, &narrow, None);
        assert!(of_users.contains("items have dimension 2, users 1"), "{of_users}");
        let of_additions = refusal(&items, &items, Some(&narrow));
        assert!(of_additions.contains("items and what they add to users differ in shape"), "{of_additions}");
        let of_zeros = refusal(&zeros, &items, None);
        assert!(of_zeros.contains("every item vector is zero"), "{of_zeros}");
        assert!(TrainingTables::new(&items, &items, Some(&items), origin()).is_ok());
    }
}
