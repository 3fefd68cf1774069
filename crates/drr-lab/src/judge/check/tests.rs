use super::run;
use crate::failure::{Kind, kind};
use crate::judge::figures::Origin;
use crate::run::Context;
use drr_data::{PerUserRow, SessionRow, write_per_user, write_sessions};
use drr_eval::gate::Golden;
use std::path::{Path, PathBuf};

fn context(folder: &Path) -> Context {
    Context::unwatched(folder)
}

/// A run of `n` users: the agent hits with every second of them plus `lift`, popularity with every second.
fn run_of(folder: &Path, n: u32, lift: f64) -> PathBuf {
    let run = folder.join("runs/made-up");
    std::fs::create_dir_all(&run).unwrap();
    let row = |user: u32, recommender: &str, value| PerUserRow {
        protocol: "first_ratings".to_owned(),
        recommender: recommender.to_owned(),
        user_id: user.to_string(),
        metric: "precision".to_owned(),
        k: 10,
        value,
    };
    let rows: Vec<PerUserRow> = (0..n)
        .flat_map(|user| {
            let half = f64::from(user % 2);
            [row(user, "drr_ave", half + lift), row(user, "popularity", half)]
        })
        .collect();
    write_per_user(&run.join("per_user.parquet"), &rows).unwrap();
    run
}

/// A golden file with one line.
fn golden(folder: &Path, extra: &str) -> PathBuf {
    let path = folder.join("golden.toml");
    let text = format!(
        "format = 1\n[[lines]]\nprotocol = \"first_ratings\"\nrecommender = \"drr_ave\"\nmetric = \"precision\"\nk = 10\n{extra}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// How the check failed, and what it complained of; none where it did not.
fn check(folder: &Path, golden: &Path) -> (Option<Kind>, String) {
    match run(&context(folder), "made-up", golden, false) {
        Ok(()) => (None, String::new()),
        Err(error) => (Some(kind(&error)), format!("{error:#}")),
    }
}

#[test]
fn what_is_as_good_as_before_holds_with_exit_code_0() {
    let folder = tempfile::tempdir().unwrap();
    run_of(folder.path(), 400, 0.1);
    let path = golden(folder.path(), "value = 0.6\ntolerance = 0.0\nmax_regression = 0.1");
    assert_eq!(check(folder.path(), &path).0, None);
}

#[test]
fn what_is_worse_for_sure_has_exit_code_3() {
    let folder = tempfile::tempdir().unwrap();
    run_of(folder.path(), 400, 0.1);
    let path = golden(folder.path(), "value = 0.9\ntolerance = 0.01\nmax_regression = 0.1");
    let (found, message) = check(folder.path(), &path);
    assert_eq!(found, Some(Kind::Regressed));
    assert!(
        message.contains("first_ratings/drr_ave precision@10") && message.contains("--bless"),
        "{message}"
    );
}

#[test]
fn too_few_users_to_tell_have_exit_code_4_and_are_told_the_number_needed() {
    let folder = tempfile::tempdir().unwrap();
    run_of(folder.path(), 40, 0.1);
    let path = golden(folder.path(), "value = 0.6\ntolerance = 0.0\nmax_regression = 0.02");
    let (found, message) = check(folder.path(), &path);
    assert_eq!(found, Some(Kind::TooFewUsers));
    // sd^2 = 40 * .25 / 39, so n = (1.96 / .02)^2 * .2564 = 2462.6.
    assert!(message.contains("2463 users are needed"), "{message}");
}

#[test]
fn a_paired_difference_is_judged_by_few_users_since_their_spread_cancels() {
    let folder = tempfile::tempdir().unwrap();
    run_of(folder.path(), 40, 0.1);
    let against = "against = \"popularity\"\ntolerance = 0.001\nmax_regression = 0.001\n";
    let held = golden(folder.path(), &format!("{against}value = 0.1"));
    assert_eq!(check(folder.path(), &held).0, None);
    let regressed = golden(folder.path(), &format!("{against}value = 0.2"));
    assert_eq!(check(folder.path(), &regressed).0, Some(Kind::Regressed));
}

#[test]
fn an_exact_line_regresses_however_little_it_is_off() {
    let folder = tempfile::tempdir().unwrap();
    run_of(folder.path(), 40, 0.0);
    let exact = "tolerance = 0.1\nmax_regression = 1.0\nexact = true\n";
    let held = golden(folder.path(), &format!("{exact}value = 0.5"));
    assert_eq!(check(folder.path(), &held).0, None);
    let better = golden(folder.path(), &format!("{exact}value = 0.499999"));
    assert_eq!(check(folder.path(), &better).0, Some(Kind::Regressed));
}

#[test]
fn blessing_makes_a_file_and_later_keeps_its_tolerances() {
    let folder = tempfile::tempdir().unwrap();
    run_of(folder.path(), 4000, 0.1);
    let path = folder.path().join("new.toml");
    run(&context(folder.path()), "made-up", &path, true).unwrap();
    let mut made = super::load(&path).unwrap();
    let names: Vec<String> = made.lines.iter().map(drr_eval::gate::GoldenLine::label).collect();
    let own = "first_ratings/drr_ave precision@10";
    assert_eq!(names, [own, "first_ratings/popularity precision@10"], "nothing says who is an agent");
    assert_eq!(check(folder.path(), &path).0, None);

    made.lines[0].tolerance = 0.3;
    std::fs::write(&path, toml::to_string(&made).unwrap()).unwrap();
    run_of(folder.path(), 4000, 0.2);
    run(&context(folder.path()), "made-up", &path, true).unwrap();
    let again = super::load(&path).unwrap();
    assert!((again.lines[0].value - 0.7).abs() < 1e-12 && again.lines[0].tolerance == 0.3);
}

/// Blesses a made-up run of few users as one of `origin`: what is said, and the figures.
fn blessed(path: &Path, origin: Option<&Origin>) -> (String, Golden) {
    let folder = path.parent().unwrap();
    run_of(folder, 40, 0.1);
    let judged = super::Judged::read(&folder.join("runs/made-up")).unwrap();
    (super::bless::run(&judged, origin, path).unwrap(), super::load(path).unwrap())
}

#[test]
fn blessing_with_too_few_users_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    let (text, _) = blessed(&path, None);
    assert!(
        text.contains("users are needed")
            && text.contains("undecided are first_ratings/drr_ave precision@10"),
        "{text}"
    );
    assert_eq!(check(folder.path(), &path).0, Some(Kind::TooFewUsers));
}

#[test]
fn golden_figures_know_their_data_set_and_who_is_an_agent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    let origin = |hash: &str, agent: &str| -> Origin {
        let id = drr_core::LearnerId::new(agent);
        let row =
            serde_json::json!({ "table": "first_ratings", "id": id, "summary": { "recommender": agent } });
        let origin = serde_json::json!({ "dataset_hash": hash, "config_hash": "", "judged": [row] });
        serde_json::from_value(origin).unwrap()
    };
    let tolerances = |golden: &Golden| golden.lines.iter().map(|it| it.tolerance).collect::<Vec<f64>>();
    let (_, made) = blessed(&path, Some(&origin("one", "drr_ave")));
    assert_eq!(tolerances(&made), [0.01, 0.01, 0.005]);
    assert_eq!(made.dataset_hash.as_deref(), Some("one"));
    super::check_data_set(&made, Some(&origin("one", "drr_ave")), &path).unwrap();
    super::check_data_set(&made, None, &path).unwrap();
    let error = super::check_data_set(&made, Some(&origin("two", "drr_ave")), &path).unwrap_err().to_string();
    assert!(error.contains("one") && error.contains("two") && error.contains("--bless"), "{error}");

    let (text, again) = blessed(&path, Some(&origin("two", "drr_ave")));
    assert!(text.contains("hash one") && again.dataset_hash.as_deref() == Some("two"), "{text}");
    std::fs::remove_file(&path).unwrap();
    let (_, other) = blessed(&path, Some(&origin("one", "other")));
    assert_eq!(tolerances(&other), [0.005, 0.005], "drr_ave is no agent of that run");
}

