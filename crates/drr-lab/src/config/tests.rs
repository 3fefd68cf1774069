//! Configurations: how they are read, and what is refused.

use super::*;
use crate::presets::PresetFolder;
use drr_env::worlds::Dynamics;

fn shipped() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/configs");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn shipped_named(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/configs").join(name)
}

/// Files of a folder, and a configuration that is read from one of them.
fn with_files(files: &[(&str, &str)], presets: &dyn Presets) -> Result<ExperimentConfig, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    ExperimentConfig::load_with(&folder.path().join(files[0].0), presets)
        .map_err(|error| format!("{error:#}").replace(&format!("{}/", folder.path().display()), ""))
}

fn refused(text: &str) -> String {
    with_files(&[("x.toml", text)], &NoPresets).unwrap_err()
}

#[test]
fn every_shipped_configuration_loads_and_survives_a_round_trip() {
    assert!(shipped().len() >= 4);
    for path in shipped() {
        let config = ExperimentConfig::load(&path).unwrap();
        let text = config.to_toml().unwrap();
        assert!(text.starts_with("format = 1\n") && !text.contains("extends"), "{text}");
        let again = ExperimentConfig::parse(&text, Path::new("config.toml"), &NoPresets).unwrap();
        assert_eq!(config, again, "{}", path.display());
        assert_eq!(toml::from_str::<ExperimentConfig>(&text).unwrap(), config, "{}", path.display());
    }
}

#[test]
fn the_defaults_are_the_shipped_agent_but_for_the_settings_of_its_space_and_long_sessions() {
    let mut shipped = ExperimentConfig::load(&shipped_named("ml-1m.toml")).unwrap();
    assert_eq!(shipped.embedding.continuation_factors.dim, 600);
    shipped.embedding = EmbeddingConfig::default();
    let sessions = shipped.sessions.take().unwrap();
    assert!(sessions.rules.iter().any(|rule| rule.kind_name() == "damped_item_mean"));
    let plain = SessionsConfig { min_item_ratings: None, rules: Vec::new(), ..sessions };
    assert_eq!(plain, SessionsConfig::default());
    assert_eq!(shipped, ExperimentConfig::default());
    assert_eq!(with_files(&[("x.toml", "")], &NoPresets).unwrap(), ExperimentConfig::default());
}

#[test]
fn a_file_extends_another_key_by_key() {
    let base =
        "seed = 7\n[agent]\ntau = 0.5\naction = { scale = 0.3 }\n[embedding.continuation_factors]\ndim = 7";
    let own = "extends = \"base.toml\"\nagent.action.base = \"none\"\nagent.replay.sampling = { kind = \"uniform\" }\n\
               embedding.continuation_factors = false\nevaluation.list_lengths = [10]";
    let config = with_files(&[("x.toml", own), ("base.toml", base)], &NoPresets).unwrap();
    let mut expected = ExperimentConfig { seed: 7, ..ExperimentConfig::default() };
    expected.agent.tau = 0.5;
    expected.agent.action =
        drr_agent::ActionConfig { base: drr_agent::ActionBase::None, scale: 0.3, first_bound: 3e-3 };
    expected.agent.replay.sampling = drr_replay::ReplayKind::Uniform {};
    expected.evaluation.list_lengths = vec![10];
    assert_eq!(config, expected);
}

#[test]
fn a_table_of_a_kind_keeps_what_the_file_does_not_say() {
    let config = with_files(&[("x.toml", "agent.replay.sampling.beta_steps = 5")], &NoPresets).unwrap();
    assert_eq!(config.agent.replay, drr_replay::ReplayConfig::prioritized(1_000_000, 5));
    let rival = "[[lab.rivals]]\nsystem = { kind = \"lird\", slate = 3 }";
    let config = with_files(&[("x.toml", rival)], &NoPresets).unwrap();
    let lird = drr_rivals::RivalConfig::default_of("lird").unwrap();
    assert_eq!(config.lab.rivals[0].schedule, lird.schedule);
    let recommender = "lab.recommenders = [{ kind = \"ials\", dim = 3 }]";
    let config = with_files(&[("x.toml", recommender)], &NoPresets).unwrap();
    let ials = drr_baselines::IalsConfig { dim: 3, ..drr_baselines::IalsConfig::default() };
    assert_eq!(config.lab.recommenders, [drr_baselines::BaselineConfig::Ials(ials)]);
    let model = "lab.reward_model.optimizer.learning_rate = 0.5";
    let config = with_files(&[("x.toml", model)], &NoPresets).unwrap();
    assert_eq!(config.lab.reward_model.unwrap().optimizer.l2, 1e-4);
}

