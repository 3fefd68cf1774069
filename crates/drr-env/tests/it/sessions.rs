//! Where sessions start.

use crate::{log, random};
use drr_core::{ContextIdx, EnvironmentError, Interaction, InteractionLog, ItemIdx, Seeds, UserIdx};
use drr_env::{EnvError, SessionStart, Sessions};
use proptest::prelude::*;

fn three_users() -> InteractionLog {
    // User 0 has five ratings, user 1 two, user 2 three.
    let rows: Vec<(u32, u32, f32)> =
        [(0, 5), (1, 2), (2, 3)].iter().flat_map(|(u, n)| (0..*n).map(move |i| (*u, i, 4.0))).collect();
    log(3, 9, &rows)
}

#[test]
fn a_session_starts_after_the_first_ratings_and_short_logs_are_left_out() {
    let sessions =
        Sessions::new(&three_users(), &SessionStart::First { count: 2 }, 4.0, &mut random()).unwrap();
    assert_eq!(sessions.n_contexts(), 2);
    assert_eq!(sessions.user(ContextIdx(1)), UserIdx(2));
    let observed = sessions.observed(ContextIdx(1));
    assert_eq!(observed.iter().map(|it| it.item).collect::<Vec<_>>(), [ItemIdx(0), ItemIdx(1)]);
    assert!(observed[0].timestamp < observed[1].timestamp);
}

#[test]
fn a_log_that_is_too_short_for_every_user_is_an_error() {
    let none = Sessions::new(&three_users(), &SessionStart::First { count: 5 }, 4.0, &mut random());
    assert_eq!(none.unwrap_err(), EnvError::Environment(EnvironmentError::NoUsers));
}

#[test]
fn settings_without_a_meaning_are_refused() {
    for start in [
        SessionStart::RandomCut { per_user: 0, min_observed: 1, min_remaining: 1 },
        SessionStart::RandomCut { per_user: 1, min_observed: 1, min_remaining: 0 },
    ] {
        let refused = Sessions::new(&three_users(), &start, 4.0, &mut random());
        assert!(matches!(refused, Err(EnvError::Setting { .. })));
    }
}

#[test]
fn a_rating_counts_only_after_the_cut() {
    let rows = log(1, 9, &[(0, 4, 1.0), (0, 2, 2.0), (0, 7, 5.0), (0, 4, 3.0), (0, 4, 5.0)]);
    let sessions = Sessions::new(&rows, &SessionStart::First { count: 1 }, 4.0, &mut random()).unwrap();
    let rating = |item| sessions.rating_after_cut(ContextIdx(0), ItemIdx(item));
    assert_eq!([rating(2), rating(7), rating(3), rating(8)], [Some(2.0), Some(5.0), None, None]);
    assert_eq!(rating(4), Some(3.0), "the first rating after the cut counts, not the one before it");
    assert_eq!(sessions.positives_after_cut(ContextIdx(0)), [ItemIdx(7)], "item 4 was not liked at first");
}

#[test]
fn the_hours_until_a_rating_count_from_the_first_rating_after_the_cut() {
    let row = |item, timestamp| Interaction { user: UserIdx(0), item: ItemIdx(item), rating: 4.0, timestamp };
    // Item 4 is rated before the cut and twice after it; the session begins at 3,600 s.
    let rows = [row(4, 0), row(2, 3_600), row(7, 5_400), row(4, 10_800), row(4, 90_000)];
    let rows = InteractionLog::new(1, 9, &rows).unwrap();
    let sessions = Sessions::new(&rows, &SessionStart::First { count: 1 }, 4.0, &mut random()).unwrap();
    let hours = |item| sessions.hours_until_rating(ContextIdx(0), ItemIdx(item));
    assert_eq!([hours(2), hours(7), hours(4), hours(8)], [Some(0.0), Some(0.5), Some(2.0), None]);
}

#[test]
fn the_config_is_read_from_text_and_misspelt_fields_are_refused() {
    let start: SessionStart = toml::from_str("kind = 'first'\ncount = 10").unwrap();
    assert_eq!(start, SessionStart::First { count: 10 });
    let cut = "kind = 'random_cut'\nper_user = 4\nmin_observed = 5\nmin_remaining = 1";
    assert!(toml::from_str::<SessionStart>(cut).is_ok());
    let error = toml::from_str::<SessionStart>("kind = 'first'\ncount = 10\nper_user = 2").unwrap_err();
    assert!(error.to_string().contains("unknown field `per_user`"), "{error}");
}

proptest! {
    #[test]
    fn random_cuts_are_distinct_in_range_and_the_same_for_the_same_seed(
        lengths in prop::collection::vec(0_usize..30, 1..8),
        per_user in 1_usize..6,
        min_observed in 0_usize..8,
        min_remaining in 1_usize..5,
        seed: u64,
    ) {
        let rows: Vec<(u32, u32, f32)> = lengths
            .iter()
            .zip(0_u32..)
            .flat_map(|(length, user)| (0..*length as u32).map(move |item| (user, item, 4.0)))
            .collect();
        let log = log(lengths.len(), 30, &rows);
        let start = SessionStart::RandomCut { per_user, min_observed, min_remaining };
        let make = || Sessions::new(&log, &start, 4.0, &mut Seeds(seed).stream("cuts"));
        let expected: usize =
            lengths.iter().map(|n| (n + 1).saturating_sub(min_observed + min_remaining).min(per_user)).sum();
        let Ok(sessions) = make() else {
            prop_assert_eq!(expected, 0);
            return Ok(());
        };
        prop_assert_eq!(sessions.n_contexts(), expected);
        let contexts: Vec<(UserIdx, usize)> = (0..expected)
            .map(ContextIdx::from)
            .map(|context| (sessions.user(context), sessions.cut(context)))
            .collect();
        prop_assert!(contexts.is_sorted_by(|left, right| left < right));
        for (user, cut) in &contexts {
            prop_assert!(*cut >= min_observed && lengths[user.index()] - cut >= min_remaining);
        }
        let again = make().unwrap();
        for context in (0..expected).map(ContextIdx::from) {
            prop_assert_eq!(sessions.cut(context), again.cut(context));
        }
    }
}
