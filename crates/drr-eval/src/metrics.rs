//! Metrics of one ranked list, of all lists together, and of sessions.
//!
//! A metric knows which ranks are hits, how they were rated, and how many relevant items there are; it knows no model.
//! Ranks count from 1, and the logarithm of a discount has base 2.
//!
//! Empty truth: for a user without any relevant item every metric of a list is 0, and whether such a user counts is the
//! protocol's decision: see [`Metric::is_defined`]. A list shorter than `k` is judged as if non-relevant items filled it.

mod diversity;
mod list_measures;
mod ranked;
mod session;

pub use diversity::Diversity;
pub use list_measures::{ItemFeatures, ListMeasures};
pub use ranked::{
    ListView, average_precision, dcg, discount, hit_rate, hits, ideal_dcg, ndcg, ndcg_constant_ideal,
    ndcg_retrieved_ideal, precision, recall, reciprocal_rank,
};
pub use session::{cumulative_hits, discounted_return, mean_reward, total_reward};

use drr_core::{Candidates, ComparedBy, Protocol};
use serde::{Deserialize, Serialize};

/// A metric of one user: of a ranked list, or of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// See [`precision`].
    Precision,
    /// See [`recall`].
    Recall,
    /// See [`ndcg`].
    Ndcg,
    /// See [`ndcg_constant_ideal`].
    NdcgConstantIdeal,
    /// See [`hit_rate`].
    HitRate,
    /// See [`average_precision`]; its mean over users is MAP.
    #[serde(rename = "map")]
    AveragePrecision,
    /// See [`reciprocal_rank`]; its mean over users is MRR.
    #[serde(rename = "mrr")]
    ReciprocalRank,
    /// See [`ndcg_retrieved_ideal`].
    #[serde(rename = "ndcg_star")]
    NdcgRetrievedIdeal,
    /// Of a session: see [`cumulative_hits`].
    Hits,
    /// Of a session: see [`discounted_return`].
    DiscountedReturn,
    /// Of a session: see [`total_reward`].
    TotalReward,
    /// Of a session: see [`mean_reward`].
    MeanReward,
}

impl Metric {
    /// The metrics of a list for every protocol that ranks the catalogue, in the order of a report.
    pub const ALL: [Self; 7] = [
        Self::Precision,
        Self::Recall,
        Self::Ndcg,
        Self::NdcgConstantIdeal,
        Self::HitRate,
        Self::AveragePrecision,
        Self::ReciprocalRank,
    ];

    /// The metrics of a list for protocol "rerank" (Liu et al. 2018, Algorithm 2), in the order of a report.
    pub const RERANK: [Self; 3] = [Self::Precision, Self::Ndcg, Self::NdcgRetrievedIdeal];

    /// The metrics of a session, in the order of a report.
    pub const SESSION: [Self; 4] = [Self::Hits, Self::DiscountedReturn, Self::TotalReward, Self::MeanReward];

    /// Every metric there is.
    const EVERY: [Self; 12] = [
        Self::Precision,
        Self::Recall,
        Self::Ndcg,
        Self::NdcgConstantIdeal,
        Self::HitRate,
        Self::AveragePrecision,
        Self::ReciprocalRank,
        Self::NdcgRetrievedIdeal,
        Self::Hits,
        Self::DiscountedReturn,
        Self::TotalReward,
        Self::MeanReward,
    ];

    /// The metrics of a list that `protocol` reports.
    #[must_use]
    pub const fn of_protocol(protocol: Protocol) -> &'static [Self] {
        match protocol.facts().candidates {
            Candidates::OwnTestItems => &Self::RERANK,
            _ => &Self::ALL,
        }
    }

    /// The metric that the recommenders of `protocol` are compared by.
    #[must_use]
    pub const fn primary(protocol: Protocol) -> Self {
        match protocol.facts().compared_by {
            ComparedBy::Precision => Self::Precision,
            ComparedBy::Recall => Self::Recall,
            ComparedBy::Hits => Self::Hits,
            ComparedBy::TotalReward => Self::TotalReward,
        }
    }

    /// Whether a user with `n_relevant` relevant items has a value under `protocol`.
    ///
    /// Under "rerank" NDCG is undefined for a user without a relevant item: every order of that user's list is as good.
    /// Everywhere else the value of such a user is 0.
    #[must_use]
    pub const fn is_defined(self, protocol: Protocol, n_relevant: usize) -> bool {
        n_relevant > 0
            || !matches!((protocol.facts().candidates, self), (Candidates::OwnTestItems, Self::Ndcg))
    }

    /// The name in files: `precision`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Ndcg => "ndcg",
            Self::NdcgConstantIdeal => "ndcg_constant_ideal",
            Self::HitRate => "hit_rate",
            Self::AveragePrecision => "map",
            Self::ReciprocalRank => "mrr",
            Self::NdcgRetrievedIdeal => "ndcg_star",
            Self::Hits => "hits",
            Self::DiscountedReturn => "discounted_return",
            Self::TotalReward => "total_reward",
            Self::MeanReward => "mean_reward",
        }
    }

    /// The metric of that [name](Metric::name); `None` if there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|metric| metric.name() == name)
    }

    /// The metric of one list; NaN for a metric of a session, which no single list has.
    #[must_use]
    pub fn value(self, list: &ListView<'_>) -> f64 {
        let ListView { hits, ratings, n_relevant, k } = *list;
        match self {
            Self::Precision => precision(hits, k),
            Self::Recall => recall(hits, n_relevant, k),
            Self::Ndcg => ndcg(hits, n_relevant, k),
            Self::NdcgConstantIdeal => ndcg_constant_ideal(hits, k),
            Self::HitRate => hit_rate(hits, k),
            Self::AveragePrecision => average_precision(hits, n_relevant, k),
            Self::ReciprocalRank => reciprocal_rank(hits, k),
            Self::NdcgRetrievedIdeal => ndcg_retrieved_ideal(ratings, k),
            Self::Hits | Self::DiscountedReturn | Self::TotalReward | Self::MeanReward => f64::NAN,
        }
    }
}

