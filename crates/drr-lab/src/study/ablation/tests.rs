//! The table of hand-made cells, and what a second run of the study does again.

use super::cell::Row;
use super::table::{AblationTable, Against, Difference, Line, tables};
use super::{Request, marker};
use crate::config::{AblationConfig, AgentVariant, ExperimentConfig};
use crate::plan::Plan;
use crate::run::Name;
use crate::run::{Context, Run, data};
use drr_core::{Form, LearnerId};
use drr_data::Protocol;
use drr_eval::{Interval, Metric};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

/// Who is behind a name, of the learners `strong` and `drn`.
fn id(name: &str) -> Option<LearnerId> {
    let forms = [Form::Agent, Form::Greedy, Form::Supervised, Form::Untrained];
    let learners = ["strong", "drn"].map(LearnerId::new);
    let mut ids = learners.iter().flat_map(|learner| forms.map(|form| learner.with(form)));
    ids.find(|id| id.to_string() == name)
}

/// A row of 40 users whose values are `mean` and `mean +- 0.1` in turn.
fn row(recommender: &str, seed: u64, mean: f64, coverage: f64) -> Row {
    let values = (0..40).map(|user| Some(mean + [0.1, -0.1][user % 2]));
    Row {
        table: "first_ratings".to_owned(),
        recommender: recommender.to_owned(),
        id: id(recommender),
        seed,
        metric: Metric::Precision,
        k: 10,
        mean,
        values: values.collect(),
        coverage: Some(coverage),
        gini: Some(0.9),
        metrics: BTreeMap::new(),
        rounds: 3,
        updates: 100 * seed,
        seconds: 2.0,
    }
}

fn hand_made() -> AblationTable {
    let mut rows =
        vec![row("random", 1, 0.05, 1.0), row("popularity", 1, 0.20, 0.1), row("ease", 1, 0.39, 0.3)];
    rows.push(row("no_rl", 1, 0.395, 0.3));
    for (seed, mean) in [(1, 0.40), (2, 0.42), (3, 0.44), (4, 0.42)] {
        rows.push(row("strong", seed, mean, 0.2));
        rows.push(row("strong_untrained", seed, 0.395, 0.3));
        // Of the fourth seed there is no twin yet.
        if seed < 4 {
            rows.push(row("strong_gamma_0", seed, mean, 0.2));
            rows.push(row("strong_no_td", seed, mean + 0.02, 0.2));
        }
    }
    rows.extend([
        row("lin_ucb", 1, 0.36, 0.3),
        row("hlin_ucb", 1, 0.35, 0.3),
        row("reward_model", 1, 0.34, 0.3),
    ]);
    rows.push(row("drn", 1, 0.30, 0.05));
    rows.push(row("oracle", 1, 0.9, 0.5));
    tables(&rows, &["strong", "drn"].map(str::to_owned), &["lin_ucb", "hlin_ucb"]).unwrap().remove(0)
}

fn line<'a>(table: &'a AblationTable, name: &str) -> &'a Line {
    table.lines.iter().find(|it| it.recommender == name).unwrap()
}

fn against(line: &Line, against: Against) -> &Difference {
    line.difference(against).unwrap()
}

