//! The whole pipeline on a handful of synthetic users: what no crate can test alone.

mod asked;
mod attributes;
mod face;
mod recommend;

use crate::config::{AgentVariant, ExperimentConfig, SessionVariant, SessionsConfig, SpaceKind};
use crate::judge::{Bench, contestants, figures, sessions};
use crate::plan::Plan;
use crate::run::Name;
use crate::run::data::{self, Source};
use crate::run::{Context, Phase, Run};
use crate::study::sweep;
use crate::watch::Unwatched;
use crate::{fit, report};
use drr_baselines::BaselineConfig;
use drr_core::{Knowledge, Part, Seeds};
use drr_data::Protocol;
use drr_embed::PmfConfig;
use drr_env::{LoggedConfig, LoggedEnvironment, RatingScale, Sessions, check_environment};
use drr_eval::{EvalError, check_recommender};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn context(folder: &Path) -> Context {
    Context::unwatched(folder)
}

/// The same for somebody who asks to stop at once.
fn impatient(folder: &Path) -> Context {
    Context { watch: Arc::new(Unwatched { stops: true }), ..Context::unwatched(folder) }
}

fn config(seed: u64) -> ExperimentConfig {
    let mut config = ExperimentConfig::preset("smoke").unwrap();
    config.seed = seed;
    config.agent.n_episodes = 160;
    config
}

fn source(context: &Context) -> Source {
    data::named(context, "synthetic", None).unwrap()
}

/// Everything up to the judgement.
fn run(context: &Context, seed: u64) -> Run<'_> {
    let run = Run::begin(context, config(seed), &source(context), Name::Derived("test")).unwrap();
    let plan = Plan::new(&run).unwrap();
    plan.pretrain().unwrap();
    plan.train().unwrap();
    plan.evaluate().unwrap();
    run
}

#[test]
fn every_recommender_of_a_run_passes_the_contract_and_the_guard_refuses_one_fitted_on_what_it_is_judged_on() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let run = run(&context, 1);
    let plan = Plan::new(&run).unwrap();
    for protocol in run.protocols() {
        let bench = plan.bench(protocol);
        let set = bench.cases(Part::Test).unwrap();
        let queries: Vec<_> = set.cases.iter().take(20).map(|case| case.query.clone()).collect();
        for contestant in contestants::all(&bench).unwrap() {
            let name = contestant.recommender.name();
            assert_eq!(check_recommender(&*contestant.recommender, &queries).unwrap(), [], "{name}");
        }
        let agent = plan.main_training(protocol).unwrap().load_policy(true).unwrap();
        let validation = bench.cases(Part::Validation).unwrap();
        let refused = drr_eval::evaluate(&*agent, &validation, &[10]);
        assert!(matches!(refused, Err(EvalError::Leakage { .. })), "it was fitted on validation rows");
    }
}