/// The mean of the values that are defined, which are those that are not NaN; `None` if there is none.
#[must_use]
pub fn mean_of_defined(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n_defined) = (0.0, 0_usize);
    for value in values.into_iter().filter(|value| !value.is_nan()) {
        sum += value;
        n_defined += 1;
    }
    (n_defined > 0).then(|| sum / n_defined as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_metric_has_one_name_everywhere() {
        for metric in Metric::EVERY {
            assert_eq!(serde_json::to_string(&metric).unwrap(), format!("\"{}\"", metric.name()));
            assert_eq!(Metric::from_name(metric.name()), Some(metric));
        }
        assert_eq!(Metric::from_name("accuracy"), None);
    }

    #[test]
    fn every_metric_is_of_a_list_or_of_a_session() {
        let list = ListView { hits: &[true], ratings: &[Some(5.0)], n_relevant: 1, k: 1 };
        for metric in Metric::EVERY {
            assert_eq!(metric.value(&list).is_nan(), Metric::SESSION.contains(&metric));
        }
    }

    #[test]
    fn without_relevant_items_every_metric_of_a_list_is_zero() {
        for metric in Metric::ALL.into_iter().chain(Metric::RERANK) {
            for hits in [&[false; 10][..], &[]] {
                let ratings = vec![None; hits.len()];
                let value = metric.value(&ListView { hits, ratings: &ratings, n_relevant: 0, k: 10 });
                assert_eq!(value, 0.0, "{}", metric.name());
            }
        }
    }

    #[test]
    fn only_the_ndcg_of_rerank_is_undefined_without_relevant_items() {
        let undefined: Vec<(Protocol, Metric)> = Protocol::ALL
            .into_iter()
            .flat_map(|protocol| Metric::EVERY.map(|metric| (protocol, metric)))
            .filter(|(protocol, metric)| !metric.is_defined(*protocol, 0))
            .collect();
        assert_eq!(undefined, [(Protocol::Rerank, Metric::Ndcg)]);
        assert!(Metric::Ndcg.is_defined(Protocol::Rerank, 1));
    }

    #[test]
    fn a_mean_leaves_out_what_is_undefined() {
        assert_eq!(mean_of_defined([1.0, f64::NAN, 0.0]), Some(0.5));
        assert_eq!(mean_of_defined([f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn every_metric_is_between_zero_and_one_and_no_list_beats_the_ideal(
            stars in prop::collection::vec(prop::option::of(0_u8..=5), 0..20),
            n_missed in 0_usize..30,
            k in 1_usize..20,
        ) {
            let ratings: Vec<Option<f32>> = stars.iter().map(|stars| stars.map(f32::from)).collect();
            let hits: Vec<bool> = stars.iter().map(|stars| stars.is_some_and(|stars| stars >= 4)).collect();
            let n_relevant = hits.iter().filter(|hit| **hit).count() + n_missed;
            let ideal: Vec<bool> = (0..k.max(hits.len())).map(|rank| rank < n_relevant).collect();
            let best = vec![Some(5.0); ideal.len()];
            for metric in Metric::ALL.into_iter().chain(Metric::RERANK) {
                let value = metric.value(&ListView { hits: &hits, ratings: &ratings, n_relevant, k });
                let bound = metric.value(&ListView { hits: &ideal, ratings: &best, n_relevant, k });
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
                prop_assert!(value <= bound + 1e-12);
            }
        }
    }
}
