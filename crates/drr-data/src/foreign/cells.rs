//! Rows with a whole list: the items of one cell, as people and programs write them, or of several cells.

use super::ListPlace;
use super::columns::{Look, Order};
use super::gathered::{By, Gathered, RawRow};
use super::json::Json;
use crate::DataError;
use drr_intake::shown;

/// What may stand between the items of a cell, the least usual inside an id first; else white space does.
const BETWEEN: [char; 4] = ['|', ';', '\t', ','];

/// The items of one row.
pub(super) enum Items {
    /// As one text.
    Cell(String),
    /// One by one; empty ones are no items.
    Each(Vec<String>),
}

/// The numbers beside the items of one row.
pub(super) enum Numbers {
    /// As one text.
    Cell(String),
    /// As texts, one by one.
    Texts(Vec<String>),
    /// One by one; none where nothing stands.
    Each(Vec<Option<f64>>),
}

struct ListRow {
    place: ListPlace,
    user: String,
    recommender: Option<String>,
    items: Items,
    numbers: Option<Numbers>,
}

/// Rows with a whole list each: what stands between items is known once all have been seen.
pub(super) struct Cells {
    rows: Vec<ListRow>,
    /// What the numbers beside the items are, where there are any.
    by: Option<Order>,
}

/// What a cell of text looks like.
pub(super) fn look(cell: &str) -> Look {
    let cell = cell.trim();
    if bracketed(cell).is_some() {
        Look::Bracketed
    } else if cell.contains(BETWEEN) || cell.contains(char::is_whitespace) {
        Look::Several
    } else {
        Look::Single
    }
}

/// What is inside the brackets around a cell.
fn bracketed(cell: &str) -> Option<&str> {
    let inside = |open, close| cell.strip_prefix(open)?.strip_suffix(close);
    inside('[', ']').or_else(|| inside('(', ')')).or_else(|| inside('{', '}'))
}

/// What stands between the values of all cells that have no brackets.
fn between<'a>(cells: impl Iterator<Item = &'a str>) -> Option<char> {
    let texts: Vec<&str> = cells.map(str::trim).filter(|cell| bracketed(cell).is_none()).collect();
    BETWEEN.into_iter().find(|between| texts.iter().any(|text| text.contains(*between)))
}

impl Cells {
    /// No rows yet; `by` says what the numbers beside the items will be.
    pub const fn new(by: Option<Order>) -> Self {
        Self { rows: Vec::new(), by }
    }

    pub fn push(
        &mut self,
        place: ListPlace,
        (user, recommender): (&str, Option<&str>),
        items: Items,
        numbers: Option<Numbers>,
    ) {
        let (user, recommender) = (user.to_owned(), recommender.map(str::to_owned));
        self.rows.push(ListRow { place, user, recommender, items, numbers });
    }

    /// Hands the lists over, by the numbers beside the items, and else the best item first.
    ///
    /// # Errors
    ///
    /// Refuses a cell that is no list of ids, and one beside it that has no number for each.
    pub fn finish(self, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
        gathered.by = match self.by {
            None => By::Row,
            Some(Order::Rank) => By::Rank,
            Some(Order::Score) => By::Score,
        };
        let of_items = between(self.rows.iter().filter_map(|row| match &row.items {
            Items::Cell(cell) => Some(cell.as_str()),
            Items::Each(_) => None,
        }));
        let of_numbers = between(self.rows.iter().filter_map(|row| match &row.numbers {
            Some(Numbers::Cell(cell)) => Some(cell.as_str()),
            _ => None,
        }));
        for row in &self.rows {
            gathered.stop.step()?;
            let items = row.items(gathered, of_items)?;
            let whose = (row.user.as_str(), row.recommender.as_deref());
            let Some((by, numbers)) = self.by.zip(row.numbers.as_ref()) else {
                let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
                for (rank, item) in (1..).zip(items) {
                    let (place, (user, recommender)) = (row.place, whose);
                    gathered.add(&RawRow { place, user, item, order: f64::from(rank), recommender })?;
                }
                continue;
            };
            let numbers = numbers.values(of_numbers).map_err(|problem| {
                let [what, _] = by.words();
                let problem = format!("the list of {what} {} {problem}", numbers.shown());
                gathered.refuse(row.place, problem, BESIDE)
            })?;
            add_ordered(gathered, row.place, whose, (&items, &numbers), by)?;
        }
        Ok(())
    }
}

