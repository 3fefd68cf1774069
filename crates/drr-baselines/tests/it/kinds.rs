//! The table of recommenders: names, draws and what is fitted.

use crate::small;
use drr_baselines::{BaselineConfig, BaselineError, Character, FitInputs};
use drr_core::{EmbeddingTable, Seeds};

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
const DRAWN: [&str; 30] = [
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
    r#"{"kind":"item_knn","n_neighbours":24,"shrink":1.35}"#,
    r#"{"kind":"item_knn","shrink":3.4}"#,
    r#"{"kind":"ease","lambda":127.0}"#,
    r#"{"kind":"ease","lambda":273000.0}"#,
    r#"{"kind":"ials","dim":19,"sweeps":15,"alpha":2.65,"l2":286.0}"#,
    r#"{"kind":"ials","dim":54,"sweeps":15,"alpha":4.43,"l2":291.0}"#,
    r#"{"kind":"bpr","dim":42,"epochs":68,"learning_rate":0.0343,"l2":0.00377}"#,
    r#"{"kind":"bpr","dim":78,"epochs":58,"learning_rate":0.0297,"l2":0.00174}"#,
    r#"{"kind":"markov","window":2,"shrink":13.1,"n_latest":1,"decay":0.676}"#,
    r#"{"kind":"markov","window":9,"shrink":1.74,"n_latest":34,"decay":0.828}"#,
    r#"{"kind":"biased_mf","dim":23,"l2":0.0268,"bias_l2":0.129,"epochs":20}"#,
    r#"{"kind":"biased_mf","dim":14,"l2":2.33,"bias_l2":37.3,"fixed_l2":true,"epochs":18}"#,
    r#"{"kind":"pmf","dim":52,"l2":49.3,"fixed_l2":true,"epochs":11}"#,
    r#"{"kind":"pmf","dim":24,"l2":2.85,"fixed_l2":true,"epochs":15}"#,
    r#"{"kind":"svd_plus_plus","dim":39,"epochs":12,"learning_rate":0.0105,"l2":0.027,"initial_scale":0.1,"fold_in_l2":0.04,"fold_in_prior":6.08}"#,
    r#"{"kind":"svd_plus_plus","dim":34,"epochs":17,"learning_rate":0.0101,"l2":0.0373,"initial_scale":0.1,"fold_in_l2":0.04,"fold_in_prior":1.98}"#,
    r#"{"kind":"lin_ucb","alpha":0.619,"l2":26.1,"prior_ratings":6.87}"#,
    r#"{"kind":"lin_ucb","alpha":0.891,"l2":5.01,"prior_ratings":1.6}"#,
    r#"{"kind":"hlin_ucb","alpha":1.0,"hidden_alpha":0.463,"prior_ratings":2.0,"n_hidden":12}"#,
    r#"{"kind":"hlin_ucb","alpha":0.0143,"hidden_alpha":0.0192,"prior_ratings":2.12,"n_hidden":5}"#,
];

/// Every kind with the settings that hold without a search, and its name.
fn defaults() -> impl Iterator<Item = (&'static str, BaselineConfig)> {
    BaselineConfig::KINDS.iter().map(|kind| (*kind, BaselineConfig::default_of(kind).unwrap()))
}

#[test]
fn every_kind_is_written_and_read_under_its_name_and_says_what_it_is_like() {
    for (at, (kind, config)) in defaults().enumerate() {
        assert!(!BaselineConfig::KINDS[..at].contains(&kind), "{kind} stands twice in the table");
        assert_eq!(config.kind_name(), kind);
        let value = serde_json::to_value(&config).unwrap();
        assert_eq!(value["kind"], kind);
        assert_eq!(serde_json::from_value::<BaselineConfig>(value).unwrap(), config);
        let Character { meaning, needs, new_users, new_items } = BaselineConfig::character_of(kind).unwrap();
        assert!([meaning, needs, new_users, new_items].iter().all(|words| !words.is_empty()), "{kind}");
    }
    assert!(BaselineConfig::default_of("nope").is_none() && BaselineConfig::character_of("nope").is_none());
}

#[test]
fn a_kind_cannot_be_fitted_without_item_vectors_exactly_if_it_says_so() {
    let log = small();
    let vectors = EmbeddingTable::new(5, 2, vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.5, 2.0, 0.0, 0.5, 0.5]).unwrap();
    let mut inputs = FitInputs { log: &log, positive: 4.0, rating_scale: (1.0, 5.0), item_vectors: None };
    for (kind, config) in defaults() {
        inputs.item_vectors = None;
        match config.fit(&inputs, Seeds(1)) {
            Ok(fitted) => assert_eq!((fitted.name(), config.needs_item_vectors()), (kind, false)),
            Err(BaselineError::NoItemVectors) => {
                assert!(config.needs_item_vectors(), "{kind}");
                inputs.item_vectors = Some(&vectors);
                assert_eq!(config.fit(&inputs, Seeds(1)).unwrap().name(), kind);
            }
            Err(error) => panic!("{kind}: {error}"),
        }
    }
}

#[test]
fn a_misspelt_setting_is_refused() {
    for (text, field) in [
        (r#"{"kind":"ease","lambada":3.0}"#, "lambada"),
        (r#"{"kind":"random","seed":3}"#, "seed"),
        (r#"{"kind":"item_knn","shrink":1.0,"neighbours":4}"#, "neighbours"),
    ] {
        let error = serde_json::from_str::<BaselineConfig>(text).unwrap_err().to_string();
        assert!(error.contains(&format!("unknown field `{field}`")), "{error}");
    }
}
