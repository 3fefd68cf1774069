//! Which rows may be fitted on, chosen on, and judged on.
//!
//! Six cuts of the same rows. "first_ratings" holds out users: the last ones in the order of ids are judged on, from their first
//! ratings to the rest. "temporal" cuts the whole log at one moment, as a service that is trained today meets tomorrow.
//! Both cut a validation part from the end of train, since that is what lies nearest to the test. The others draw users
//! or ratings at random (`drawn`), or hold out every user's last rating.

mod drawn;
#[cfg(test)]
mod properties;

use crate::DataError;
use drr_core::{Cut, Interaction, Part, Protocol, RowDigest};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where the cuts are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// "first_ratings": the share of the users who are judged on, in `(0, 1)`.
    pub test_fraction_users: f64,
    /// "temporal": the share of the rows that are judged on, in `(0, 1)`; .2 cuts at the 80 % quantile of time.
    pub test_fraction_rows: f64,
    /// The share of train (users or rows) that is cut off for validation, in `[0, 1)`.
    pub validation_fraction: f64,
    /// "holdout", "episodes", "online": the share of the users who are judged on, in `(0, 1)`.
    pub holdout_fraction_users: f64,
    /// The seed of the cuts that draw users or ratings at random.
    pub seed: u64,
}

impl Default for SplitConfig {
    /// A fifth is judged on, and a tenth of the users under "holdout", as is common.
    fn default() -> Self {
        Self {
            test_fraction_users: 0.2,
            test_fraction_rows: 0.2,
            validation_fraction: 0.2,
            holdout_fraction_users: 0.1,
            seed: 0,
        }
    }
}

impl SplitConfig {
    /// Checks the shares.
    ///
    /// # Errors
    ///
    /// Names the first share that is out of its range.
    pub fn check(&self) -> Result<(), DataError> {
        let open = |share: f64| share > 0.0 && share < 1.0;
        let shares = [
            ("test_fraction_users", self.test_fraction_users, open(self.test_fraction_users)),
            ("test_fraction_rows", self.test_fraction_rows, open(self.test_fraction_rows)),
            ("holdout_fraction_users", self.holdout_fraction_users, open(self.holdout_fraction_users)),
            (
                "validation_fraction",
                self.validation_fraction,
                open(self.validation_fraction) || self.validation_fraction == 0.0,
            ),
        ];
        match shares.iter().find(|(_, _, good)| !good) {
            Some((field, value, _)) => Err(DataError::SplitConfig { field, value: *value }),
            None => Ok(()),
        }
    }

    /// The share of the test in one protocol.
    const fn test_fraction(&self, protocol: Protocol) -> f64 {
        match protocol.facts().cut {
            Cut::LastUsers => self.test_fraction_users,
            Cut::Moment | Cut::DrawnRatings => self.test_fraction_rows,
            Cut::DrawnUsers | Cut::DrawnUsersAndSimulators => self.holdout_fraction_users,
            // One rating of each user, whatever the settings.
            Cut::LastRating => 0.0,
        }
    }
}

/// One protocol's cut of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Identifies the rows, their order, the protocol and its shares: 64 hexadecimal digits.
    pub hash: String,
    /// The part of each row, in file order.
    pub parts: Vec<Part>,
}

/// What a manifest tells of a [`Split`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSummary {
    /// The split's hash.
    pub hash: String,
    /// Rows to fit on.
    pub train_rows: u64,
    /// Rows to choose on.
    pub validation_rows: u64,
    /// Rows to judge on.
    pub test_rows: u64,
    /// Rows of the first simulator's users; 0 but under "online".
    pub simulator_a_rows: u64,
    /// Rows of the second simulator's users; 0 but under "online".
    pub simulator_b_rows: u64,
}

