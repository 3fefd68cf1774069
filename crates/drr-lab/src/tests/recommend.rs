//! Recommendations: by whom, to whom, and in which form.

use super::{config, context, source};
use crate::plan::Plan;
use crate::recommend::{self, Answer, Request, Source, Told};
use crate::run::{Name, Run};
use drr_baselines::BaselineConfig;
use drr_core::Part;
use drr_data::Protocol;
use serde_json::Value;

fn answer<'a>(plan: &Plan<'a>, request: &Request<'_>, k: usize) -> Answer<'a> {
    plan.bundle(Protocol::FirstRatings, None).unwrap().answer(request, k).unwrap()
}

fn refused(plan: &Plan<'_>, request: &Request<'_>) -> String {
    plan.bundle(Protocol::FirstRatings, None).unwrap().answer(request, 3).unwrap_err().to_string()
}

/// What a run recommends by its own agent.
pub fn answers_old_and_new_users(run: &Run<'_>, plan: &Plan<'_>) {
    an_old_user_is_known_by_the_first_ratings(run, plan);
    a_document_says_the_same(run, plan);
    a_new_user_is_known_by_what_is_named(run, plan);
    a_list_that_is_shorter_than_was_asked_for_says_so(run, plan);
    everybody_of_the_run_recommends(run, plan);
    titles_are_found(run, plan);
}

fn an_old_user_is_known_by_the_first_ratings(run: &Run<'_>, plan: &Plan<'_>) {
    let last = run.dataset.users().ids().last().unwrap();
    let known = answer(plan, &Request::User(last), 3);
    let text = known.text();
    for part in [
        "user_id",
        "rated_items_length",
        "recommender: drr_ave (the agent), of the run test under protocol \"first_ratings\"",
        "known: the first 10 of the user's",
        "under \"first_ratings\" no more are known",
        "history (10 ratings; oldest first: id, title, [genres]):",
        " stars  ",
        "recommended_items_ids",
        "precision",
        "idcg",
        "ndcg",
        "(over the 3 listed items)\nreward: ",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("[]"), "{text}");
    let all_before_the_cut = plan.bundle(Protocol::Temporal, None).unwrap();
    let first = all_before_the_cut.answer(&Request::User(run.dataset.users().id(0)), 3).unwrap();
    let n_known = first.history.len();
    let text = first.text();
    assert!(n_known > 10, "the test needs a user with more");
    let said = format!("history ({n_known} ratings, of which these are the latest 10; ");
    assert!(text.contains(&said) && text.matches(" stars  ").count() == 10, "{text}");
    let latest = run.dataset.item_id(first.history[n_known - 1].item);
    assert!(text.contains(&format!("{latest:>6}")) && text.contains("those before the cut"), "{text}");
    assert!(refused(plan, &Request::User("nobody")).contains("--history or --like"));
}

fn a_document_says_the_same(run: &Run<'_>, plan: &Plan<'_>) {
    let last = run.dataset.users().ids().last().unwrap();
    let known = answer(plan, &Request::User(last), 3);
    let document: Value = serde_json::from_str(&known.json().unwrap()).unwrap();
    assert_eq!(document["format"], 1);
    assert_eq!(document["user"], **last);
    assert_eq!((&document["k"], &document["policy"]), (&3.into(), &"list".into()));
    assert_eq!(document["protocol"], "first_ratings");
    assert_eq!(document["recommender"]["name"], "drr_ave");
    assert_eq!(document["recommender"]["fitted"], "with the run");
    assert_eq!(document["run"]["name"], "test");
    assert_eq!(document["run"]["code"], run.manifest.code);
    assert_eq!(document["run"]["data_set_hash"], run.manifest.dataset_hash);
    assert_eq!(document["history"].as_array().unwrap().len(), 10);
    let items = document["items"].as_array().unwrap();
    for ((rank, item), listed) in (1..).zip(items).zip(&known.items) {
        assert_eq!(item["rank"], rank);
        assert_eq!(item["id"], run.dataset.item_id(listed.item));
        assert_eq!(item["score"].as_f64().unwrap() as f32, listed.score.unwrap());
        assert_eq!(item["title"].as_str(), run.dataset.item_title(listed.item));
        let genres: Vec<&str> = run.dataset.item_categories(listed.item).collect();
        assert_eq!(item["attributes"]["genres"], Value::from(genres));
        assert!(item["attributes"]["year"].is_number());
    }
    assert_eq!(document["figures"]["precision"].as_f64(), known.figures.map(|it| it.precision));
    assert_eq!(document["warnings"], Value::from(known.warnings.clone()));
    let new = answer(plan, &Request::New(&Told::ids(run.dataset.items().id(3))), 2);
    let document: Value = serde_json::from_str(&new.json().unwrap()).unwrap();
    assert!(document["user"].is_null() && document["figures"].is_null(), "{document}");
    assert_eq!(document["history"][0]["id"], run.dataset.items().id(3));
}

