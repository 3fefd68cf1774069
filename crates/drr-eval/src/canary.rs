//! Canaries: planted ratings that no honest recommender can know, to find leaks that hashes cannot see.
//!
//! The guard compares what artifacts say of themselves ([`crate::check_origin`]). A canary tests what they do. For each
//! user, pairs of neighbours in popularity are drawn among the candidates that are neither relevant nor rated; a coin
//! makes one the canary and the other its control. Canaries are then planted as positive ratings in the part that is
//! judged, where only a recommender that reads that part finds them. To one that does not, the coin is unknown: of the
//! pairs with just one in the list, each is as likely the canary as the control, whatever the recommender prefers. So the
//! sign test (Conover 1999, sec. 3.4) on those pairs is exact.
//!
//! Canaries and controls are neither relevant nor rated, and queries are built from the rows without the planted ones, so
//! a canary in a list is the miss that it would be anyway: every metric is what it would be without canaries.

use drr_core::{Interaction, ItemIdx, ItemSet, RandomStream, UserIdx};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// The level below which a recommender is refused: so rare that an honest one never meets it.
pub const CANARY_LEVEL: f64 = 1e-4;

/// A user for whom canaries are wanted.
#[derive(Debug, Clone, Copy)]
pub struct CanaryUser<'case> {
    /// The user.
    pub user: UserIdx,
    /// What may be recommended.
    pub candidates: &'case ItemSet,
    /// The candidates that count as hits, in any order.
    pub relevant: &'case [ItemIdx],
    /// Everything the user rated in any part, in any order: a dislike is no canary either.
    pub rated: &'case [ItemIdx],
}

/// A reason why a recommender is refused, or not tested.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CanaryError {
    /// The recommender ranks canaries higher than an honest one would.
    #[error(
        "leakage: {recommender} lists {planted_listed} canaries but only {control_listed} of their controls, where an \
         honest recommender lists {expected:.1} of each in the mean (p = {p_value:.1e}, below {alpha:.1e}); it was fitted \
         on rows of the part that is judged: fit it anew on the rows that the protocol permits, and look for what reads \
         the ratings before they are split"
    )]
    Listed {
        /// The recommender.
        recommender: String,
        /// Pairs of which only the canary is listed.
        planted_listed: u64,
        /// Pairs of which only the control is listed.
        control_listed: u64,
        /// What an honest recommender lists of each, in the mean.
        expected: f64,
        /// The probability of as many canaries or more, under honesty.
        p_value: f64,
        /// The level.
        alpha: f64,
    },
    /// The lists are not of the users with canaries.
    #[error(
        "canaries were planted for {n_users} users but {n_lists} lists are tested: give each user's list, in order"
    )]
    CountOfLists {
        /// The users.
        n_users: usize,
        /// The lists.
        n_lists: usize,
    },
}

/// A canary and its control, for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    canary: ItemIdx,
    control: ItemIdx,
}

/// The canaries of all users of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canaries {
    /// Each user's pairs, in the order of the cases.
    pairs: Vec<(UserIdx, Vec<Pair>)>,
}

/// How often canaries were listed and how often their controls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CanaryVerdict {
    /// Pairs of which only the canary is in the list.
    pub planted_listed: u64,
    /// Pairs of which only the control is in the list.
    pub control_listed: u64,
    /// The probability of as many canaries or more among the two counts if each were a fair coin; 1 without any.
    pub p_value: f64,
}

impl Canaries {
    /// Draws at most `per_user` canaries for each user, with `popularity` (`[I]`) counted on the rows of train.
    ///
    /// The eligible candidates are sorted by popularity and paired with their neighbours; the pairs are cut into
    /// `per_user` strata of equal size, and one pair is drawn from each, so canaries are as popular as other items are.
    /// A user with fewer pairs gets all of them.
    #[must_use]
    pub fn plant(
        cases: &[CanaryUser<'_>],
        popularity: &[f64],
        per_user: usize,
        random: &mut RandomStream,
    ) -> Self {
        let pairs =
            cases.iter().map(|case| (case.user, pairs_of(case, popularity, per_user, random))).collect();
        Self { pairs }
    }

    /// The number of canaries of all users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.iter().map(|(_, pairs)| pairs.len()).sum()
    }

    /// Whether nobody has a canary.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The planted rows, by user: ratings of `rating`, which should count as positive, at the time `timestamp`.
    ///
    /// They go into the part that is judged as a recommender might read it by mistake, never into the queries or the
    /// relevant items.
    #[must_use]
    pub fn rows(&self, rating: f32, timestamp: i64) -> Vec<Interaction> {
        let of_user = |(user, pairs): &(UserIdx, Vec<Pair>)| {
            let user = *user;
            let row = move |pair: &Pair| Interaction { user, item: pair.canary, rating, timestamp };
            pairs.iter().map(row).collect::<Vec<_>>()
        };
        self.pairs.iter().flat_map(of_user).collect()
    }