#[test]
fn long_sessions_are_judged_with_the_same_candidates_and_their_figures_follow_from_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let mut config = config(1);
    let default = |kind: &str| BaselineConfig::default_of(kind).unwrap();
    config.sessions.as_mut().unwrap().rules = vec![default("damped_item_mean"), default("svd_plus_plus")];
    let run = Run::begin(&context, config, &source(&context), Name::Derived("sessions")).unwrap();
    let plan = Plan::new(&run).unwrap();
    plan.learn_sessions().unwrap();
    plan.judge_sessions().unwrap();
    let figures = sessions::read(run.work()).unwrap().unwrap();
    let table = &figures.tables[0];
    let mean = |name: &str| table.line(name).unwrap().total_reward.over_users.mean;
    assert_eq!(mean("session_agent_untrained"), mean("greedy_mf_r"), "it begins as its base");
    assert_ne!(mean("session_agent"), mean("session_agent_untrained"));
    assert_ne!(mean("session_agent"), mean("session_agent_gamma_0"));
    assert_eq!(table.agent().unwrap().recommender, "session_agent");
    assert!(mean("mmr_judge") > mean("greedy_random"));
    let best = table.best_rule().unwrap();
    assert!(!best.is_learnt && best.knowledge == Knowledge::Log, "{best:?}");

    assert_eq!(table.line("greedy_item_mean").unwrap().settings.as_deref(), Some("damping 5.0"));
    let others = ["ease", "item_knn", "svd_plus_plus"];
    let has = |rule: &str| others.iter().filter(|it| table.line(&format!("{rule}_{it}")).is_some()).count();
    assert_eq!((has("greedy"), has("mmr")), (3, 1), "the best of the others is worth an MMR");

    // The search judges its choice as the tables do: here it has no other trial than the settings of the line.
    let ground = sweep::Ground::LongSessions;
    let request =
        sweep::Request { recommender: "damped_item_mean", ground, trials: 1, budget: 10.0, write: None };
    let found = plan.sweep(&request).unwrap();
    assert!(found.contains("[[sessions.rules]]") && found.contains("test users in B"), "{found}");
    let ledger = drr_data::read_ledger(&run.work().path(sweep::LEDGER)).unwrap();
    let parts: Vec<(&str, &str)> = ledger.iter().map(|it| (&*it.protocol, &*it.part)).collect();
    assert_eq!(parts, [("long_session", "validation"), ("long_session", "test")]);
    assert_eq!(ledger[1].value, mean("greedy_item_mean"));
    let refused = plan.sweep(&sweep::Request { recommender: "lin_ucb", ..request }).unwrap_err().to_string();
    assert!(refused.contains("lin_ucb needs item vectors"), "{refused}");

    let rows = drr_data::read_sessions(&run.work().path(sessions::ROWS)).unwrap();
    for line in &table.lines {
        let of_line = || rows.iter().filter(|row| row.recommender == line.recommender);
        let total: f64 = of_line().map(|row| row.survival * f64::from(row.reward)).sum();
        let total = total / figures.n_users as f64;
        let told = line.total_reward.over_users.mean;
        assert!((total - told).abs() < 1e-9, "{}: {total} and {told}", line.recommender);
        // Nobody is shown an item twice.
        let mut shown: Vec<_> = of_line().map(|row| (&row.user_id, &row.item_id)).collect();
        let n_shown = shown.len();
        shown.sort_unstable();
        shown.dedup();
        assert_eq!(shown.len(), n_shown, "{}", line.recommender);
    }
    // What is up to date is not done again, and the agent's settings make the agent anew alone.
    let written = |name: &str| std::fs::metadata(run.work().path(name)).unwrap().modified().unwrap();
    let before = written("sessions.json");
    plan.learn_sessions().unwrap();
    plan.judge_sessions().unwrap();
    assert_eq!(written("sessions.json"), before);
    the_parts_are_written_down(&run, figures.n_users);
    // What is not there is missed.
    std::fs::remove_file(run.work().path(sessions::FILE)).unwrap();
    let missed = sessions::read(run.work()).unwrap_err().to_string();
    assert!(missed.contains("sessions.json"), "{missed}");
}

/// Every user is in one part, and those of the test are as many as were judged.
fn the_parts_are_written_down(run: &Run<'_>, n_judged: usize) {
    let text = std::fs::read_to_string(run.work().path("sessions/parts.json")).unwrap();
    let parts: BTreeMap<String, Vec<String>> = serde_json::from_str(&text).unwrap();
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["a", "b", "r", "test", "validation"]);
    assert_eq!(parts["test"].len(), n_judged);
    let mut all: Vec<&String> = parts.values().flatten().collect();
    let n = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), n), (n, run.dataset.full_log().unwrap().active_users().count()));
}

#[test]
fn long_sessions_in_which_nothing_may_be_shown_are_refused_by_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let mut config = config(1);
    config.sessions.as_mut().unwrap().min_item_ratings = Some(100_000);
    let run = Run::begin(&context, config, &source(&context), Name::Derived("none")).unwrap();
    let refused = format!("{:#}", Plan::new(&run).unwrap().learn_sessions().unwrap_err());
    assert!(refused.contains("100000 ratings") && refused.contains("sessions.min_item_ratings"), "{refused}");
}

