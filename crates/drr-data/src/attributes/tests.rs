//! Attributes are refused and chosen as they should be.

use super::*;

fn built(columns: &[(&str, AttributeKind)], rows: &[Vec<AttributeValue<'_>>]) -> Attributes {
    let mut builder = AttributesBuilder::new(columns.iter().copied()).unwrap();
    rows.iter().for_each(|row| builder.push(row).unwrap());
    builder.finish()
}

/// Jobs with a number, a text, words, a category that one lacks, and one that all have.
fn jobs() -> Attributes {
    let columns = [
        ("salary", AttributeKind::Number),
        ("address", AttributeKind::Text),
        ("trade", AttributeKind::Category),
        ("city", AttributeKind::Category),
    ];
    let row = |trade, city| {
        vec![
            AttributeValue::Number(2.5),
            AttributeValue::Text("1 High Street"),
            AttributeValue::category(trade),
            AttributeValue::category(city),
        ]
    };
    built(&columns, &[row("baker", "Leeds"), row("", "York"), row("smith", "Leeds")])
}

fn refusal(attributes: &Attributes, wanted: &str) -> String {
    attributes.categories(Some(wanted)).unwrap_err().to_string()
}

#[test]
fn values_are_found_by_name_and_kind() {
    let jobs = jobs();
    assert_eq!((jobs.n_rows(), jobs.iter().count()), (3, 4));
    let city = jobs.get("city").unwrap();
    assert_eq!(city.vocabulary().into_iter().collect::<Vec<_>>(), ["Leeds", "York"]);
    assert_eq!(city.numbered_words()["York"], 1);
    assert_eq!((city.n_known(), jobs.get("trade").unwrap().n_known()), (3, 2));
    assert_eq!((city.number(0), city.text(0), city.words(1).next()), (None, None, Some("York")));
    assert_eq!(jobs.get("salary").unwrap().number(2), Some(2.5));
    assert_eq!(jobs.get("address").unwrap().text(2), Some("1 High Street"));
    assert!(jobs.get("colour").is_none());
}

#[test]
fn equal_words_are_stored_once() {
    let jobs = jobs();
    let AttributeValues::Category(cities) = jobs.get("city").unwrap().values() else { panic!("no category") };
    let [first, last] = [0, 2].map(|at| cities[at].clone().unwrap());
    assert!(Arc::ptr_eq(&first, &last));
}

#[test]
fn a_set_has_each_word_once_in_the_order_of_the_file() {
    let tags = [("tags", AttributeKind::Categories)];
    let words = AttributeValue::Categories(vec!["b", "a", "b", ""]);
    let attributes = built(&tags, &[vec![words], vec![AttributeValue::Missing]]);
    let tags = attributes.get("tags").unwrap();
    assert_eq!(tags.words(0).collect::<Vec<_>>(), ["b", "a", ""]);
    assert!(!tags.is_known(1));
}

#[test]
fn a_name_that_is_empty_or_stands_twice_and_a_value_that_does_not_fit_are_refused() {
    let new =
        |names: [&'static str; 2]| AttributesBuilder::new(names.map(|name| (name, AttributeKind::Number)));
    assert!(new(["a", ""]).unwrap_err().to_string().contains("has no name"));
    assert!(new(["a", "a"]).unwrap_err().to_string().contains("the attribute \"a\" stands twice"));
    let mut builder = new(["a", "b"]).unwrap();
    let row = |second| [AttributeValue::Number(1.0), second];
    let error = builder.push(&row(AttributeValue::Number(f64::NAN))).unwrap_err().to_string();
    assert!(error.contains("\"b\"") && error.contains("row 0") && error.contains("not finite"), "{error}");
    let error = builder.push(&row(AttributeValue::Text("x"))).unwrap_err().to_string();
    assert!(error.contains("is of kind number"), "{error}");
    assert_eq!(builder.finish(), new(["a", "b"]).unwrap().finish(), "a refused row leaves nothing behind");
}

#[test]
fn categories_are_the_first_words_of_few_that_everyone_has() {
    // The trade of one job is not known.
    assert_eq!(jobs().categories(None).unwrap().unwrap().name(), "city");
    let columns = [("city", AttributeKind::Category), ("tags", AttributeKind::Categories)];
    let row = |city, tags| vec![AttributeValue::Category(city), AttributeValue::Categories(tags)];
    let with_sets = built(&columns, &[row("Leeds", vec![]), row("York", vec!["a", "b"])]);
    assert_eq!(with_sets.categories(None).unwrap().unwrap().name(), "tags");
    let one_word = built(&columns, &[row("Leeds", vec!["a"]), row("Leeds", vec!["a"])]);
    assert!(one_word.categories(None).unwrap().is_none());
    let names: Vec<String> = (0..=MAX_CATEGORIES).map(|at| at.to_string()).collect();
    let rows: Vec<_> = names.iter().map(|name| row(name, vec![])).collect();
    assert!(built(&columns, &rows).categories(None).unwrap().is_none(), "too many words");
    assert_eq!(built(&columns, &rows).categories(Some("city")).unwrap().unwrap().name(), "city");
    assert_eq!(built(&columns, &rows[1..]).categories(None).unwrap().unwrap().name(), "city");
    assert!(Attributes::none(2).categories(None).unwrap().is_none());
}

#[test]
fn an_attribute_that_cannot_be_categories_is_refused_with_those_that_can() {
    let jobs = jobs();
    assert_eq!(jobs.categories(Some("trade")).unwrap().unwrap().name(), "trade");
    for (wanted, problem) in [("genres", "is none of the items'"), ("salary", "is of kind number")] {
        let error = refusal(&jobs, wanted);
        assert!(error.contains(problem) && error.contains(wanted), "{error}");
        assert!(error.contains("set sessions.categories to one of \"trade\", \"city\""), "{error}");
    }
    let error = refusal(&Attributes::none(2), "x\u{1b}");
    assert!(error.contains("leave sessions.categories out") && error.contains("\\u{1b}"), "{error}");
    let column = [("city", AttributeKind::Category)];
    let one_word = built(&column, &[vec![AttributeValue::Category("Leeds")]]);
    assert!(refusal(&one_word, "city").contains("has 1 words"));
}

#[test]
fn an_error_is_short_however_many_and_long_the_names_are() {
    let names: Vec<String> = (0..500).map(|at| format!("{at}{}", "x".repeat(3000))).collect();
    let columns: Vec<_> = names.iter().map(|name| (name.as_str(), AttributeKind::Category)).collect();
    let row = |word| columns.iter().map(|_| AttributeValue::Category(word)).collect();
    let error = refusal(&built(&columns, &[row("a"), row("b")]), &"y".repeat(9000));
    assert!(error.len() < 2048 && error.contains("480 more"), "{} {error}", error.len());
}