#[test]
fn a_preset_is_found_by_its_name_and_a_file_beside_the_other_comes_first() {
    let presets = PresetFolder(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/configs"));
    let own = ("x.toml", "extends = \"strong.toml\"");
    assert_eq!(with_files(&[own], &presets).unwrap().agent_name(), "strong");
    let beside = ("strong.toml", "training.name = \"other\"");
    assert_eq!(with_files(&[own, beside], &presets).unwrap().agent_name(), "other");
    let of_the_same_name = ("strong.toml", "extends = \"strong.toml\"\nseed = 3");
    let config = with_files(&[of_the_same_name], &presets).unwrap();
    assert_eq!((config.agent_name(), config.seed), ("strong", 3));
    let preset = ExperimentConfig::load_with(Path::new("strong.toml"), &presets).unwrap();
    assert_eq!(preset, ExperimentConfig::load(&shipped_named("strong.toml")).unwrap());
}

#[test]
fn circles_and_missing_files_are_refused_with_the_chain() {
    let a = ("a.toml", "seed = 1\nextends = \"b.toml\"");
    let error = with_files(&[a, ("b.toml", "extends = \"a.toml\"")], &NoPresets).unwrap_err();
    assert!(error.starts_with("b.toml:1: a circle"), "{error}");
    assert!(error.contains("a.toml extends b.toml extends a.toml"), "{error}");
    let error = with_files(&[a], &NoPresets).unwrap_err();
    assert!(error.starts_with("a.toml:2: there is no b.toml to extend (a.toml extends b.toml)"), "{error}");
    let presets = PresetFolder(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/configs"));
    let error = with_files(&[a], &presets).unwrap_err();
    assert!(error.contains("the presets are") && error.contains("strong.toml"), "{error}");
}

#[test]
fn a_misspelt_key_is_named_with_its_line_and_the_one_that_was_meant() {
    for (text, expected) in [
        (
            "seed = 1\n\n[agent]\ndiscuont = 0.5",
            "x.toml:4: unknown key agent.discuont; did you mean agent.discount?",
        ),
        ("sead = 1", "x.toml:1: unknown key sead; did you mean seed?"),
        (
            "[[lab.recommenders]]\nkind = \"ease\"\nlamda = 3.0",
            "x.toml:3: unknown key lab.recommenders[0].lamda; did you mean lab.recommenders[0].lambda?",
        ),
        (
            "[[lab.rivals]]\nsystem = { kind = \"drn\" }\n[[lab.rivals]]\n[lab.rivals.system]\nkind = \"lird\"\nslaet = 3",
            "x.toml:6: unknown key lab.rivals[1].system.slaet; did you mean lab.rivals[1].system.slate?",
        ),
        (
            "[[lab.agents]]\nname = \"a\"\n[lab.agents.changes]\naction = { skale = 1.0 }",
            "x.toml:4: unknown key lab.agents[0].changes.action.skale; did you mean lab.agents[0].changes.action.scale?",
        ),
        ("[agent]\nstate = \"drr_ava\"", "x.toml:2: agent.state cannot be read: unknown variant `drr_ava`"),
        (
            "[agent]\ndiscount = \"a\"",
            "x.toml:2: agent.discount cannot be read: invalid type: string \"a\", expected f64",
        ),
        (
            "[agent.replay.sampling]\nbeta_steps = 1.5",
            "x.toml:2: agent.replay.sampling.beta_steps cannot be read: invalid type: floating point `1.5`, expected u64",
        ),
        (
            "[[lab.recommenders]]\nkind = \"random\"\n[[lab.recommenders]]\nkind = \"ease\"\nlambda = \"a\"",
            "x.toml:5: lab.recommenders[1].lambda cannot be read",
        ),
        (
            "[[lab.recommenders]]\nkind = \"eese\"",
            "x.toml:2: lab.recommenders[0].kind cannot be read: unknown variant `eese`",
        ),
        ("[agent]\nmomentum = 1", "x.toml:2: unknown key agent.momentum; the keys there are state, features"),
        ("[agent\n", "x.toml:1: this is no TOML"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(expected), "{error}\ninstead of\n{expected}");
    }
}

#[test]
fn a_misspelt_key_of_an_extended_file_is_named_where_it_stands() {
    let base = ("base.toml", "[agent]\ntua = 0.5");
    let error = with_files(&[("x.toml", "extends = \"base.toml\""), base], &NoPresets).unwrap_err();
    assert_eq!(error, "base.toml:2: unknown key agent.tua; did you mean agent.tau?");
}

#[test]
fn formats_that_are_not_known_are_refused_with_the_remedy() {
    let error = refused("# new\nformat = 2");
    assert!(
        error.starts_with("x.toml:2: format 2 is of a newer program") && error.contains("update"),
        "{error}"
    );
    assert!(refused("format = 0").contains("write format = 1"));
    assert!(refused("format = \"1\"").contains("write format = 1"));
    assert!(with_files(&[("x.toml", "format = 1")], &NoPresets).is_ok());
}

#[test]
fn older_files_may_say_again_which_ratings_are_positive_but_not_otherwise() {
    let text = "data.positive_rating = 3.5\n[embedding.co_occurrence]\ndim = 7\npositive = 3.5";
    let config = with_files(&[("x.toml", text)], &NoPresets).unwrap();
    assert_eq!((config.embedding.co_occurrence.dim, config.data.positive_rating), (7, 3.5));
    assert!(!config.to_toml().unwrap().contains("positive ="));
    let error = refused("embedding.co_occurrence.positive = 3.5");
    assert!(
        error.starts_with("x.toml:1: embedding.co_occurrence.positive = 3.5, but data.positive_rating = 4.0"),
        "{error}"
    );
}

#[test]
fn a_value_out_of_range_is_refused_with_its_table() {
    let mut config = ExperimentConfig::load(&shipped_named("ml-100k.toml")).unwrap();
    let own = ContinuationFactorsConfig { recency: 0.0, ..ContinuationFactorsConfig::default() };
    config.embedding.continuations.insert(Protocol::Temporal, own);
    let error = format!("{:#}", config.check().unwrap_err());
    assert!(error.contains("[embedding.continuations.temporal]") && error.contains("recency"), "{error}");
    let refused = |change: fn(&mut EmbeddingConfig)| {
        let mut config = ExperimentConfig::load(&shipped_named("ml-100k.toml")).unwrap();
        change(&mut config.embedding);
        format!("{:#}", config.check().unwrap_err())
    };
    let error = refused(|it| it.co_occurrence.shrink = -1.0);
    assert!(error.contains("[embedding.co_occurrence]") && error.contains("shrink"), "{error}");
    let error = refused(|it| it.ease_factors.lambda = 0.0);
    assert!(error.contains("[embedding.ease_factors]") && error.contains("lambda"), "{error}");
    let error = refused(|it| it.rating_damping = f64::NAN);
    assert!(error.contains("[embedding]") && error.contains("rating_damping"), "{error}");
}

#[test]
fn lists_of_10_come_first_where_they_are_judged_and_need_not_be() {
    let with = |lengths: &[usize]| {
        let mut config = ExperimentConfig::default();
        config.evaluation.list_lengths = lengths.to_vec();
        config.check().unwrap();
        config.evaluation.headline()
    };
    assert_eq!([with(&[5, 10, 20]), with(&[3, 5]), with(&[20])], [10, 5, 20]);
}

#[test]
fn what_would_give_a_run_that_cannot_be_read_is_refused() {
    let refused = |change: fn(&mut ExperimentConfig)| {
        let mut config = ExperimentConfig::load(&shipped_named("ml-100k.toml")).unwrap();
        change(&mut config);
        format!("{:#}", config.check().unwrap_err())
    };
    let error = refused(|it| {
        it.evaluation.protocols = vec![Protocol::FirstRatings, Protocol::Temporal, Protocol::FirstRatings];
    });
    assert!(error.contains("\"first_ratings\" twice"), "{error}");
    assert!(refused(|it| it.evaluation.list_lengths = vec![10, 5, 5]).contains("list_lengths"));
    assert!(refused(|it| it.evaluation.list_lengths = vec![0, 10]).contains("list_lengths"));
    assert!(refused(|it| it.evaluation.list_lengths = Vec::new()).contains("list_lengths is empty"));
    assert!(refused(|it| it.environment.history_length = 0).contains("history_length"));
    let error = refused(|it| it.agent.replay.capacity = it.agent.batch_size - 1);
    assert!(error.contains("capacity") && error.contains("batch_size"), "{error}");
}

#[test]
fn a_space_and_its_settings_may_be_the_cuts_own() {
    let mut config = ExperimentConfig::load(&shipped_named("ml-100k.toml")).unwrap();
    assert!(!config.to_toml().unwrap().contains("continuation"), "what nobody set is not written");
    let own = ContinuationFactorsConfig { dim: 7, ..ContinuationFactorsConfig::default() };
    config.embedding.spaces.insert(Protocol::Holdout, SpaceKind::ContinuationFactors);
    config.embedding.continuations.insert(Protocol::Holdout, own);
    let again: ExperimentConfig = toml::from_str(&config.to_toml().unwrap()).unwrap();
    // Sessions are of the cut of "holdout".
    assert_eq!(again.embedding.space_of(Protocol::Episodes), SpaceKind::ContinuationFactors);
    assert_eq!(again.embedding.continuation_of(Protocol::Episodes).dim, 7);
    assert_eq!(again.embedding.continuation_of(Protocol::FirstRatings).dim, 100);
    assert_eq!(again.embedding.space_of(Protocol::FirstRatings), config.embedding.space);
}

#[test]
fn dynamics_may_be_given_by_name_and_a_model_keeps_what_the_file_does_not_say() {
    let text = "[sessions]\ndynamics = \"boredom\"\n[[lab.session_agents]]\nname = \"quick\"\nmodel.dim = 5\n\
                [[study.long_session.worlds]]\nname = \"bare\"\ndynamics = \"plain\"";
    let config = with_files(&[("x.toml", text)], &NoPresets).unwrap();
    assert_eq!(config.sessions.unwrap().dynamics, Dynamics::boredom());
    assert_eq!(config.study.long_session.worlds[0].dynamics, Dynamics::plain(10));
    let model = SessionsConfig::default().model;
    assert_eq!(config.lab.session_agents[0].model, PmfConfig { dim: 5, ..model });
    let unknown = refused("[sessions]\ndynamics = \"bordom\"");
    assert!(unknown.contains("bordom") && unknown.contains("growing_taste"), "{unknown}");
}

#[test]
fn settings_of_long_sessions_out_of_range_are_refused_by_key_and_value() {
    for (text, expected) in [
        ("[sessions]\ntwin_iterations = 0", "sessions.twin_iterations = 0 must be at least 1"),
        ("[sessions]\nn_clusters = 1", "sessions.n_clusters = 1 must be at least 2"),
        ("[sessions]\nagent.discount = 0.0", "sessions.agent.discount = 0 must be above 0"),
        ("[sessions]\ndynamics.horizon = 100000000", "horizon = 100000000"),
        ("[sessions]\n[[sessions.rules]]\nkind = \"ease\"\nlambda = -1.0", "in sessions.rules, ease"),
        ("[[lab.tuned.online]]\nkind = \"ease\"\nlambda = -1.0", "in lab.tuned.online, ease"),
        ("[[lab.recommenders]]\nkind = \"biased_mf\"\ndim = 0", "in lab.recommenders, biased_mf"),
        ("study.long_session.discounts = [0.5, 0.5]", "study.long_session.discounts = [0.5, 0.5]"),
        ("study.long_session.discounts = [0.0]", "must be above 0"),
        ("study.long_session.seeds = [1, 1]", "study.long_session.seeds = [1, 1]"),
        ("study.long_session.rollout_users = 0", "study.long_session.rollout_users = 0"),
    ] {
        let error = refused(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}
