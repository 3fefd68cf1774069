use super::super::tests::{dataset, shop};
use super::*;

fn meant(text: &str) -> (String, Vec<String>) {
    let dataset = shop();
    let found = Titles::new(&dataset).meant(text).unwrap();
    let id = |item| dataset.item_id(item).to_owned();
    (id(found.item), found.others.into_iter().map(id).collect())
}

fn alone(id: &str) -> (String, Vec<String>) {
    (id.to_owned(), Vec::new())
}

fn refused(text: &str) -> String {
    let dataset = shop();
    Titles::new(&dataset).meant(text).unwrap_err().to_string()
}

#[test]
fn case_accents_apostrophes_and_the_order_of_words_do_not_matter() {
    for text in [
        "cafe mullers garden",
        "CAFÉ MÜLLER’S GARDEN",
        "garden, müller's cafe",
        "Cafe\u{301} Mu\u{308}ller's Garden",
    ] {
        assert_eq!(meant(text), alone("1"), "{text}");
    }
    assert_eq!(meant("quiet field strasse 9"), alone("2"));
    assert_eq!(meant("千と"), alone("-7"), "a script without blanks");
}

#[test]
fn a_letter_may_be_wrong_missing_or_in_another_place() {
    for text in ["cafe mulers garden", "cafe mullers gardne", "caffe müllers garden"] {
        assert_eq!(meant(text), alone("1"), "{text}");
    }
    assert_eq!(meant("moonlitt harbour part ii"), alone("m2"));
}

#[test]
fn of_several_titles_that_fit_the_most_rated_is_taken_and_the_others_are_told() {
    assert_eq!(meant("moonlit"), ("m1".to_owned(), vec!["m2".to_owned()]));
    assert_eq!(meant("quiet field"), ("1,2".to_owned(), vec!["2".to_owned()]));
    assert_eq!(meant("garden"), ("\"q\" ü 8".to_owned(), vec!["1".to_owned()]));
}

#[test]
fn a_whole_title_comes_before_those_that_have_more_words_however_much_they_are_rated() {
    for text in ["harbour", "the harbour", "Harbour, The"] {
        assert_eq!(meant(text), alone("m3"), "{text}");
    }
}

#[test]
fn another_number_is_another_title() {
    assert_eq!(meant("quiet field strasse 10"), alone("1,2"));
    let error = refused("quiet field strasse 11");
    assert!(error.contains("fits no title") && error.contains("(1,2)"), "{error}");
}

#[test]
fn what_fits_no_title_is_refused_with_the_three_nearest_and_no_character_that_orders_the_terminal() {
    let error = refused("moon garden of harbours");
    assert!(error.contains("--like \"moon garden of harbours\" fits no title"), "{error}");
    assert_eq!(error.matches("; ").count(), 3, "three titles, and what to do: {error}");
    assert!(error.contains("Garden of Numbers (\"q\" ü 8)") && error.contains("--history"), "{error}");
    for text in ["zzz\u{1b}[2J", "?!", ""] {
        let error = refused(text);
        assert!(!error.chars().any(char::is_control), "{error:?}");
    }
    assert!(refused("?!").contains("no letter and no digit"), "{}", refused("?!"));
}

#[test]
fn titles_are_looked_for_only_where_there_are_any_and_ids_only_by_find() {
    let bare = dataset(&[("a7", None, 20), ("b7", None, 3)]);
    let titles = Titles::new(&bare);
    let error = titles.meant("a7").unwrap_err().to_string();
    assert!(error.contains("have no titles") && error.contains("--history"), "{error}");
    assert_eq!(titles.find("b7", 10).unwrap(), [ItemIdx(1)]);
    assert!(titles.find("c7", 10).is_err());
}

#[test]
fn the_best_matches_are_found_whole_titles_first_and_then_by_their_ratings() {
    let dataset = shop();
    let titles = Titles::new(&dataset);
    let ids = |text: &str, n| -> Vec<&str> {
        titles.find(text, n).unwrap().into_iter().map(|item| dataset.item_id(item)).collect()
    };
    assert_eq!(ids("harbour", 10), ["m3", "m1", "m2"]);
    assert_eq!(ids("harbour", 2), ["m3", "m1"]);
    assert_eq!(titles.n_ratings(ItemIdx(1)), 12);
}

#[test]
fn a_text_of_any_length_is_looked_for_in_no_time() {
    let error = refused(&"zzzzy ".repeat(100_000));
    assert!(error.len() < 2000, "{}", error.len());
}
