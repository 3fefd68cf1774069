//! The baselines on logs small enough to rank by hand.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

mod bandit;
mod kinds;
mod ranking;
mod rating;

use drr_baselines::{BaselineError, FoldInRecommender, ItemKnn, ItemKnnConfig, Popularity, Random};
use drr_core::{
    EmbeddingSpace, EmbeddingTable, Interaction, InteractionLog, ItemIdx, ItemSet, Observed, Query,
    RecommendError, Recommender, RowOrigin, Seeds, UserIdx,
};
use proptest::prelude::*;
use std::sync::Arc;

/// A log of (user, item, rating), in time order.
fn log(n_users: usize, n_items: usize, rows: &[(u32, u32, f32)]) -> InteractionLog {
    let rows: Vec<Interaction> = rows
        .iter()
        .zip(0..)
        .map(|((user, item, rating), timestamp)| Interaction {
            user: UserIdx(*user),
            item: ItemIdx(*item),
            rating: *rating,
            timestamp,
        })
        .collect();
    InteractionLog::new(n_users, n_items, &rows).unwrap()
}

/// A query of `user` who rated `history` out of a catalogue of `n_items`; the history is not allowed.
fn query(user: u32, history: &[(u32, f32)], n_items: usize) -> Query {
    let mut allowed = ItemSet::full(n_items);
    let history: Vec<Observed> = history
        .iter()
        .map(|(item, rating)| Observed { item: ItemIdx(*item), rating: *rating, timestamp: 0 })
        .collect();
    for it in &history {
        allowed.remove(it.item);
    }
    Query { user: UserIdx(user), history, allowed }
}

/// The items of the first list.
fn items(recommender: &dyn Recommender, query: &Query, k: usize) -> Vec<u32> {
    let lists = recommender.recommend(std::slice::from_ref(query), k).unwrap();
    lists[0].iter().map(|it| it.item.0).collect()
}

/// Users 0 and 1 like items 0 and 1, users 1 and 2 like item 2, everyone rated item 3 badly, item 4 is unrated.
fn small() -> InteractionLog {
    log(
        3,
        5,
        &[
            (0, 0, 5.0),
            (0, 1, 4.0),
            (0, 3, 1.0),
            (1, 0, 4.0),
            (1, 1, 5.0),
            (1, 2, 4.0),
            (1, 3, 2.0),
            (2, 2, 5.0),
            (2, 3, 3.0),
        ],
    )
}

/// A space of given vectors whose fold-in is the sum of the items rated 4 or more.
struct GivenSpace {
    items: EmbeddingTable,
    origin: RowOrigin,
}

impl EmbeddingSpace for GivenSpace {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        let mut user = vec![0.0; self.items.dim()];
        for it in history.iter().filter(|it| it.rating >= 4.0) {
            user.iter_mut().zip(self.items.row(it.item.index())).for_each(|(sum, value)| *sum += value);
        }
        user
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        Some(&self.items)
    }

    fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

fn given_space(origin: &RowOrigin) -> Arc<dyn EmbeddingSpace> {
    let vectors = vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.5, 2.0, 0.0, 0.5, 0.5];
    Arc::new(GivenSpace { items: EmbeddingTable::new(5, 2, vectors).unwrap(), origin: origin.clone() })
}

#[test]
fn popularity_counts_positive_ratings_only_and_breaks_ties_by_the_smaller_item() {
    let popularity = Popularity::fit(&small(), 4.0);
    assert_eq!(popularity.counts(), [2.0, 2.0, 2.0, 0.0, 0.0]);
    assert_eq!(items(&popularity, &query(0, &[(1, 5.0)], 5), 3), [0, 2, 3]);
}

#[test]
fn neighbours_are_summed_over_the_positive_items_of_the_history() {
    let knn = ItemKnn::fit(&small(), &ItemKnnConfig::default()).unwrap();
    let query = query(9, &[(0, 5.0), (3, 1.0), (0, 4.0)], 5);
    let lists = knn.recommend(&[query], 5).unwrap();
    let ranked: Vec<(u32, f32)> = lists[0].iter().map(|it| (it.item.0, it.score)).collect();
    // Items 0 and 1 share two users, items 0 and 2 one; each item has two users, so the divisor is 2 + 20.
    assert_eq!(ranked, [(1, 2.0 / 22.0), (2, 1.0 / 22.0), (4, 0.0)]);
}

#[test]
fn an_item_counts_only_the_history_among_its_nearest_neighbours() {
    let config = ItemKnnConfig { n_neighbours: Some(1), ..ItemKnnConfig::default() };
    let knn = ItemKnn::fit(&small(), &config).unwrap();
    assert_eq!(knn.name(), "item_knn_1");
    // Item 2 is as near to 0 as to 1, and keeps 0; item 0 keeps 1.
    let lists = knn.recommend(&[query(9, &[(1, 5.0)], 5)], 2).unwrap();
    assert_eq!((lists[0][0].item, lists[0][0].score), (ItemIdx(0), 2.0 / 22.0));
    assert_eq!((lists[0][1].item, lists[0][1].score), (ItemIdx(2), 0.0));
}

