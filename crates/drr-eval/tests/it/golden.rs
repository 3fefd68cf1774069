//! All metrics against an independent implementation: see tests/data/golden_metrics.py.

use crate::items;
use drr_core::{EmbeddingTable, ItemIdx, ItemSet, Observed};
use drr_eval::metrics::{cumulative_hits, discounted_return, mean_reward, total_reward};
use drr_eval::{Diversity, ItemFeatures, ListMeasures, ListView, Metric, hits};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The greatest difference that rounding explains.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    n_genres: usize,
    dim: usize,
    discount: f64,
    popularity_share: Vec<f64>,
    genres: Vec<Vec<u16>>,
    vectors: Vec<f32>,
    catalogue: Vec<u32>,
    cases: Vec<GoldenCase>,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldenCase {
    list: Vec<u32>,
    relevant: Vec<u32>,
    /// Item and rating.
    ratings: Vec<(u32, f32)>,
    history: Vec<u32>,
    rewards: Vec<f32>,
    /// The metrics by name, by k.
    expected: BTreeMap<usize, BTreeMap<String, f64>>,
    session: BTreeMap<String, Option<f64>>,
}

impl GoldenCase {
    fn rating(&self, item: u32) -> Option<f32> {
        self.ratings.iter().find(|(rated, _)| *rated == item).map(|(_, rating)| *rating)
    }
}

/// Cases whose lists are judged together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    cases: Vec<usize>,
    k: usize,
    measures: BTreeMap<String, Option<f64>>,
    diversity: Diversity,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../data/golden_metrics.json"))
        .expect("the file is as the script writes it")
}

fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < TOLERANCE, "{what}: {found} instead of {expected}");
}

#[test]
fn metrics_of_a_list_are_those_of_an_independent_implementation() {
    let golden = golden();
    let mut n_compared = 0;
    for (at, case) in golden.cases.iter().enumerate() {
        let hits = hits(items(&case.list), &items(&case.relevant));
        let ratings: Vec<Option<f32>> = case.list.iter().map(|item| case.rating(*item)).collect();
        for (k, expected) in &case.expected {
            let list = ListView { hits: &hits, ratings: &ratings, n_relevant: case.relevant.len(), k: *k };
            for (name, expected) in expected {
                let metric = Metric::from_name(name).expect("a metric of that name");
                assert_close(metric.value(&list), *expected, &format!("case {at}, {name}@{k}"));
                n_compared += 1;
            }
        }
    }
    assert_eq!(n_compared, 60 * 5 * 8, "60 cases, 5 list lengths, 8 metrics");
}

#[test]
fn metrics_of_a_session_are_those_of_an_independent_implementation() {
    let golden = golden();
    for (at, case) in golden.cases.iter().enumerate() {
        let positive: Vec<bool> = case.rewards.iter().map(|reward| *reward > 0.0).collect();
        for metric in Metric::SESSION {
            let found = match metric {
                Metric::Hits => cumulative_hits(&positive),
                Metric::DiscountedReturn => discounted_return(&case.rewards, golden.discount),
                Metric::TotalReward => total_reward(&case.rewards),
                _ => mean_reward(&case.rewards),
            };
            match case.session[metric.name()] {
                Some(expected) => assert_close(found, expected, &format!("case {at}, {}", metric.name())),
                None => assert!(found.is_nan(), "case {at}, {}", metric.name()),
            }
        }
    }
}

#[test]
fn measures_beyond_accuracy_are_those_of_an_independent_implementation() {
    let golden = golden();
    let n_items = golden.genres.len();
    let catalogue = ItemSet::from_items(n_items, items(&golden.catalogue));
    let features = ItemFeatures {
        popularity_share: golden.popularity_share,
        genres: golden.genres,
        n_genres: golden.n_genres,
        vectors: EmbeddingTable::new(n_items, golden.dim, golden.vectors).ok(),
    };
    let observed = |item: &u32| Observed { item: ItemIdx(*item), rating: 4.0, timestamp: 0 };
    for (at, group) in golden.groups.iter().enumerate() {
        let cases = || group.cases.iter().map(|case| &golden.cases[*case]);
        let lists: Vec<Vec<ItemIdx>> = cases().map(|case| items(&case.list)).collect();
        let histories: Vec<Vec<Observed>> =
            cases().map(|case| case.history.iter().map(observed).collect()).collect();
        let histories: Vec<&[Observed]> = histories.iter().map(Vec::as_slice).collect();
        let found = ListMeasures::of(&lists, &histories, &features, group.k);
        let found = serde_json::to_value(found).expect("measures are plain numbers");
        for (name, expected) in &group.measures {
            let what = format!("group {at}, {name}@{}", group.k);
            match (found[name].as_f64(), expected) {
                (Some(found), Some(expected)) => assert_close(found, *expected, &what),
                (found, expected) => assert_eq!(found, *expected, "{what}"),
            }
        }
        assert_eq!(group.measures.len(), 5);
        let cut = lists.iter().map(|list| &list[..group.k.min(list.len())]);
        let diversity = Diversity::of(cut, &catalogue);
        assert_close(diversity.coverage, group.diversity.coverage, &format!("group {at}, coverage"));
        assert_close(diversity.gini, group.diversity.gini, &format!("group {at}, Gini"));
    }
}