#[test]
fn a_line_has_the_interquartile_mean_over_its_seeds_and_differences_of_the_means_per_user() {
    let table = hand_made();
    let strong = line(&table, "strong");
    // The middle two of .40, .42, .42, .44.
    assert!((strong.value.mean - 0.42).abs() < 1e-12 && strong.value.low < 0.42 && strong.value.high > 0.42);
    assert_eq!((strong.seeds.as_slice(), strong.updates), (&[1, 2, 3, 4][..], 250.0));
    assert_eq!(table.best_without_rl.as_deref(), Some("no_rl"));
    let best = against(strong, Against::BestWithoutRl);
    assert!((best.interval.mean - 0.025).abs() < 1e-12 && best.verdict() == "better", "{best:?}");
    let other = against(strong, Against::BestOther);
    assert!((other.interval.mean - 0.03).abs() < 1e-12 && other.name == "ease", "{other:?}");
    let bandit = against(strong, Against::Bandit);
    assert!((bandit.interval.mean - 0.06).abs() < 1e-12 && bandit.name == "lin_ucb", "{bandit:?}");
    assert!((against(strong, Against::OneStep).interval.mean - 0.08).abs() < 1e-12);
    // Only the three seeds that both have: .42 of both.
    let greedy = against(strong, Against::Greedy);
    assert!(greedy.interval.mean.abs() < 1e-12 && greedy.verdict() == "not worse", "{greedy:?}");
    let supervised = against(strong, Against::Supervised);
    assert!((supervised.interval.mean + 0.02).abs() < 1e-12 && supervised.verdict() == "worse");
    assert!((against(strong, Against::Random).interval.mean - 0.37).abs() < 1e-12);
    assert!((against(strong, Against::Untrained).interval.mean - 0.025).abs() < 1e-12);
}

#[test]
fn the_best_other_is_named_only_where_the_own_space_is_the_best() {
    let best = |no_rl: &str, mean: f64| {
        let rows = [row("strong", 1, 0.4, 0.2), row("ease", 1, 0.3, 0.2), row(no_rl, 1, mean, 0.2)];
        let table = tables(&rows, &["strong".to_owned()], &[]).unwrap().remove(0);
        (table.best_without_rl.unwrap(), table.best_other)
    };
    assert_eq!(best("no_rl_adaptive", 0.35), ("no_rl_adaptive".to_owned(), Some("ease".to_owned())));
    assert_eq!(best("no_rl", 0.25), ("ease".to_owned(), None));
}

#[test]
fn who_shares_no_seed_with_a_twin_is_not_compared_with_it() {
    let rows = |twins: [u64; 2]| {
        let agents = [1, 2].map(|seed| row("strong", seed, 0.4, 0.2));
        let twins = twins.map(|seed| row("strong_gamma_0", seed, 0.3, 0.2));
        let table = tables(&[agents, twins].concat(), &["strong".to_owned()], &[]).unwrap().remove(0);
        line(&table, "strong").difference(Against::Greedy).is_some()
    };
    assert!(rows([2, 3]) && !rows([3, 4]));
}

#[test]
fn learners_come_first_and_who_covers_less_than_popularity_is_degenerate() {
    let table = hand_made();
    let names: Vec<&str> = table.lines.iter().map(|it| it.recommender.as_str()).collect();
    let expected = ["strong", "strong_gamma_0", "strong_no_td", "strong_untrained", "drn", "oracle", "no_rl"];
    assert_eq!(names[..7], expected);
    assert!(line(&table, "drn").degenerate && !line(&table, "strong").degenerate);
    // Another system has no twins here; one without RL is compared with nobody.
    assert!(line(&table, "drn").differences.iter().all(|it| it.against != Against::Greedy));
    assert!(line(&table, "ease").differences.is_empty() && !line(&table, "ease").learns);
}

#[test]
fn verdicts_follow_the_interval_the_margin_and_the_corrected_probability() {
    let verdict = |low: f64, high: f64, q_value: f64| {
        let interval = Interval { mean: f64::midpoint(low, high), low, high };
        let name = "ease".to_owned();
        Difference { against: Against::BestWithoutRl, name, interval, p_value: q_value, q_value }.verdict()
    };
    assert_eq!(verdict(0.001, 0.02, 0.01), "better");
    assert_eq!(verdict(0.001, 0.02, 0.2), "not worse");
    assert_eq!(verdict(-0.004, 0.02, 0.5), "not worse");
    assert_eq!(verdict(-0.004, -0.001, 0.01), "not worse");
    assert_eq!(verdict(-0.02, -0.001, 0.01), "worse");
    assert_eq!(verdict(-0.02, 0.01, 0.5), "not distinguishable");
}

