//! The whole pipeline on a handful of synthetic users: what no crate can test alone.

use super::data::{self, Source};
use super::evaluate::{contestants, evaluation_set, load};
use super::experiment::Phase;
use super::jobs::{Job, World};
use super::recommend::{self, Request};
use super::train::note;
use super::{
    Experiment, evaluate, long_term, pretrain, readme, report, sequential, staleness, study, sweep, train,
};
use crate::config::{AgentVariant, ExperimentConfig, SpaceKind};
use crate::context::Context;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use drr_agent::DrrPolicy;
use drr_core::{Part, Seeds};
use drr_data::Protocol;
use drr_env::{LoggedConfig, LoggedEnvironment, RatingScale, Sessions, check_environment};
use drr_eval::{EvalError, check_recommender};
use std::path::Path;
use std::sync::Arc;

fn context(folder: &Path, interrupt: Interrupt) -> Context {
    Context { data_dir: folder.to_owned(), force: false, interrupt, progress: Progress::new() }
}

fn config(seed: u64) -> ExperimentConfig {
    let mut config = ExperimentConfig::load(&Context::configs_dir().join("smoke.toml")).unwrap();
    config.seed = seed;
    config.agent.n_episodes = 160;
    config
}

fn source(context: &Context) -> Source {
    data::named(context, "synthetic", None).unwrap()
}

/// Everything up to the judgement.
fn run(context: &Context, seed: u64) -> Experiment<'_> {
    let experiment = Experiment::begin(context, config(seed), &source(context), "test").unwrap();
    pretrain::run(&experiment).unwrap();
    train::run(&experiment).unwrap();
    evaluate::run(&experiment).unwrap();
    experiment
}

#[test]
fn every_recommender_of_a_run_passes_the_contract_and_the_guard_refuses_one_fitted_on_what_it_is_judged_on() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    let experiment = run(&context, 1);
    for protocol in experiment.protocols() {
        let set = evaluation_set(&experiment, protocol, Part::Test).unwrap();
        let queries: Vec<_> = set.cases.iter().take(20).map(|case| case.query.clone()).collect();
        for contestant in contestants(&experiment, protocol).unwrap() {
            let name = contestant.recommender.name();
            assert_eq!(check_recommender(&*contestant.recommender, &queries).unwrap(), [], "{name}");
        }
        let space = pretrain::own_space(&experiment, protocol, Phase::Final).unwrap();
        let path = experiment.path(Job::main(&experiment, protocol, World::Logged).policy(true));
        let agent = DrrPolicy::load(&path, space).unwrap();
        let validation = evaluation_set(&experiment, protocol, Part::Validation).unwrap();
        let refused = drr_eval::evaluate(&agent, &validation, &[10]);
        assert!(matches!(refused, Err(EvalError::Leakage { .. })), "it was fitted on validation rows");
    }
}

/// The laboratory with all protocols, small.
fn lab(context: &Context) -> Experiment<'_> {
    let mut config = ExperimentConfig::load(&Context::configs_dir().join("smoke-lab.toml")).unwrap();
    config.agent.n_episodes = 160;
    let experiment = Experiment::begin(context, config, &source(context), "lab").unwrap();
    pretrain::run(&experiment).unwrap();
    train::run(&experiment).unwrap();
    sequential::run(&experiment).unwrap();
    evaluate::run(&experiment).unwrap();
    staleness::run(&experiment).unwrap();
    long_term::run(&experiment).unwrap();
    experiment
}

#[test]
fn the_laboratory_judges_everybody_under_every_protocol_and_its_tools_work_on_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    let experiment = lab(&context);
    let metrics = load(&experiment).unwrap();
    assert_eq!(experiment.protocols(), Protocol::ALL);
    for protocol in Protocol::ALL {
        let tables = metrics.tables(protocol);
        assert_eq!(tables.len(), if protocol == Protocol::Online { 2 } else { 1 }, "{protocol}");
        for table in tables {
            let names: Vec<&str> = metrics.table(&table).iter().map(|it| &*it.summary.recommender).collect();
            for name in ["random", "popularity", "ease", "svd_plus_plus", "reward_model", "no_rl", "oracle"] {
                assert!(names.contains(&name), "{name} is not in {table}: {names:?}");
            }
            let best = |name: &str| {
                let judged = metrics.table(&table).into_iter().find(|it| it.summary.recommender == name);
                evaluate::headline(judged.unwrap()).unwrap().2.mean
            };
            assert!(names.iter().all(|name| best(name) <= best("oracle") + 1e-12), "{table}");
        }
    }
    for contestant in contestants(&experiment, Protocol::Online).unwrap() {
        let set = evaluation_set(&experiment, Protocol::Online, Part::Test).unwrap();
        let queries: Vec<_> = set.cases.iter().take(5).map(|case| case.query.clone()).collect();
        let name = contestant.recommender.name();
        assert_eq!(check_recommender(&*contestant.recommender, &queries).unwrap(), [], "{name}");
    }
    let markdown = report::run(&experiment).unwrap();
    for words in [
        "online factors_a",
        "online neighbours_b",
        "sas_rec",
        "hlin_ucb",
        "grows stale",
        "letters",
        "later rewards",
    ] {
        assert!(markdown.contains(words), "{words} is not in the report");
    }
    let user = &experiment.dataset.users()[0].id;
    let case = study::case(&experiment, user, &["drr_ave".to_owned(), "biased_mf".to_owned()], 3).unwrap();
    assert!(case.contains("drr_ave:") && case.contains("| 3 |"), "{case}");
    let request = sweep::Request {
        recommender: "ease",
        protocol: Protocol::Temporal,
        trials: 3,
        budget: 10.0,
        write: None,
    };
    assert!(sweep::run(&experiment, &request).unwrap().contains("3 trials"));
    let ledger = drr_data::read_ledger(&experiment.path(sweep::LEDGER)).unwrap();
    let parts: Vec<&str> = ledger.iter().map(|row| row.part.as_str()).collect();
    assert_eq!(parts, ["validation", "validation", "validation", "test"]);
}