impl Split {
    /// The hash and the sizes.
    #[must_use]
    pub fn summary(&self) -> SplitSummary {
        let count = |part| self.parts.iter().filter(|it| **it == part).count() as u64;
        SplitSummary {
            hash: self.hash.clone(),
            train_rows: count(Part::Train),
            validation_rows: count(Part::Validation),
            test_rows: count(Part::Test),
            simulator_a_rows: count(Part::SimulatorA),
            simulator_b_rows: count(Part::SimulatorB),
        }
    }

    /// Cuts `rows`, given in file order, by one protocol.
    ///
    /// - First ratings, with `U` users: users below `floor(.8 U)` are train, of those the ones from `floor(.8 * .8 U)` on are
    ///   validation, the rest is test.
    /// - Temporal, with `n` rows in the order of (time, file): the first `floor(.8 n)` are train, of those the ones
    ///   from `floor(.8 * .8 n)` on are validation, the rest is test.
    /// - Holdout: `floor(.1 U)` users drawn at random are test, as many others validation. "episodes" judges by it too.
    ///   No count is rounded up: below 10 users nobody is held out, which is an error like any empty part.
    /// - Leave-one-out: the last row of a user in the order of (time, file) is test, the one before validation; users
    ///   with fewer than 3 rows are train.
    /// - Rerank: `floor(.2 n)` rows drawn at random are test, of the others the validation share is validation.
    /// - Online: the users of holdout's test are test; the others fall at random into thirds, two of which are the
    ///   simulators', and the last of the third is validation.
    ///
    /// # Errors
    ///
    /// Refuses shares out of range, and a log so small that train or test would be empty.
    pub fn new(
        dataset: &str,
        protocol: Protocol,
        n_users: usize,
        rows: &[Interaction],
        config: &SplitConfig,
    ) -> Result<Self, DataError> {
        config.check()?;
        let cut = protocol.facts().cut;
        let parts = match cut {
            Cut::LastUsers => last_users_parts(n_users, rows, config),
            Cut::Moment => temporal_parts(rows, config),
            Cut::DrawnUsers => drawn::holdout(n_users, rows, config),
            Cut::LastRating => drawn::leave_one_out(n_users, rows),
            Cut::DrawnRatings => drawn::rerank(rows, config),
            Cut::DrawnUsersAndSimulators => drawn::online(n_users, rows, config),
        };
        let needed: &[Part] = match cut {
            Cut::DrawnUsersAndSimulators => &[Part::Train, Part::Test, Part::SimulatorA, Part::SimulatorB],
            _ => &[Part::Train, Part::Test],
        };
        for part in needed.iter().copied() {
            if !parts.contains(&part) {
                let part = part_name(part);
                return Err(DataError::EmptyPart { dataset: dataset.to_owned(), protocol, part });
            }
        }
        Ok(Self { hash: split_hash(protocol, rows, config), parts })
    }
}

/// The name of a part in files: `train`.
pub(crate) const fn part_name(part: Part) -> &'static str {
    match part {
        Part::Train => "train",
        Part::Validation => "validation",
        Part::Test => "test",
        Part::SimulatorA => "simulator_a",
        Part::SimulatorB => "simulator_b",
    }
}

/// The part of that name.
pub(crate) fn part_of_name(name: &str) -> Option<Part> {
    [Part::Train, Part::Validation, Part::Test, Part::SimulatorA, Part::SimulatorB]
        .into_iter()
        .find(|part| part_name(*part) == name)
}

/// Where validation and test begin among `n` users or rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cuts {
    validation: usize,
    test: usize,
}

impl Cuts {
    fn new(n: usize, protocol: Protocol, config: &SplitConfig) -> Self {
        let train = 1.0 - config.test_fraction(protocol);
        Self { validation: share_of(n, train * (1.0 - config.validation_fraction)), test: share_of(n, train) }
    }

    const fn part(self, position: usize) -> Part {
        if position < self.validation {
            Part::Train
        } else if position < self.test {
            Part::Validation
        } else {
            Part::Test
        }
    }
}

/// `floor(share * n)`, where a product that misses a whole number by a rounding error counts as that number.
fn share_of(n: usize, share: f64) -> usize {
    (share * n as f64 + 1e-6).floor() as usize
}