/// What helps where items and the numbers beside them do not fit.
const BESIDE: &str = "give each item of the list its number, in the same order, or remove the column; if a row has one item, name its column item";

/// Adds a list that is ordered by the numbers beside its items.
///
/// # Errors
///
/// Refuses more or fewer numbers than items, and what is no score or rank.
pub(super) fn add_ordered(
    gathered: &mut Gathered<'_>,
    place: ListPlace,
    (user, recommender): (&str, Option<&str>),
    (items, numbers): (&[String], &[Option<f64>]),
    by: Order,
) -> Result<(), DataError> {
    let [what, _] = by.words();
    // What is empty at the end of a row is no place of a list.
    let n_items = items.iter().rposition(|item| !item.trim().is_empty()).map_or(0, |at| at + 1);
    let n_numbers = numbers.iter().rposition(Option::is_some).map_or(0, |at| at + 1);
    let refuse = |problem: String| Err(gathered.refuse(place, problem, BESIDE));
    if n_items != n_numbers {
        return refuse(format!(
            "the list of user {} has {n_items} items and {n_numbers} {what}",
            shown(user)
        ));
    }
    let mut list = Vec::with_capacity(n_items);
    for (item, number) in items.iter().map(|item| item.trim()).zip(numbers).take(n_items) {
        match (item, number) {
            ("", None) => {}
            (item, Some(number)) if !item.is_empty() => match by.key(*number) {
                Ok(key) => list.push((item, key)),
                Err(problem) => {
                    return refuse(format!("{number} among the {what} of user {} {problem}", shown(user)));
                }
            },
            _ => {
                return refuse(format!(
                    "the list of user {} has an item without a number, or a number without an item",
                    shown(user)
                ));
            }
        }
    }
    gathered.begin_list(place, (user, recommender), list.is_sorted_by(|left, right| left.1 <= right.1));
    for (item, order) in list {
        gathered.add(&RawRow { place, user, item, order, recommender })?;
    }
    Ok(())
}

impl ListRow {
    fn items(&self, gathered: &Gathered<'_>, between: Option<char>) -> Result<Vec<String>, DataError> {
        let cell = match &self.items {
            Items::Each(items) => return Ok(items.clone()),
            Items::Cell(cell) => cell.trim(),
        };
        split(cell, between).map_err(|problem| {
            let remedy = "write the ids with a space between them, or as [\"1\", \"2\"], the best first";
            gathered.refuse(self.place, format!("the list {} {problem}", shown(cell)), remedy)
        })
    }
}

impl Numbers {
    fn values(&self, between: Option<char>) -> Result<Vec<Option<f64>>, &'static str> {
        match self {
            Self::Each(numbers) => Ok(numbers.clone()),
            Self::Texts(texts) => texts.iter().map(|text| number(text)).collect(),
            Self::Cell(cell) => match serde_json::from_str(cell.trim()) {
                Ok(Json::Array(numbers)) => numbers.iter().map(Json::number_if_any).collect(),
                _ => split(cell.trim(), between)?.iter().map(|text| number(text)).collect(),
            },
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Each(_) => String::new(),
            Self::Texts(texts) => shown(&texts.join(" ")),
            Self::Cell(cell) => shown(cell.trim()),
        }
    }
}

/// The number of a text; none where it is empty.
fn number(text: &str) -> Result<Option<f64>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| "has something else in it than numbers")
}

/// The ids of a cell.
fn split(cell: &str, between: Option<char>) -> Result<Vec<String>, &'static str> {
    let Some(inside) = bracketed(cell) else {
        let owned = |item: &str| item.trim().to_owned();
        return Ok(match between {
            Some(between) => cell.split(between).map(owned).collect(),
            None => cell.split_whitespace().map(owned).collect(),
        });
    };
    if cell.starts_with('{') {
        return Err("is a set, which has no order");
    }
    // What is JSON is read as such, with its escapes.
    if let Ok(Json::Array(items)) = serde_json::from_str(cell) {
        return items.iter().map(Json::id).collect();
    }
    printed(inside)
}

