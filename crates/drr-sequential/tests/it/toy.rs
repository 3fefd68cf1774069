//! A catalogue on a ring, where every item is followed by the next.

use drr_core::{Interaction, InteractionLog, ItemIdx, ItemSet, Observed, Query, Recommender, Seeds, UserIdx};
use drr_sequential::{
    Architecture, SequentialConfig, SequentialError, SequentialHooks, SequentialRecommender,
};

const N_ITEMS: u32 = 12;
const LENGTH: u32 = 8;
const ALL: [Architecture; 2] = [Architecture::SasRec, Architecture::Gru4Rec];

fn ring(start: u32) -> impl Iterator<Item = ItemIdx> {
    (0..LENGTH).map(move |step| ItemIdx((start + step * 5) % N_ITEMS))
}

fn log() -> InteractionLog {
    let mut rows = Vec::new();
    for user in 0..60 {
        for (step, item) in ring(user).enumerate() {
            rows.push(Interaction { user: UserIdx(user), item, rating: 5.0, timestamp: step as i64 });
        }
    }
    InteractionLog::new(60, N_ITEMS as usize, &rows).unwrap()
}

fn config(architecture: Architecture, n_epochs: usize) -> SequentialConfig {
    SequentialConfig {
        dim: 16,
        n_blocks: 1,
        max_length: 7,
        dropout: 0.1,
        learning_rate: 0.01,
        batch_size: 12,
        n_epochs,
        n_negatives: 0,
        ..SequentialConfig::new(architecture)
    }
}

fn query(history: &[ItemIdx]) -> Query {
    let observed = |item: &ItemIdx| Observed { item: *item, rating: 5.0, timestamp: 0 };
    let mut allowed = ItemSet::full(N_ITEMS as usize);
    history.iter().for_each(|item| allowed.remove(*item));
    Query { user: UserIdx(99), history: history.iter().map(observed).collect(), allowed }
}

fn fit(config: &SequentialConfig, hooks: &mut dyn SequentialHooks) -> SequentialRecommender {
    SequentialRecommender::fit(&log(), 4.0, config, Seeds(5), hooks).unwrap()
}

/// The share of histories whose first recommended item is the ring's next, with the history in order or turned around.
fn hit_rate(recommender: &dyn Recommender, reversed: bool) -> f64 {
    let mut hits = 0;
    for start in 0..N_ITEMS {
        let mut items: Vec<ItemIdx> = ring(start).collect();
        let next = items.pop().unwrap();
        if reversed {
            items.reverse();
        }
        let lists = recommender.recommend(&[query(&items)], 1).unwrap();
        hits += u32::from(lists[0][0].item == next);
    }
    f64::from(hits) / f64::from(N_ITEMS)
}

#[test]
fn the_next_item_is_learned_and_the_order_matters() {
    for architecture in ALL {
        for n_negatives in [0, 6] {
            let config = SequentialConfig { n_negatives, ..config(architecture, 60) };
            let recommender = fit(&config, &mut ());
            let (ordered, reversed) = (hit_rate(&recommender, false), hit_rate(&recommender, true));
            assert!(ordered > 0.9, "{architecture:?} {n_negatives}: {ordered}");
            assert!(reversed < ordered - 0.4, "{architecture:?} {n_negatives}: {reversed}");
        }
    }
}

#[test]
fn equal_seeds_give_equal_parameters_on_one_thread_and_on_three() {
    let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    for architecture in ALL {
        let config = SequentialConfig { n_negatives: 5, ..config(architecture, 2) };
        let arrays = |n| threads(n).install(|| fit(&config, &mut ()).to_arrays().unwrap());
        let one = arrays(1);
        assert_eq!(one, arrays(1));
        assert_eq!(one, arrays(3));
    }
}

