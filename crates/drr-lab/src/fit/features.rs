//! What the data set says of users and items beside their ratings, as features of the agent's state.

use anyhow::Result;
use drr_core::{ContextIdx, EmbeddingTable};
use drr_data::{Attribute, AttributeKind, Dataset, Entities, MAX_CATEGORIES};
use drr_env::Sessions;
use drr_learn::{StateFeatures, TrainingTables};
use std::collections::BTreeMap;

/// The attribute of users whose numbers are features, by groups.
const AGE: &str = "age";
/// The lower ends of the age groups, those of MovieLens 1M.
const AGES: [f64; 7] = [1.0, 18.0, 25.0, 35.0, 45.0, 50.0, 56.0];

/// The tables of a training with the features of the data set's users and items.
///
/// # Errors
///
/// Fails if the data set says nothing of either that can be a feature.
pub fn add(dataset: &Dataset, tables: TrainingTables, sessions: &Sessions) -> Result<TrainingTables> {
    let users = (0..sessions.n_contexts()).map(|context| sessions.user(ContextIdx::from(context))).collect();
    Ok(tables.with_features(of(dataset.users(), dataset.items())?, users)?)
}

/// One-hot words of each attribute that has few of them, and the age group of users. What is unknown is zeros.
fn of(users: &Entities, items: &Entities) -> Result<StateFeatures> {
    let (of_users, of_items) = (columns(users, true), columns(items, false));
    if of_users.is_empty() && of_items.is_empty() {
        anyhow::bail!(
            "agent.features = true, but the data set says nothing of its users and items that can be a feature, which words of at \
             most {MAX_CATEGORIES} can, and ages: set it to false"
        );
    }
    Ok(StateFeatures::new(table(&of_users, users.len())?, table(&of_items, items.len())?))
}

/// What becomes of one attribute.
enum Columns<'a> {
    /// One column a word.
    Words(&'a Attribute, BTreeMap<&'a str, usize>),
    /// One column an age group.
    Ages(&'a Attribute),
}

/// The attributes that can be features, in order.
fn columns(entities: &Entities, with_age: bool) -> Vec<Columns<'_>> {
    let of = |attribute| -> Option<Columns<'_>> {
        let attribute: &Attribute = attribute;
        match attribute.kind() {
            AttributeKind::Category | AttributeKind::Categories => {
                let words = attribute.numbered_words();
                (1..=MAX_CATEGORIES).contains(&words.len()).then_some(Columns::Words(attribute, words))
            }
            AttributeKind::Number => (with_age && attribute.name() == AGE && attribute.n_known() > 0)
                .then_some(Columns::Ages(attribute)),
            AttributeKind::Text => None,
        }
    };
    entities.attributes().iter().filter_map(of).collect()
}

impl Columns<'_> {
    fn width(&self) -> usize {
        match self {
            Self::Words(_, words) => words.len(),
            Self::Ages(_) => AGES.len(),
        }
    }

    /// Sets the flags of one user or item.
    fn set(&self, at: usize, flags: &mut [f32]) {
        match self {
            Self::Words(attribute, words) => attribute.words(at).for_each(|word| flags[words[word]] = 1.0),
            Self::Ages(attribute) => {
                if let Some(group) = attribute.number(at).and_then(age_group) {
                    flags[group] = 1.0;
                }
            }
        }
    }
}

/// The group of an age.
fn age_group(age: f64) -> Option<usize> {
    AGES.iter().rposition(|lowest| age >= *lowest)
}

/// Flags as a table; one column of zeros where nothing is known.
fn table(columns: &[Columns<'_>], n_rows: usize) -> Result<EmbeddingTable> {
    let width = columns.iter().map(Columns::width).sum::<usize>().max(1);
    let mut values = vec![0.0; n_rows * width];
    for (at, mut row) in values.chunks_exact_mut(width).enumerate() {
        for column in columns {
            let (flags, rest) = row.split_at_mut(column.width());
            column.set(at, flags);
            row = rest;
        }
    }
    Ok(EmbeddingTable::new(n_rows, width, values)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_data::{AttributeValue, Attributes, AttributesBuilder};

    fn entities(columns: &[(&str, AttributeKind)], rows: &[Vec<AttributeValue<'_>>]) -> Entities {
        let mut attributes = AttributesBuilder::new(columns.iter().copied()).unwrap();
        rows.iter().for_each(|row| attributes.push(row).unwrap());
        let ids = (0..rows.len()).map(|id| id.to_string()).collect();
        Entities::untitled(ids, attributes.finish())
    }

    #[test]
    fn ages_fall_into_the_groups_of_their_lower_ends() {
        let ages = [0.0, 1.0, 17.0, 18.0, 24.5, 25.0, 49.0, 50.0, 55.0, 56.0, 90.0];
        let expected =
            [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(4), Some(5), Some(5), Some(6), Some(6)];
        assert_eq!(ages.map(age_group), expected);
    }

    #[test]
    fn users_and_items_have_one_column_a_value() {
        let people =
            [("gender", AttributeKind::Category), (AGE, AttributeKind::Number), ("zip", AttributeKind::Text)];
        let user = |gender, age| vec![AttributeValue::Category(gender), age, AttributeValue::Text("1")];
        let users =
            entities(&people, &[user("F", AttributeValue::Number(30.0)), user("M", AttributeValue::Missing)]);
        let films = [("year", AttributeKind::Number), ("genres", AttributeKind::Categories)];
        let film = |genres| vec![AttributeValue::Number(1990.0), AttributeValue::Categories(genres)];
        let items = entities(&films, &[film(vec!["Drama", "Comedy"]), film(vec!["Drama"]), film(vec![])]);
        // Two genders, seven ages; two genres. Neither texts nor other numbers.
        let of_users = table(&columns(&users, true), 2).unwrap();
        assert_eq!(of_users.row(0), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0].map(|it: f32| it));
        assert_eq!(of_users.row(1)[..2], [0.0, 1.0]);
        assert!(of_users.row(1)[2..].iter().all(|it| *it == 0.0));
        let of_items = table(&columns(&items, false), 3).unwrap();
        assert_eq!(of_items.values(), [1.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(of(&users, &items).unwrap().n_features(), 9 + 2);
        // Where nothing is known of users, one column of zeros stands for them.
        let nobody = Entities::untitled(vec!["u".to_owned()], Attributes::none(1));
        assert_eq!(of(&nobody, &items).unwrap().n_features(), 1 + 2);
        let error = of(&nobody, &nobody).unwrap_err().to_string();
        assert!(error.contains("agent.features"), "{error}");
    }

    #[test]
    fn an_attribute_of_too_many_words_is_no_feature() {
        let words: Vec<String> = (0..=MAX_CATEGORIES).map(|at| at.to_string()).collect();
        let tags = [("tags", AttributeKind::Category)];
        let rows: Vec<_> = words.iter().map(|word| vec![AttributeValue::Category(word)]).collect();
        let width = |rows: &[Vec<AttributeValue<'_>>]| -> usize {
            columns(&entities(&tags, rows), true).iter().map(Columns::width).sum()
        };
        assert_eq!((width(&rows), width(&rows[1..])), (0, MAX_CATEGORIES));
    }
}
