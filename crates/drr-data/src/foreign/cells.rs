//! Rows with a whole list: the items of one cell, as people and programs write them, or of several cells.

use super::columns::Look;
use super::gathered::{By, Gathered, RawRow};
use super::json::Json;
use super::{ListPlace, shown};
use crate::DataError;

/// What may stand between the items of a cell, the least usual inside an id first; else white space does.
const BETWEEN: [char; 4] = ['|', ';', '\t', ','];

/// The items of one row.
pub(super) enum Items {
    /// As one text.
    Cell(String),
    /// One by one; empty ones are no items.
    Each(Vec<String>),
}

struct ListRow {
    place: ListPlace,
    user: String,
    recommender: Option<String>,
    items: Items,
}

/// Rows with a whole list each: what stands between items is known once all have been seen.
#[derive(Default)]
pub(super) struct Cells {
    rows: Vec<ListRow>,
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

impl Cells {
    pub fn push(&mut self, place: ListPlace, user: &str, recommender: Option<&str>, items: Items) {
        let (user, recommender) = (user.to_owned(), recommender.map(str::to_owned));
        self.rows.push(ListRow { place, user, recommender, items });
    }

    /// Hands the lists over, the best item first.
    ///
    /// # Errors
    ///
    /// Refuses a cell that is no list of ids.
    pub fn finish(self, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
        gathered.by = By::Row;
        let texts = self.rows.iter().filter_map(|row| match &row.items {
            Items::Cell(cell) if bracketed(cell.trim()).is_none() => Some(cell.trim()),
            _ => None,
        });
        let texts: Vec<&str> = texts.collect();
        let between = BETWEEN.into_iter().find(|between| texts.iter().any(|text| text.contains(*between)));
        for row in &self.rows {
            let split = match &row.items {
                Items::Each(items) => Ok(items.clone()),
                Items::Cell(cell) => split(cell.trim(), between),
            };
            let items = split.map_err(|problem| {
                let cell = match &row.items {
                    Items::Cell(cell) => shown(cell.trim()),
                    Items::Each(_) => String::new(),
                };
                let remedy = "write the ids with a space between them, or as [\"1\", \"2\"], the best first";
                gathered.refuse(row.place, format!("the list {cell} {problem}"), remedy)
            })?;
            let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
            for (rank, item) in (1..).zip(items) {
                let (place, user, recommender) = (row.place, row.user.as_str(), row.recommender.as_deref());
                gathered.add(&RawRow { place, user, item, order: f64::from(rank), recommender })?;
            }
        }
        Ok(())
    }
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
                items.push(if was_quoted { text } else { bare(&text)? });
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
            let items: Vec<String> =
                split(cell, None).unwrap().into_iter().filter(|it| !it.is_empty()).collect();
            assert_eq!(items, ["7", "8", "9"], "{cell}");
        }
        assert_eq!(split("7| a b |9", Some('|')).unwrap(), ["7", "a b", "9"]);
        assert_eq!(split(r"['it\'s', 'b']", None).unwrap(), ["it's", "b"]);
        assert_eq!(split("[\"\\u00e9\", \"b\"]", None).unwrap(), ["é", "b"]);
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
