//! Letters beside the figures of a table: those who share one cannot be told apart.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A compact letter display by insertion and absorption (Piepho 2004, "An algorithm for a letter-based representation of
/// all-pairwise comparisons").
///
/// `distinguishable` is `[n, n]`: whether the difference between two recommenders is a finding (one direction suffices).
/// Two recommenders share a letter exactly if they are not distinguishable. Letters go by `means`, the greatest first;
/// equal means go by name. The answer is in the order of `names`.
///
/// Panics if the three disagree on `n`, which is a bug.
#[must_use]
pub fn significance_letters(names: &[&str], distinguishable: &[Vec<bool>], means: &[f64]) -> Vec<String> {
    let n = names.len();
    assert!(
        means.len() == n && distinguishable.len() == n && distinguishable.iter().all(|row| row.len() == n),
        "letters of {n} recommenders need as many means and comparisons"
    );
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|left, right| {
        by_mean_then_name((means[*left], names[*left]), (means[*right], names[*right]))
    });
    // From here on, recommenders are known by their place in the order.
    let mut groups: Vec<BTreeSet<usize>> = vec![(0..n).collect()];
    for first in 0..n {
        for second in first + 1..n {
            let (left, right) = (order[first], order[second]);
            if distinguishable[left][right] || distinguishable[right][left] {
                groups = absorbed(separated(groups, first, second));
            }
        }
    }
    groups.sort();
    let mut letters = vec![String::new(); n];
    for (at, group) in groups.iter().enumerate() {
        for place in group {
            letters[order[*place]].push_str(&letter(at));
        }
    }
    letters
}

/// The greater mean first, those without a mean last, equals by name.
fn by_mean_then_name(left: (f64, &str), right: (f64, &str)) -> Ordering {
    let means = match (left.0.is_nan(), right.0.is_nan()) {
        (false, false) => right.0.total_cmp(&left.0),
        (left, right) => left.cmp(&right),
    };
    means.then(left.1.cmp(right.1))
}

/// Splits every group with both members into one without the first and one without the second.
fn separated(groups: Vec<BTreeSet<usize>>, first: usize, second: usize) -> Vec<BTreeSet<usize>> {
    let mut split = Vec::with_capacity(groups.len() + 1);
    for group in groups {
        if group.contains(&first) && group.contains(&second) {
            for gone in [second, first] {
                let mut rest = group.clone();
                rest.remove(&gone);
                split.push(rest);
            }
        } else {
            split.push(group);
        }
    }
    split
}

/// Leaves out every group that lies within another.
fn absorbed(mut groups: Vec<BTreeSet<usize>>) -> Vec<BTreeSet<usize>> {
    groups.sort();
    groups.dedup();
    let within = |at: usize| {
        let others = groups.iter().enumerate().filter(|(other, _)| *other != at);
        others.into_iter().any(|(_, other)| groups[at].is_subset(other))
    };
    (0..groups.len()).filter(|at| !within(*at)).map(|at| groups[at].clone()).collect()
}

/// `a` to `z`, then `a1` to `z1`, and so on.
fn letter(at: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(at % 26).unwrap_or(0));
    if at < 26 { letter.to_string() } else { format!("{letter}{}", at / 26) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix(n: usize, pairs: &[(usize, usize)]) -> Vec<Vec<bool>> {
        let mut matrix = vec![vec![false; n]; n];
        for (left, right) in pairs {
            matrix[*left][*right] = true;
        }
        matrix
    }

    #[test]
    fn neighbours_share_letters_and_the_best_has_the_first() {
        // c > b > a; only the ends can be told apart.
        let letters = significance_letters(&["a", "b", "c"], &matrix(3, &[(0, 2)]), &[1.0, 2.0, 3.0]);
        assert_eq!(letters, ["b", "ab", "a"]);
    }

    #[test]
    fn the_published_example_needs_three_letters() {
        // Gramm et al. 2007, fig. 2: five treatments, H = {1,5}, {2,3}, {2,5}, {3,5}.
        let pairs = [(0, 4), (1, 2), (1, 4), (2, 4)];
        let means = [5.0, 4.0, 3.0, 2.0, 1.0];
        let letters = significance_letters(&["1", "2", "3", "4", "5"], &matrix(5, &pairs), &means);
        assert_eq!(letters, ["ab", "a", "b", "abc", "c"]);
    }

    #[test]
    fn all_alike_share_one_letter_and_all_different_share_none() {
        assert_eq!(significance_letters(&["x", "y"], &matrix(2, &[]), &[0.0, f64::NAN]), ["a", "a"]);
        let apart = matrix(3, &[(0, 1), (0, 2), (1, 2)]);
        assert_eq!(significance_letters(&["x", "y", "z"], &apart, &[f64::NAN, 1.0, 1.0]), ["c", "a", "b"]);
        assert!(significance_letters(&[], &[], &[]).is_empty());
    }

    proptest! {
        #[test]
        fn two_share_a_letter_exactly_if_they_cannot_be_told_apart(
            pairs in prop::collection::vec((0_usize..7, 0_usize..7), 0..20),
            means in prop::collection::vec(0.0_f64..1.0, 7),
        ) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(left, right)| left != right).collect();
            let apart = matrix(7, &pairs);
            let letters = significance_letters(&["a", "b", "c", "d", "e", "f", "g"], &apart, &means);
            for left in 0..7 {
                for right in 0..7 {
                    let share = letters[left].chars().any(|letter| letters[right].contains(letter));
                    prop_assert_eq!(share, left == right || !(apart[left][right] || apart[right][left]));
                }
            }
        }
    }
}