/// The laboratory with all protocols, small.
fn lab(context: &Context) -> Run<'_> {
    let mut config = ExperimentConfig::preset("smoke-lab").unwrap();
    config.agent.n_episodes = 160;
    let agent = "hidden = [16]\nn_sessions = 16\nn_steps = 16\nminibatch_size = 64\nn_iterations = 12\nlearning_rate = 0.01\nmultiplier = 0.5";
    config.lab.session_agents = vec![SessionVariant {
        name: "quick".to_owned(),
        model: PmfConfig { dim: 4, epochs: 4, ..SessionsConfig::default().model },
        with_base: false,
        min_item_ratings: 3,
        agent: toml::from_str(agent).unwrap(),
    }];
    let run = Run::begin(context, config, &source(context), Name::Derived("lab")).unwrap();
    let plan = Plan::new(&run).unwrap();
    plan.learn().unwrap();
    plan.judge().unwrap();
    run
}

/// From nothing, an agent for sessions learns something in either simulator, and only there it is trained.
fn a_session_agent_is_trained_online_alone(protocol: Protocol, names: &[&str], best: impl Fn(&str) -> f64) {
    assert_eq!(names.contains(&"quick_in_a"), protocol == Protocol::Online, "{protocol}");
    if protocol != Protocol::Online {
        return;
    }
    for name in ["quick_in_a", "quick_in_b", "quick_gamma_0_in_a", "quick_gamma_0_in_b"] {
        assert_ne!(best(name), best("quick_untrained"), "{name}");
    }
    assert!(best("quick_in_a").max(best("quick_in_b")) > best("quick_untrained"));
}

/// Under "rerank" a user without a liked test item has no NDCG: the file has no row of it, as the documents say.
fn what_is_undefined_has_no_row(run: &Run<'_>, plan: &Plan<'_>) {
    let rows = drr_data::read_per_user(&run.work().path("per_user.parquet")).unwrap();
    assert!(rows.iter().all(|row| row.value.is_finite()));
    let set = plan.bench(Protocol::Rerank).cases(Part::Test).unwrap();
    let n_of = |metric: &str| {
        let is_one = |row: &&drr_data::PerUserRow| {
            (&*row.protocol, &*row.recommender, &*row.metric, row.k) == ("rerank", "random", metric, 10)
        };
        rows.iter().filter(is_one).count()
    };
    let n_defined = set.cases.iter().filter(|case| !case.relevant.is_empty()).count();
    assert_eq!((n_of("precision"), n_of("ndcg")), (set.cases.len(), n_defined));
    let documents = [include_str!("../../../docs/data.md"), include_str!("../../../docs/evaluation.md")];
    assert!(!documents.iter().any(|text| text.contains("NaN in `per_user.parquet`")));
}

#[test]
fn the_laboratory_judges_everybody_under_every_protocol_and_its_tools_work_on_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let run = lab(&context);
    let plan = Plan::new(&run).unwrap();
    let metrics = plan.figures().unwrap();
    assert_eq!(run.protocols(), Protocol::ALL);
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
                figures::headline(judged.unwrap()).unwrap().2.mean
            };
            assert!(names.iter().all(|name| best(name) <= best("oracle") + 1e-12), "{table}");
            a_session_agent_is_trained_online_alone(protocol, &names, best);
        }
    }
    let bench: Bench<'_> = plan.bench(Protocol::Online);
    for contestant in contestants::all(&bench).unwrap() {
        let set = bench.cases(Part::Test).unwrap();
        let queries: Vec<_> = set.cases.iter().take(5).map(|case| case.query.clone()).collect();
        let name = contestant.recommender.name();
        assert_eq!(check_recommender(&*contestant.recommender, &queries).unwrap(), [], "{name}");
    }
    let markdown = report::run(&plan.page().unwrap()).unwrap();
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
    what_is_undefined_has_no_row(&run, &plan);
    let user = run.dataset.users().id(0);
    let case = plan.study_case(user, &["drr_ave".to_owned(), "biased_mf".to_owned()], 3).unwrap();
    assert!(case.contains("drr_ave:") && case.contains("| 3 |"), "{case}");
    let request = sweep::Request {
        recommender: "ease",
        ground: sweep::Ground::Rows(Protocol::Temporal),
        trials: 3,
        budget: 10.0,
        write: None,
    };
    assert!(plan.sweep(&request).unwrap().contains("3 trials"));
    let ledger = drr_data::read_ledger(&run.work().path(sweep::LEDGER)).unwrap();
    let parts: Vec<&str> = ledger.iter().map(|row| row.part.as_str()).collect();
    assert_eq!(parts, ["validation", "validation", "validation", "test"]);
}

