//! What the data set says of users and items beside their ratings, as features of the agent's state.

use anyhow::Result;
use drr_core::{ContextIdx, EmbeddingTable};
use drr_data::{Dataset, ItemRecord, UserRecord};
use drr_env::Sessions;
use drr_learn::{StateFeatures, TrainingTables};
use std::collections::BTreeSet;

/// The lower ends of the age groups, those of MovieLens 1M.
const AGES: [u16; 7] = [1, 18, 25, 35, 45, 50, 56];

/// The tables of a training with the features of the data set's users and items.
///
/// # Errors
///
/// Fails if the data set says nothing of either.
pub fn add(dataset: &Dataset, tables: TrainingTables, sessions: &Sessions) -> Result<TrainingTables> {
    let users = (0..sessions.n_contexts()).map(|context| sessions.user(ContextIdx::from(context))).collect();
    Ok(tables.with_features(of(dataset.users(), dataset.items())?, users)?)
}

/// One-hot gender, age group and occupation of each user, and the genres of each item. What is unknown is zeros.
fn of(users: &[UserRecord], items: &[ItemRecord]) -> Result<StateFeatures> {
    let genders: BTreeSet<&str> = users.iter().filter_map(|user| user.gender.as_deref()).collect();
    let occupations: BTreeSet<&str> = users.iter().filter_map(|user| user.occupation.as_deref()).collect();
    let genres: BTreeSet<&str> =
        items.iter().flat_map(|item| item.genres.iter().map(String::as_str)).collect();
    let has_ages = users.iter().any(|user| user.age.is_some());
    if genders.is_empty() && occupations.is_empty() && genres.is_empty() && !has_ages {
        anyhow::bail!(
            "agent.features = true, but the data set says nothing of its users and items: set it to false"
        );
    }
    let age_groups = if has_ages { &AGES[..] } else { &[] };
    let flag = |is: bool| if is { 1.0_f32 } else { 0.0 };
    let of_user = |user: &UserRecord| -> Vec<f32> {
        let gender = genders.iter().map(|it| flag(user.gender.as_deref() == Some(*it)));
        let group = user.age.and_then(age_group);
        let age = (0..age_groups.len()).map(|at| flag(group == Some(at)));
        let occupation = occupations.iter().map(|it| flag(user.occupation.as_deref() == Some(*it)));
        gender.chain(age).chain(occupation).collect()
    };
    let of_item = |item: &ItemRecord| -> Vec<f32> {
        genres.iter().map(|genre| flag(item.genres.iter().any(|it| it == genre))).collect()
    };
    Ok(StateFeatures::new(
        table(users.iter().map(of_user), users.len())?,
        table(items.iter().map(of_item), items.len())?,
    ))
}

/// The group of an age.
fn age_group(age: u16) -> Option<usize> {
    AGES.iter().rposition(|lowest| age >= *lowest)
}

/// Rows as a table; one column of zeros where nothing is known.
fn table(rows: impl Iterator<Item = Vec<f32>>, n_rows: usize) -> Result<EmbeddingTable> {
    let values: Vec<f32> = rows.flatten().collect();
    if values.is_empty() {
        return Ok(EmbeddingTable::new(n_rows, 1, vec![0.0; n_rows])?);
    }
    Ok(EmbeddingTable::new(n_rows, values.len() / n_rows, values)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(gender: &str, age: Option<u16>) -> UserRecord {
        UserRecord { gender: Some(gender.to_owned()), age, ..UserRecord::default() }
    }

    #[test]
    fn ages_fall_into_the_groups_of_their_lower_ends() {
        let ages = [0, 1, 17, 18, 24, 25, 49, 50, 55, 56, 90];
        let groups: Vec<Option<usize>> = ages.into_iter().map(age_group).collect();
        let expected =
            [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(4), Some(5), Some(5), Some(6)];
        assert_eq!(groups[..10], expected);
        assert_eq!(groups[10], Some(6));
    }

    #[test]
    fn users_and_items_have_one_column_a_value() {
        let item = |genres: &[&str]| ItemRecord {
            genres: genres.iter().map(|genre| (*genre).to_owned()).collect(),
            ..ItemRecord::default()
        };
        let items = [item(&["Comedy", "Drama"]), item(&["Drama"]), item(&[])];
        // Two genders, seven ages, no occupation; two genres.
        let features = of(&[user("F", Some(30)), user("M", None)], &items).unwrap();
        assert_eq!(features.n_features(), 9 + 2);
        // Where nothing is known of users, one column of zeros stands for them.
        assert_eq!(of(&[UserRecord::default()], &items).unwrap().n_features(), 1 + 2);
        let error = of(&[UserRecord::default()], &[item(&[])]).unwrap_err().to_string();
        assert!(error.contains("agent.features"), "{error}");
    }
}
