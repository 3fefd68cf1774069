//! What is told of a new user: ids on the command line, ids in a file, titles.

use super::titles::{Meant, Titles};
use anyhow::{Context as _, Result, bail};
use drr_core::{ItemIdx, Observed};
use drr_data::Dataset;
use drr_intake::shown;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A longer file is no history of one user.
const MOST_BYTES: u64 = 16 << 20;

/// What is told of a new user, each part oldest first; the file comes before the ids, and these before the titles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// A file with one id a line, behind which a tab and a rating may stand.
    pub file: Option<PathBuf>,
    /// Ids of liked items: one each, or a single list with commas.
    pub history: Vec<String>,
    /// Titles of liked items.
    pub like: Vec<String>,
}

/// What is known of a new user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewUser {
    /// The ratings, oldest first; who gave none liked the item as much as can be.
    pub history: Vec<Observed>,
    /// The items that titles meant.
    pub meant: Vec<Meant>,
    /// What was doubtful.
    pub warnings: Vec<String>,
}

impl Told {
    /// A new user by the text of one `--history`.
    #[must_use]
    pub fn ids(text: &str) -> Self {
        Self { history: vec![text.to_owned()], ..Self::default() }
    }

    /// Finds the items.
    ///
    /// # Errors
    ///
    /// Refuses ids and titles that the catalogue does not have, ids that can be read in two ways, an item twice, ratings that
    /// are not on the data set's scale, and no item at all.
    pub fn of(&self, dataset: &Dataset) -> Result<NewUser> {
        let mut user = NewUser::default();
        if let Some(path) = &self.file {
            read_file(dataset, path, &mut user)?;
        }
        match self.history.as_slice() {
            [one] => {
                for item in in_one(dataset, one, &mut user.warnings)? {
                    user.add(dataset, item, None)?;
                }
            }
            many => {
                for id in many {
                    let item = exact(dataset, id).with_context(|| each_takes_one(dataset, id))?;
                    user.add(dataset, item, None)?;
                }
            }
        }
        if !self.like.is_empty() {
            let titles = Titles::new(dataset);
            for text in &self.like {
                let meant = titles.meant(text)?;
                user.warnings.extend(ambiguous(dataset, &meant));
                user.add(dataset, meant.item, None)?;
                user.meant.push(meant);
            }
        }
        if user.history.is_empty() {
            bail!("the history names no item: give at least one id, for example {}", example(dataset));
        }
        Ok(user)
    }
}

impl NewUser {
    /// Adds an item; without a rating it was liked as much as can be.
    fn add(&mut self, dataset: &Dataset, item: ItemIdx, rating: Option<f32>) -> Result<()> {
        if self.history.iter().any(|known| known.item == item) {
            bail!("the history names item {} twice: leave one of them out", shown(dataset.item_id(item)));
        }
        let rating = rating.unwrap_or(dataset.manifest().rating_scale.1);
        self.history.push(Observed { item, rating, timestamp: self.history.len() as i64 });
        Ok(())
    }
}

/// How many of the others a warning names.
const MOST_NAMED: usize = 5;

/// What to say of a title that several items have.
fn ambiguous(dataset: &Dataset, meant: &Meant) -> Option<String> {
    let name =
        |item: &ItemIdx| format!("{} ({})", shown(&dataset.item_name(*item)), shown(dataset.item_id(*item)));
    let others: Vec<String> = meant.others.iter().take(MOST_NAMED).map(name).collect();
    let more = meant.others.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    (!others.is_empty()).then(|| {
        format!(
            "--like {:?} fits several titles: {} is taken, which has the most ratings; the others, each with its id for --history, are {}{more}",
            shown(&meant.text),
            name(&meant.item),
            others.join("; ")
        )
    })
}

/// The item of an id as it is written, else without blanks around it.
fn exact(dataset: &Dataset, id: &str) -> Option<ItemIdx> {
    dataset.item(id).or_else(|| dataset.item(id.trim()))
}

/// An option that names an item of the catalogue.
fn example(dataset: &Dataset) -> String {
    format!("--history {:?}", shown(dataset.items().id(0)))
}

fn no_item(dataset: &Dataset, id: &str) -> String {
    format!(
        "there is no item {} in the catalogue: give the data set's own ids, for example {}, or a title with --like",
        shown(id),
        example(dataset)
    )
}

fn each_takes_one(dataset: &Dataset, id: &str) -> String {
    let hint =
        if id.contains(',') { "; where --history is repeated, each takes one id, and no list" } else { "" };
    format!("{}{hint}", no_item(dataset, id))
}

