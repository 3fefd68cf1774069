//! Leakage is an error.

use crate::{Fixed, log};
use drr_core::{ItemSet, Part, PartSet, RowOrigin};
use drr_eval::{EvalError, EvaluationSet, Provenance, check_origin, evaluate};

fn origin(split: &str, parts: PartSet, rows: &[(u32, u32, f32)]) -> RowOrigin {
    log(4, 4, rows).with_split(split, parts).origin().clone()
}

const TRAIN: [(u32, u32, f32); 2] = [(0, 0, 5.0), (1, 1, 4.0)];

fn set(part: Part, permitted: Vec<RowOrigin>) -> EvaluationSet {
    let held_out = log(4, 4, &[(2, 0, 5.0), (2, 1, 5.0)]);
    EvaluationSet::first_ratings(&held_out, ItemSet::full(4), 4.0, 1, part, permitted)
        .expect("there is a user")
}

fn fitted_on(origin: RowOrigin) -> Fixed {
    Fixed { origin: Some(origin), ..Fixed::new(&[0.0; 4]) }
}

#[test]
fn a_permitted_origin_passes_and_is_noted() {
    let train = origin("abc", PartSet::train(), &TRAIN);
    let set = set(Part::Test, vec![train.clone()]);
    let evaluation = evaluate(&fitted_on(train.clone()), &set, &[1]).unwrap();
    assert_eq!(evaluation.summary.provenance, Provenance::Verified { origin: train });
}

#[test]
fn an_unknown_origin_passes_and_is_marked_as_not_verified() {
    let found = check_origin(&Fixed::new(&[0.0; 4]), &set(Part::Test, vec![])).unwrap();
    assert_eq!(found, Provenance::NotVerified {});
}

#[test]
fn other_rows_another_split_and_other_parts_are_leakage() {
    let train = origin("abc", PartSet::train(), &TRAIN);
    let set = set(Part::Test, vec![train]);
    let one_row_more = [TRAIN[0], TRAIN[1], (2, 1, 5.0)];
    for leaky in [
        origin("abc", PartSet::train(), &one_row_more),
        origin("xyz", PartSet::train(), &TRAIN),
        origin("abc", PartSet::train_and_validation(), &TRAIN),
        origin("", PartSet::default(), &TRAIN),
    ] {
        let refused = evaluate(&fitted_on(leaky), &set, &[1]);
        assert!(matches!(refused, Err(EvalError::Leakage { .. })));
    }
}

#[test]
fn the_judged_part_is_leakage_even_if_it_was_permitted() {
    let both = origin("abc", PartSet::train_and_validation(), &TRAIN);
    let leaky = fitted_on(both.clone());
    assert!(check_origin(&leaky, &set(Part::Test, vec![both.clone()])).is_ok());
    let refused = check_origin(&leaky, &set(Part::Validation, vec![both]));
    assert!(matches!(refused, Err(EvalError::Leakage { part: Part::Validation, .. })));
}

#[test]
fn the_message_names_both_what_was_fitted_and_what_is_permitted() {
    let set = set(Part::Test, vec![origin("abc", PartSet::train(), &TRAIN)]);
    let leaky = fitted_on(origin("xyz", [Part::Train, Part::Test].into_iter().collect(), &TRAIN));
    let message = check_origin(&leaky, &set).unwrap_err().to_string();
    assert!(message.contains("fixed was fitted on 2 train and test rows of xyz"), "{message}");
    assert!(message.contains("permits only 2 train rows of abc"), "{message}");
}