#[test]
fn named_agents_are_trained_judged_and_reported_beside_the_runs_own() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let mut config = config(1);
    config.training.name = Some("strong".to_owned());
    config.lab.agents = vec![AgentVariant {
        name: "items".to_owned(),
        protocols: vec![Protocol::FirstRatings],
        space: Some(SpaceKind::EaseFactors),
        twins: true,
        changes: "state = \"drr_n\"\ndiscount = 0.5".parse().unwrap(),
    }];
    let run = Run::begin(&context, config, &source(&context), Name::Derived("named")).unwrap();
    let plan = Plan::new(&run).unwrap();
    plan.pretrain().unwrap();
    plan.train().unwrap();
    plan.evaluate().unwrap();
    let metrics = plan.figures().unwrap();
    assert_eq!(metrics.learners, ["strong", "items"]);
    assert!(run.work().path("embeddings/first_ratings-final-ease-factors.safetensors").exists());
    let names = |table: &str| -> Vec<String> {
        let learners = metrics.table(table).into_iter().filter_map(|it| it.id.as_ref());
        learners.map(ToString::to_string).collect()
    };
    let untrained = ["items_untrained", "strong_untrained"];
    let trained = ["items_gamma_0", "items", "strong_gamma_0", "strong"];
    assert_eq!(names("first_ratings"), [&untrained[..], &trained].concat());
    assert_eq!(names("temporal"), ["strong_untrained", "strong_gamma_0", "strong"]);
    let markdown = report::run(&plan.page().unwrap()).unwrap();
    assert!(markdown.contains("strong is") && markdown.contains("| another agent |"), "{markdown}");
    assert!(markdown.contains("ooking ahead added"), "{markdown}");
    let brief = report::brief(&plan.page().unwrap()).unwrap();
    let beside_itself = brief.split("minus untrained").nth(1).expect("another agent stands beside itself");
    let beside_itself = beside_itself.split("Protocol").next().unwrap();
    assert!(beside_itself.contains("\nitems ") && !beside_itself.contains("\nstrong "), "{brief}");
    assert!(brief.contains("report.html") && brief.lines().count() < 60, "{brief}");
}

#[test]
fn figures_of_another_configuration_and_damaged_embeddings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let run = run(&context, 1);
    let plan = Plan::new(&run).unwrap();
    figures::check_folder(&run.folder, &[]).unwrap();
    let path = run.work().path("embeddings/first_ratings-final-co-occurrence.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let damaged = plan.spaces(Protocol::FirstRatings).own(Phase::Final).err().unwrap().to_string();
    assert!(damaged.contains("co-occurrence") && damaged.contains("drr pipeline"), "{damaged}");

    // The same name with another seed: the figures that lie there are not its own.
    drop(run);
    let refused = Run::begin(&context, config(2), &source(&context), Name::Derived("test")).err().unwrap();
    assert!(refused.to_string().contains("root seed: 1, and not 2"), "{refused}");
    let context = Context { force: true, ..context };
    let other = Run::begin(&context, config(2), &source(&context), Name::Derived("test")).unwrap();
    let stale = Plan::new(&other).unwrap().figures().unwrap_err().to_string();
    assert!(stale.contains("another configuration") && stale.contains("--run"), "{stale}");
    assert!(figures::check_folder(&other.folder, &[]).is_err());
}

