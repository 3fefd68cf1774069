//! Lists in a row with numbers beside their items: the numbers order them, or the row is refused.

use super::layouts::{is_refused, reads_as_expected};
use super::{parquet, read, rows};
use arrow_array::builder::{Float32Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use parquet::basic::Compression;
use std::sync::Arc;

#[test]
fn scores_and_ranks_beside_the_items_order_a_list_of_text() {
    for text in [
        "user,items,scores\nu7,k1|k3,0.5|0.9\nu9,k1|k2,0.9|0.1\n",
        "user\titems\tscores\nu7\tk1 k3\t0.5 9e-1\nu9\tk1 k2\t0.9 0.1\n",
        "scores,user,items\n\"[0.5, 0.9]\",u7,\"['k1', 'k3']\"\n\"[0.9, -1]\",u9,\"['k1', 'k2']\"\n",
        "user;item_ids;pred\nu7;[k1 k3];[ 0.5  0.9]\nu9;[k1 k2];[ 0.9 -1. ]\n",
        "user,items,ranks\nu7,k1|k3,2|1\nu9,k1|k2,1|2\n",
        "user,items,ranks,scores\nu7,k1|k3,2|1,9|1\nu9,k1|k2,1|2,1|9\n",
        "user,item_1,item_2,item_3,score_1,score_2,score_3\nu7,k1,k3,,0.5,0.9,\nu9,k2,k1,,1,2,\n",
        "user,items,scores\nu9,k1|k2|,2|1|\nu7,k1|k3,0.5|0.9\n",
    ] {
        let mut sorted = text.lines().map(str::to_owned).collect::<Vec<_>>();
        sorted[1..].sort_by_key(|line| !line.contains("u7"));
        reads_as_expected("mine.csv", &sorted.join("\n"));
    }
    // The first list may have one item.
    let first = read("mine.csv", b"user,items,scores\nu7,k3,0.5\nu9,k2|k1,1|2\n").unwrap();
    assert_eq!(rows(&first), [("u7", "k3", -0.5), ("u9", "k2", -1.0), ("u9", "k1", -2.0)]);
    // Equal scores keep the order of the items.
    let tied = read("mine.csv", b"user,items,scores\nu7,k3|k1|k2,1|1|1\n").unwrap();
    assert_eq!(rows(&tied), [("u7", "k3", -1.0), ("u7", "k1", -1.0), ("u7", "k2", -1.0)]);
}

#[test]
fn how_lists_with_numbers_were_read_is_said() {
    for (name, text) in [
        ("mine.csv", "user,items,scores\nu7,k1|k3,1|2\nu9,k1|k2,2|1\n"),
        (
            "mine.json",
            "{\"user\": \"u7\", \"items\": [\"k1\", \"k3\"], \"scores\": [1, 2]}\n{\"user\": \"u9\", \"items\": [\"k1\", \"k2\"], \"scores\": [2, 1]}\n",
        ),
    ] {
        let notes = read(name, text.as_bytes()).unwrap().notes;
        assert_eq!(notes.len(), 1, "{notes:?}");
        for words in ["ordered by its scores in \"scores\"", "the greatest first", "in 1 of 2 lists"] {
            assert!(notes[0].contains(words), "{words}: {notes:?}");
        }
    }
}

#[test]
fn a_list_with_more_or_fewer_numbers_than_items_is_refused_with_the_line() {
    for (text, words) in [
        (
            "user,items,scores\nu9,k1|k2,2|1\nu7,k3|k1,0.5\n",
            ["line 3: the list of user u7 has 2 items and 1 scores", "remove the column"],
        ),
        ("user,items,scores\nu7,k3|k1|k2,0.5|0.4\n", ["line 2", "3 items and 2 scores"]),
        ("user,items,scores\nu7,k3||k2,3|2|1\n", ["line 2", "an item without a number"]),
        ("user,items,score\nu7,k3 k1,0.5\n", ["line 2", "2 items and 1 scores"]),
        ("user,items,rank\nu7,k3 k1,1\n", ["line 2", "2 items and 1 ranks"]),
        ("user,items,scores\nu7,k3|k1,0.5|high\n", ["line 2: the list of scores 0.5|high", "than numbers"]),
        ("user,items,scores\nu7,k3|k1,0.5|NaN\n", ["line 2: NaN among the scores", "not a finite number"]),
        ("user,items,ranks\nu7,k3|k1,1|1\n", ["line 2", "has the rank 1 already"]),
        (
            "user,items,scores\nu7,k3|k1,2|1\nu7,k2|k4,2|1\n",
            ["line 3: user u7 has a list already", "see line 2"],
        ),
        ("user,item_1,item_2,score_1,score_2\nu7,k1,k3,0.5,\n", ["line 2", "2 items and 1 scores"]),
        ("user,items,rank\nu7,k3,1\nu7,k1 k2,2\n", ["line 3", "\"k1 k2\""]),
        ("{\"user\": 7, \"items\": [1, 2],\n \"scores\": [1]}", ["line 1", "2 items and 1 scores"]),
        ("{\"user\": 7, \"items\": [1, 2], \"score\": 0.5}", ["line 1", "2 items and 1 scores"]),
        ("{\"user\": 7, \"items\": [1, 2], \"scores\": [1, null]}", ["line 1", "2 items and 1 scores"]),
        ("{\"user\": 7, \"items\": [1, 2], \"scores\": [1, \"x\"]}", ["line 1", "than numbers"]),
        (
            "{\"user\": 7, \"items\": {\"1\": 2}, \"scores\": [1]}",
            ["line 1", "an object in the place of the list"],
        ),
        ("{\"user\": 7, \"items\": [[1, 0.5]], \"scores\": [1]}", ["line 1", "scores in it and beside it"]),
        ("{\"user\": 7, \"items\": \"1 2\", \"rank\": 1}", ["line 1", "\"1 2\""]),
        (
            "[{\"user\": 7, \"items\": [1], \"scores\": [1]}, {\"user\": 7, \"items\": [2], \"scores\": [1]}]",
            ["line 1: user 7 has a list already", "see line 1"],
        ),
        (
            "{\"user\": 7, \"items\": [1, 2], \"scores\": [1, 2]}\n{\"user\": 9, \"items\": [1, 2]}\n",
            ["line 2", "ordered in another way"],
        ),
    ] {
        is_refused(text, words);
    }
}

#[test]
fn scores_and_ranks_beside_the_items_order_a_list_of_json() {
    for text in [
        r#"[{"user": "u7", "items": ["k1", "k3"], "scores": [0.5, 2]}, {"user": "u9", "items": ["k1", "k2"], "scores": [2, "0.5"]}]"#,
        "{\"uid\": \"u7\", \"item_ids\": [\"k1\", \"k3\"], \"ranks\": [2, 1]}\n{\"uid\": \"u9\", \"item_ids\": [\"k1\", \"k2\"], \"ranks\": [1, 2]}\n",
        "{\"user\": \"u7\", \"item_1\": \"k1\", \"item_2\": \"k3\", \"score_1\": 1, \"score_2\": 2}\n{\"user\": \"u9\", \"item_1\": \"k1\", \"item_2\": \"k2\", \"score_1\": 3, \"score_2\": 2}\n",
    ] {
        reads_as_expected("mine.json", text);
    }
}

fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    parquet(Compression::UNCOMPRESSED, columns)
}

