//! Which column of a file of lists is what, by the names that are in use.

use super::{ListPlace, refuse};
use crate::DataError;
use std::path::Path;

const USERS: &[&str] = &["user", "userid", "uid"];
const ITEMS: &[&str] =
    &["item", "itemid", "iid", "movieid", "filmid", "productid", "bookid", "trackid", "songid"];
const RANKS: &[&str] = &["rank"];
const SCORES: &[&str] = &["score", "prediction"];

/// What orders a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The least first.
    Rank,
    /// The greatest first.
    Score,
}

/// The positions of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    pub user: usize,
    pub item: usize,
    pub order: usize,
    pub by: Order,
    pub protocol: Option<usize>,
    pub recommender: Option<usize>,
}

const RENAME: &str = "name the columns user, item, and rank or score (user_id, userId, item_id, movie_id and the like will do)";

impl Columns {
    /// Finds them in a header that stands at `place`.
    ///
    /// # Errors
    ///
    /// Refuses a header without a user, an item, and a rank or a score, and one with two columns for one of them.
    pub fn find(path: &Path, place: ListPlace, header: &[&str]) -> Result<Self, DataError> {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let find = |wanted: &[&str]| -> Result<Option<usize>, DataError> {
            let mut found = (0..names.len()).filter(|at| wanted.contains(&names[*at].as_str()));
            match (found.next(), found.next()) {
                (Some(one), Some(other)) => {
                    let problem =
                        format!("the columns {:?} and {:?} both could be meant", header[one], header[other]);
                    Err(refuse(path, place, problem, "rename one of them"))
                }
                (found, _) => Ok(found),
            }
        };
        let need = |found: Option<usize>, what: &str| {
            let problem =
                || format!("the header has no column for the {what}: it reads {}", header.join(", "));
            found.ok_or_else(|| refuse(path, place, problem(), RENAME))
        };
        let (user, item) = (need(find(USERS)?, "user")?, need(find(ITEMS)?, "item")?);
        let (order, by) = match find(RANKS)? {
            Some(rank) => (rank, Order::Rank),
            None => (need(find(SCORES)?, "rank or score")?, Order::Score),
        };
        let (protocol, recommender) = (find(&["protocol"])?, find(&["recommender"])?);
        Ok(Self { user, item, order, by, protocol, recommender })
    }
}

/// A name without case, separators and a type: `user_id:token` is `userid`.
fn plain(name: &str) -> String {
    let name = name.split(':').next().unwrap_or_default();
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
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

    fn find(header: &[&str]) -> Result<Columns, DataError> {
        Columns::find(Path::new("mine.csv"), ListPlace::Line(1), header)
    }

    #[test]
    fn the_usual_names_are_known_and_a_rank_goes_before_a_score() {
        for header in [
            ["user", "item", "score", "rank"],
            ["user_id", "movie_id", "prediction", "Rank"],
            ["userId", "itemId", "Score", "RANK"],
            ["user_id:token", "item_id:token", "score:float", "rank:float"],
        ] {
            let found = find(&header).unwrap();
            assert_eq!((found.user, found.item, found.order, found.by), (0, 1, 3, Order::Rank));
        }
        assert_eq!(find(&["", "score", "item", "uid"]).unwrap().by, Order::Score);
    }

    #[test]
    fn what_is_missing_or_meant_twice_is_named() {
        let missing = find(&["1", "260", "5"]).unwrap_err().to_string();
        assert!(missing.contains("mine.csv, line 1") && missing.contains("1, 260, 5"), "{missing}");
        let twice = find(&["user", "user_id", "item", "rank"]).unwrap_err().to_string();
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