fn a_new_user_is_known_by_what_is_named(run: &Run<'_>, plan: &Plan<'_>) {
    let item = Told::ids(run.dataset.items().id(3));
    let temporal = plan.bundle(Protocol::Temporal, None).unwrap();
    let new = temporal.answer(&Request::New(&item), 5).unwrap().text();
    assert!(new.contains(" 5. ") && !new.contains(" 6. "), "{new}");
    assert!(new.contains("a new user who liked (1 item;") && new.contains("known: the one item"), "{new}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rated.txt");
    std::fs::write(&file, format!("{}\t2\n", run.dataset.items().id(3))).unwrap();
    let rated = Told { file: Some(file), ..Told::default() };
    let text = answer(plan, &Request::New(&rated), 5).text();
    assert!(text.contains("a new user who rated") && text.contains("  2 stars  "), "{text}");
    assert!(refused(plan, &Request::New(&Told::ids(" ,"))).contains("at least one id"));
    let absent = plan.bundle(Protocol::Rerank, None).err().unwrap().to_string();
    assert!(absent.contains("rerank") && absent.contains("first_ratings, temporal"), "{absent}");
    assert_eq!(plan.usual_protocol(), Protocol::FirstRatings);
}

fn a_list_that_is_shorter_than_was_asked_for_says_so(run: &Run<'_>, plan: &Plan<'_>) {
    let all: Vec<&str> = run.dataset.items().ids().iter().map(String::as_str).collect();
    let left = |from: usize| {
        let history = Told::ids(&all[from..].join(","));
        answer(plan, &Request::New(&history), 3).text()
    };
    let nothing = left(0);
    assert!(nothing.contains("nothing is left to recommend: the history holds all"), "{nothing}");
    let two = left(2);
    assert!(two.contains("only 2 items were left to recommend"), "{two}");
    assert!(!left(3).contains("left to recommend"));
    let last = run.dataset.users().ids().last().unwrap();
    for k in [99_999, usize::MAX] {
        let long = answer(plan, &Request::User(last), k);
        let (n_listed, figures) = (long.items.len(), long.figures.unwrap());
        assert_eq!((n_listed, figures.n_listed), (all.len() - 10, all.len() - 10));
        let log = run.dataset.full_log().unwrap();
        let user = run.dataset.user(last).unwrap();
        let n_liked = log.of_user(user).split_at(10).1.positives(4.0).count();
        assert_eq!(figures.precision, n_liked as f64 / n_listed as f64, "the whole list has all liked items");
        let text = long.text();
        assert!(text.contains(&format!("over the {n_listed} listed items, not over -k {k}")), "{text}");
    }
}

fn everybody_of_the_run_recommends(run: &Run<'_>, plan: &Plan<'_>) {
    let last = run.dataset.users().ids().last().unwrap();
    let known = Told::ids(run.dataset.items().id(3));
    let figures = plan.figures().unwrap();
    for protocol in run.protocols() {
        let judged = figures.table(protocol.name());
        let names = judged.iter().map(|it| &*it.summary.recommender).filter(|it| *it != "oracle");
        let lists = drr_data::read_lists(&run.work().path("lists.parquet")).unwrap();
        for name in names {
            let bundle = plan.bundle(protocol, Some(name)).unwrap();
            let of_user = bundle.answer(&Request::User(last), 5).unwrap();
            // It is the list that was judged.
            let is_same = |it: &&drr_data::ListRow| {
                it.protocol == protocol.name()
                    && it.recommender == name
                    && it.user_id == *last
                    && it.rank <= 5
            };
            let judged: Vec<&str> = lists.iter().filter(is_same).map(|it| &*it.item_id).collect();
            let listed: Vec<&str> = of_user.items.iter().map(|it| run.dataset.item_id(it.item)).collect();
            assert!(judged.is_empty() || judged == listed, "{name} under {protocol}: {judged:?}, {listed:?}");
            assert!(!judged.is_empty() || protocol != Protocol::FirstRatings, "{name}");
            let fitted = ["random", "popularity", "item_knn"].contains(&name);
            let text = of_user.text();
            assert!(text.contains(&format!("recommender: {name} (")), "{text}");
            assert_eq!(text.contains(&format!("fitted anew: a run does not keep {name}")), fitted, "{text}");
            assert_eq!(bundle.answer(&Request::New(&known), 5).unwrap().items.len(), 5, "{name}");
        }
    }
    let error = plan.bundle(Protocol::FirstRatings, Some("item_kn")).err().unwrap().to_string();
    for words in ["--recommender item_kn", "did you mean item_knn?", "popularity", "drr_ave_gamma_0", "no_rl"]
    {
        assert!(error.contains(words), "{words} is not in {error}");
    }
}