    /// Tests recommended lists, one per user in the order of the cases. The whole list counts: cut it at `k` before.
    ///
    /// # Errors
    ///
    /// Fails if there is not one list per user.
    pub fn test(&self, lists: &[Vec<ItemIdx>]) -> Result<CanaryVerdict, CanaryError> {
        if lists.len() != self.pairs.len() {
            return Err(CanaryError::CountOfLists { n_users: self.pairs.len(), n_lists: lists.len() });
        }
        let (mut planted_listed, mut control_listed) = (0, 0);
        for ((_, pairs), list) in self.pairs.iter().zip(lists) {
            for pair in pairs {
                match (list.contains(&pair.canary), list.contains(&pair.control)) {
                    (true, false) => planted_listed += 1,
                    (false, true) => control_listed += 1,
                    _ => {}
                }
            }
        }
        let p_value = at_least(planted_listed, planted_listed + control_listed);
        Ok(CanaryVerdict { planted_listed, control_listed, p_value })
    }
}

impl CanaryVerdict {
    /// Refuses a recommender whose p-value is below `alpha`, by default [`CANARY_LEVEL`].
    ///
    /// # Errors
    ///
    /// Fails with the counts and what to do about them.
    pub fn refuse(&self, recommender: &str, alpha: f64) -> Result<(), CanaryError> {
        if self.p_value >= alpha {
            return Ok(());
        }
        Err(CanaryError::Listed {
            recommender: recommender.to_owned(),
            planted_listed: self.planted_listed,
            control_listed: self.control_listed,
            expected: (self.planted_listed + self.control_listed) as f64 / 2.0,
            p_value: self.p_value,
            alpha,
        })
    }
}

fn pairs_of(
    case: &CanaryUser<'_>,
    popularity: &[f64],
    per_user: usize,
    random: &mut RandomStream,
) -> Vec<Pair> {
    let mut eligible = case.candidates.clone();
    for item in case.relevant.iter().chain(case.rated) {
        eligible.remove(*item);
    }
    let mut items: Vec<ItemIdx> = eligible.iter().collect();
    // The most popular first, so that the item left over is one that nobody lists.
    items.sort_by(|left, right| popularity[right.index()].total_cmp(&popularity[left.index()]));
    let n_pairs = items.len() / 2;
    let n_strata = per_user.min(n_pairs);
    let draw = |stratum: usize| {
        let edges = stratum * n_pairs / n_strata..(stratum + 1) * n_pairs / n_strata;
        let at = 2 * random.random_range(edges);
        let (canary, control) =
            if random.random::<bool>() { (items[at], items[at + 1]) } else { (items[at + 1], items[at]) };
        Pair { canary, control }
    };
    (0..n_strata).map(draw).collect()
}

/// The probability of at least `heads` heads in `n` tosses of a fair coin.
fn at_least(heads: u64, n: u64) -> f64 {
    if heads == 0 {
        return 1.0;
    }
    // The terms of the upper half fall, so their sum is taken there: exact to rounding however small it is.
    if 2 * heads <= n {
        return 1.0 - at_least(n - heads + 1, n);
    }
    let log_choose: f64 = (0..n - heads).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum();
    let first = (log_choose - n as f64 * std::f64::consts::LN_2).exp();
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in heads..n {
        term *= (n - k) as f64 / (k + 1) as f64;
        sum += term;
    }
    first * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_the_coin_is_that_of_scipy() {
        // scipy.stats.binomtest(heads, n, alternative="greater").pvalue.
        let cases = [
            (12, 14, 0.006_469_726_562_5),
            (60, 80, 4.290_279_933_524_806e-6),
            (5, 10, 0.623_046_875),
            (500, 900, 0.000_478_222_068_459_468_66),
            (0, 0, 1.0),
            (0, 9, 1.0),
            (1, 1, 0.5),
        ];
        for (heads, n, expected) in cases {
            let p_value: f64 = at_least(heads, n);
            assert!((p_value / expected - 1.0).abs() < 1e-9, "{heads} of {n}: {p_value}");
        }
        assert!(at_least(30_000, 30_000) < 1e-300);
    }

    #[test]
    fn pairs_are_neighbours_in_popularity_and_never_rated_or_relevant() {
        let candidates = ItemSet::from_items(9, (0..8).map(ItemIdx));
        let case = CanaryUser {
            user: UserIdx(3),
            candidates: &candidates,
            relevant: &[ItemIdx(0)],
            rated: &[ItemIdx(5), ItemIdx(8)],
        };
        // Eligible by popularity: 7, 1, 6, 2, 4, 3: the pairs are (7, 1), (6, 2), (4, 3).
        let popularity = [99.0, 8.0, 4.0, 1.0, 2.0, 50.0, 5.0, 9.0, 0.0];
        let planted = Canaries::plant(&[case], &popularity, 5, &mut drr_core::Seeds(1).stream("canary"));
        let mut pairs: Vec<Vec<u32>> = planted.pairs[0]
            .1
            .iter()
            .map(|pair| {
                let mut both = vec![pair.canary.0, pair.control.0];
                both.sort_unstable();
                both
            })
            .collect();
        pairs.sort();
        assert_eq!(pairs, [[1, 7], [2, 6], [3, 4]]);
        let rows = planted.rows(5.0, 7);
        assert!(rows.len() == 3 && rows.iter().all(|row| row.user == UserIdx(3) && row.rating == 5.0));
    }
}
