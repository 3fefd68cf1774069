//! Which column of a file of lists is what, by its name, and by its first cell where a name can mean a list.

use super::names::{Role, numbered, role};
use super::{ListPlace, cells, listed_names, refuse};
use crate::DataError;
use drr_intake::shown;
use std::path::Path;

/// What orders a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The least first.
    Rank,
    /// The greatest first.
    Score,
}

/// How lists are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// A row for each place of a list.
    Long {
        /// The column of items.
        item: usize,
        /// The column of ranks or scores.
        order: usize,
        /// Which of both it is.
        by: Order,
    },
    /// A row for each user.
    Lists {
        /// Where the items are, the best first.
        items: Parts,
        /// Where there is a number for each item, and what the numbers are: they order the list then.
        numbers: Option<(Parts, Order)>,
    },
}

/// Where several values of one row are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parts {
    /// All in one column.
    Cell(usize),
    /// Each in a column of its own.
    Spread(Vec<usize>),
}

impl Parts {
    /// The columns.
    pub fn all(&self) -> &[usize] {
        match self {
            Self::Cell(cell) => std::slice::from_ref(cell),
            Self::Spread(all) => all,
        }
    }

    /// The same with other columns.
    pub fn map(&self, to: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Cell(cell) => Self::Cell(to(*cell)),
            Self::Spread(all) => Self::Spread(all.iter().map(|at| to(*at)).collect()),
        }
    }
}

/// The positions of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub user: usize,
    pub shape: Shape,
    /// The column of items is named as one of whole lists are, whatever it holds.
    pub is_plural: bool,
    pub protocol: Option<usize>,
    pub recommender: Option<usize>,
}

/// What a cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// One value.
    Single,
    /// Several values, with nothing around them.
    Several,
    /// A list in brackets, or of a list's type.
    Bracketed,
}

const RENAME: &str = "name the columns user, item, and rank or score (user_id, movieId, position, est and the like will do), or user and \
                      items for a whole list in a row; a file without a header needs these three in this order";

impl Columns {
    /// Finds them in a header that stands at `place`; `look` says what the first cell of a column looks like.
    ///
    /// # Errors
    ///
    /// Refuses a header without a user, without items, or without a rank or a score, and one with two columns for one of them.
    pub fn find(
        path: &Path,
        place: ListPlace,
        header: &[&str],
        look: impl Fn(usize) -> Look,
    ) -> Result<Self, DataError> {
        let of = Named { path, place, header };
        let user = of.one(Role::User)?.ok_or_else(|| of.lacks("user"))?;
        let (protocol, recommender) = (of.one(Role::Protocol)?, of.one(Role::Recommender)?);
        let (shape, is_plural) = (of.shape(look)?, of.one(Role::Item)?.is_none());
        Ok(Self { user, shape, is_plural, protocol, recommender })
    }

    /// What is said of numbers beside the items of a list: their columns.
    pub fn beside<'a>(&self, header: &[&'a str]) -> Option<(Order, Vec<&'a str>)> {
        let Shape::Lists { numbers: Some((parts, by)), .. } = &self.shape else { return None };
        Some((*by, parts.all().iter().map(|at| header[*at]).collect()))
    }

    /// Refuses a text that looks like a list where a row has one item and one number.
    pub fn check_one(&self, path: &Path, place: ListPlace, item: &str) -> Result<(), DataError> {
        if !self.is_plural || cells::look(item) == Look::Single {
            return Ok(());
        }
        let item = shown(item);
        let problem = format!(
            "the row has one number, and \"{item}\" in a column that is named as one of lists could be several items"
        );
        let remedy = "name the column item if each row has one item; else give every item its score, or remove the column of numbers";
        Err(refuse(path, place, problem, remedy))
    }

    /// The names of the columns that are not read.
    pub fn unused<'a>(&self, header: &[&'a str]) -> Vec<&'a str> {
        let is_used = |at: usize| {
            let in_shape = match &self.shape {
                Shape::Long { item, order, .. } => at == *item || at == *order,
                Shape::Lists { items, numbers } => {
                    items.all().contains(&at) || numbers.iter().any(|(parts, _)| parts.all().contains(&at))
                }
            };
            in_shape || at == self.user || [self.protocol, self.recommender].contains(&Some(at))
        };
        (0..header.len()).filter(|at| !is_used(*at)).map(|at| header[at]).collect()
    }
}