#[test]
fn the_folded_in_user_ranks_by_inner_product() {
    let log = small();
    let popularity = Popularity::fit(&log, 4.0);
    let recommender = FoldInRecommender::new("fold_in", given_space(log.origin()), popularity).unwrap();
    // The user is (1, 1): items 2, 3 and 4 score -0.5, 2 and 1.
    assert_eq!(items(&recommender, &query(9, &[(0, 4.0), (1, 5.0)], 5), 5), [3, 4, 2]);
    assert_eq!(recommender.origin(), Some(log.origin()));
}

#[test]
fn a_history_that_says_nothing_gives_the_popular_items() {
    let log = log(2, 5, &[(0, 3, 5.0), (1, 3, 5.0), (0, 1, 4.0)]);
    let popularity = Popularity::fit(&log, 4.0);
    let knn = ItemKnn::fit(&log, &ItemKnnConfig::default()).unwrap();
    let folded = FoldInRecommender::new("fold_in", given_space(log.origin()), popularity.clone()).unwrap();
    for history in [&[][..], &[(0, 2.0)][..]] {
        let query = query(7, history, 5);
        for recommender in [&knn as &dyn Recommender, &folded] {
            assert_eq!(items(recommender, &query, 2), [3, 1], "{}", recommender.name());
        }
    }
    // Item 4 has no neighbour.
    assert_eq!(items(&knn, &query(7, &[(4, 5.0)], 5), 2), [3, 1]);
}

#[test]
fn a_fallback_of_other_rows_is_refused() {
    let (here, there) = (small(), log(1, 5, &[(0, 0, 5.0)]));
    let space = given_space(here.origin());
    let other = FoldInRecommender::new("fold_in", space.clone(), Popularity::fit(&there, 4.0));
    assert!(matches!(other, Err(BaselineError::OriginMismatch)));
    let smaller = Popularity::fit(&log(1, 2, &[(0, 0, 5.0)]), 4.0);
    let other = FoldInRecommender::new("fold_in", space, smaller);
    assert!(matches!(other, Err(BaselineError::CatalogueMismatch { query: 2, fitted: 5 })));
}

#[test]
fn a_query_of_another_catalogue_is_refused() {
    let popularity = Popularity::fit(&small(), 4.0);
    let answer = popularity.recommend(&[query(0, &[], 6)], 1);
    assert!(matches!(answer, Err(RecommendError::Failed { recommender, .. }) if recommender == "popularity"));
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let none = ItemKnnConfig { n_neighbours: Some(0), ..ItemKnnConfig::default() };
    let negative = ItemKnnConfig { shrink: -1.0, ..ItemKnnConfig::default() };
    for (config, named) in [(none, "n_neighbours"), (negative, "shrink")] {
        let refused = ItemKnn::fit(&small(), &config);
        assert!(matches!(refused, Err(BaselineError::Config { field, .. }) if field == named));
    }
}

#[test]
fn a_random_list_depends_on_the_seed_and_the_user_alone() {
    let random = Random::new(50, Seeds(1));
    let ask = |user| query(user, &[], 50);
    let list = items(&random, &ask(3), 10);
    let among_others = random.recommend(&[ask(1), ask(3)], 10).unwrap();
    assert_eq!(among_others[1].iter().map(|it| it.item.0).collect::<Vec<_>>(), list);
    assert_ne!(items(&random, &ask(4), 10), list);
    assert_ne!(items(&Random::new(50, Seeds(2)), &ask(3), 10), list);
    assert!(random.origin().is_none());
}

proptest! {
    #[test]
    fn lists_are_full_allowed_and_the_same_in_any_batch(
        rows in prop::collection::vec((0_u32..6, 0_u32..5, 1_u8..6), 1..40),
        asked in prop::collection::vec(prop::collection::vec((0_u32..5, 1_u8..6), 0..4), 1..6),
    ) {
        let rows: Vec<_> = rows.into_iter().map(|(user, item, stars)| (user, item, f32::from(stars))).collect();
        let log = log(6, 5, &rows);
        let popularity = Popularity::fit(&log, 4.0);
        let knn = ItemKnn::fit(&log, &ItemKnnConfig::default()).unwrap();
        let folded = FoldInRecommender::new("fold_in", given_space(log.origin()), popularity.clone()).unwrap();
        let random = Random::new(5, Seeds(3));
        let queries: Vec<Query> = asked
            .iter()
            .zip(0..)
            .map(|(history, user)| {
                let history: Vec<_> = history.iter().map(|(item, stars)| (*item, f32::from(*stars))).collect();
                query(user, &history, 5)
            })
            .collect();
        for recommender in [&popularity as &dyn Recommender, &knn, &folded, &random] {
            let together = recommender.recommend(&queries, 3).unwrap();
            for (query, list) in queries.iter().zip(&together) {
                prop_assert_eq!(list.len(), 3.min(query.allowed.len()));
                prop_assert!(list.iter().all(|it| query.allowed.contains(it.item)));
                let alone = recommender.recommend(std::slice::from_ref(query), 3).unwrap();
                prop_assert_eq!(&alone[0], list);
            }
        }
    }
}