#[test]
fn named_agents_are_trained_judged_and_reported_beside_the_runs_own() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    let mut config = config(1);
    config.training.name = Some("strong".to_owned());
    config.lab.agents = vec![AgentVariant {
        name: "items".to_owned(),
        protocols: vec![Protocol::Seed],
        space: Some(SpaceKind::EaseFactors),
        twins: true,
        changes: "state = \"drr_n\"\ndiscount = 0.5".parse().unwrap(),
    }];
    let experiment = Experiment::begin(&context, config, &source(&context), "named").unwrap();
    pretrain::run(&experiment).unwrap();
    train::run(&experiment).unwrap();
    let metrics = evaluate::run(&experiment).unwrap();
    assert_eq!(metrics.names.agents, ["strong", "items"]);
    assert!(experiment.path("embeddings/seed-final-ease-factors.safetensors").exists());
    let names = |table: &str| -> Vec<String> {
        let learners = metrics.table(table).into_iter().map(|it| it.summary.recommender.clone());
        learners.filter(|name| metrics.names.parse(name).is_some()).collect()
    };
    let untrained = ["items_untrained", "strong_untrained"];
    let trained = ["items_gamma_0", "items", "strong_gamma_0", "strong"];
    assert_eq!(names("seed"), [&untrained[..], &trained].concat());
    assert_eq!(names("temporal"), ["strong_untrained", "strong_gamma_0", "strong"]);
    let markdown = report::run(&experiment).unwrap();
    assert!(markdown.contains("strong is") && markdown.contains("| another agent |"), "{markdown}");
    assert!(markdown.contains("ooking ahead added"), "{markdown}");
    let brief = report::brief(&experiment).unwrap();
    let beside_itself = brief.split("minus untrained").nth(1).expect("another agent stands beside itself");
    let beside_itself = beside_itself.split("Protocol").next().unwrap();
    assert!(beside_itself.contains("\nitems ") && !beside_itself.contains("\nstrong "), "{brief}");
    assert!(brief.contains("report.html") && brief.lines().count() < 60, "{brief}");
}

#[test]
fn figures_of_another_configuration_and_damaged_embeddings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    let experiment = run(&context, 1);
    evaluate::check_folder(&experiment.folder).unwrap();
    let path = experiment.path("embeddings/seed-final-co-occurrence.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let damaged = pretrain::own_space(&experiment, Protocol::Seed, Phase::Final).err().unwrap().to_string();
    assert!(damaged.contains("co-occurrence") && damaged.contains("cargo xtask pipeline"), "{damaged}");

    // The same name with another seed: the figures that lie there are not its own.
    let other = Experiment::begin(&context, config(2), &source(&context), "test").unwrap();
    let stale = load(&other).unwrap_err().to_string();
    assert!(stale.contains("another configuration") && stale.contains("--run"), "{stale}");
    let stale = evaluate::check_folder(&other.folder).err().unwrap().to_string();
    assert!(stale.contains("another configuration"), "{stale}");
}

#[test]
fn the_environment_of_a_run_keeps_its_contract() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    let experiment = Experiment::begin(&context, config(1), &source(&context), "test").unwrap();
    for protocol in experiment.protocols() {
        let log = experiment.log(protocol, Phase::Choose).unwrap();
        let start = experiment.config.environment.start(protocol);
        let mut random = Seeds(1).stream("sessions");
        let sessions = Arc::new(Sessions::new(&log, &start, 4.0, &mut random).unwrap());
        let settings = LoggedConfig {
            horizon: 10,
            history_length: 5,
            reward: experiment.config.environment.reward,
            rating_scale: RatingScale::STARS,
        };
        let catalogue = drr_core::ItemSet::full(log.n_items());
        let mut environment = LoggedEnvironment::new(sessions, settings, catalogue, None).unwrap();
        assert_eq!(check_environment(&mut environment, &mut random).unwrap(), []);
    }
}

