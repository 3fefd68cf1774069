//! A column of whole numbers, by user: whether it can be a rank.

use rustc_hash::FxHashMap;

/// From here on floats are no longer all whole numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole numbers of a column, by user in the order of the file; none once something else is among them.
pub(super) struct Wholes(Option<FxHashMap<u32, Vec<i64>>>);

impl Default for Wholes {
    fn default() -> Self {
        Self(Some(FxHashMap::default()))
    }
}

impl Wholes {
    /// Takes the field of a further row.
    pub fn add(&mut self, user: u32, field: &str) {
        let Some(lists) = &mut self.0 else { return };
        match field.parse::<f64>() {
            Ok(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                lists.entry(user).or_default().push(number as i64);
            }
            _ => self.0 = None,
        }
    }

    /// Whether the column has nothing else.
    pub const fn are_all(&self) -> bool {
        self.0.is_some()
    }

    /// Whether every user's numbers are 0 to n-1 or 1 to n in any order, of which somebody has several.
    pub fn count(&self) -> bool {
        let counts = |list: &Vec<i64>| {
            let mut sorted = list.clone();
            sorted.sort_unstable();
            let first = sorted.first().copied().unwrap_or_default();
            (first == 0 || first == 1) && sorted.iter().zip(first..).all(|(it, rank)| *it == rank)
        };
        self.long().next().is_some() && self.0.iter().flatten().all(|(_, list)| counts(list))
    }

    /// Whether no number is greater than the one before it, for everybody who has several.
    pub fn fall(&self) -> bool {
        self.long().next().is_some() && self.long().all(|list| list.is_sorted_by(|left, right| left >= right))
    }

    /// Whether every number is greater than the one before it, for everybody who has several.
    pub fn grow(&self) -> bool {
        self.long().next().is_some() && self.long().all(|list| list.is_sorted_by(|left, right| left < right))
    }

    /// Whether somebody has a number twice.
    pub fn repeat(&self) -> bool {
        self.long().any(|list| {
            let mut sorted = list.clone();
            sorted.sort_unstable();
            sorted.windows(2).any(|pair| pair[0] == pair[1])
        })
    }

    /// The one number in the column, where that is 0 or 1.
    pub fn one_first_rank(&self) -> Option<i64> {
        let mut numbers = self.0.iter().flatten().flat_map(|(_, list)| list);
        let first = numbers.next().copied().filter(|it| [0, 1].contains(it))?;
        numbers.all(|it| *it == first).then_some(first)
    }

    fn long(&self) -> impl Iterator<Item = &Vec<i64>> {
        self.0.iter().flat_map(FxHashMap::values).filter(|list| list.len() > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(u32, &str)]) -> Wholes {
        let mut wholes = Wholes::default();
        rows.iter().for_each(|(user, field)| wholes.add(*user, field));
        wholes
    }

    #[test]
    fn ranks_count_each_users_rows_in_any_order() {
        assert!(of(&[(0, "2"), (1, "1"), (0, "1"), (0, "3")]).count());
        assert!(of(&[(0, "0"), (0, "1.0"), (1, "0")]).count());
        for rows in [
            &[(0, "1"), (0, "3")][..],
            &[(0, "2"), (0, "3")],
            &[(0, "1"), (1, "1")],
            &[(0, "1"), (0, "b")],
            &[],
        ] {
            assert!(!of(rows).count(), "{rows:?}");
        }
    }

    #[test]
    fn numbers_grow_fall_or_repeat_within_a_user() {
        let falls = of(&[(0, "9"), (1, "7"), (0, "3"), (1, "7")]);
        assert!(falls.fall() && !falls.grow() && falls.repeat());
        let grows = of(&[(0, "1"), (1, "1"), (0, "3")]);
        assert!(grows.grow() && !grows.fall() && !grows.repeat() && !grows.count());
        let text = of(&[(0, "1"), (0, "x")]);
        assert!(!text.are_all() && !text.grow() && !text.fall() && !text.repeat());
        assert_eq!(of(&[(0, "1"), (1, "1")]).one_first_rank(), Some(1));
        assert_eq!(of(&[(0, "1"), (1, "0")]).one_first_rank(), None);
        assert_eq!(of(&[(0, "2")]).one_first_rank(), None);
    }
}
