//! The rankers by likes: neighbours, EASE, iALS, BPR and the Markov chain, by name and settings.

use crate::rating::two_tastes;
use crate::{items, query};
use drr_baselines::{BaselineConfig, BprConfig, FitInputs, IalsConfig};
use drr_core::{InteractionLog, Query, Recommender, Seeds};

/// Settings that suit a log of 40 users.
fn configs() -> Vec<BaselineConfig> {
    vec![
        BaselineConfig::ItemKnn { n_neighbours: None, shrink: 1.0 },
        BaselineConfig::ItemKnn { n_neighbours: Some(4), shrink: 1.0 },
        BaselineConfig::default_of("ease").unwrap(),
        BaselineConfig::Ials(IalsConfig { dim: 4, l2: 1.0, ..IalsConfig::default() }),
        BaselineConfig::Bpr(BprConfig { dim: 4, ..BprConfig::default() }),
        BaselineConfig::default_of("markov").unwrap(),
    ]
}

fn fit(config: &BaselineConfig, log: &InteractionLog, seed: u64) -> Box<dyn Recommender> {
    let inputs = FitInputs { log, positive: 4.0, rating_scale: (1.0, 5.0), item_vectors: None };
    config.fit(&inputs, Seeds(seed)).unwrap()
}

fn asked() -> Vec<Query> {
    vec![
        query(99, &[(0, 5.0), (4, 4.0), (1, 1.0)], 10),
        query(99, &[(7, 5.0)], 10),
        query(3, &[], 10),
        query(3, &[(2, 1.0)], 10),
    ]
}

#[test]
fn a_user_nobody_knows_gets_the_items_of_the_taste_that_the_history_shows() {
    let log = two_tastes();
    for config in configs() {
        let recommender = fit(&config, &log, 1);
        // Each user of the log left out every third item, so factors may doubt the others of the taste: the first is sure.
        let even = items(&*recommender, &query(99, &[(0, 5.0), (4, 5.0), (1, 1.0)], 10), 1);
        assert!(even.iter().all(|item| item % 2 == 0), "{} {even:?}", recommender.name());
        let odd = items(&*recommender, &query(99, &[(1, 5.0), (5, 4.0)], 10), 1);
        assert!(odd.iter().all(|item| item % 2 == 1), "{} {odd:?}", recommender.name());
    }
}

#[test]
fn a_history_without_likes_gives_the_popular_items() {
    let log = two_tastes();
    let popular = fit(&BaselineConfig::Popularity {}, &log, 1);
    for config in configs() {
        let recommender = fit(&config, &log, 1);
        assert!(recommender.n_parameters() > 0, "{}", recommender.name());
        assert_eq!(recommender.origin(), Some(log.origin()));
        for history in [&[][..], &[(2, 1.0)]] {
            let query = query(99, history, 10);
            assert_eq!(
                items(&*recommender, &query, 9),
                items(&*popular, &query, 9),
                "{}",
                recommender.name()
            );
        }
    }
}

#[test]
fn a_list_is_the_same_with_any_number_of_threads_in_any_batch_and_for_any_user_of_that_history() {
    let log = two_tastes();
    for config in configs() {
        let with = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| fit(&config, &log, 1).recommend(&asked(), 5).unwrap())
        };
        let lists = with(1);
        assert_eq!(lists, with(3), "{config:?}");
        let recommender = fit(&config, &log, 1);
        for (query, list) in asked().into_iter().zip(&lists) {
            let of_another = Query { user: drr_core::UserIdx(7), ..query };
            assert_eq!(&recommender.recommend(&[of_another], 5).unwrap()[0], list, "{config:?}");
        }
    }
}

#[test]
fn all_neighbours_are_as_many_as_the_largest_number_of_neighbours() {
    let log = two_tastes();
    let all = fit(&BaselineConfig::ItemKnn { n_neighbours: None, shrink: 1.0 }, &log, 1);
    let most = fit(&BaselineConfig::ItemKnn { n_neighbours: Some(9), shrink: 1.0 }, &log, 1);
    assert_eq!(all.n_parameters(), most.n_parameters());
    assert_eq!(all.recommend(&asked(), 5).unwrap(), most.recommend(&asked(), 5).unwrap());
}
