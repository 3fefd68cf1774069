//! A log of whatever layout, one's own or a published one, as a checked log.
//!
//! `drr-intake` finds the fields; here are the rules for what they say: which number becomes which rating, what several
//! rows of one user and item become, and which users and items are too rare to tell anything.

mod entities;
mod rules;
mod words;

use super::rows::{Compacted, Table};
use crate::progress::Told;
use crate::{DataError, DatasetSpec, Progress, RawLog, RowCounts};
use drr_core::{Interaction, ItemIdx, UserIdx};
use drr_intake::{IntakeError, Layout, NANOS, SideTable, Signal, Source};
use rules::Pair;
pub use rules::{Core, Grades, OwnRules, Repeats, Zeros};
use std::path::Path;

/// Reads the log of a file, folder or archive by the entry's layout.
pub(super) fn read(
    spec: &DatasetSpec,
    path: &Path,
    progress: &mut dyn Progress,
) -> Result<RawLog, DataError> {
    let Some(layout) = &spec.layout else {
        return Err(refused(
            spec,
            "format = \"layout\" needs a table [layout]: `drr ingest --file PATH` writes one".into(),
        ));
    };
    let parts = parts(spec, layout, path)?;
    let mut counts = RowCounts::default();
    let rules = &spec.rules;
    let (mut pairs, mut tables) = (Vec::new(), Tables::new());
    for (source, layout) in &parts {
        add_pairs(spec, (source, layout), &mut pairs, &mut tables, &mut counts, progress)?;
    }
    if layout.signal == Signal::Rating {
        counts.implicit_zeros = rules.zeros.apply(&mut pairs) as u64;
    }
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
    for (source, layout) in &parts {
        tables.attributes(source, layout, progress)?;
    }
    finished(spec, layout, &pairs, tables, counts, scale)
}

/// The data set's description cannot be used.
fn refused(spec: &DatasetSpec, reason: String) -> DataError {
    DataError::Registry { path: Path::new(&spec.name).with_extension("toml"), reason }
}

/// The log, and what was appended to it, each with the layout by which it is read.
fn parts(spec: &DatasetSpec, layout: &Layout, path: &Path) -> Result<Vec<(Source, Layout)>, DataError> {
    let mut parts = vec![(Source::open(path)?, layout.clone())];
    for path in &spec.appended {
        let source = Source::open(path)?;
        let has = |name: &String| source.member(name).is_some();
        let files = match source.members() {
            [only] => vec![only.name.clone()],
            _ => layout.files.iter().filter(|name| has(name)).cloned().collect(),
        };
        if files.is_empty() {
            return Err(DataError::Intake(IntakeError::Refused {
                place: drr_intake::shown(&path.display().to_string()),
                problem: format!("there is no file {} in it", layout.files.join(", ")),
                remedy: "append a file, or a folder with files of the log's names".into(),
            }));
        }
        let table = |table: &Option<SideTable>| table.clone().filter(|it| has(&it.file));
        let (users, items) = (table(&layout.users), table(&layout.items));
        let more_items = layout.more_items.iter().filter(|it| has(&it.file)).cloned().collect();
        parts.push((source, Layout { files, users, items, more_items, ..layout.clone() }));
    }
    Ok(parts)
}

/// The users and items of a log, by first appearance.
struct Tables {
    users: Table,
    items: Table,
    /// What is said of the users, and of the items.
    of_users: words::Said,
    of_items: words::Said,
}

impl Tables {
    fn new() -> Self {
        Self {
            users: Table::open(),
            items: Table::open(),
            of_users: words::Said::default(),
            of_items: words::Said::default(),
        }
    }
}

/// Adds every row with its value and moment; ids become positions in the tables.
fn add_pairs(
    spec: &DatasetSpec,
    (source, layout): (&Source, &Layout),
    pairs: &mut Vec<Pair>,
    tables: &mut Tables,
    counts: &mut RowCounts,
    progress: &mut dyn Progress,
) -> Result<(), DataError> {
    let window = spec.rules.window(layout).map_err(|reason| refused(spec, reason))?;
    let words = entities::LogWords::new(layout, tables);
    let n_others = drr_intake::read(source, layout, &mut Told(progress), |row| -> Result<(), DataError> {
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
        words.take(&row, tables, user, item)?;
        let nanos = row.nanos.unwrap_or(pairs.len() as i128 * NANOS);
        let nanos = i64::try_from(nanos).map_err(|_| IntakeError::Refused {
            place: row.place(),
            problem: "the time is before 1677 or after 2262".into(),
            remedy: "correct it, or give its unit with --time-unit".into(),
        })?;
        if layout.time.is_some() && !window.holds(nanos) {
            counts.not_asked_for += 1;
            return Ok(());
        }
        // A row without a value says less than the log's others do.
        let Some(value) = row.value.or_else(|| layout.columns.value.is_none().then_some(1.0)) else {
            counts.without_value += 1;
            return Ok(());
        };
        pairs.push(Pair { user, item, value, nanos, at });
        Ok(())
    })?;
    counts.rows_read += n_others;
    counts.not_asked_for += n_others;
    Ok(())
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
    let kinds = &spec.rules.attributes;
    let (titles, attributes) = tables.of_users.finish(&used_users, kinds)?;
    let Compacted { used: users, moved: new_user, .. } =
        tables.users.compact_with(titles, attributes, &used_users);
    let (titles, attributes) = tables.of_items.finish(&used_items, kinds)?;
    let Compacted { used: items, others: cold_items, moved: new_item } =
        tables.items.compact_with(titles, attributes, &used_items);
    if let Some(name) =
        kinds.keys().find(|it| users.attributes().get(it).or(items.attributes().get(it)).is_none())
    {
        let names: Vec<&str> =
            users.attributes().iter().chain(items.attributes().iter()).map(|it| it.name()).collect();
        let reason =
            format!("rules.attributes names {name:?}, which is no attribute; there are {}", names.join(", "));
        return Err(refused(spec, reason));
    }
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
    Ok(RawLog {
        dataset: spec.name.clone(),
        users,
        items,
        cold_items,
        interactions,
        counts,
        rating_scale,
        has_time,
    })
}