fn titles_are_found(run: &Run<'_>, plan: &Plan<'_>) {
    let source = Source::of(run);
    let title = run.dataset.items().title(7).unwrap().to_uppercase();
    let found = recommend::find(&source, &title, 3, false).unwrap();
    let id = run.dataset.items().id(7);
    assert!(found.lines().nth(1).unwrap().trim_start().starts_with(&format!("{id}  ")), "{found}");
    assert!(found.contains("(id, title, [genres], number of ratings):"), "{found}");
    let document: Value = serde_json::from_str(&recommend::find(&source, &title, 3, true).unwrap()).unwrap();
    assert_eq!((&document["items"][0]["id"], &document["find"]), (&id.into(), &title.as_str().into()));
    assert!(document["items"][0]["n_ratings"].as_u64().unwrap() > 0, "{document}");
    assert!(recommend::find(&source, "zzz", 3, false).unwrap_err().to_string().contains("--find \"zzz\""));
    let liked = Told { like: vec![title], ..Told::default() };
    let new = answer(plan, &Request::New(&liked), 3);
    assert_eq!(run.dataset.item_id(new.history[0].item), id);
    let document: Value = serde_json::from_str(&new.json().unwrap()).unwrap();
    assert_eq!(document["history"][0]["like"], liked.like[0].as_str());
}

#[test]
fn recommenders_of_a_laboratory_are_fitted_with_the_settings_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let mut config = config(1);
    config.sessions = None;
    config.evaluation.protocols = vec![Protocol::Temporal, Protocol::Rerank];
    let least = ["random", "popularity", "ease"];
    config.lab.recommenders = least.iter().map(|it| BaselineConfig::default_of(it).unwrap()).collect();
    let run = Run::begin(&context, config, &source(&context), Name::Derived("lab")).unwrap();
    let plan = Plan::new(&run).unwrap();
    // Nothing is trained yet, and what does without training needs none.
    assert_eq!(plan.usual_protocol(), Protocol::Temporal);
    let ease = plan.bundle(plan.usual_protocol(), Some("ease")).unwrap();
    let text = ease.answer(&Request::User(run.dataset.users().id(0)), 3).unwrap().text();
    assert!(text.contains("recommender: ease (a linear model") && text.contains("fitted anew"), "{text}");
    let error = format!("{:#}", plan.bundle(Protocol::Temporal, None).err().unwrap());
    assert!(error.contains("`drr pipeline --run lab`"), "{error}");
    assert!(plan.bundle(Protocol::Temporal, Some("item_knn")).is_err(), "the run has others");
    what_was_drawn_for_the_test_is_not_known(&run, &plan);
}

fn what_was_drawn_for_the_test_is_not_known(run: &Run<'_>, plan: &Plan<'_>) {
    let bundle = plan.bundle(Protocol::Rerank, Some("popularity")).unwrap();
    let test = run.cut(Protocol::Rerank).part(Part::Test).unwrap();
    let user = test.active_users().next().unwrap();
    let answer = bundle.answer(&Request::User(run.dataset.user_id(user)), 3).unwrap();
    let drawn = test.of_user(user).items;
    assert!(answer.history.iter().all(|it| !drawn.contains(&it.item)), "a test item is known");
    let n_ratings = run.dataset.full_log().unwrap().of_user(user).len();
    assert_eq!(answer.history.len() + drawn.len(), n_ratings);
    assert!(answer.text().contains("those that were not drawn for the test"));
}
