//! What a run with long sessions shows first, and what its agent recommends.

use super::{config, context, source};
use crate::plan::Plan;
use crate::recommend::{Request, Told};
use crate::report;
use crate::run::{Name, Run};
use drr_core::Part;
use drr_data::SessionRow;

/// The whole pipeline of a run with long sessions.
fn with_sessions(context: &crate::run::Context) -> Run<'_> {
    let run = Run::begin(context, config(1), &source(context), Name::Derived("face")).unwrap();
    let plan = Plan::new(&run).unwrap();
    plan.learn().unwrap();
    plan.judge().unwrap();
    run
}

#[test]
fn a_run_with_long_sessions_shows_them_first_and_recommends_by_their_agent() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let run = with_sessions(&context);
    let plan = Plan::new(&run).unwrap();
    shows_them_first(&run, &plan);
    a_document_gets_the_picture(&run, &plan);
    the_session_of_a_held_out_user_is_the_one_that_was_judged(&run, &plan);
    others_get_expected_answers(&run, &plan);
    what_is_no_session_is_refused(&run, &plan);
}

fn shows_them_first(run: &Run<'_>, plan: &Plan<'_>) {
    let markdown = report::run(&plan.page().unwrap()).unwrap();
    let at = |words: &str| markdown.find(words).unwrap_or_else(|| panic!("{words} is not in the report"));
    assert!(at("## The answer") < at("In long sessions (") && at("In long sessions (") < at("The RL agent"));
    assert!(at("The RL agent") < at("One user's session, three ways"));
    assert!(at("One user's session, three ways") < at("## Does RL recommend better under each protocol?"));
    assert!(
        at("## Long sessions: training") < at("total reward of validation users in A, without exploration")
    );
    for curve in ["validation", "session_reward", "policy_loss"] {
        assert!(markdown.contains(&format!("({} against environment steps)", curve.replace('_', " "))));
    }
    let html = std::fs::read_to_string(run.work().path("report.html")).unwrap();
    assert!(html.find("<svg").unwrap() < html.find("<table").unwrap(), "the picture stands above all tables");
    let picture = std::fs::read_to_string(run.work().path("sessions.svg")).unwrap();
    assert!(picture.contains("The RL agent") && picture.contains("session_agent_gamma_0"), "{picture}");
}

fn a_document_gets_the_picture(run: &Run<'_>, plan: &Plan<'_>) {
    let document = run.folder.join("doc.md");
    report::write_into(&plan.page().unwrap(), &document).unwrap();
    let text = std::fs::read_to_string(&document).unwrap();
    assert!(
        text.contains("](doc-sessions.svg)") && text.contains("One user's session, three ways"),
        "{text}"
    );
    let [copy, own] =
        ["doc-sessions.svg", "sessions.svg"].map(|name| std::fs::read(run.folder.join(name)).unwrap());
    assert_eq!(copy, own);
    // A document without a place for the run gets no picture either.
    let other = run.folder.join("other.md");
    std::fs::write(&other, "nothing").unwrap();
    assert!(report::write_into(&plan.page().unwrap(), &other).is_err());
    assert!(!run.folder.join("other-sessions.svg").exists());
}

fn the_session_of_a_held_out_user_is_the_one_that_was_judged(run: &Run<'_>, plan: &Plan<'_>) {
    let rows = crate::judge::sessions::rows(run.work()).unwrap();
    let of_agent = |row: &&SessionRow| row.recommender == "session_agent";
    let user = &rows.iter().find(of_agent).unwrap().user_id;
    let judged: Vec<&SessionRow> = rows.iter().filter(of_agent).filter(|row| &row.user_id == user).collect();
    let bundle = plan.session_bundle(None).unwrap();
    let k = 6;
    let text = bundle.answer(&Request::User(user), k).unwrap().text();
    let ids: Vec<&str> = judged.iter().take(k).map(|row| row.item_id.as_str()).collect();
    assert!(text.contains(&format!("recommended_items_ids: {}\n", ids.join(", "))), "{text}");
    let total: f64 = judged.iter().take(k).map(|row| row.survival * f64::from(row.reward)).sum();
    assert!(text.contains(&format!("in expectation over leaving: {total:.2};")), "{total} is not in {text}");
    assert!(text.contains("judge's simulator (B)") && !text.contains("simulator A"), "{text}");
}

fn others_get_expected_answers(run: &Run<'_>, plan: &Plan<'_>) {
    let bundle = plan.session_bundle(None).unwrap();
    let dataset = &run.dataset;
    let known: Vec<&str> = dataset.items().ids().iter().take(3).map(String::as_str).collect();
    let new = bundle.answer(&Request::New(&Told::ids(&known.join(","))), 5).unwrap().text();
    assert!(new.contains("a new user who liked") && new.contains("simulator A"), "{new}");
    let ids = new.lines().find_map(|line| line.strip_prefix("recommended_items_ids: ")).unwrap();
    let ids: Vec<&str> = ids.split(", ").collect();
    assert_eq!(ids.len(), 5);
    assert!(ids.iter().all(|id| !known.contains(id)), "what is known is not shown: {new}");
    // A user whose rows were fitted on is known by the first ratings, as anybody else.
    let fitted = bundle.models.cut.rows(&[Part::Train]).unwrap().active_users().next().unwrap();
    let text = bundle.answer(&Request::User(dataset.user_id(fitted)), 2).unwrap().text();
    assert!(text.contains("simulator A") && text.contains("history ("), "{text}");
}

fn what_is_no_session_is_refused(run: &Run<'_>, plan: &Plan<'_>) {
    let bundle = plan.session_bundle(None).unwrap();
    let refused = |request: &Request<'_>, k| bundle.answer(request, k).unwrap_err().to_string();
    assert!(refused(&Request::User("nobody"), 3).contains("--history"));
    assert!(refused(&Request::New(&Told::ids(" ,")), 3).contains("at least one id"));
    for k in [0, 31] {
        let error = refused(&Request::User(run.dataset.users().id(0)), k);
        assert!(error.contains(&format!("-k {k}")) && error.contains("1 to 30"), "{error}");
    }
    let twin = plan.session_bundle(Some("session_agent_gamma_0")).unwrap();
    let text = twin.answer(&Request::User(run.dataset.users().id(0)), 2).unwrap().text();
    assert!(
        text.contains("recommender: session_agent_gamma_0 (the agent for long sessions, discount 0)"),
        "{text}"
    );
    let error = plan.session_bundle(Some("ease")).err().unwrap().to_string();
    assert!(error.contains("session_agent or session_agent_gamma_0"), "{error}");
    let policy = run.work().path("sessions/session_agent-seed-1.safetensors");
    let bytes = std::fs::read(&policy).unwrap();
    std::fs::remove_file(&policy).unwrap();
    let error = format!("{:#}", plan.session_bundle(None).err().unwrap());
    assert!(error.contains("no usable agent") && error.contains("`drr pipeline --run face`"), "{error}");
    std::fs::write(&policy, bytes).unwrap();
    assert!(plan.session_bundle(None).is_ok());
}

#[test]
fn a_run_without_long_sessions_has_no_picture_and_says_what_its_configuration_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let mut config = config(1);
    config.sessions = None;
    let run = Run::begin(&context, config, &source(&context), Name::Derived("lists")).unwrap();
    let plan = Plan::new(&run).unwrap();
    let error = plan.session_bundle(None).err().unwrap().to_string();
    assert!(error.contains("[sessions]"), "{error}");
    assert!(plan.page().unwrap().sessions.is_empty());
}
