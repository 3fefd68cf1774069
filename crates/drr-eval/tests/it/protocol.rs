//! Who is asked what, and what counts as right.

use crate::{items, log};
use drr_core::{ItemIdx, ItemSet, Part, UserIdx};
use drr_eval::{EvalError, EvaluationSet};

#[test]
fn seed_shows_the_first_ratings_and_judges_on_the_rest() {
    // User 0 is no held-out user: the log holds none of its rows. User 2 has nothing after the first two ratings.
    let rows = [
        (1, 4, 1.0),
        (1, 0, 5.0),
        (1, 3, 4.0),
        (1, 2, 3.0),
        (1, 1, 5.0),
        (1, 4, 5.0),
        (2, 0, 4.0),
        (2, 1, 4.0),
    ];
    let set = EvaluationSet::first_ratings(&log(3, 6, &rows), ItemSet::full(6), 4.0, 2, Part::Test, vec![])
        .unwrap();
    assert_eq!(set.cases.len(), 2, "a held-out user without relevant items counts");
    let case = &set.cases[0];
    assert_eq!(case.query.user, UserIdx(1));
    assert_eq!(case.query.history.iter().map(|it| it.rating).collect::<Vec<_>>(), [1.0, 5.0]);
    assert_eq!(case.query.allowed.iter().collect::<Vec<_>>(), items(&[1, 2, 3, 5]));
    assert_eq!(case.relevant, items(&[1, 3]), "item 4 is in the history and cannot be relevant");
    assert_eq!([1, 2, 4, 5].map(|item| case.rating(ItemIdx(item))), [Some(5.0), Some(3.0), None, None]);
    assert!(set.cases[1].relevant.is_empty());
}

#[test]
fn seed_keeps_to_the_catalogue() {
    let rows = [(0, 0, 5.0), (0, 1, 5.0), (0, 2, 5.0)];
    let catalogue = ItemSet::from_items(3, items(&[0, 2]));
    let set = EvaluationSet::first_ratings(&log(1, 3, &rows), catalogue, 4.0, 1, Part::Test, vec![]).unwrap();
    assert_eq!(set.cases[0].relevant, items(&[2]));
}

#[test]
fn temporal_judges_warm_users_on_items_of_the_past() {
    let past = log(4, 6, &[(0, 0, 2.0), (0, 1, 5.0), (1, 2, 4.0), (2, 3, 4.0)]);
    // User 1 likes only what is new to all, user 2 likes nothing, user 3 was not there before.
    let future = log(
        4,
        6,
        &[(0, 2, 5.0), (0, 3, 3.0), (0, 1, 5.0), (0, 5, 5.0), (1, 5, 5.0), (2, 0, 3.0), (3, 0, 5.0)],
    );
    let set = EvaluationSet::temporal(&past, &future, 4.0, Part::Validation, vec![]).unwrap();
    assert_eq!(set.catalogue.iter().collect::<Vec<_>>(), items(&[0, 1, 2, 3]));
    assert_eq!(set.cases.len(), 1);
    let case = &set.cases[0];
    assert_eq!((case.query.user, &case.relevant), (UserIdx(0), &items(&[2])));
    assert_eq!(case.query.allowed.iter().collect::<Vec<_>>(), items(&[2, 3]));
    assert_eq!(case.query.history.len(), 2);
}

#[test]
fn a_protocol_without_users_is_an_error() {
    let (none, some) = (log(2, 3, &[]), log(2, 3, &[(0, 0, 5.0)]));
    let seed = EvaluationSet::first_ratings(&none, ItemSet::full(3), 4.0, 2, Part::Test, vec![]);
    assert!(matches!(seed, Err(EvalError::NoCases { protocol: "first_ratings" })));
    let nothing_later = EvaluationSet::first_ratings(&some, ItemSet::full(3), 4.0, 2, Part::Test, vec![]);
    assert!(
        matches!(nothing_later, Err(EvalError::NoCases { protocol: "first_ratings" })),
        "all is observed"
    );
    let temporal = EvaluationSet::temporal(&some, &none, 4.0, Part::Test, vec![]);
    assert!(matches!(temporal, Err(EvalError::NoCases { protocol: "temporal" })));
    let other = EvaluationSet::first_ratings(&some, ItemSet::full(4), 4.0, 2, Part::Test, vec![]);
    assert!(matches!(other, Err(EvalError::Catalogue { left: 3, right: 4 })));
}
