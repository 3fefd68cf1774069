//! Lists without a header whose rank stands between the user and the item.

use super::layouts::{is_refused, lists, reads_as_expected};
use super::read;

#[test]
fn a_rank_between_user_and_item_is_known_by_its_counting_and_said() {
    for text in [
        "u7,1,k3\nu7,2,k1\nu9,1,k1\nu9,2,k2\n",
        "u7\t0\tk3\nu7\t1\tk1\nu9\t0\tk1\nu9\t1\tk2\n",
        "u9 2 k2\nu7 2 k1\nu9 1 k1\nu7 1 k3\n",
        "u7;1.0;k3\nu7;2.0;k1\nu9;1.0;k1\nu9;2.0;k2\n",
    ] {
        let mut found = lists("mine.txt", text);
        found.sort();
        let list = |user: &str, items: [&str; 2]| (user.to_owned(), items.map(str::to_owned).to_vec());
        assert_eq!(found, [list("u7", ["k3", "k1"]), list("u9", ["k1", "k2"])], "{text}");
        let notes = read("mine.txt", text.as_bytes()).unwrap().notes;
        assert!(notes.iter().any(|note| note.contains("taken for user, rank and item")), "{notes:?}");
    }
    let numbers = lists("mine.txt", "7,1,260\n7,2,1196\n7,3,50\n9,1,858\n9,2,912\n9,3,4\n");
    assert_eq!(numbers[0], ("7".to_owned(), ["260", "1196", "50"].map(str::to_owned).to_vec()));
    assert_eq!(numbers[1].1, ["858", "912", "4"]);
    // Scores with fractions are none of these, whatever the items are.
    let scored = lists("mine.txt", "7,1,0.25\n7,2,0.75\n9,1,0.5\n9,2,0.125\n");
    assert_eq!(
        (scored[0].1.as_slice(), scored[1].1.as_slice()),
        (&["2", "1"].map(str::to_owned)[..], &["1", "2"].map(str::to_owned)[..])
    );
}

#[test]
fn what_could_be_rank_and_item_or_item_and_number_is_refused_with_the_line_to_add() {
    for (text, why) in [
        ("7,1,2\n7,2,1\n9,1,1\n9,2,2\n", "either could be the rank"),
        ("7,1,50\n7,2,40\n9,1,30\n9,2,20\n", "the third one falls"),
        ("7,1,50\n7,2,50\n9,1,30\n9,2,20\n", "has a number twice"),
        ("7,1,40\n7,3,50\n9,2,20\n9,5,30\n", "grows within each user"),
        ("7,1,k3\n9,1,k1\n", "each user has one row"),
        ("7,1,260\n9,1,50\n", "each user has one row"),
    ] {
        is_refused(text, [why, "put the line user,item,rank or the line user,rank,item above the lists"]);
    }
    for (header, expected) in [("user,rank,item", ["3", "1", "2"]), ("user,item,rank", ["2", "3", "1"])] {
        let found = lists("mine.csv", &format!("{header}\n7,1,3\n7,2,1\n7,3,2\n"));
        assert_eq!(found[0].1, expected, "the remedy works: {header}");
    }
    reads_as_expected("mine.csv", "user,rank,item\nu7,1,k3\nu9,1,k1\nu7,2,k1\nu9,2,k2\n");
}
