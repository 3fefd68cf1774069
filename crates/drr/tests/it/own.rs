//! A log of one's own, from the file to recommendations; and what is asked back.

use crate::harness::{Draws, House, set, small};
use std::fmt::Write as _;
use std::fs;

/// A made-up log of plays: 80 users of two tastes, 60 tracks, and one user who came by.
fn plays() -> String {
    let mut draws = Draws(7);
    let mut text = "listener;track_id;title;genre;plays;played_at\n".to_owned();
    for user in 0..80 {
        for at in 0..20 {
            let track = (draws.below(30) + 30 * (user % 2) + 3 * at) % 60;
            let (n_plays, day) = (1 + draws.below(40), 1 + draws.below(28));
            let kind = if track < 30 { "folk" } else { "jazz" };
            let _ = writeln!(
                text,
                "u{user:03};0{track:02};\"Song; {track}\";{kind};{n_plays};2023-{:02}-{day:02}T10:00:00Z",
                1 + at % 12
            );
        }
    }
    for track in [5, 6] {
        let _ = writeln!(text, "u999;0{track:02};\"Song; {track}\";folk;3;2023-05-05T10:00:00Z");
    }
    text
}

#[test]
fn a_log_goes_from_a_csv_to_a_report_and_to_recommendations_and_is_read_as_before_the_next_time() {
    let house = House::new();
    house.write("plays.csv", &plays());
    let mut config = small();
    set(&mut config, "agent.n_episodes", 64);
    config.remove("sessions");
    set(&mut config, "evaluation.protocols", vec!["first_ratings"]);
    house.write("mine.toml", &config.to_string());
    let ingested = house.drr("ingest --file plays.csv").succeeded();
    for words in [
        "user  listener: by its name",
        "item  track_id: by its name",
        "value plays: a count by its name",
        "time  played_at: by its name, as ISO 8601",
        "u000, 0",
        "Rows: 1602 read",
        "merged with another of the same user and item",
        "Settings by the data: positive from 4 on",
    ] {
        assert!(ingested.stdout.contains(words), "{words} is missing: {ingested}");
    }
    let layout = fs::read_to_string(house.path("data/own/plays.toml")).unwrap();
    assert!(layout.contains("format = \"layout\"") && layout.contains("separator = \";\""), "{layout}");
    let again = house.drr("ingest --file plays.csv").succeeded();
    assert!(again.stdout.contains("Layout: as in") && again.stderr.contains("already ingested"), "{again}");
    let done = house.drr("pipeline --file plays.csv --config mine.toml").succeeded();
    assert!(done.stdout.contains("drr_ave"), "{done}");
    let listed = house.drr("recommend --run mine --user u001 -k 3").succeeded();
    assert!(listed.stdout.contains("Song; "), "{listed}");
    let report = fs::read_to_string(house.path("data/runs/mine/report.md")).unwrap();
    assert!(report.contains("plays"), "{report}");
}

#[test]
fn an_edited_layout_ingests_again_and_says_what_it_left_out() {
    let house = House::new();
    house.write("plays.csv", &plays());
    house.drr("ingest --file plays.csv").succeeded();
    let place = house.path("data/own/plays.toml");
    let layout = fs::read_to_string(&place).unwrap();
    fs::write(&place, format!("{layout}\n[rules]\nrepeats = \"last\"\ncore = {{ least = 8 }}\n")).unwrap();
    let again = house.drr("ingest --dataset plays").succeeded();
    assert!(again.stdout.contains("too rare (rules.core)"), "{again}");
    fs::write(&place, format!("{layout}\n[rules]\nrepeats = \"refuse\"\n")).unwrap();
    house.drr("ingest --dataset plays").refused(&["repeats the user and item", "rules.repeats"]);
    fs::write(&place, format!("{layout}\n[rules]\nrepeat = \"last\"\n")).unwrap();
    house.drr("ingest --dataset plays").refused(&["repeat", "plays.toml"]);
}

#[test]
fn a_published_log_that_is_brought_says_where_it_is_had_and_is_read_by_its_entry() {
    let house = House::new();
    house.drr("ingest --dataset coat").refused(&[
        "\"coat\" is not fetched",
        "train.ascii",
        "`drr ingest --dataset coat --archive PATH`",
        "coat.csv",
    ]);
    let mut text = "user,item,rating\n".to_owned();
    for at in 0..400 {
        let _ = writeln!(text, "{},{},{}", at % 25, at * 7 % 16, at % 6);
    }
    house.write("mine.csv", &text);
    let given = house.drr("ingest --dataset coat --archive mine.csv").succeeded();
    for words in
        ["Checksum: no registered checksum; the archive's SHA-256 is", "Rows: 400 read", "they have no value"]
    {
        assert!(given.stdout.contains(words), "{words} is missing: {given}");
    }
    assert!(!given.stdout.contains("pinned"), "{given}");
    fs::create_dir_all(house.path("data/raw")).unwrap();
    house.write("data/raw/coat.csv", &text);
    let kept = house.drr("ingest --dataset coat").succeeded();
    assert!(kept.stdout.contains("pinned at the first fetch") && kept.stderr.contains("ingested"), "{kept}");
    house.write("data/raw/coat.csv", &text.replace(",5\n", ",4\n"));
    house.drr("ingest --dataset coat").refused(&["has the SHA-256", "coat.csv.sha256", "delete"]);
    house
        .drr("ingest --file mine.csv --name coat")
        .refused(&["coat is the name of another data set", "--name"]);
}

