//! Canaries let honest recommenders pass and find those that read what they are judged on.

use drr_core::{InteractionLog, ItemIdx, ItemSet, RandomStream, Seeds, UserIdx, rank};
use drr_eval::canary::{CANARY_LEVEL, Canaries, CanaryError, CanaryUser};
use rand::Rng as _;

const N_USERS: usize = 300;
const N_ITEMS: usize = 200;
const K: usize = 10;

/// A made-up evaluation: each user's candidates and what they rate of them.
struct World {
    candidates: Vec<ItemSet>,
    relevant: Vec<Vec<ItemIdx>>,
    popularity: Vec<f64>,
}

impl World {
    fn new(random: &mut RandomStream) -> Self {
        let candidates = (0..N_USERS)
            .map(|_| {
                let mut set = ItemSet::full(N_ITEMS);
                for _ in 0..20 {
                    set.remove(ItemIdx::from(random.random_range(0..N_ITEMS)));
                }
                set
            })
            .collect();
        let relevant = (0..N_USERS)
            .map(|_| (0..8).map(|_| ItemIdx::from(random.random_range(0..N_ITEMS))).collect())
            .collect();
        // Long-tailed with many ties, as counts of ratings are.
        let popularity = (0..N_ITEMS).map(|item| (1000.0 / (item + 1) as f64).floor()).collect();
        Self { candidates, relevant, popularity }
    }

    fn plant(&self, per_user: usize, random: &mut RandomStream) -> Canaries {
        let cases: Vec<CanaryUser<'_>> = (0..N_USERS)
            .map(|user| CanaryUser {
                user: UserIdx::from(user),
                candidates: &self.candidates[user],
                relevant: &self.relevant[user],
                rated: &self.relevant[user],
            })
            .collect();
        Canaries::plant(&cases, &self.popularity, per_user, random)
    }

    /// Each user's list by popularity, with `bonus` for what `log` says that the user rated positively.
    fn lists(&self, log: Option<&InteractionLog>, bonus: f32) -> Vec<Vec<ItemIdx>> {
        let list = |user: usize| {
            let mut scores: Vec<f32> = self.popularity.iter().map(|count| *count as f32).collect();
            if let Some(log) = log {
                log.of_user(UserIdx::from(user))
                    .positives(4.0)
                    .for_each(|item| scores[item.index()] += bonus);
            }
            let ranked = rank(&scores, &self.candidates[user], K).expect("scores are finite");
            ranked.iter().map(|it| it.item).collect()
        };
        (0..N_USERS).map(list).collect()
    }
}

#[test]
fn an_honest_popularity_ranker_passes_with_every_seed() {
    let world = World::new(&mut Seeds(1).stream("world"));
    let lists = world.lists(None, 0.0);
    let mut small = 0;
    for seed in 0..300 {
        let canaries = world.plant(5, &mut Seeds(seed).stream("canary"));
        assert_eq!(canaries.len(), 5 * N_USERS);
        let verdict = canaries.test(&lists).expect("one list per user");
        verdict.refuse("popularity", CANARY_LEVEL).expect("an honest recommender");
        small += usize::from(verdict.p_value < 0.05);
    }
    // The test is exact: at most 15 of 300 are expected below .05.
    assert!(small <= 28, "{small} of 300 below .05");
}

#[test]
fn a_cheat_that_was_fitted_on_the_planted_rows_is_refused_with_counts_and_a_remedy() {
    let mut random = Seeds(2).stream("world");
    let world = World::new(&mut random);
    let canaries = world.plant(5, &mut random);
    let log = InteractionLog::new(N_USERS, N_ITEMS, &canaries.rows(5.0, 0)).expect("rows in range");
    let verdict = canaries.test(&world.lists(Some(&log), 1e4)).expect("one list per user");
    assert!(verdict.planted_listed > 1000 && verdict.p_value < 1e-100, "{verdict:?}");
    let error = verdict.refuse("cheat", CANARY_LEVEL).expect_err("a cheat");
    assert!(matches!(error, CanaryError::Listed { .. }));
    let message = error.to_string();
    assert!(message.contains("cheat lists") && message.contains("fit it anew"), "{message}");
}

#[test]
fn a_faint_leak_is_found_too() {
    let mut random = Seeds(3).stream("world");
    let world = World::new(&mut random);
    let canaries = world.plant(5, &mut random);
    let log = InteractionLog::new(N_USERS, N_ITEMS, &canaries.rows(5.0, 0)).expect("rows in range");
    // The bonus lifts only items that are near the end of the list anyway.
    let verdict = canaries.test(&world.lists(Some(&log), 40.0)).expect("one list per user");
    let error = verdict.refuse("faint", CANARY_LEVEL).expect_err("a leak");
    assert!(matches!(error, CanaryError::Listed { .. }), "{verdict:?}");
}

#[test]
fn the_same_seed_plants_the_same_canaries() {
    let world = World::new(&mut Seeds(4).stream("world"));
    let plant = |seed| world.plant(3, &mut Seeds(seed).stream("canary"));
    assert_eq!(plant(7), plant(7));
    assert_ne!(plant(7), plant(8));
}

#[test]
fn lists_of_other_users_are_an_error() {
    let world = World::new(&mut Seeds(5).stream("world"));
    let canaries = world.plant(2, &mut Seeds(5).stream("canary"));
    assert_eq!(canaries.test(&[]), Err(CanaryError::CountOfLists { n_users: N_USERS, n_lists: 0 }));
}
