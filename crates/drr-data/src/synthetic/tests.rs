//! The made-up data set is what it claims to be, and there is something in it to learn.

use super::*;
use std::collections::BTreeMap;

fn n_ratings_by(log: &RawLog, key: impl Fn(&Interaction) -> u32) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    for row in &log.interactions {
        *counts.entry(key(row)).or_insert(0) += 1;
    }
    counts.into_values().collect()
}

#[test]
fn the_standard_set_has_its_size_and_a_long_tail() {
    let log = generate("synthetic", &SyntheticConfig::standard()).unwrap();
    assert!((36_000..44_000).contains(&log.interactions.len()), "{}", log.interactions.len());
    assert_eq!(log.users.len(), 600);
    assert!(log.items.len() > 390);
    assert!(n_ratings_by(&log, |row| row.user.0).into_iter().all(|n| (20..=200).contains(&n)));
    let mut by_item = n_ratings_by(&log, |row| row.item.0);
    by_item.sort_unstable_by(|left, right| right.cmp(left));
    let head: usize = by_item[..by_item.len() / 5].iter().sum();
    assert!(head * 10 > log.interactions.len() * 4, "a fifth of the items holds {head} ratings");
}

#[test]
fn every_rating_from_1_to_5_is_common_and_no_pair_repeats() {
    let log = generate("synthetic", &SyntheticConfig::small()).unwrap();
    let mut histogram = [0_usize; 6];
    let mut pairs = std::collections::BTreeSet::new();
    for row in &log.interactions {
        histogram[row.rating as usize] += 1;
        assert!(pairs.insert((row.user, row.item)));
    }
    assert!(histogram[1..].iter().all(|n| n * 50 > log.interactions.len()), "{histogram:?}");
    assert!(
        log.interactions.windows(2).all(|it| it[0].user != it[1].user || it[0].timestamp < it[1].timestamp)
    );
}

#[test]
fn the_seed_alone_decides() {
    let config = SyntheticConfig::small();
    let log = generate("synthetic", &config).unwrap();
    assert_eq!(log, generate("synthetic", &config).unwrap());
    assert_ne!(log, generate("synthetic", &SyntheticConfig { seed: 21, ..config }).unwrap());
}

#[test]
fn the_own_history_tells_more_than_popularity_and_the_recent_one_most() {
    let log = generate("synthetic", &SyntheticConfig::standard()).unwrap();
    let (mut own_better, mut recent_better, mut n_users) = (0.0, 0.0, 0.0);
    for user in 0..log.users.len() {
        let rows: Vec<_> = log.interactions.iter().filter(|row| row.user.index() == user).collect();
        let (past, future) = rows.split_at(rows.len() * 4 / 5);
        let recent = &past[past.len() / 2..];
        own_better += agreement(&log, past, future);
        recent_better += agreement(&log, recent, future) - agreement(&log, &past[..past.len() / 2], future);
        n_users += 1.0;
    }
    assert!(own_better / n_users > 0.2, "mean correlation {}", own_better / n_users);
    assert!(recent_better / n_users > 0.02, "mean gain {}", recent_better / n_users);
}

/// How well the past mean rating of an item's genres predicts its future rating: the mean product of both deviations.
fn agreement(log: &RawLog, past: &[&Interaction], future: &[&Interaction]) -> f64 {
    let mean = past.iter().map(|row| f64::from(row.rating)).sum::<f64>() / past.len() as f64;
    let mut by_genre: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let genres = log.items.attribute("genres").unwrap();
    for row in past {
        for genre in genres.words(row.item.index()) {
            let sums = by_genre.entry(genre).or_default();
            sums.0 += f64::from(row.rating) - mean;
            sums.1 += 1.0;
        }
    }
    let guess = |row: &Interaction| -> f64 {
        let genres = genres.words(row.item.index());
        genres.filter_map(|it| by_genre.get(it)).map(|(sum, n)| sum / (n + 2.0)).sum()
    };
    future.iter().map(|row| guess(row) * (f64::from(row.rating) - mean)).sum::<f64>() / future.len() as f64
}

#[test]
fn settings_that_cannot_be_met_are_named() {
    let message = |config: SyntheticConfig| generate("synthetic", &config).unwrap_err().to_string();
    let small = SyntheticConfig::small;
    assert!(message(SyntheticConfig { n_items: 30, ..small() }).contains("n_items"));
    assert!(
        message(SyntheticConfig { ratings_per_user_mean: 90.0, ..small() }).contains("ratings_per_user_mean")
    );
    assert!(message(SyntheticConfig { drift: f64::NAN, ..small() }).contains("drift"));
    assert!(message(SyntheticConfig { n_genres: 17, ..small() }).contains("n_genres"));
}
