//! What holds of every cut, whatever the rows.

use super::{Split, SplitConfig, share_of};
use drr_core::{Interaction, ItemIdx, Part, Protocol, UserIdx};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const N_USERS: usize = 30;

fn logs() -> impl Strategy<Value = Vec<Interaction>> {
    let row = (0..N_USERS as u32, 0_u32..40, 0_i64..20).prop_map(|(user, item, timestamp)| Interaction {
        user: UserIdx(user),
        item: ItemIdx(item),
        rating: 3.0,
        timestamp,
    });
    prop::collection::vec(row, 1..250)
}

fn configs() -> impl Strategy<Value = SplitConfig> {
    (0.05_f64..0.6, 0.0_f64..0.6, any::<u64>()).prop_map(|(test, validation_fraction, seed)| SplitConfig {
        test_fraction_users: test,
        test_fraction_rows: test,
        validation_fraction,
        holdout_fraction_users: test,
        seed,
    })
}

/// The cut, where the rows suffice for one.
fn parts(protocol: Protocol, rows: &[Interaction], config: &SplitConfig) -> Option<Vec<Part>> {
    Split::new("toy", protocol, N_USERS, rows, config).ok().map(|split| split.parts)
}

fn count(parts: &[Part], part: Part) -> usize {
    parts.iter().filter(|it| **it == part).count()
}

/// The parts of each user who has a row.
fn parts_of_users(rows: &[Interaction], parts: &[Part]) -> BTreeMap<UserIdx, BTreeSet<Part>> {
    let mut all: BTreeMap<UserIdx, BTreeSet<Part>> = BTreeMap::new();
    for (row, part) in rows.iter().zip(parts) {
        all.entry(row.user).or_default().insert(*part);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_row_has_one_part_the_summary_counts_them_all_and_the_same_seed_cuts_alike(
        rows in logs(), config in configs(),
    ) {
        for protocol in Protocol::ALL {
            let Ok(split) = Split::new("toy", protocol, N_USERS, &rows, &config) else { continue };
            prop_assert_eq!(split.parts.len(), rows.len());
            let it = split.summary();
            let simulators = it.simulator_a_rows + it.simulator_b_rows;
            let all = it.train_rows + it.validation_rows + it.test_rows + simulators;
            prop_assert_eq!(all, rows.len() as u64);
            prop_assert!(it.train_rows > 0 && it.test_rows > 0);
            prop_assert_eq!(simulators > 0, protocol == Protocol::Online);
            prop_assert_eq!(Split::new("toy", protocol, N_USERS, &rows, &config).ok(), Some(split));
        }
    }

    #[test]
    fn where_users_are_held_out_all_rows_of_a_user_are_in_one_part(rows in logs(), config in configs()) {
        for protocol in [Protocol::FirstRatings, Protocol::Holdout, Protocol::Online] {
            let Some(parts) = parts(protocol, &rows, &config) else { continue };
            prop_assert!(parts_of_users(&rows, &parts).values().all(|of| of.len() == 1));
        }
    }

    #[test]
    fn the_sizes_are_those_documented(config in configs()) {
        // One row of each user, so rows count users too.
        let rows: Vec<Interaction> = (0..N_USERS)
            .map(|user| Interaction { user: UserIdx::from(user), item: ItemIdx(0), rating: 3.0, timestamp: 7 })
            .collect();
        let n_test = share_of(N_USERS, config.test_fraction_users);
        if let Some(parts) = parts(Protocol::Holdout, &rows, &config) {
            prop_assert_eq!(count(&parts, Part::Test), n_test);
            prop_assert_eq!(count(&parts, Part::Validation), n_test.min(N_USERS - n_test));
        }
        if let Some(parts) = parts(Protocol::Rerank, &rows, &config) {
            prop_assert_eq!(count(&parts, Part::Test), n_test);
            let n_validation = share_of(N_USERS - n_test, config.validation_fraction);
            prop_assert_eq!(count(&parts, Part::Validation), n_validation);
        }
        if let Some(parts) = parts(Protocol::Online, &rows, &config) {
            let third = (N_USERS - n_test) / 3;
            prop_assert_eq!(count(&parts, Part::Test), n_test);
            prop_assert_eq!([count(&parts, Part::SimulatorA), count(&parts, Part::SimulatorB)], [third; 2]);
            let n_fitted = N_USERS - n_test - 2 * third;
            prop_assert_eq!(count(&parts, Part::Train), share_of(n_fitted, 1.0 - config.validation_fraction));
        }
        for protocol in [Protocol::FirstRatings, Protocol::Temporal] {
            let Some(parts) = parts(protocol, &rows, &config) else { continue };
            let kept = 1.0 - config.test_fraction_users;
            prop_assert_eq!(count(&parts, Part::Test), N_USERS - share_of(N_USERS, kept));
            let n_train = share_of(N_USERS, kept * (1.0 - config.validation_fraction));
            prop_assert_eq!(count(&parts, Part::Train), n_train);
        }
    }

    #[test]
    fn leave_one_out_leaves_out_the_last_row_of_each_user_with_three_and_no_other(rows in logs()) {
        let Some(parts) = parts(Protocol::LeaveOneOut, &rows, &SplitConfig::default()) else { return Ok(()) };
        for user in (0..N_USERS).map(UserIdx::from) {
            let mut own: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].user == user).collect();
            own.sort_by_key(|at| rows[*at].timestamp);
            let expected = |place: usize| match own.len() - place {
                1 if own.len() > 2 => Part::Test,
                2 if own.len() > 2 => Part::Validation,
                _ => Part::Train,
            };
            for (place, at) in own.iter().enumerate() {
                prop_assert_eq!(parts[*at], expected(place));
            }
        }
    }
}

#[test]
fn below_ten_users_a_tenth_is_nobody_and_that_is_an_error() {
    let row =
        |user: usize| Interaction { user: UserIdx::from(user), item: ItemIdx(0), rating: 3.0, timestamp: 0 };
    let holdout = |n_users: usize| {
        let rows: Vec<Interaction> = (0..n_users).map(row).collect();
        Split::new("toy", Protocol::Holdout, n_users, &rows, &SplitConfig::default())
    };
    let refusal = holdout(9).err().map(|error| error.to_string());
    assert!(refusal.is_some_and(|it| it.contains("no row would be in test")));
    let ten = holdout(10).ok().map(|split| split.summary());
    assert_eq!(ten.map(|it| (it.test_rows, it.validation_rows, it.train_rows)), Some((1, 1, 8)));
}
