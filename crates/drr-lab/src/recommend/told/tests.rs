use super::super::tests::{dataset, shop};
use super::*;

fn told(history: &[&str]) -> Told {
    Told { history: history.iter().map(|it| (*it).to_owned()).collect(), ..Told::default() }
}

fn ids(told: &Told) -> Vec<String> {
    let dataset = shop();
    let user = told.of(&dataset).unwrap();
    user.history.iter().map(|it| dataset.item_id(it.item).to_owned()).collect()
}

fn refused(told: &Told) -> String {
    format!("{:#}", told.of(&shop()).unwrap_err())
}

#[test]
fn one_history_is_an_id_or_a_list_with_commas_and_several_are_an_id_each() {
    assert_eq!(ids(&told(&["m1, m3 ,2,"])), ["m1", "m3", "2"]);
    assert_eq!(ids(&told(&["-7"])), ["-7"]);
    assert_eq!(ids(&told(&["1,2", "-7", "\"q\" ü 8", "tab\t5"])), ["1,2", "-7", "\"q\" ü 8", "tab\t5"]);
    let error = refused(&told(&["m1,m2", "3"]));
    assert!(error.contains("no item m1,m2") && error.contains("each takes one id"), "{error}");
}

#[test]
fn an_id_with_commas_is_read_by_the_catalogue_and_two_ways_to_read_a_list_are_refused() {
    let user = told(&["1,2"]).of(&shop()).unwrap();
    assert_eq!(user.history.len(), 1, "it is an id");
    assert!(user.warnings[0].contains("items 1 and 2"), "{:?}", user.warnings);
    let error = refused(&told(&["m1,1,2"]));
    assert!(error.contains("more than one way") && error.contains("once for each id"), "{error}");
    // Only one way leads to the end.
    assert_eq!(ids(&told(&["m1,2,3"])), ["m1", "2", "3"]);
    let commas = dataset(&[("a,b", None, 20), ("c", None, 4), ("b", None, 3)]);
    let user = told(&["c,a,b"]).of(&commas).unwrap();
    let found: Vec<u32> = user.history.iter().map(|it| it.item.0).collect();
    assert_eq!((found, user.warnings), (vec![1, 0], Vec::new()), "a alone is no item");
}

#[test]
fn what_the_catalogue_does_not_have_is_named_and_so_is_what_comes_twice() {
    let error = refused(&told(&["m1,m9"]));
    assert!(
        error.contains("no item m9") && error.contains("--history \"m1\"") && error.contains("--like"),
        "{error}"
    );
    assert!(refused(&told(&["m1,m3,m1"])).contains("m1 twice"));
    assert!(refused(&told(&[" ,"])).contains("at least one id"));
    let error = refused(&told(&["\u{1b}[2J"]));
    assert!(!error.chars().any(char::is_control), "{error:?}");
}

#[test]
fn titles_are_entries_behind_the_ids_and_several_that_fit_are_a_warning() {
    let both = Told { like: vec!["moonlit".to_owned(), "cafe".to_owned()], ..told(&["3"]) };
    assert_eq!(ids(&both), ["3", "m1", "1"]);
    let user = both.of(&shop()).unwrap();
    assert_eq!(user.meant[0].text, "moonlit");
    assert_eq!(user.warnings.len(), 1, "cafe fits one title: {:?}", user.warnings);
    assert!(user.warnings[0].contains("Moonlit Harbour: Part II (m2)"), "{:?}", user.warnings);
    let twice = Told { like: vec!["moonlit".to_owned()], ..told(&["m1"]) };
    assert!(refused(&twice).contains("m1 twice"));
    let high = user.history.iter().all(|it| it.rating == 40.0);
    assert!(high, "who likes an item gives it the most");
}

fn file(bytes: &[u8]) -> (tempfile::TempDir, Told) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ids.txt");
    std::fs::write(&path, bytes).unwrap();
    (folder, Told { file: Some(path), ..Told::default() })
}

#[test]
fn a_file_has_an_id_a_line_with_a_rating_or_without() {
    let (_folder, told) = file("\u{feff}1,2\t12.5\r\n\n\"q\" ü 8\r\ntab\t5\n-7\t 3\n".as_bytes());
    let dataset = shop();
    let user = told.of(&dataset).unwrap();
    let found: Vec<(&str, f32)> =
        user.history.iter().map(|it| (dataset.item_id(it.item), it.rating)).collect();
    assert_eq!(found, [("1,2", 12.5), ("\"q\" ü 8", 40.0), ("tab\t5", 40.0), ("-7", 3.0)]);
    assert!(user.history.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp));
}

#[test]
fn a_faulty_file_is_refused_with_its_line_and_what_to_do() {
    let cases: [(&[u8], &str, &str); 6] = [
        (b"m1\nm9\n", "line 2", "no item m9"),
        (b"m1\t41\n", "line 1", "no number from 1 to 40"),
        (b"m1\tNaN\n", "line 1", "no number from 1 to 40"),
        (b"m1\nm1\t3\n", "line 2", "m1 twice"),
        (b"m1\n\xff\n", "line 2", "save the file as UTF-8"),
        (b"\n\n", "", "at least one id"),
    ];
    for (bytes, line, words) in cases {
        let (_folder, told) = file(bytes);
        let error = refused(&told);
        assert!(error.contains(line) && error.contains(words), "{error}");
    }
    let (folder, _) = file(b"");
    for path in [folder.path().to_owned(), folder.path().join("none")] {
        let error = refused(&Told { file: Some(path), ..Told::default() });
        assert!(
            error.contains("--history-file")
                && error.contains(if error.contains("none") { "check the path" } else { "no file" }),
            "{error}"
        );
    }
    let (_folder, large) = file(&vec![b'1'; (MOST_BYTES + 1) as usize]);
    assert!(refused(&large).contains("larger than 16 MB"));
}