/// A header, and where it stands.
struct Named<'a> {
    path: &'a Path,
    place: ListPlace,
    header: &'a [&'a str],
}

impl Named<'_> {
    /// The column of a role; none if there is none.
    fn one(&self, wanted: Role) -> Result<Option<usize>, DataError> {
        let mut found = (0..self.header.len()).filter(|at| role(self.header[*at]) == Some(wanted));
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => Err(self.both(one, other)),
            (found, _) => Ok(found),
        }
    }

    fn both(&self, one: usize, other: usize) -> DataError {
        let names = listed_names([self.header[one], self.header[other]]);
        let problem = format!("the columns {names} both could be meant");
        refuse(self.path, self.place, problem, "rename one of them")
    }

    fn lacks(&self, what: &str) -> DataError {
        let seen = listed_names(self.header.iter().copied());
        let problem = format!("the header has no column for the {what}: it reads {seen}");
        refuse(self.path, self.place, problem, RENAME)
    }

    /// How the lists are laid out.
    fn shape(&self, look: impl Fn(usize) -> Look) -> Result<Shape, DataError> {
        let rank = self.one(Role::Rank)?;
        // Of two scores neither matters where there is a rank.
        let score = if rank.is_some() { None } else { self.one(Role::Score)? };
        let order = rank.map(|at| (at, Order::Rank)).or_else(|| score.map(|at| (at, Order::Score)));
        let beside = order.map(|(at, by)| (Parts::Cell(at), by));
        let cell = |at: usize, numbers| Ok(Shape::Lists { items: Parts::Cell(at), numbers });
        match (self.one(Role::Item)?, self.one(Role::List)?, order) {
            (Some(item), _, _) if look(item) == Look::Bracketed => cell(item, beside),
            (Some(item), Some(list), None) => Err(self.both(item, list)),
            (Some(_), None, None) => Err(self.lacks("rank or score")),
            (Some(item), _, Some((order, by))) => Ok(Shape::Long { item, order, by }),
            (None, Some(item), Some((order, by))) if look(item) == Look::Single => {
                Ok(Shape::Long { item, order, by })
            }
            (None, Some(list), _) => cell(list, beside),
            (None, None, order) => match (spread(self.header, false), order) {
                (None, Some((at, Order::Score))) if look(at) != Look::Single => cell(at, None),
                (None, _) => Err(self.lacks("item")),
                (Some(items), _) => {
                    let scores = || Some((Parts::Spread(spread(self.header, true)?), Order::Score));
                    Ok(Shape::Lists { items: Parts::Spread(items), numbers: beside.or_else(scores) })
                }
            },
        }
    }
}

/// The columns that are numbered as the items of a list, or as their scores, by their numbers; none if they are not all of one name.
fn spread(header: &[&str], of_scores: bool) -> Option<Vec<usize>> {
    let mut found: Vec<(u32, usize)> = Vec::new();
    let mut base: Option<String> = None;
    for (at, name) in header.iter().enumerate() {
        let Some((of, number)) = numbered(name, of_scores) else { continue };
        if base.get_or_insert_with(|| of.clone()) != &of || found.iter().any(|(other, _)| *other == number) {
            return None;
        }
        found.push((number, at));
    }
    found.sort_unstable();
    (!found.is_empty()).then(|| found.into_iter().map(|(_, at)| at).collect())
}

