//! The table of recommenders: names, draws and what is fitted.

use drr_baselines::BaselineConfig;
use drr_core::Seeds;

#[test]
fn the_draws_of_a_sweep_are_the_same_as_ever() {
    // Each kind draws twice from a stream of its own: what a recorded sweep has drawn, it must draw again.
    let drawn: Vec<String> = BaselineConfig::KINDS
        .iter()
        .flat_map(|kind| {
            let mut random = Seeds(7).stream(kind);
            [0, 1].map(|_| serde_json::to_string(&BaselineConfig::sample(kind, &mut random)).unwrap())
        })
        .collect();
    assert_eq!(drawn, DRAWN);
}

/// Twice each kind, in the order of the kinds.
const DRAWN: [&str; 28] = [
    "null",
    "null",
    "null",
    "null",
    "null",
    "null",
    r#"{"kind":"recent_popularity","half_life_days":10.5}"#,
    r#"{"kind":"recent_popularity","half_life_days":9.71}"#,
    r#"{"kind":"damped_item_mean","damping":1.34}"#,
    r#"{"kind":"damped_item_mean","damping":1.23}"#,
    r#"{"kind":"item_knn","n_neighbours":24,"shrink":1.24}"#,
    r#"{"kind":"item_knn","shrink":2.39}"#,
    r#"{"kind":"ease","lambda":119.0}"#,
    r#"{"kind":"ease","lambda":28000.0}"#,
    r#"{"kind":"ials","dim":19,"sweeps":15,"alpha":2.65,"l2":286.0}"#,
    r#"{"kind":"ials","dim":54,"sweeps":15,"alpha":4.43,"l2":291.0}"#,
    r#"{"kind":"bpr","dim":42,"epochs":68,"learning_rate":0.0343,"l2":0.00377}"#,
    r#"{"kind":"bpr","dim":78,"epochs":58,"learning_rate":0.0297,"l2":0.00174}"#,
    r#"{"kind":"markov","window":2,"shrink":13.1,"n_latest":1,"decay":0.676}"#,
    r#"{"kind":"markov","window":9,"shrink":1.74,"n_latest":34,"decay":0.828}"#,
    r#"{"kind":"biased_mf","dim":96,"l2":0.0268,"epochs":6}"#,
    r#"{"kind":"biased_mf","dim":20,"l2":0.29,"epochs":6}"#,
    r#"{"kind":"svd_plus_plus","dim":39,"epochs":27,"learning_rate":0.0113,"l2":0.027,"initial_scale":0.1,"fold_in_l2":0.04,"fold_in_prior":5.0}"#,
    r#"{"kind":"svd_plus_plus","dim":10,"epochs":11,"learning_rate":0.00964,"l2":0.0445,"initial_scale":0.1,"fold_in_l2":0.04,"fold_in_prior":5.0}"#,
    r#"{"kind":"lin_ucb","alpha":0.619,"l2":26.1,"prior_ratings":6.87}"#,
    r#"{"kind":"lin_ucb","alpha":0.891,"l2":5.01,"prior_ratings":1.6}"#,
    r#"{"kind":"hlin_ucb","alpha":1.0,"hidden_alpha":0.463,"prior_ratings":2.0,"n_hidden":12}"#,
    r#"{"kind":"hlin_ucb","alpha":0.0143,"hidden_alpha":0.0192,"prior_ratings":2.12,"n_hidden":5}"#,
];