#[test]
fn what_cannot_be_judged_is_an_error_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_of(folder.path(), 4, 0.0);
    let bounds = "value = 0.5\ntolerance = 0.0\nmax_regression = 0.1";
    let unknown = golden(folder.path(), &format!("{bounds}\nagainst = \"nobody\""));
    let (found, message) = check(folder.path(), &unknown);
    assert_eq!(found, Some(Kind::Failed));
    assert!(message.contains("nobody") && message.contains("first_ratings/popularity"), "{message}");
    let (_, message) = check(folder.path(), &golden(folder.path(), "value = 0.5\ntollerance = 0.0"));
    assert!(message.contains("line 8") && message.contains("tollerance"), "{message}");
    let (_, message) =
        check(folder.path(), &golden(folder.path(), "value = nan\ntolerance = 0.0\nmax_regression = 0.1"));
    assert!(message.contains("finite"), "{message}");
    std::fs::write(run.join("per_user.parquet"), "PAR1 damaged").unwrap();
    let (_, message) = check(folder.path(), &golden(folder.path(), bounds));
    assert!(message.contains("evaluate --force"), "{message}");
}

/// Adds long sessions of two steps to a made-up run: the agent has `lift` more a step than the rule.
fn add_sessions(run: &Path, n: u32, lift: f32) {
    let rows: Vec<SessionRow> = (0..n)
        .flat_map(|user| ["session_agent", "greedy_item_mean"].map(|name| (user, name)))
        .flat_map(|(user, name)| [1, 2].map(|step| (user, name, step)))
        .map(|(user, name, step)| SessionRow {
            protocol: "long_session".to_owned(),
            recommender: name.to_owned(),
            seed: 1,
            user_id: user.to_string(),
            step,
            item_id: step.to_string(),
            reward: (user % 3) as f32 + if name == "session_agent" { lift } else { 0.0 },
            survival: if step == 1 { 1.0 } else { 0.5 },
        })
        .collect();
    write_sessions(&run.join("sessions.parquet"), &rows).unwrap();
}

#[test]
fn the_total_reward_of_long_sessions_is_gated_too() {
    let folder = tempfile::tempdir().unwrap();
    let made = run_of(folder.path(), 4000, 0.1);
    add_sessions(&made, 40, 2.0);
    let path = folder.path().join("new.toml");
    run(&context(folder.path()), "made-up", &path, true).unwrap();
    let golden = super::load(&path).unwrap();
    let line = golden.lines.iter().find(|line| line.protocol == "long_session").unwrap();
    assert_eq!((line.k, line.against.as_deref()), (2, Some("greedy_item_mean")));
    assert!((line.value - 3.0).abs() < 1e-6, "1 * 2 + 0.5 * 2, not {}", line.value);
    assert_eq!(check(folder.path(), &path).0, None);
    add_sessions(&made, 40, 1.5);
    assert_eq!(check(folder.path(), &path).0, Some(Kind::Regressed));
}