fn last_users_parts(n_users: usize, rows: &[Interaction], config: &SplitConfig) -> Vec<Part> {
    let cuts = Cuts::new(n_users, Protocol::FirstRatings, config);
    rows.iter().map(|row| cuts.part(row.user.index())).collect()
}

fn temporal_parts(rows: &[Interaction], config: &SplitConfig) -> Vec<Part> {
    let cuts = Cuts::new(rows.len(), Protocol::Temporal, config);
    let mut order: Vec<(i64, usize)> = rows.iter().enumerate().map(|(at, row)| (row.timestamp, at)).collect();
    order.sort_unstable();
    let mut parts = vec![Part::Test; rows.len()];
    for (position, (_, at)) in order[..cuts.test].iter().enumerate() {
        parts[*at] = cuts.part(position);
    }
    parts
}

/// Hashes what decides about a split: the rows, their order, the protocol, and its own shares.
pub(crate) fn split_hash(protocol: Protocol, rows: &[Interaction], config: &SplitConfig) -> String {
    let digest = RowDigest::of(rows);
    let mut hasher = Sha256::new();
    hasher.update(digest.n_rows.to_le_bytes());
    hasher.update(digest.sum.to_le_bytes());
    // The digest ignores the order, on which ties in time depend.
    let mut order = 0_u64;
    for row in rows {
        let pair = u64::from(row.user.0) << 32 | u64::from(row.item.0);
        order = (order.rotate_left(5) ^ pair).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    hasher.update(order.to_le_bytes());
    // The key stays when a protocol gets another name, and with it the hash.
    hasher.update(protocol.facts().key.as_bytes());
    hasher.update(config.test_fraction(protocol).to_le_bytes());
    // "holdout" validates on as many users as it tests on, "leave_one_out" on one row of each user.
    let cut = protocol.facts().cut;
    if !matches!(cut, Cut::DrawnUsers | Cut::LastRating) {
        hasher.update(config.validation_fraction.to_le_bytes());
    }
    if !matches!(cut, Cut::LastUsers | Cut::Moment | Cut::LastRating) {
        hasher.update(config.seed.to_le_bytes());
    }
    hex(&hasher.finalize())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{ItemIdx, UserIdx};
    use proptest::prelude::*;

    fn row(user: u32, item: u32, timestamp: i64) -> Interaction {
        Interaction { user: UserIdx(user), item: ItemIdx(item), rating: 3.0, timestamp }
    }

    fn split(protocol: Protocol, n_users: usize, rows: &[Interaction]) -> Result<Split, DataError> {
        Split::new("toy", protocol, n_users, rows, &SplitConfig::default())
    }

    #[test]
    fn first_ratings_cuts_ten_users_after_the_sixth_and_the_eighth() {
        // floor(.8 * 10) = 8 train users, of whom those from floor(.64 * 10) = 6 on are validation.
        let rows: Vec<Interaction> = (0..10).rev().map(|user| row(user, 0, 0)).collect();
        let parts = split(Protocol::FirstRatings, 10, &rows).unwrap().parts;
        assert_eq!(parts[..2], [Part::Test; 2]);
        assert_eq!(parts[2..4], [Part::Validation; 2]);
        assert_eq!(parts[4..], [Part::Train; 6]);
    }

    #[test]
    fn first_ratings_cuts_the_users_of_movielens_as_published() {
        let config = SplitConfig::default();
        assert_eq!(Cuts::new(6040, Protocol::FirstRatings, &config), Cuts { validation: 3865, test: 4832 });
        assert_eq!(Cuts::new(943, Protocol::FirstRatings, &config), Cuts { validation: 603, test: 754 });
    }

    #[test]
    fn temporal_cuts_at_the_quantile_and_breaks_ties_by_the_order_of_the_file() {
        // By (time, file order): rows 4, 0, 1, 2, 3 -> floor(.64 * 5) = 3 train, floor(.8 * 5) = 4, so 1 validation.
        let rows = [row(0, 0, 7), row(0, 1, 7), row(1, 0, 7), row(1, 1, 7), row(1, 2, 1)];
        let parts = split(Protocol::Temporal, 2, &rows).unwrap().parts;
        assert_eq!(parts, [Part::Train, Part::Train, Part::Validation, Part::Test, Part::Train]);
    }

    #[test]
    fn a_share_that_misses_a_whole_number_by_rounding_counts_as_that_number() {
        assert_eq!(share_of(10, 1.0 - 0.9), 1);
        assert_eq!(share_of(10, 0.29), 2);
    }

    #[test]
    fn a_log_of_one_user_has_no_split_by_users() {
        let error = split(Protocol::FirstRatings, 1, &[row(0, 0, 0), row(0, 1, 1)]).unwrap_err();
        assert!(matches!(error, DataError::EmptyPart { part: "train", .. }), "{error}");
    }

    #[test]
    fn a_share_out_of_range_is_named() {
        let config = SplitConfig { test_fraction_rows: 1.0, ..SplitConfig::default() };
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("test_fraction_rows"), "{error}");
        let none = SplitConfig { validation_fraction: 0.0, ..SplitConfig::default() };
        assert!(none.check().is_ok());
        let nan = SplitConfig { validation_fraction: f64::NAN, ..SplitConfig::default() };
        let error = nan.check().unwrap_err();
        assert!(matches!(error, DataError::SplitConfig { field: "validation_fraction", .. }), "{error}");
    }

    #[test]
    fn the_hash_depends_on_protocol_rows_order_and_its_own_shares_alone() {
        let rows: Vec<Interaction> = (0..10).map(|user| row(user, 0, i64::from(user))).collect();
        let config = SplitConfig::default();
        let hash = split_hash(Protocol::FirstRatings, &rows, &config);
        let mut swapped = rows.clone();
        swapped.swap(0, 1);
        assert_ne!(hash, split_hash(Protocol::Temporal, &rows, &config));
        assert_ne!(hash, split_hash(Protocol::FirstRatings, &swapped, &config));
        assert_ne!(hash, split_hash(Protocol::FirstRatings, &rows[1..], &config));
        let other = SplitConfig { test_fraction_users: 0.3, ..config };
        assert_ne!(hash, split_hash(Protocol::FirstRatings, &rows, &other));
        let unrelated = SplitConfig { test_fraction_rows: 0.3, ..config };
        assert_eq!(hash, split_hash(Protocol::FirstRatings, &rows, &unrelated));
        let validated = SplitConfig { validation_fraction: 0.1, ..config };
        for protocol in Protocol::ALL {
            let unused = matches!(protocol, Protocol::Holdout | Protocol::Episodes | Protocol::LeaveOneOut);
            let same = split_hash(protocol, &rows, &config) == split_hash(protocol, &rows, &validated);
            assert_eq!(same, unused, "{protocol}");
        }
    }

    proptest! {
        #[test]
        fn first_ratings_never_splits_a_user_and_temporal_never_looks_back(
            rows in prop::collection::vec((0_u32..30, 0_u32..9, 0_i64..50), 5..200),
        ) {
            let rows: Vec<Interaction> = rows.into_iter().map(|(user, item, at)| row(user, item, at)).collect();
            let config = SplitConfig::default();
            let by_user = last_users_parts(30, &rows, &config);
            let by_time = temporal_parts(&rows, &config);
            for (left, a) in rows.iter().enumerate() {
                for (right, b) in rows.iter().enumerate() {
                    prop_assert!(a.user > b.user || by_user[left] <= by_user[right]);
                    prop_assert!(a.timestamp >= b.timestamp || by_time[left] <= by_time[right]);
                }
            }
            let n_test = by_time.iter().filter(|part| **part == Part::Test).count();
            prop_assert_eq!(n_test, rows.len() - rows.len() * 4 / 5);
        }
    }
}