impl Order {
    /// What lists are sorted by, least first.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the number.
    pub fn key(self, number: f64) -> Result<f64, &'static str> {
        /// From here on not every whole number can be told from its neighbours.
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Score if number.is_finite() => Ok(0.0 - number),
            Self::Score => Err("is not a finite number"),
            Self::Rank if number.fract() == 0.0 && number.abs() < LIMIT => Ok(number + 0.0),
            Self::Rank => Err("is not a whole number"),
        }
    }

    /// Several of them in messages, and which comes first.
    pub const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Rank => ["ranks", "least"],
            Self::Score => ["scores", "greatest"],
        }
    }

    /// The column's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Score => "score",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str], looks: Look) -> Result<Columns, DataError> {
        Columns::find(Path::new("mine.csv"), ListPlace::Line(1), header, |_| looks)
    }

    fn shape(header: &[&str], looks: Look) -> Shape {
        find(header, looks).unwrap().shape
    }

    #[test]
    fn the_usual_names_are_known_and_a_rank_goes_before_a_score() {
        for header in [
            ["user", "item", "score", "rank"],
            ["user_id", "movie_id", "prediction", "Rank"],
            ["visitorId", "asin", "est", "POSITION"],
            ["user_id:token", "item_id:token", "score:float", "rank:float"],
        ] {
            let expected = Shape::Long { item: 1, order: 3, by: Order::Rank };
            assert_eq!(shape(&header, Look::Single), expected);
        }
        let expected = Shape::Long { item: 2, order: 1, by: Order::Score };
        assert_eq!(shape(&["", "score", "item", "uid"], Look::Single), expected);
    }

    #[test]
    fn a_true_rating_beside_a_prediction_is_not_read() {
        for header in [["uid", "iid", "r_ui", "est"], ["user", "item", "rating", "predicted_rating"]] {
            let found = find(&header, Look::Single).unwrap();
            assert_eq!(found.shape, Shape::Long { item: 1, order: 3, by: Order::Score });
            assert_eq!(found.unused(&header), [header[2]]);
        }
        let alone = find(&["user", "item", "rating"], Look::Single).unwrap_err().to_string();
        assert!(alone.contains("no column for the rank or score"), "{alone}");
    }

    fn lists(items: Parts) -> Shape {
        Shape::Lists { items, numbers: None }
    }

    #[test]
    fn a_list_in_a_row_is_found_by_its_name_its_cell_or_its_numbers() {
        assert_eq!(shape(&["user", "item_ids"], Look::Bracketed), lists(Parts::Cell(1)));
        assert_eq!(shape(&["user", "recommendations"], Look::Single), lists(Parts::Cell(1)));
        assert_eq!(shape(&["user", "prediction"], Look::Several), lists(Parts::Cell(1)));
        assert_eq!(shape(&["user", "item"], Look::Bracketed), lists(Parts::Cell(1)));
        let spread = lists(Parts::Spread(vec![2, 1]));
        assert_eq!(shape(&["user", "item_2", "item_1", "x"], Look::Single), spread);
        assert!(find(&["user", "prediction"], Look::Single).is_err(), "a number is no list");
        assert!(find(&["user", "item_1", "top_2"], Look::Single).is_err(), "two names are no list");
    }

    #[test]
    fn numbers_beside_the_items_of_a_list_order_it() {
        let of = |header: &[&str]| match shape(header, Look::Several) {
            Shape::Lists { numbers, .. } => numbers,
            Shape::Long { .. } => panic!("{header:?} is taken for a row for each place"),
        };
        let in_cell = |at, by| Some((Parts::Cell(at), by));
        assert_eq!(of(&["user", "items", "scores"]), in_cell(2, Order::Score));
        assert_eq!(of(&["user", "ranks", "items", "scores"]), in_cell(1, Order::Rank));
        assert_eq!(of(&["user", "item_1", "item_2", "scores"]), in_cell(3, Order::Score));
        let spread = Some((Parts::Spread(vec![3, 4]), Order::Score));
        assert_eq!(of(&["user", "item_1", "item_2", "score_1", "score_2"]), spread);
        assert_eq!(of(&["user", "items", "note"]), None);
    }

    #[test]
    fn what_is_missing_or_meant_twice_is_named() {
        let missing = find(&["1", "260", "5"], Look::Single).unwrap_err().to_string();
        assert!(
            missing.contains("mine.csv, line 1") && missing.contains("\"1\", \"260\", \"5\""),
            "{missing}"
        );
        let twice = find(&["user", "user_id", "item", "rank"], Look::Single).unwrap_err().to_string();
        assert!(twice.contains("\"user_id\"") && twice.contains("rename"), "{twice}");
    }

    #[test]
    fn a_rank_is_whole_and_a_score_finite_and_both_zeros_are_one() {
        assert_eq!(Order::Rank.key(-3.0), Ok(-3.0));
        for number in [1.5, f64::INFINITY] {
            assert_eq!(Order::Rank.key(number), Err("is not a whole number"));
        }
        assert_eq!(Order::Score.key(f64::NAN), Err("is not a finite number"));
        let bits = |score: f64| Order::Score.key(score).unwrap().to_bits();
        assert_eq!(bits(0.0), bits(-0.0));
    }
}
