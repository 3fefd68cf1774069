//! How a recommender's lists changed from one run to the other, for whom, and by which items.

use super::Side;
use super::lists::UserLists;
use super::metrics::{Compared, k_of};
use drr_data::Dataset;
use drr_eval::report::{Cell, Section, Table};
use std::collections::{BTreeMap, BTreeSet};

/// The users and items that are shown.
const N_SHOWN: usize = 10;

/// One user's change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// The user's id.
    pub user: &'a str,
    /// Common items divided by all items of both lists.
    pub jaccard: f64,
    /// Whether any place differs.
    pub changed: bool,
    /// Items that are no longer recommended.
    pub gone: Vec<&'a str>,
    /// Items that were not recommended before.
    pub new: Vec<&'a str>,
}

/// The changes of all users of both.
pub fn changes<'a>(before: &'a UserLists, after: &'a UserLists) -> Vec<Change<'a>> {
    let both = before.iter().filter_map(|(user, old)| after.get(user).map(|new| (user, old, new)));
    both.map(|(user, old, new)| {
        let missing = |from: &'a [String], other: &[String]| -> Vec<&'a str> {
            from.iter().filter(|item| !other.contains(item)).map(String::as_str).collect()
        };
        let (gone, added) = (missing(old, new), missing(new, old));
        let common = old.len() - gone.len();
        let union = common + gone.len() + added.len();
        let jaccard = if union == 0 { 1.0 } else { common as f64 / union as f64 };
        Change { user, jaccard, changed: old != new, gone, new: added }
    })
    .collect()
}

/// The section of one recommender, of lists as long as its headline metric looks at; none if either run has no lists of it.
pub fn section(
    compared: &Compared,
    before: &Side,
    after: &Side,
    dataset: Option<&Dataset>,
) -> Option<Section> {
    let (protocol, name) = (&compared.protocol, &compared.recommender);
    let k = k_of(&compared.metric);
    let (old, new) = (before.lists.get(protocol, name, k)?, after.lists.get(protocol, name, k)?);
    let changes = changes(&old, &new);
    if changes.is_empty() {
        return None;
    }
    let n = changes.len() as f64;
    let n_changed = changes.iter().filter(|it| it.changed).count();
    let jaccard = changes.iter().map(|it| it.jaccard).sum::<f64>() / n;
    let mut section = Section {
        heading: format!("Lists of {name}, protocol {protocol}"),
        prose: vec![format!(
            "{n_changed} of {} users ({:.1} %) get another list of {k}; the mean Jaccard overlap of items is {jaccard:.3}.",
            changes.len(),
            100.0 * n_changed as f64 / n
        )],
        ..Section::default()
    };
    if n_changed > 0 {
        let precision = |side: &Side, user: &str| {
            side.judged.get(protocol, name, "precision", k).and_then(|of| of.get(user)).copied()
        };
        let pair = |user: &str| [precision(before, user), precision(after, user)];
        section.tables.push(most_changed(&changes, &pair, dataset, k));
        section.tables.push(items(&changes, dataset));
        section.tables.extend(dataset.map(|dataset| by_activity(&changes, &pair, dataset, k)));
    }
    Some(section)
}

/// An item with its title, if it is known.
fn titled(item: &str, dataset: Option<&Dataset>) -> String {
    let title = dataset.and_then(|dataset| dataset.item_title(dataset.item(item)?));
    title.map_or_else(|| item.to_owned(), |title| format!("{title} ({item})"))
}