#[test]
fn what_cannot_be_told_is_asked_back_with_the_words_to_add() {
    let house = House::new();
    let rows: String = (0..400)
        .map(|it| format!("{},{},{:02}/{:02}/2023\n", it % 40, it % 37, 1 + it % 12, 1 + it % 11))
        .collect();
    house.write("sales.csv", &format!("customer,product,day\n{rows}"));
    house.drr("ingest --file sales.csv").refused(&["--time-format \"%d/%m/%Y\""]);
    assert!(!house.path("data/own").exists(), "nothing is written down");
    let told = house.drr("ingest --file sales.csv --time-format %d/%m/%Y").succeeded();
    assert!(told.stdout.contains("events: every row counts as positive"), "{told}");
    let said = |what: &str| told.stdout.matches(what).count() + told.stderr.matches(what).count();
    // Ten rows each are too few to be cut in two; each sentence is said once.
    for what in ["long sessions are left out: events", "the protocol temporal is left out: no user"] {
        assert_eq!(said(what), 1, "{what}: {told}");
    }
    assert_eq!(said("left out:"), 2, "{told}");
    house.drr("ingest --file sales.csv --user buyer").refused(&["no column buyer", "customer, product, day"]);
    let both = house.drr("ingest --file sales.csv --dataset ml-1m");
    assert!(both.code == Some(2) && both.stderr.contains("--dataset"), "{both}");
    let tiny: String = (0..30).map(|it| format!("{},{}\n", it % 10, it % 3)).collect();
    house.write("tiny.csv", &format!("customer,product\n{tiny}"));
    house.drr("ingest --file tiny.csv").refused(&["10 users and 3 items"]);
}

/// The folder that an ingest names on its last line.
fn folder(stdout: &str) -> String {
    let line = stdout.lines().find_map(|it| it.strip_prefix("ingested: "));
    line.and_then(|it| it.rsplit('/').next()).unwrap_or_default().to_owned()
}

#[test]
fn a_log_that_grows_by_files_is_the_log_that_was_there_at_once() {
    let house = House::new();
    let whole = plays();
    let lines: Vec<&str> = whole.lines().collect();
    let (old, new) = lines.split_at(1000);
    house.write("whole.csv", &whole);
    house.write("plays.csv", &(old.join("\n") + "\n"));
    house.write("later.csv", &format!("{}\n{}\n", lines[0], new.join("\n")));
    house
        .drr("ingest --append --file later.csv --name plays")
        .refused(&["no log plays to append to", "drr ingest"]);
    let at_once = house.drr("ingest --file whole.csv").succeeded();
    let first = house.drr("ingest --file plays.csv").succeeded();
    let grown = house.drr("ingest --append --file later.csv --name plays").succeeded();
    assert!(grown.stdout.contains("Appended: ") && grown.stdout.contains("Rows: 1602 read"), "{grown}");
    assert_ne!(folder(&first.stdout), folder(&grown.stdout));
    let file = |name: &str, hash: &str, table: &str| {
        fs::read(house.path(&format!("data/processed/{name}/{hash}/{table}"))).unwrap()
    };
    for table in ["users.parquet", "items.parquet", "interactions.parquet"] {
        let (one, other) =
            (file("whole", &folder(&at_once.stdout), table), file("plays", &folder(&grown.stdout), table));
        assert!(one == other, "{table} differs");
    }
    // What was appended stays, and is not appended twice.
    let again = house.drr("ingest --dataset plays").succeeded();
    assert_eq!(folder(&again.stdout), folder(&grown.stdout));
    house.drr("ingest --append --file later.csv --name plays").refused(&["a part of the log plays already"]);
    house.write("other.csv", "listener;song\nu1;3\n");
    let layout = fs::read_to_string(house.path("data/own/plays.toml")).unwrap();
    house.drr("ingest --append --file other.csv --name plays").refused(&["no column", "track_id"]);
    assert_eq!(fs::read_to_string(house.path("data/own/plays.toml")).unwrap(), layout, "nothing is noted");
}

#[test]
fn rows_that_count_and_a_window_are_said_once_and_kept() {
    let house = House::new();
    let mut text = "visitor,event,item,day\n".to_owned();
    for at in 0..1200 {
        let event = if at % 3 == 0 { "buy" } else { "view" };
        let _ = writeln!(
            text,
            "v{},{event},i{},2023-{:02}-{:02}",
            at % 40,
            (at * 7) % 31,
            1 + at % 12,
            1 + at % 28
        );
    }
    house.write("shop.csv", &text);
    let all = house.drr("ingest --file shop.csv").succeeded();
    assert!(all.stdout.contains("view (67 %), buy (33 %): all count alike; --only event=WORD"), "{all}");
    let some = house
        .drr("ingest --file shop.csv --only event=buy --since 2023-02-01 --until 2023-12-01")
        .succeeded();
    assert!(some.stdout.contains("left out, since they are not asked for"), "{some}");
    let again = house.drr("ingest --file shop.csv").succeeded();
    assert_eq!(folder(&again.stdout), folder(&some.stdout), "the layout has it now");
    house.drr("ingest --file shop.csv --since yesterday").refused(&["rules.since is no moment", "yesterday"]);
    house.drr("ingest --file shop.csv --only event").refused(&["--only is a column and words"]);
    house.drr("ingest --file shop.csv --words up").refused(&["--words is words and numbers"]);
}