fn config(scale: f64) -> ExperimentConfig {
    let mut config = ExperimentConfig::preset("smoke").unwrap();
    config.agent.n_episodes = 160;
    config.training.greedy_twin = false;
    config.training.name = Some("strong".to_owned());
    config.lab.agents = vec![AgentVariant {
        name: "wide".to_owned(),
        protocols: Vec::new(),
        space: None,
        twins: true,
        changes: format!("action = {{ scale = {scale:?} }}").parse().unwrap(),
    }];
    config.study.ablation = Some(AblationConfig {
        seeds: vec![42, 43],
        protocols: vec![Protocol::FirstRatings],
        rival_seeds: 1,
        max_updates: 60_000,
        variants: Vec::new(),
    });
    config
}

fn study(folder: &Path, config: ExperimentConfig) -> anyhow::Result<String> {
    let context = Context::unwatched(folder);
    let source = data::named(&context, "synthetic", None).unwrap();
    let experiment = Run::begin(&context, config, &source, Name::Derived("ablation")).unwrap();
    let request = Request { cells_only: false, into: Some(&folder.join("table.md")) };
    Plan::new(&experiment)?.study_ablation(&[], &request)
}

#[test]
fn the_block_of_a_study_says_once_that_it_is_one() {
    assert_eq!(marker("ml-1m"), "ml-1m-ablation");
    assert_eq!(marker("ml-1m-ablation"), "ml-1m-ablation");
}

#[test]
fn a_study_that_goes_on_makes_only_what_is_missing_or_of_other_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let first = study(folder.path(), config(0.5)).unwrap();
    assert!(
        first.contains("| strong | ") && first.contains("| wide | ") && first.contains("| no_rl | "),
        "{first}"
    );
    let document = std::fs::read_to_string(folder.path().join("table.md")).unwrap();
    assert!(document.contains("<!-- results:ablation-ablation -->") && document.contains("| wide |"));

    let ablation = folder.path().join("runs/ablation/ablation");
    let cell = |name: &str| ablation.join("cells").join(format!("first_ratings-{name}.json"));
    let written = |name: &str| std::fs::metadata(cell(name)).unwrap().modified().unwrap();
    let cells = ["strong-seed-42", "strong-seed-43", "wide-seed-42", "wide-seed-43", "without-rl"];
    let before = cells.map(written);
    std::fs::remove_file(cell("strong-seed-43")).unwrap();
    let lines = |text: &str| {
        text.lines().filter(|line| line.starts_with("| ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&study(folder.path(), config(0.5)).unwrap()), lines(&first));
    let after = cells.map(written);
    let changed = |old: [SystemTime; 5], new: [SystemTime; 5]| {
        old.iter().zip(new).map(|(old, new)| *old != new).collect::<Vec<_>>()
    };
    // The missing one is judged again, without being trained again; the others stay as they are.
    assert_eq!(changed(before, after), [false, true, false, false, false]);

    study(folder.path(), config(0.25)).unwrap();
    let last = cells.map(written);
    assert_eq!(
        changed(after, last),
        [false, false, true, true, false],
        "the changed agent alone is trained again"
    );
}

#[test]
fn trainings_that_are_too_long_and_unknown_variants_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut long = config(0.5);
    // 160 sessions in rounds of 16 with 10 steps and 2 updates a step are 200 updates.
    long.study.ablation.as_mut().unwrap().max_updates = 199;
    let error = study(folder.path(), long).unwrap_err().to_string();
    assert!(error.contains("strong") && error.contains("200") && error.contains("199"), "{error}");
    let mut unknown = config(0.5);
    unknown.study.ablation.as_mut().unwrap().variants = vec!["narrow".to_owned()];
    assert!(study(folder.path(), unknown).unwrap_err().to_string().contains("narrow"));
}