#[test]
fn one_seed_gives_one_set_of_metrics_and_another_seed_another() {
    let bytes = |seed| {
        let folder = tempfile::tempdir().unwrap();
        let context = context(folder.path(), Interrupt::default());
        let experiment = run(&context, seed);
        std::fs::read(experiment.path("metrics.json")).unwrap()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn an_interrupted_training_goes_on_and_ends_with_the_same_checkpoint() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let uninterrupted = context(whole.path(), Interrupt::default());
    let whole_run = run(&uninterrupted, 1);
    let expected = note(&whole_run, &Job::main(&whole_run, Protocol::Seed, World::Logged)).unwrap();

    let stopped = context(parts.path(), Interrupt::already_set());
    let experiment = Experiment::begin(&stopped, config(1), &source(&stopped), "test").unwrap();
    let undisturbed = context(parts.path(), Interrupt::default());
    pretrain::run(&Experiment::begin(&undisturbed, config(1), &source(&undisturbed), "test").unwrap())
        .unwrap();
    let error = train::run(&experiment).unwrap_err();
    assert!(error.chain().any(|cause| cause.is::<crate::exit::Interrupted>()), "{error:#}");
    let error = load(&experiment).err().unwrap().to_string();
    assert!(
        error.contains("metrics.json") && error.contains("run evaluate"),
        "nothing was judged yet: {error}"
    );

    let resumed_run = run(&undisturbed, 1);
    let resumed = note(&resumed_run, &Job::main(&resumed_run, Protocol::Seed, World::Logged)).unwrap();
    assert_eq!(resumed.checkpoint, expected.checkpoint);
    assert_eq!(resumed.validations, expected.validations);
}

#[test]
fn judging_learns_first_what_is_not_learned_and_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    let experiment = Experiment::begin(&context, config(1), &source(&context), "test").unwrap();
    super::learn_and_judge(&experiment).unwrap();
    let written = |name: &str| std::fs::metadata(experiment.path(name)).unwrap().modified().unwrap();
    let policy = Job::main(&experiment, Protocol::Seed, World::Logged).policy(true);
    let policy = policy.to_str().unwrap();
    let before = (written(policy), written("metrics.json"));
    let forced = Context { force: true, ..context.clone() };
    super::learn_and_judge(&experiment.reopen(&forced).unwrap()).unwrap();
    assert_eq!(written(policy), before.0, "what was learned is not learned again");
    assert!(written("metrics.json") > before.1, "but it is judged again, as was asked for");
}

#[test]
fn a_run_reports_and_recommends_to_old_and_new_users() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Interrupt::default());
    run(&context, 1);
    let experiment = Experiment::open(&context, "test").unwrap();
    let markdown = report::run(&experiment).unwrap();
    for name in ["random", "popularity", "oracle", "no_rl", "drr_ave_untrained", "drr_ave_gamma_0", "drr_ave"]
    {
        assert!(markdown.contains(&format!("| {name} |")), "{name} is not in the report");
    }
    let html = std::fs::read_to_string(experiment.path("report.html")).unwrap();
    assert!(html.contains("<svg") && !html.contains("<script"));

    let document = folder.path().join("doc.md");
    std::fs::write(&document, "<!-- results:test -->\n<!-- /results:test -->\n").unwrap();
    readme::run(&experiment, &document).unwrap();
    assert!(std::fs::read_to_string(&document).unwrap().contains("| drr_ave |"));

    let last = &experiment.dataset.users().last().unwrap().id;
    let known = recommend::run(&experiment, Protocol::Seed, &Request::User(last), 3).unwrap();
    for part in
        ["user_id", "rated_items_length", "recommended_items_ids", "precision", "idcg", "ndcg", "reward"]
    {
        assert!(known.contains(part), "{part} is not in:\n{known}");
    }
    let item = &experiment.dataset.items()[3].id;
    let new = recommend::run(&experiment, Protocol::Temporal, &Request::History(item), 5).unwrap();
    assert!(new.contains(" 5. ") && !new.contains(" 6. "), "{new}");
    let unknown =
        recommend::run(&experiment, Protocol::Seed, &Request::User("nobody"), 3).unwrap_err().to_string();
    assert!(unknown.contains("nobody") && unknown.contains("--history"), "{unknown}");
    let empty =
        recommend::run(&experiment, Protocol::Seed, &Request::History(" ,"), 3).unwrap_err().to_string();
    assert!(empty.contains("at least one id"), "{empty}");
    let absent =
        recommend::run(&experiment, Protocol::Rerank, &Request::User(last), 3).unwrap_err().to_string();
    assert!(absent.contains("rerank") && absent.contains("seed, temporal"), "{absent}");
    let archive = data::named(&context, "ml-100k", Some(&folder.path().join("none.zip"))).err().unwrap();
    assert!(format!("{archive:#}").contains("--archive") && format!("{archive:#}").contains("none.zip"));
    assert!(Experiment::open(&context, "none").err().unwrap().to_string().contains("cargo xtask pipeline"));
}
