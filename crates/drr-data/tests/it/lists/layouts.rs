//! Every layout of lists: with other names, without a header, as a row for each user, as TREC's runs and as JSON.

use super::{read, rows};
use proptest::prelude::*;

/// The lists of two users, best first, whatever the order was written by.
pub fn lists(name: &str, text: &str) -> Vec<(String, Vec<String>)> {
    let lists = read(name, text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut all: Vec<(String, Vec<(f64, String)>)> = Vec::new();
    for (user, item, order) in rows(&lists) {
        let at = all.iter().position(|(it, _)| it == user).unwrap_or(all.len());
        if at == all.len() {
            all.push((user.to_owned(), Vec::new()));
        }
        all[at].1.push((order, item.to_owned()));
    }
    for (_, list) in &mut all {
        list.sort_by(|left, right| left.0.total_cmp(&right.0));
    }
    all.into_iter().map(|(user, list)| (user, list.into_iter().map(|it| it.1).collect())).collect()
}

#[track_caller]
pub fn reads_as_expected(name: &str, text: &str) {
    let expected = [("u7", vec!["k3", "k1"]), ("u9", vec!["k1", "k2"])];
    let expected =
        expected.map(|(user, list)| (user.to_owned(), list.into_iter().map(str::to_owned).collect()));
    assert_eq!(lists(name, text), expected, "{text}");
}

#[track_caller]
pub fn is_refused(text: &str, parts: [&str; 2]) {
    let error = read("mine.txt", text.as_bytes()).unwrap_err();
    assert!(parts.iter().all(|part| error.contains(part)) && error.len() < 2_000, "{parts:?}: {error}");
}

#[test]
fn the_names_of_other_tools_are_known() {
    for header in [
        "user,item,est",
        "user_id,item_id,predicted_rating",
        "visitorid,itemid,pred_rating",
        "customer_id,article_id,score",
        "Client,Product ID,Prediction",
        "account,asin,prediction:float",
        "target_user,track_id,Score",
        "uid,movieId,est",
    ] {
        reads_as_expected("mine.csv", &format!("{header}\nu7,k1,1\nu7,k3,4\nu9,k1,2.5\nu9,k2,-1\n"));
    }
    for name in ["position", "pos", "rank"] {
        reads_as_expected("mine.csv", &format!("user,item,{name}\nu7,k3,0\nu7,k1,1\nu9,k2,1\nu9,k1,0\n"));
    }
    // What users truly thought goes against the predictions here.
    reads_as_expected(
        "mine.csv",
        "uid,iid,r_ui,est,details\nu7,k1,5,1,\"{'x': False}\"\nu7,k3,1,4,\nu9,k1,1,3,\nu9,k2,5,2,\n",
    );
}

#[test]
fn lists_without_a_header_are_read_by_their_content_which_is_said() {
    for (text, what) in [
        ("u7\tk3\t1.0\nu7\tk1\t0.5\nu9\tk1\t1.0\nu9\tk2\t0.5\n", "user, item and score"),
        ("u7,k3,0\nu7,k1,1\nu9,k1,0\nu9,k2,1\n", "user, item and rank"),
        ("u7 k1 2\nu7  k3 1\nu9 k1 1\nu9 k2 2\n   \n\n", "user, item and rank"),
        ("u7;k3;5\nu7;k1;4\nu9;k1;5\nu9;k2;5\n", "user, item and score"),
        ("u7::k3::9\nu7::k1::4\nu9::k1::5\nu9::k2::3\n", "user, item and score"),
        ("u7,k3,k1\nu9,k1,k2\n", "a user and their items"),
        ("u7 k3 k1\nu9 k1 k2\n", "a user and their items"),
        ("u7\tk3 k1\nu9\tk1 k2\n", "a user and their items"),
        ("u7,\"['k3', 'k1']\"\nu9,\"['k1', 'k2']\"\n", "a user and their items"),
    ] {
        reads_as_expected("mine.txt", text);
        let notes = read("mine.txt", text.as_bytes()).unwrap().notes;
        assert!(notes.iter().any(|note| note.contains(what)), "{text}: {notes:?}");
    }
    assert_eq!(lists("mine.txt", "u7,k3,1\nu9,k1,1\n")[1].1, ["k1"], "lists of one item");
}

#[test]
fn what_could_be_meant_in_two_ways_without_a_header_is_refused() {
    for (text, why) in [
        ("u7,k3,2\nu7,k1,1\nu9,k1,2\nu9,k2,1\n", "counts down"),
        ("u7,k3,3\nu7,k1,7\nu9,k1,4\nu9,k2,8\n", "grows within each user"),
        ("u7,k3,5\nu9,k1,4\n", "second item, or a rank or score"),
        ("u7,k3\nu7,k1\nu9,k1\n", "nothing orders"),
        ("0,u7,k3,1\n1,u7,k1,2\n2,u9,k1,1\n", "counts the rows"),
        ("u7,k3,k1,0.5\nu9,k1,k2,0.25\n", "a number with a fraction"),
        ("u7,k3,1,x\nu7,k1,2,x\n", "have not three columns"),
        ("u7\nu9\n", "nothing behind the users"),
    ] {
        is_refused(text, [why, "put a header above"]);
    }
    is_refused("u7,k3,1\nu7,k1,x\n", ["line 2", "\"x\" is no number"]);
}

#[test]
fn a_row_for_each_user_is_read() {
    for text in [
        "user_id,prediction\nu7,k3 k1\nu9,k1 k2\n",
        "user_id,item_ids\nu7,\"['k3', 'k1']\"\nu9,\"['k1', 'k2']\"\n",
        "user_id;recommendations\nu7;[\"k3\",\"k1\"]\nu9;[\"k1\",\"k2\"]\n",
        "user,items\nu7,k3|k1\nu9,k1|k2\n",
        "user,items\nu7,k3,k1\nu9,k1,k2\n",
        "user,item,note\nu7,\"['k3', 'k1']\",x\nu9,\"['k1', 'k2']\",x\n",
        "user,item_2,item_1\nu7,k1,k3\nu9,k2,k1\n",
        "user\t0\t1\t2\nu7\tk3\tk1\t\nu9\tk1\tk2\n",
    ] {
        reads_as_expected("mine.txt", text);
    }
    // Of one column the strongest separator counts for all rows, so an id may have a space in it.
    let spaced = lists("mine.csv", "user,items\nu7,The End|Up\nu9,The End\n");
    assert_eq!(spaced[1].1, ["The End"]);
    assert_eq!(lists("mine.csv", "user,items\nu7,k1 k2\nu9,\n").len(), 1, "an empty list is none");
    is_refused("user,items\nu7,k1 k2\nu7,k3\n", ["line 3: user u7 has a list already", "see line 2"]);
    is_refused("user,items\nu7,k1 k1\n", ["line 2: user u7 has the item k1 already", "once"]);
    is_refused("user,items\nu7,\"[k1 k2 ... k9]\"\n", ["line 2", "cut short"]);
    is_refused("user,items\nu7,\"{k1, k2}\"\n", ["line 2", "no order"]);
}

#[test]
fn a_trec_run_is_read_by_rank_and_its_tag_names_the_recommender() {
    let text = "u7 Q0 k1 2 0.5 mine\nu7\tQ0\tk3\t1\t0.9\tmine\nu9 q0 k1 1 0.1 mine\nu9 q0 k2 2 0.1 mine\n";
    reads_as_expected("run.trec", text);
    assert_eq!(read("run.trec", text.as_bytes()).unwrap().recommender.as_deref(), Some("mine"));
    reads_as_expected("run.txt", "u7 Q0 k1 0 0.5 t\nu7 Q0 k3 0 0.9 t\nu9 Q0 k1 0 3 t\nu9 Q0 k2 0 2 t\n");
    is_refused("u7 Q0 k1 1 0.5 t\nu7 Q0 k3 2 0.9 t\n", ["line 2", "contradict each other"]);
    is_refused("u7 Q0 k1 1 0.5 t\nu7 Q0 k3 2 0.9\n", ["line 2", "six fields"]);
    is_refused("u7 Q0 k1 1 0.5 a\nu7 Q0 k3 1 0.9 b\n", ["\"a\", \"b\"", "--name"]);
}

#[test]
fn json_is_read_in_every_form() {
    for text in [
        r#"{"u7": ["k3", "k1"], "u9": ["k1", "k2"]}"#,
        r#"{"u7": {"k1": 0.5, "k3": 2}, "u9": {"k1": 1, "k2": 0.5}}"#,
        r#"[{"user": "u7", "items": ["k3", "k1"]}, {"user": "u9", "items": ["k1", "k2"]}]"#,
        "{\"user_id\": \"u7\", \"recommendations\": [\"k3\", \"k1\"]}\n\n{\"user_id\": \"u9\", \"recommendations\": [\"k1\", \"k2\"]}\n",
        "{\"u7\": [\"k3\", \"k1\"]}\n{\"u9\": [\"k1\", \"k2\"]}\n",
        r#"[{"user": "u7", "item": "k1", "rank": 2}, {"user": "u7", "item": "k3", "rank": 1},
            {"user": "u9", "item": "k1", "rank": 1}, {"rank": 2, "user": "u9", "item": "k2"}]"#,
        "{\"u\": 1, \"uid\": \"u7\", \"iid\": \"k1\", \"est\": 1.5}\n{\"uid\": \"u7\", \"iid\": \"k3\", \"est\": 2}\n\
         {\"uid\": \"u9\", \"iid\": \"k1\", \"est\": 2}\n{\"uid\": \"u9\", \"iid\": \"k2\", \"est\": 1}\n",
        r#"{"u7": [["k1", 1.5], ["k3", 2]], "u9": [["k1", 3.5], ["k2", 2.5]]}"#,
        r#"{"u7": [{"item": "k1", "score": 1}, {"item": "k3", "score": 2}], "u9": [{"item": "k1", "score": 2}, {"item": "k2", "score": 1}]}"#,
    ] {
        reads_as_expected("mine.json", text);
    }
    let ids = lists("mine.json", r#"{"user": 18446744073709551615, "items": [7, 8.0, "09"]}"#);
    assert_eq!(ids[0], ("18446744073709551615".to_owned(), ["7", "8", "09"].map(str::to_owned).to_vec()));
    let tied = lists("mine.json", r#"{"u7": {"k9": 1, "k1": 1}}"#);
    assert_eq!(tied[0].1, ["k9", "k1"], "equal scores keep the order of the file");
}

#[test]
fn json_that_is_no_list_is_refused_with_the_line() {
    for (text, parts) in [
        ("{\"u7\": [\"k3\",\n \"k1\"],\n \"u9\": 5}", ["line 3", "in the place of the list of u9"]),
        (
            "{\"user\": \"u7\", \"items\": [\"k3\"]}\n{\"user\": \"u7\", \"items\": [\"k1\"]}\n",
            ["line 2", "a list already"],
        ),
        ("{\"u7\": [\"k3\"]}\n{\"u9\": [\"k1\"\n", ["line 3", "no JSON"]),
        ("{\"user\": \"u7\", \"item\": \"k1\", \"score\": NaN}\n", ["line 1", "no JSON"]),
        ("{\"user\": \"u7\", \"item\": \"k1\"}\n", ["line 1", "no column for the rank or score"]),
        (
            "{\"user\": {\"0\": \"u7\"}, \"item\": {\"0\": \"k1\"}, \"score\": {\"0\": 1}}",
            ["line 1", "column by column"],
        ),
        ("{\"user\": null, \"items\": [1]}", ["line 1", "is null"]),
        ("{\"u7\": [1.5]}", ["line 1", "no exact whole one"]),
        ("{\"u7\": [[1, 2]]}", ["line 1", "no pair of an id and a score"]),
        ("{\"u7\": [1, [2, 0.5]]}", ["line 1", "ordered in another way"]),
        ("[[1, 2, 3]]", ["line 1", "in the place of an object"]),
        ("{\"u7\": [1]} x", ["line 1", "neither an object nor a list"]),
    ] {
        is_refused(text, parts);
    }
    is_refused(&format!("{{\"u7\": {}1", "[".repeat(5_000)), ["line 1", "no JSON"]);
}

#[test]
fn a_protocol_counts_in_any_case_and_with_any_separator() {
    for name in ["First_Ratings", "first-ratings", "FIRST RATINGS", "Seed"] {
        let text = format!(
            "protocol,user,item,rank\n{name},u7,k3,1\n{name},u7,k1,2\ntemporal,u7,k2,1\n{name},u9,k1,1\n{name},u9,k2,2\n"
        );
        reads_as_expected("mine.csv", &text);
    }
}

#[test]
fn lines_of_spaces_and_of_separators_are_no_rows() {
    reads_as_expected(
        "mine.csv",
        "\n  \nuser,item,rank\nu7,k3,1\nu7,k1,2\n   \nu9,k1,1\nu9,k2,2\n,,\n   \n\n",
    );
}

#[test]
fn a_refusal_is_short_and_has_no_character_that_a_terminal_obeys() {
    let wide: Vec<String> = (0..5_000).map(|at| format!("{}\u{1b}[31m{at}", "n".repeat(500))).collect();
    is_refused(&format!("user,{}\nx\n", wide.join(",")), ["line 1", "and 4991 more"]);
    let long = "v".repeat(100_000);
    is_refused(&format!("user,item,rank\nu7,k1,{long}\n"), ["line 2", "is no number"]);
    is_refused(&format!("user,item,rank\n{long},k1,1\n{long},k1,2\n"), ["line 3", "has the item k1 already"]);
    let error = read("mine.csv", b"user,item,rank\nu\x1b]0;x\x07,k,1\nu\x1b]0;x\x07,k,2\n").unwrap_err();
    assert!(!error.chars().any(char::is_control) && error.contains("\\u{1b}"), "{error}");
}

proptest! {
    #[test]
    fn no_text_whatever_makes_it_panic_and_every_refusal_is_short(
        front in prop::sample::select(vec![
            "", "user,item,rank\n", "user,items\n", "u7 Q0 k1 1 0.5 t\n", "{\"u7\": [", "[{\"user\": 7, ", "user,item_1,item_2\n",
            "user,items,scores\n", "user,items,rank\nu7,k1,1\n", "{\"user\": 7, \"scores\": [1, 2], \"items\": [",
        ]),
        rest in "[u7k1,;|:\t \"'\\[\\]{}.\\-e\n\\\\é]{0,60}",
    ) {
        match read("mine.txt", format!("{front}{rest}").as_bytes()) {
            Ok(lists) => {
                let is_whole = |(user, item, order): &(&str, &str, f64)| {
                    !user.is_empty() && !item.is_empty() && order.is_finite()
                };
                prop_assert!(rows(&lists).iter().all(is_whole));
            }
            Err(error) => prop_assert!(error.len() < 2_000 && error.contains("; "), "{error}"),
        }
    }
}