fn most_changed(
    changes: &[Change<'_>],
    precision: &dyn Fn(&str) -> [Option<f64>; 2],
    dataset: Option<&Dataset>,
    k: u32,
) -> Table {
    let mut order: Vec<&Change<'_>> = changes.iter().filter(|it| it.changed).collect();
    order.sort_by(|left, right| left.jaccard.total_cmp(&right.jaccard).then(left.user.cmp(right.user)));
    let rows = order.into_iter().take(N_SHOWN).map(|it| {
        let titles = |items: &[&str]| {
            Cell::text(items.iter().map(|item| titled(item, dataset)).collect::<Vec<_>>().join(", "))
        };
        let [old, new] = precision(it.user).map(|value| Cell::value(value.unwrap_or(f64::NAN), 2));
        vec![Cell::text(it.user), Cell::value(it.jaccard, 3), old, new, titles(&it.gone), titles(&it.new)]
    });
    let [of_a, of_b] = ["A", "B"].map(|run| format!("P@{k} of {run}"));
    Table {
        caption: "The users whose lists changed most.".to_owned(),
        columns: ["user", "overlap", &of_a, &of_b, "gone", "new"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// The items gained and lost most, over all users.
fn items(changes: &[Change<'_>], dataset: Option<&Dataset>) -> Table {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for change in changes {
        for item in &change.gone {
            *counts.entry(item).or_default() -= 1;
        }
        for item in &change.new {
            *counts.entry(item).or_default() += 1;
        }
    }
    let mut order: Vec<(&str, i64)> = counts.into_iter().filter(|(_, count)| *count != 0).collect();
    order.sort_by_key(|(item, count)| (-count, *item));
    let n_gained = order.iter().filter(|(_, count)| *count > 0).count();
    let (gained, lost) = order.split_at(n_gained);
    let lost = lost.iter().rev().take(N_SHOWN).collect::<Vec<_>>();
    let shown = gained.iter().take(N_SHOWN).chain(lost);
    Table {
        caption: "The items that got into most lists and that left most, as users gained.".to_owned(),
        columns: ["item", "users"].map(str::to_owned).to_vec(),
        rows: shown
            .map(|(item, count)| vec![Cell::text(titled(item, dataset)), Cell::value(*count as f64, 0)])
            .collect(),
        ..Table::default()
    }
}

/// Changes by thirds of the users, from those with the fewest ratings to those with the most.
fn by_activity(
    changes: &[Change<'_>],
    precision: &dyn Fn(&str) -> [Option<f64>; 2],
    dataset: &Dataset,
    k: u32,
) -> Table {
    let mut ratings: BTreeMap<u32, usize> = BTreeMap::new();
    for row in dataset.interactions() {
        *ratings.entry(row.user.0).or_default() += 1;
    }
    let n_ratings = |user: &str| dataset.user(user).and_then(|at| ratings.get(&at.0)).copied().unwrap_or(0);
    let mut order: Vec<&Change<'_>> = changes.iter().collect();
    order.sort_by_key(|it| (n_ratings(it.user), it.user));
    let n = order.len();
    let thirds = [("fewest", 0, n / 3), ("middle", n / 3, 2 * n / 3), ("most", 2 * n / 3, n)];
    let rows = thirds.into_iter().filter(|(_, from, to)| from < to).map(|(name, from, to)| {
        let group = &order[from..to];
        let share = group.iter().filter(|it| it.changed).count() as f64 / group.len() as f64;
        let jaccard = group.iter().map(|it| it.jaccard).sum::<f64>() / group.len() as f64;
        let differences: Vec<f64> = group
            .iter()
            .filter_map(|it| match precision(it.user) {
                [Some(old), Some(new)] => Some(new - old),
                _ => None,
            })
            .collect();
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let bounds: BTreeSet<usize> = group.iter().map(|it| n_ratings(it.user)).collect();
        let (low, high) = (bounds.first().copied().unwrap_or(0), bounds.last().copied().unwrap_or(0));
        vec![
            Cell::text(format!("{name} ratings ({low} to {high})")),
            Cell::value(group.len() as f64, 0),
            Cell::value(share, 3),
            Cell::value(jaccard, 3),
            Cell::value(mean, 4),
        ]
    });
    let change = format!("change of P@{k}");
    let columns = ["users by ratings", "users", "share changed", "overlap", &change];
    Table {
        caption: "Changes by the users' activity, in thirds.".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        ..Table::default()
    }
}