#[test]
fn a_saved_recommender_gives_the_same_lists() {
    let folder = tempfile::tempdir().unwrap();
    for architecture in ALL {
        let recommender = fit(&config(architecture, 2), &mut ());
        let path = folder.path().join("it.safetensors");
        recommender.save(&path).unwrap();
        let loaded = SequentialRecommender::load(&path).unwrap();
        let queries = [query(&ring(3).take(4).collect::<Vec<_>>()), query(&[])];
        assert_eq!(loaded.recommend(&queries, 5).unwrap(), recommender.recommend(&queries, 5).unwrap());
        assert_eq!((loaded.name(), loaded.origin()), (recommender.name(), recommender.origin()));
        assert_eq!(loaded.n_parameters(), recommender.n_parameters());
    }
    std::fs::write(folder.path().join("none"), b"no file").unwrap();
    let error = SequentialRecommender::load(&folder.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("none") && error.contains("delete it"), "{error}");
}

#[test]
fn without_a_known_item_the_order_is_that_of_popularity() {
    let rows = [(0, 2), (0, 1), (1, 1), (1, 0), (2, 1), (2, 2)];
    let rows = rows.map(|(user, item)| Interaction {
        user: UserIdx(user),
        item: ItemIdx(item),
        rating: 5.0,
        timestamp: 0,
    });
    let log = InteractionLog::new(3, N_ITEMS as usize, &rows).unwrap();
    let config = config(Architecture::SasRec, 1);
    let recommender = SequentialRecommender::fit(&log, 4.0, &config, Seeds(1), &mut ()).unwrap();
    let mut beyond = query(&[]);
    beyond.history.push(Observed { item: ItemIdx(N_ITEMS + 4), rating: 5.0, timestamp: 0 });
    let lists = recommender.recommend(&[query(&[]), beyond], 3).unwrap();
    assert_eq!(lists[0].iter().map(|it| it.item.0).collect::<Vec<_>>(), [1, 2, 0]);
    assert_eq!(lists[0], lists[1]);
}

/// Says that the first epoch is the best, and stops after the third.
#[derive(Default)]
struct Watch {
    n_validated: usize,
    first: Vec<f32>,
    progress: Vec<(usize, usize)>,
}

impl SequentialHooks for Watch {
    fn should_stop(&mut self, epoch: usize) -> bool {
        epoch == 3
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.progress.push((done, total));
    }

    fn validate(&mut self, recommender: &dyn Recommender) -> Option<f64> {
        let list = recommender.recommend(&[query(&[ItemIdx(1)])], 4).unwrap().remove(0);
        if self.n_validated == 0 {
            self.first = list.iter().map(|it| it.score).collect();
        }
        self.n_validated += 1;
        Some(-(self.n_validated as f64))
    }
}

#[test]
fn the_best_epoch_is_kept_and_hooks_see_every_update() {
    let mut watch = Watch::default();
    let recommender = fit(&config(Architecture::SasRec, 9), &mut watch);
    let list = recommender.recommend(&[query(&[ItemIdx(1)])], 4).unwrap().remove(0);
    assert_eq!(list.iter().map(|it| it.score).collect::<Vec<_>>(), watch.first);
    assert_eq!(watch.n_validated, 3);
    assert_eq!((watch.progress.len(), watch.progress[14]), (15, (15, 45)));
}

#[test]
fn the_shipped_settings_are_in_their_ranges() {
    for architecture in ALL {
        assert!(SequentialConfig::new(architecture).check().is_ok());
        let quick = SequentialConfig::quick(architecture);
        assert!(quick.check().is_ok() && quick.n_epochs < SequentialConfig::new(architecture).n_epochs);
    }
}

#[test]
fn what_cannot_be_fitted_is_refused_with_the_reason() {
    let bad = SequentialConfig { n_heads: 3, ..config(Architecture::SasRec, 1) };
    let refused = SequentialRecommender::fit(&log(), 4.0, &bad, Seeds(1), &mut ());
    assert!(matches!(refused, Err(SequentialError::Config { field: "n_heads", .. })));
    let refused =
        SequentialRecommender::fit(&log(), 6.0, &config(Architecture::SasRec, 1), Seeds(1), &mut ());
    assert!(matches!(refused, Err(SequentialError::NoSequences)));
}