/// The ids of a list as Python prints it: `'1', '2'`, `'1' '2'`, `1 2`, `np.int64(1), np.int64(2)`.
fn printed(inside: &str) -> Result<Vec<String>, &'static str> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut quote, mut is_escaped, mut was_quoted) = (None, false, false);
    let has_commas = has_bare_comma(inside);
    let is_between = |it: char| if has_commas { it == ',' } else { it.is_whitespace() };
    for letter in inside.chars().chain([if has_commas { ',' } else { ' ' }]) {
        match quote {
            Some(_) if is_escaped && !matches!(letter, '\\' | '\'' | '"') => {
                return Err("has an escape that is not read here");
            }
            Some(_) if is_escaped => {
                item.push(letter);
                is_escaped = false;
            }
            Some(_) if letter == '\\' => is_escaped = true,
            Some(open) if letter == open => quote = None,
            Some(_) => item.push(letter),
            None if is_between(letter) => {
                let text = std::mem::take(&mut item);
                // Spaces in a row are one.
                if was_quoted || has_commas || !text.trim().is_empty() {
                    items.push(if was_quoted { text } else { bare(&text)? });
                }
                was_quoted = false;
            }
            None if matches!(letter, '\'' | '"') && matches!(item.trim(), "" | "np.str_(") => {
                (quote, was_quoted) = (Some(letter), true);
                item.clear();
            }
            None if was_quoted && !letter.is_whitespace() && letter != ')' => {
                return Err("has something behind a quotation mark");
            }
            None if was_quoted => {}
            None => item.push(letter),
        }
    }
    if quote.is_some() { Err("has a quotation mark that is not closed") } else { Ok(items) }
}

/// Whether a comma stands outside quotation marks.
fn has_bare_comma(inside: &str) -> bool {
    let (mut quote, mut is_escaped) = (None, false);
    for letter in inside.chars() {
        match (quote, letter) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, ',') => return true,
            _ => {}
        }
    }
    false
}

/// An id without quotation marks, out of what NumPy puts around it.
fn bare(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let inside =
        text.strip_prefix("np.").and_then(|it| it.split_once('(')).and_then(|it| it.1.strip_suffix(')'));
    let text = inside.unwrap_or(text);
    if text == "..." || text == "…" {
        return Err("was cut short where it was printed");
    }
    if text.contains(['[', '(', '{', ']', ')', '}']) {
        return Err("has something else in it than ids");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_are_printed() {
        for cell in [
            "['7', 'a b', '9']",
            "[\"7\", \"a b\", \"9\"]",
            "('7','a b','9')",
            "['7' 'a b' '9']",
            "[7, a b, 9]",
            "[np.str_('7'), np.str_('a b'), np.str_('9')]",
        ] {
            assert_eq!(split(cell, None).unwrap(), ["7", "a b", "9"], "{cell}");
        }
        for cell in
            ["[7 8 9]", "[ 7  8  9]", "[7, 8, 9]", "[np.int64(7), np.int64(8), np.int64(9)]", "7 8  9"]
        {
            assert_eq!(split(cell, None).unwrap(), ["7", "8", "9"], "{cell}");
        }
        assert_eq!(split("7| a b |9", Some('|')).unwrap(), ["7", "a b", "9"]);
        assert_eq!(split(r"['it\'s', 'b']", None).unwrap(), ["it's", "b"]);
        assert_eq!(split("[\"\\u00e9\", \"b\"]", None).unwrap(), ["é", "b"]);
    }

    #[test]
    fn numbers_are_read_as_they_are_printed() {
        let values = |cell: &str, between| Numbers::Cell(cell.to_owned()).values(between);
        for cell in
            ["[0.5, -1, 2e3]", "[ 0.5  -1.  2e3]", "0.5 -1 2e3", "[np.float64(0.5), np.float64(-1.0), 2000]"]
        {
            assert_eq!(values(cell, None), Ok(vec![Some(0.5), Some(-1.0), Some(2000.0)]), "{cell}");
        }
        assert_eq!(values("0.5||2", Some('|')), Ok(vec![Some(0.5), None, Some(2.0)]));
        assert_eq!(values("[0.5, null]", None), Ok(vec![Some(0.5), None]));
        for cell in ["[0.5, x]", "0.5 high", "[true]", "{0.5, 1}"] {
            assert!(values(cell, None).is_err(), "{cell}");
        }
    }

    #[test]
    fn what_is_no_list_of_ids_is_refused() {
        for (cell, part) in [
            ("{7, 8}", "no order"),
            ("[7 8 ... 9]", "cut short"),
            ("[(7, 0.5), (8, 0.4)]", "something else"),
            ("['7, '8']", "quotation mark"),
            ("[7, null, 8.5]", "id"),
            ("[{\"item\": 7}]", "id"),
        ] {
            let problem = split(cell, None).unwrap_err();
            assert!(problem.contains(part), "{cell}: {problem}");
        }
    }
}
