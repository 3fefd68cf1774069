//! A log of one's own, of whatever layout, as a checked log.
//!
//! `drr-intake` finds the fields; here are the rules for what they say: which number becomes which rating, what several
//! rows of one user and item become, and which users and items are too rare to tell anything.

mod entities;
mod rules;

use super::rows::Table;
use crate::progress::Told;
use crate::{DataError, DatasetSpec, Progress, RawLog, RowCounts};
use drr_core::{Interaction, ItemIdx, UserIdx};
use drr_intake::{IntakeError, Layout, NANOS, Signal, Source};
use rules::Pair;
pub use rules::{Core, Grades, OwnRules, Repeats};
use std::path::Path;

/// Reads the log of a file, folder or archive by the entry's layout.
pub(super) fn read(
    spec: &DatasetSpec,
    path: &Path,
    progress: &mut dyn Progress,
) -> Result<RawLog, DataError> {
    let Some(layout) = &spec.layout else {
        let reason =
            "format = \"own\" needs a table [layout]: `drr ingest --file PATH` writes one".to_owned();
        return Err(DataError::Registry { path: Path::new(&spec.name).with_extension("toml"), reason });
    };
    let source = Source::open(path)?;
    let mut counts = RowCounts::default();
    let (mut pairs, mut tables) = pairs(&source, layout, &mut counts, progress)?;
    let rules = &spec.rules;
    if layout.signal != Signal::Rating && layout.columns.value.is_some() {
        // A count of nothing, or of things sent back, is no interaction.
        let n_before = pairs.len();
        pairs.retain(|it| it.value > 0.0);
        counts.out_of_range_dropped = (n_before - pairs.len()) as u64;
    }
    let repeats = rules.repeats.unwrap_or_else(|| Repeats::of(layout.signal));
    let n_before = pairs.len();
    repeats.merge(&mut pairs, &spec.name)?;
    counts.duplicates_dropped = (n_before - pairs.len()) as u64;
    let n_before = pairs.len();
    rules.core.apply(&mut pairs);
    counts.filtered = (n_before - pairs.len()) as u64;
    if pairs.is_empty() {
        return Err(DataError::NoRows { dataset: spec.name.clone(), rows_read: counts.rows_read });
    }
    let scale = rules.grade(layout.signal, &mut pairs);
    in_order(&mut pairs, layout);
    tables.attributes(&source, layout, progress)?;
    finished(spec, layout, &pairs, tables, counts, scale)
}

/// The users and items of a log, by first appearance.
struct Tables {
    users: Table,
    items: Table,
    /// What is said of the items.
    said: entities::Said,
}

/// Every row with its value and moment; ids become positions in the tables.
fn pairs(
    source: &Source,
    layout: &Layout,
    counts: &mut RowCounts,
    progress: &mut dyn Progress,
) -> Result<(Vec<Pair>, Tables), DataError> {
    let words = entities::LogWords::new(layout);
    let mut tables = Tables { users: Table::open(), items: Table::open(), said: words.said() };
    let mut pairs = Vec::new();
    drr_intake::read(source, layout, &mut Told(progress), |row| -> Result<(), DataError> {
        counts.rows_read += 1;
        let (user, item) =
            (tables.users.position(row.user.as_bytes()), tables.items.position(row.item.as_bytes()));
        let (Some(user), Some(item), Ok(at)) = (user, item, u32::try_from(pairs.len())) else {
            return Err(DataError::Intake(IntakeError::Refused {
                place: row.place(),
                problem: "there are more than 4 billion rows".into(),
                remedy: "take a part of the log".into(),
            }));
        };
        words.take(&row, tables.said.of(item));
        let nanos = row.nanos.unwrap_or(pairs.len() as i128 * NANOS);
        let nanos = i64::try_from(nanos).map_err(|_| IntakeError::Refused {
            place: row.place(),
            problem: "the time is before 1677 or after 2262".into(),
            remedy: "correct it, or give its unit with --time-unit".into(),
        })?;
        // A row without a value says less than the log's others do.
        let Some(value) = row.value.or_else(|| layout.columns.value.is_none().then_some(1.0)) else {
            counts.without_value += 1;
            return Ok(());
        };
        pairs.push(Pair { user, item, value, nanos, at });
        Ok(())
    })?;
    Ok((pairs, tables))
}

/// Puts rows into the order of their moments where whole seconds would lose it; else they stay in the order of the file.
fn in_order(pairs: &mut [Pair], layout: &Layout) {
    let has_fractions = pairs.iter().any(|it| i128::from(it.nanos) % NANOS != 0);
    if layout.columns.time.is_some() && has_fractions {
        pairs.sort_by_key(|it| (it.nanos, it.at));
    } else {
        pairs.sort_by_key(|it| it.at);
    }
}

fn finished(
    spec: &DatasetSpec,
    layout: &Layout,
    pairs: &[Pair],
    tables: Tables,
    mut counts: RowCounts,
    rating_scale: (f32, f32),
) -> Result<RawLog, DataError> {
    let mut used_users = vec![false; tables.users.len()];
    let mut used_items = vec![false; tables.items.len()];
    for pair in pairs {
        used_users[pair.user as usize] = true;
        used_items[pair.item as usize] = true;
    }
    let (users, new_user) = tables.users.compact(&used_users);
    let (titles, attributes) = tables.said.finish(used_items.len())?;
    let (items, new_item) = tables.items.compact_with(titles, attributes, &used_items);
    counts.unrated_users = (used_users.len() - users.len()) as u64;
    counts.unrated_items = (used_items.len() - items.len()) as u64;
    let has_time = layout.columns.time.is_some();
    let interactions = pairs.iter().enumerate().map(|(at, pair)| Interaction {
        user: UserIdx(new_user[pair.user as usize]),
        item: ItemIdx(new_item[pair.item as usize]),
        rating: pair.value as f32,
        // Without times, a row's number stands for its time.
        timestamp: if has_time { pair.nanos.div_euclid(1_000_000_000) } else { at as i64 },
    });
    let interactions = interactions.collect();
    Ok(RawLog { dataset: spec.name.clone(), users, items, interactions, counts, rating_scale, has_time })
}
