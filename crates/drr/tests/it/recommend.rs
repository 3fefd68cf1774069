//! Recommendations as people and programs ask for them.

use crate::harness::{House, set, small};
use crate::snapshot::Snapshot;
use serde_json::Value;
use std::fmt::Write as _;

#[test]
fn titles_any_recommender_and_programs_are_served_and_nothing_is_written() {
    let house = House::with_run();
    let snapshot = Snapshot::take(&house.path("data"));
    let found = house.drr("recommend --run same --find amber -k 2").succeeded().stdout;
    assert_eq!(found.lines().count(), 3, "{found}");
    let text = house.drr("recommend --run same --like bridge -k 2 --recommender item_knn").succeeded().stdout;
    for words in [
        "recommender: item_knn (",
        "fitted anew",
        "a new user who liked (1 item;",
        "--like \"bridge\" fits several",
    ] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
    for asked in [
        "--user 200",
        "--like bridge",
        "--policy session --user 200",
        "--find amber",
        "--history 1,2 --recommender ease",
    ] {
        let done = house.drr(&format!("recommend --run same --json -k 2 {asked}"));
        if asked.ends_with("ease") {
            assert_eq!(done.stdout, "", "a failure says nothing to programs");
            done.refused(&["--recommender ease", "random", "item_knn", "drr_ave_gamma_0"]);
            continue;
        }
        let done = done.succeeded();
        let document: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(document["items"].as_array().unwrap().len(), 2, "{asked}: {document}");
        assert_eq!(document["run"]["name"], "same");
    }
    house.drr("recommend --run same --like zzz").refused(&["--like \"zzz\" fits no title", "nearest"]);
    for command in ["recommend --user 1", "report", "check --against x.toml"] {
        house.drr(&format!("{command} --run smae")).refused(&["no run smae", "did you mean --run same?"]);
    }
    assert_eq!(snapshot.differences(), Vec::<std::path::PathBuf>::new());
}

/// A made-up log of plays with ids of all kinds, and of a scale that is none of ratings.
fn plays() -> String {
    let ids = ["\"a,b\"", "\"say \"\"so\"\"\"", "-7", "lied ü", "a", "b"];
    let mut text = "listener,track_id,times,day\n".to_owned();
    for user in 0..60 {
        for nth in 0..14 {
            let track = (user * 5 + nth * (1 + user % 3)) % 30;
            let id = ids.get(track).map_or_else(|| format!("t{track:02}"), |id| (*id).to_owned());
            let _ = writeln!(text, "u{user:02},{id},{},2024-02-{:02}", 1 + (user * nth) % 40, 1 + nth);
        }
    }
    text
}

#[test]
fn ids_of_all_kinds_are_taken_and_values_that_are_no_ratings_are_not_called_stars() {
    let house = House::new();
    house.write("plays.csv", &plays());
    let mut config = small();
    config.remove("sessions");
    set(&mut config, "agent.n_episodes", 64);
    set(&mut config, "evaluation.protocols", vec!["first_ratings"]);
    set(&mut config, "embedding.co_occurrence.or_fewer", true);
    house.write("mine.toml", &config.to_string());
    house
        .drr("pipeline --file plays.csv --value times --signal count --config mine.toml --run mine")
        .succeeded();
    let text = house.drr("recommend --run mine --user u03 -k 3").succeeded().stdout;
    assert!(text.contains("  grade ") && text.contains(" of 1 to 5  "), "{text}");
    for made_up in ["stars", "item ", "[]"] {
        assert!(!text.contains(made_up), "{made_up} is in:\n{text}");
    }
    let ids = |asked: &str| -> Vec<String> {
        let done = house.drr(&format!("recommend --run mine --json -k 1 {asked}")).succeeded();
        let document: Value = serde_json::from_str(&done.stdout).unwrap();
        let known = document["history"].as_array().unwrap();
        known.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("--history a,b"), ["a,b"], "the catalogue has such an id");
    assert_eq!(ids("--history a --history b --history -7"), ["a", "b", "-7"]);
    assert_eq!(ids("--history t07,t08"), ["t07", "t08"]);
    house.write("ids.txt", "say \"so\"\n-7\t3\nlied ü\n");
    assert_eq!(ids("--history-file ids.txt --history a"), ["say \"so\"", "-7", "lied ü", "a"]);
    house.write("ids.txt", "-7\t6\n");
    house.drr("recommend --run mine --history-file ids.txt").refused(&["ids.txt, line 1", "from 1 to 5"]);
    house.drr("recommend --run mine --like lied").refused(&["no titles", "--history"]);
}
