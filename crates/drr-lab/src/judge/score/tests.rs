mod leaks;

use super::{Request, Scored, Unknown, named_lists, score};
use crate::config::ExperimentConfig;
use crate::failure;
use crate::judge::Bench;
use crate::plan::Plan;
use crate::run::Name;
use crate::run::{Context, Phase, Run, data};
use crate::watch::Unwatched;
use drr_baselines::Popularity;
use drr_core::{Part, Protocol};
use drr_data::{ListRow, write_lists};
use drr_eval::{Provenance, evaluate};
use std::collections::BTreeMap;
use std::path::Path;

fn with_plan(work: impl FnOnce(&Plan<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::unwatched(folder.path());
    let config = ExperimentConfig::preset("smoke").unwrap();
    let source = data::named(&context, "synthetic", None).unwrap();
    let run = Run::begin(&context, config, &source, Name::Derived("test")).unwrap();
    work(&Plan::new(&run).unwrap());
}

fn with_bench(work: impl FnOnce(&Bench<'_>)) {
    with_plan(|plan| work(&plan.bench(Protocol::FirstRatings)));
}

/// The lists of popularity as a run writes them.
fn popular(bench: &Bench<'_>) -> Vec<ListRow> {
    let set = bench.cases(Part::Test).unwrap();
    let log = bench.cut.log(Phase::Final).unwrap();
    let judged = evaluate(&Popularity::fit(&log, 4.0), &set, &[10]).unwrap();
    let mut rows = Vec::new();
    for (user, list) in judged.users.iter().zip(&judged.lists) {
        rows.extend((1..).zip(list).map(|(rank, scored)| ListRow {
            protocol: bench.cut.protocol.to_string(),
            recommender: "popularity".to_owned(),
            user_id: bench.cut.dataset.user_id(*user).to_owned(),
            rank,
            item_id: bench.cut.dataset.item_id(scored.item).to_owned(),
            score: -(rank as f32),
        }));
    }
    rows
}

fn judged(bench: &Bench<'_>, lists: &Path, unknown: Unknown) -> anyhow::Result<Scored> {
    score(bench, &Request { lists, protocol: Protocol::FirstRatings, name: None, unknown })
}

fn csv(rows: &[ListRow]) -> String {
    rows.iter()
        .map(|row| format!("{},{},{}\n", row.user_id, row.item_id, row.score))
        .fold("user,item,score\n".to_owned(), |text, line| text + &line)
}

#[test]
fn lists_that_a_recommender_wrote_get_exactly_its_figures() {
    with_bench(|bench| {
        let rows = popular(bench);
        let (parquet, text) = (bench.work.path("lists.parquet"), bench.work.path("mine.csv"));
        write_lists(&parquet, &rows).unwrap();
        std::fs::write(&text, csv(&rows)).unwrap();
        for path in [&parquet, &text] {
            let scored = judged(bench, path, Unknown::Refuse).unwrap();
            let (lists, popularity) = (&scored.evaluations[0], &scored.evaluations[1]);
            assert_eq!(lists.per_user, popularity.per_user);
            assert_eq!(lists.summary.metrics, popularity.summary.metrics);
            assert_eq!(lists.summary.diversity, popularity.summary.diversity);
            assert_eq!(lists.summary.provenance, Provenance::NotVerified {});
            assert_eq!(scored.counts, super::ListCounts::default());
            assert_eq!((scored.difference.1.low, scored.difference.1.high), (0.0, 0.0));
        }
    });
}

#[test]
fn an_unknown_id_is_refused_with_its_line_or_left_out_and_counted() {
    with_bench(|bench| {
        let path = bench.work.path("mine.csv");
        let text = csv(&popular(bench)) + "nobody,1,0\n";
        let n_lines = text.lines().count();
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", judged(bench, &path, Unknown::Refuse).unwrap_err());
        assert!(
            error.contains(&format!("mine.csv, line {n_lines}")) && error.contains("--unknown drop"),
            "{error}"
        );
        let counts = judged(bench, &path, Unknown::Drop).unwrap().counts;
        assert_eq!(counts.unknown, 1);
        assert!(counts.warnings().iter().any(|it| it.contains("no user nobody")), "{counts:?}");
        std::fs::write(&path, "user,item,rank\nnobody,nothing,1\n").unwrap();
        let error = judged(bench, &path, Unknown::Drop).unwrap_err().to_string();
        assert!(error.contains("original ids") && !error.contains("--unknown"), "{error}");
    });
}

#[test]
fn what_is_not_allowed_or_missing_is_counted_and_does_not_help() {
    with_bench(|bench| {
        let set = bench.cases(Part::Test).unwrap();
        let case = &set.cases[0];
        let user = bench.cut.dataset.user_id(case.query.user);
        let item = |at| bench.cut.dataset.item_id(at);
        let (seen, new) = (item(case.query.history[0].item), item(case.query.allowed.iter().next().unwrap()));
        let path = bench.work.path("mine.tsv");
        std::fs::write(&path, format!("rank\tuser_id\titem_id\n2\t{user}\t{new}\n1\t{user}\t{seen}\n"))
            .unwrap();
        let scored = judged(bench, &path, Unknown::Refuse).unwrap();
        let counts = scored.counts;
        assert_eq!((counts.not_allowed, counts.without_list), (1, set.cases.len() - 1));
        assert_eq!(scored.evaluations[0].lists[0].len(), 1);
    });
}

#[test]
fn longer_lists_are_cut_and_equal_scores_keep_the_order_of_the_file() {
    with_bench(|bench| {
        let set = bench.cases(Part::Test).unwrap();
        let case = &set.cases[0];
        let user = bench.cut.dataset.user_id(case.query.user);
        let items: Vec<_> = case.query.allowed.iter().take(60).collect();
        let path = bench.work.path("mine.csv");
        let lines = items.iter().rev().map(|at| format!("{user},{},1\n", bench.cut.dataset.item_id(*at)));
        std::fs::write(&path, lines.fold("user,item,score\n".to_owned(), |text, line| text + &line)).unwrap();
        let scored = judged(bench, &path, Unknown::Refuse).unwrap();
        assert_eq!((scored.counts.tied, scored.counts.longer), (1, 1));
        let list: Vec<_> = scored.evaluations[0].lists[0].iter().map(|it| it.item).collect();
        assert!(items.iter().rev().copied().take(list.len()).eq(list));
    });
}

#[test]
fn lists_of_every_layout_get_the_same_figures_and_the_report_says_how_they_were_read() {
    with_bench(|bench| {
        let rows = popular(bench);
        let scored = |name: &str, text: &str| {
            let path = bench.work.path(name);
            std::fs::write(&path, text).unwrap();
            judged(bench, &path, Unknown::Refuse).unwrap()
        };
        let expected = scored("mine.csv", &csv(&rows));
        assert_eq!(expected.notes, [""; 0]);
        let line =
            |row: &ListRow| format!("{} Q0 {} {} {} mine\n", row.user_id, row.item_id, row.rank, row.score);
        let trec: String = rows.iter().map(line).collect();
        let bare: String =
            rows.iter().map(|it| format!("{} {} {}\n", it.user_id, it.item_id, it.rank)).collect();
        let floats = rows.iter().map(|it| format!("{}.0,{}.000,{}\n", it.user_id, it.item_id, it.rank));
        let floats = floats.fold("user,item,position\n".to_owned(), |text, line| text + &line);
        let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        rows.iter().for_each(|it| lists.entry(&it.user_id).or_default().push(&it.item_id));
        let json = serde_json::to_string(&lists).unwrap();
        let wide: String = lists.iter().map(|(user, list)| format!("{user},{}\n", list.join(","))).collect();
        for (name, text) in [
            ("run.trec", &trec),
            ("bare.txt", &bare),
            ("floats.csv", &floats),
            ("lists.json", &json),
            ("wide.csv", &wide),
        ] {
            let found = scored(name, text);
            assert_eq!(found.evaluations[0].per_user, expected.evaluations[0].per_user, "{name}");
            assert_eq!(found.counts, super::ListCounts::default(), "{name}");
            let is_said = found.notes.iter().any(|note| note.contains("header") || note.contains("TREC"));
            assert_eq!(
                is_said,
                ["run.trec", "bare.txt", "wide.csv"].contains(&name),
                "{name}: {:?}",
                found.notes
            );
        }
    });
}

#[test]
fn scores_beside_the_items_decide_and_the_report_says_so() {
    with_bench(|bench| {
        let rows = popular(bench);
        let path = bench.work.path("mine.csv");
        std::fs::write(&path, csv(&rows)).unwrap();
        let expected = judged(bench, &path, Unknown::Refuse).unwrap();
        let mut lists: BTreeMap<&str, Vec<&ListRow>> = BTreeMap::new();
        rows.iter().for_each(|it| lists.entry(&it.user_id).or_default().push(it));
        // Each list stands the wrong way round.
        let line = |(user, list): (&&str, &Vec<&ListRow>)| {
            let joined =
                |of: fn(&ListRow) -> String| list.iter().rev().map(|it| of(it)).collect::<Vec<_>>().join(" ");
            format!("{user},{},{}\n", joined(|it| it.item_id.clone()), joined(|it| it.score.to_string()))
        };
        std::fs::write(
            &path,
            lists.iter().map(line).fold("user,items,scores\n".to_owned(), |text, line| text + &line),
        )
        .unwrap();
        let found = judged(bench, &path, Unknown::Refuse).unwrap();
        assert_eq!(found.evaluations[0].per_user, expected.evaluations[0].per_user);
        assert!(found.notes[0].contains("ordered by its scores in \"scores\""), "{:?}", found.notes);
    });
}

#[test]
fn reading_lists_stops_as_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.csv");
    std::fs::write(&path, "user,item,rank\n1,2,1\n").unwrap();
    let read = |stops| named_lists(&path, Protocol::FirstRatings, None, &Unwatched { stops });
    assert_eq!(read(false).unwrap().0, "mine");
    assert_eq!(failure::kind(&read(true).unwrap_err()), failure::Kind::Interrupted);
}

#[test]
fn an_id_in_a_message_is_short_and_orders_nothing() {
    with_bench(|bench| {
        let path = bench.work.path("mine.csv");
        std::fs::write(&path, format!("user,item,rank\n\u{1b}[31m{},1,1\n", "x".repeat(5_000))).unwrap();
        let error = format!("{:#}", judged(bench, &path, Unknown::Refuse).unwrap_err());
        assert!(!error.chars().any(char::is_control) && error.len() < 2_000, "{error}");
    });
}

#[test]
fn a_file_without_the_columns_or_with_a_bad_number_is_refused_with_the_line() {
    with_bench(|bench| {
        let path = bench.work.path("mine.csv");
        for (text, part) in [
            ("who,what\n", "line 1"),
            ("user,item,rank\n1,2,x\n", "line 2"),
            ("user,item,rank\n1,2\n", "2 fields"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = format!("{:#}", judged(bench, &path, Unknown::Refuse).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    });
}
