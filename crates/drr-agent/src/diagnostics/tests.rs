//! The numbers of small rounds, computed by hand.

use super::*;
use drr_core::Metrics;

fn recorded(round: &Round) -> impl Fn(&str) -> Option<f64> {
    let mut sink = Metrics::default();
    round.record(2, 100, &mut sink);
    move |name| sink.records.iter().find(|record| record.1 == name).map(|record| record.2)
}

#[test]
fn means_are_over_steps_sessions_and_coordinates() {
    let mut round = Round::new(2, 0.9);
    assert!(round.is_fresh());
    round.own_outputs(&[1.0, 0.0, 0.5, 0.5]);
    for (session, output, reward) in [(0, [1.0, 0.0], 0.5), (1, [0.5, 0.5], -0.5)] {
        round.decision(session, &output, reward);
        round.step(ItemIdx(3), reward);
    }
    assert!(!round.is_fresh());
    let value = recorded(&round);
    assert_eq!(value("precision"), Some(0.5));
    assert_eq!(value("total_reward"), Some(0.0));
    assert_eq!(value("mean_action"), Some(0.5));
    assert_eq!(value("saturated_share"), Some(0.25));
    assert_eq!(value("policy_saturated_share"), Some(0.25));
    assert_eq!(value("distinct_items"), Some(1.0));
    assert_eq!(value("policy_entropy"), Some(0.0), "one item has no entropy");
    assert_eq!(value("critic_loss"), None, "nothing was updated");
    assert_eq!(value("q_bias"), None, "nothing was predicted");
}

#[test]
fn the_bias_is_the_predicted_value_less_the_discounted_return() {
    let mut round = Round::new(3, 0.5);
    // Returns of 1 + .5 * 1 + .25 * 1 = 1.75 and -1; the third session never began.
    for reward in [1.0, 1.0, 1.0] {
        round.decision(0, &[0.0], reward);
    }
    round.decision(1, &[0.0], -1.0);
    round.predicted(0, 2.0);
    round.predicted(1, -0.5);
    let value = recorded(&round);
    assert_eq!(value("q_bias"), Some(0.5 * ((2.0 - 1.75) + (-0.5 + 1.0))));
    assert_eq!(value("mean_abs_q"), Some(1.25));
}

#[test]
fn entropy_is_in_nats_and_as_a_share_of_its_greatest() {
    let mut round = Round::new(1, 0.9);
    for item in [0, 0, 1, 2] {
        round.step(ItemIdx(item), 0.0);
    }
    // A half and two quarters: ln 2 / 2 + 2 (ln 4 / 4) = 1.5 ln 2, of at most ln 4.
    let value = recorded(&round);
    assert!((value("policy_entropy").unwrap() - 1.5 * 2.0_f64.ln()).abs() < 1e-12);
    assert!((value("policy_entropy_share").unwrap() - 0.75).abs() < 1e-12);
}