#[test]
fn the_environment_of_a_run_keeps_its_contract() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let run = Run::begin(&context, config(1), &source(&context), Name::Derived("test")).unwrap();
    for protocol in run.protocols() {
        let log = run.cut(protocol).log(Phase::Choose).unwrap();
        let start = run.config.environment.start(protocol);
        let mut random = Seeds(1).stream("sessions");
        let sessions = Arc::new(Sessions::new(&log, &start, 4.0, &mut random).unwrap());
        let settings = LoggedConfig {
            horizon: 10,
            history_length: 5,
            reward: run.config.environment.reward,
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
        let context = context(folder.path());
        let run = run(&context, seed);
        std::fs::read(run.work().path("metrics.json")).unwrap()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn an_interrupted_training_goes_on_and_ends_with_the_same_checkpoint() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let uninterrupted = context(whole.path());
    let whole_run = run(&uninterrupted, 1);
    let note_of = |run: &Run<'_>| -> fit::train::JobNote {
        Plan::new(run).unwrap().main_training(Protocol::FirstRatings).unwrap().note().unwrap()
    };
    let expected = note_of(&whole_run);

    let stopped = impatient(parts.path());
    let undisturbed = context(parts.path());
    let begun = Run::begin(&undisturbed, config(1), &source(&undisturbed), Name::Derived("test")).unwrap();
    Plan::new(&begun).unwrap().pretrain().unwrap();
    let run_to_stop = begun.in_context(&stopped);
    let plan = Plan::new(&run_to_stop).unwrap();
    let error = plan.train().unwrap_err();
    assert!(error.chain().any(|cause| cause.is::<crate::failure::Interrupted>()), "{error:#}");
    let unjudged = format!("{:#}", plan.figures().unwrap_err());
    assert!(unjudged.contains("there is no") && unjudged.contains("drr pipeline --run test"), "{unjudged}");
    // Two owners of one run in one process would wait for each other for ever.
    let twice =
        Run::begin(&undisturbed, config(1), &source(&undisturbed), Name::Derived("test")).err().unwrap();
    assert!(twice.to_string().contains("in use by this process"), "{twice}");
    drop(run_to_stop);
    drop(begun);

    let resumed_run = run(&undisturbed, 1);
    let resumed = note_of(&resumed_run);
    assert_eq!(resumed.checkpoint, expected.checkpoint);
    assert_eq!(resumed.validations, expected.validations);
}

#[test]
fn judging_learns_first_what_is_not_learned_and_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let run = Run::begin(&context, config(1), &source(&context), Name::Derived("test")).unwrap();
    let plan = Plan::new(&run).unwrap();
    plan.learn_and_judge().unwrap();
    let written = |name: &str| std::fs::metadata(run.work().path(name)).unwrap().modified().unwrap();
    let policy = plan.main_training(Protocol::FirstRatings).unwrap().job.policy(true);
    let policy = policy.to_str().unwrap();
    let before = (written(policy), written("metrics.json"));
    let forced = Context { force: true, ..context.clone() };
    Plan::new(&run.in_context(&forced)).unwrap().learn_and_judge().unwrap();
    assert_eq!(written(policy), before.0, "what was learned is not learned again");
    assert!(written("metrics.json") > before.1, "but it is judged again, as was asked for");
}

#[test]
fn a_run_reports_and_recommends_to_old_and_new_users() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    run(&context, 1);
    let run = Run::open(&context, "test").unwrap();
    let plan = Plan::new(&run).unwrap();
    let markdown = report::run(&plan.page().unwrap()).unwrap();
    for name in ["random", "popularity", "oracle", "no_rl", "drr_ave_untrained", "drr_ave_gamma_0", "drr_ave"]
    {
        assert!(markdown.contains(&format!("| {name} |")), "{name} is not in the report");
    }
    let html = std::fs::read_to_string(run.work().path("report.html")).unwrap();
    assert!(html.contains("<svg") && !html.contains("<script"));

    let document = folder.path().join("doc.md");
    std::fs::write(&document, "<!-- results:test -->\n<!-- /results:test -->\n").unwrap();
    report::write_into(&plan.page().unwrap(), &document).unwrap();
    assert!(std::fs::read_to_string(&document).unwrap().contains("| drr_ave |"));

    recommend::answers_old_and_new_users(&run, &plan);
    let archive = data::named(&context, "ml-100k", Some(&folder.path().join("none.zip"))).err().unwrap();
    assert!(format!("{archive:#}").contains("--archive") && format!("{archive:#}").contains("none.zip"));
    assert!(Run::open(&context, "none").err().unwrap().to_string().contains("drr pipeline"));
}