/// The items of a single `--history`: an id, or ids with commas between them.
fn in_one(dataset: &Dataset, text: &str, warnings: &mut Vec<String>) -> Result<Vec<ItemIdx>> {
    let parts: Vec<&str> = text.split(',').collect();
    if let Some(item) = exact(dataset, text) {
        if parts.len() > 1 && parts.iter().all(|it| exact(dataset, it).is_some()) {
            warnings.push(format!(
                "{} is the id of an item, and is taken for that; for the items {} give --history once for each",
                shown(text),
                shown(&parts.join(" and "))
            ));
        }
        return Ok(vec![item]);
    }
    let longest = dataset.items().ids().iter().map(|id| id.matches(',').count()).max().unwrap_or(0) + 1;
    // From each part on: the items up to the end, in the ways in which the catalogue can read them; two are enough to refuse.
    let mut ways: Vec<Ways> = vec![Ways::None; parts.len() + 1];
    ways[parts.len()] = Ways::One(None, parts.len());
    for at in (0..parts.len()).rev() {
        let mut found = Ways::None;
        if parts[at].trim().is_empty() {
            found = found.or(&ways[at + 1], None, at + 1);
        }
        for end in at + 1..=parts.len().min(at + longest) {
            if let Some(item) = exact(dataset, &parts[at..end].join(",")) {
                found = found.or(&ways[end], Some(item), end);
            }
        }
        ways[at] = found;
    }
    match ways[0] {
        Ways::One(..) => {}
        Ways::Several => bail!(
            "--history {} can be read as ids in more than one way, since ids of this data set have commas: give --history once for each id",
            shown(text)
        ),
        Ways::None => {
            let unknown = parts.iter().find(|it| !it.trim().is_empty() && exact(dataset, it).is_none());
            bail!("{}; ids are separated by commas", no_item(dataset, unknown.map_or(text, |it| it.trim())))
        }
    }
    let (mut items, mut at) = (Vec::new(), 0);
    while at < parts.len() {
        let Ways::One(item, next) = ways[at] else { break };
        items.extend(item);
        at = next;
    }
    Ok(items)
}

/// In how many ways the rest of a list can be read.
#[derive(Debug, Clone, Copy)]
enum Ways {
    /// In none.
    None,
    /// In one: the next item, where this part begins one, and the part behind it.
    One(Option<ItemIdx>, usize),
    /// In more.
    Several,
}

impl Ways {
    /// With the ways that begin with `item` and go on like `rest`.
    const fn or(self, rest: &Self, item: Option<ItemIdx>, next: usize) -> Self {
        match (self, rest) {
            (_, Self::None) => self,
            (Self::None, Self::One(..)) => Self::One(item, next),
            _ => Self::Several,
        }
    }
}

/// Reads a file of ids, each with a rating or without.
fn read_file(dataset: &Dataset, path: &Path, user: &mut NewUser) -> Result<()> {
    let place = || format!("--history-file {}", shown(&path.display().to_string()));
    let file =
        std::fs::File::open(path).with_context(|| format!("{} cannot be read: check the path", place()))?;
    if !file.metadata().with_context(place)?.is_file() {
        bail!("{} is no file: give one with an id a line", place());
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).with_context(place)?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!(
            "{} is larger than 16 MB, which is no history of one user: give one with an id a line",
            place()
        );
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    for (at, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let place = || format!("{}, line {at}", place());
        let line = std::str::from_utf8(line)
            .map_err(|_| anyhow::anyhow!("{} is not UTF-8: save the file as UTF-8", place()))?;
        if line.trim().is_empty() {
            continue;
        }
        let (item, rating) = of_line(dataset, line).with_context(place)?;
        user.add(dataset, item, rating).with_context(place)?;
    }
    Ok(())
}

/// An id, or an id, a tab and a rating; the catalogue says which, where an id has a tab.
fn of_line(dataset: &Dataset, line: &str) -> Result<(ItemIdx, Option<f32>)> {
    if let Some(item) = exact(dataset, line) {
        return Ok((item, None));
    }
    let Some((id, rating)) = line.rsplit_once('\t') else { bail!(no_item(dataset, line)) };
    let item = exact(dataset, id).with_context(|| no_item(dataset, id))?;
    let (low, high) = dataset.manifest().rating_scale;
    let on_scale = |rating: &f32| (low..=high).contains(rating);
    let rating = rating.trim().parse::<f32>().ok().filter(on_scale).with_context(|| {
        format!(
            "the rating {} is no number from {low} to {high}, which is the scale of the data set: correct it",
            shown(rating)
        )
    })?;
    Ok((item, Some(rating)))
}

#[cfg(test)]
mod tests;