fn users() -> ArrayRef {
    Arc::new(StringArray::from(vec!["u7", "u9"]))
}

fn items() -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    builder.append_value([Some("k1"), Some("k3")]);
    builder.append_value([Some("k1"), Some("k2")]);
    Arc::new(builder.finish())
}

/// A list of numbers in each row.
fn numbers(all: [&[f32]; 2]) -> ArrayRef {
    let mut builder = ListBuilder::new(Float32Builder::new());
    all.iter().for_each(|list| builder.append_value(list.iter().map(|it| Some(*it))));
    Arc::new(builder.finish())
}

fn text(of: [&str; 2]) -> ArrayRef {
    Arc::new(StringArray::from(of.to_vec()))
}

#[test]
fn scores_and_ranks_beside_the_items_order_a_list_of_parquet() {
    let mut ranks = ListBuilder::new(Int64Builder::new());
    ranks.append_value([Some(2), Some(1)]);
    ranks.append_value([Some(1), Some(2)]);
    let scores = || numbers([&[0.5, 1.0], &[1.0, 0.5]]);
    let scored = [("u7", "k1", -0.5), ("u7", "k3", -1.0), ("u9", "k1", -1.0), ("u9", "k2", -0.5)];
    let ranked = [("u7", "k1", 2.0), ("u7", "k3", 1.0), ("u9", "k1", 1.0), ("u9", "k2", 2.0)];
    let of = |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    for (columns, expected) in [
        (vec![("scores", scores()), ("user", users()), ("items", items())], scored),
        (
            vec![("user", users()), ("items", items()), ("ranks", Arc::new(ranks.finish()) as ArrayRef)],
            ranked,
        ),
        (vec![("user", users()), ("items", text(["k1 k3", "k1 k2"])), ("scores", scores())], scored),
        (
            vec![
                ("user", users()),
                ("items", text(["k1|k3", "k1|k2"])),
                ("scores", text(["0.5 1", "1 0.5"])),
            ],
            scored,
        ),
        (
            vec![
                ("user", users()),
                ("item_1", text(["k1", "k1"])),
                ("item_2", text(["k3", "k2"])),
                ("score_1", of([0.5, 1.0])),
                ("score_2", of([1.0, 0.5])),
            ],
            scored,
        ),
    ] {
        let lists = read("mine.parquet", &file(columns)).unwrap();
        assert_eq!(rows(&lists), expected);
        assert!(lists.notes.iter().any(|note| note.contains("in 1 of 2 lists")), "{:?}", lists.notes);
    }
    for (columns, words) in [
        (
            vec![("user", users()), ("items", items()), ("scores", numbers([&[1.0, 2.0], &[1.0]]))],
            "row 2: the list of user u9 has 2 items and 1 scores",
        ),
        (
            vec![("user", users()), ("items", items()), ("score", of([0.5, 0.25]))],
            "row 1: the list of user u7 has 2 items and 1 scores",
        ),
        (
            vec![("user", users()), ("items", items()), ("scores", text(["1 2", "1"]))],
            "row 2: the list of user u9",
        ),
        (
            vec![("user", users()), ("items", items()), ("scores", numbers([&[1.0, 2.0], &[1.0, f32::NAN]]))],
            "row 2: NaN among the scores",
        ),
    ] {
        let error = read("mine.parquet", &file(columns)).unwrap_err();
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn a_text_named_items_beside_a_rank_is_one_item_a_row_or_refused() {
    let users = || -> ArrayRef { Arc::new(StringArray::from(vec!["u7", "u7", "u9"])) };
    let ranks = || -> ArrayRef { Arc::new(Int64Array::from(vec![2, 1, 1])) };
    let of = |items: [&str; 3]| {
        let items: ArrayRef = Arc::new(StringArray::from(items.to_vec()));
        read("mine.parquet", &file(vec![("user", users()), ("items", items), ("rank", ranks())]))
    };
    let expected = [("u7", "k1", 2.0), ("u7", "k3", 1.0), ("u9", "k1", 1.0)];
    assert_eq!(rows(&of(["k1", "k3", "k1"]).unwrap()), expected);
    for (items, row) in
        [(["k1", "k3 k2", "k1"], "row 2"), (["[k1]", "k3", "k1"], "row 1"), (["k1", "k3", "k1|k2"], "row 3")]
    {
        let error = of(items).unwrap_err();
        assert!(error.contains(row) && error.contains("name the column item"), "{error}");
    }
}
