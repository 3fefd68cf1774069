//! Which users are in which part.

use anyhow::{Result, bail};
use drr_core::{Interaction, InteractionLog, Part, PartSet, RowOrigin, Seeds, UserIdx};
use drr_data::Dataset;
use drr_store::digest_of;
use rand::seq::SliceRandom as _;
use std::collections::BTreeMap;

/// The log of a data set, cut by users drawn at random: test, validation, and three equal parts of the rest.
///
/// The parts go by the names of [`Part`]: `Train` is R, `SimulatorA` and `SimulatorB` are A and B.
#[derive(Debug, Clone)]
pub struct SessionCut {
    log: InteractionLog,
    /// `[U]`.
    part_of: Vec<Part>,
    hash: String,
}

/// The parts in the order in which users are drawn into them.
const PARTS: [Part; 5] = [Part::Test, Part::Validation, Part::Train, Part::SimulatorA, Part::SimulatorB];

impl SessionCut {
    /// Draws every user of the data set with a rating into a part; `share` of them are in the test, and as many in the validation.
    ///
    /// # Errors
    ///
    /// Refuses a data set in which a part would have no user.
    pub fn new(dataset: &Dataset, share: f64, seeds: Seeds) -> Result<Self> {
        let log = dataset.full_log()?;
        let mut users: Vec<UserIdx> = log.active_users().collect();
        users.shuffle(&mut seeds.stream("sessions.cut"));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number of users, which is no more than that"
        )]
        let n_held_out = (share * users.len() as f64) as usize;
        let third = users.len().saturating_sub(2 * n_held_out) / 3;
        if n_held_out == 0 || third == 0 {
            bail!(
                "of the data set's {} users a share of {share} is held out twice and three equal parts of the rest are cut, and one of the five would be empty: raise sessions.held_out_fraction, or leave [sessions] out",
                users.len()
            );
        }
        let mut part_of = vec![Part::Train; log.n_users()];
        let sizes = [n_held_out, n_held_out, users.len() - 2 * n_held_out - 2 * third, third, third];
        let mut rest = &users[..];
        for (part, size) in PARTS.into_iter().zip(sizes) {
            let (these, others) = rest.split_at(size);
            for user in these {
                part_of[user.index()] = part;
            }
            rest = others;
        }
        let hash = digest_of(&(dataset.manifest().hash.as_str(), &part_of))?;
        Ok(Self { log, part_of, hash })
    }

    /// The original ids of the users of every part: `test`, `validation`, `r`, `a`, `b`.
    #[must_use]
    pub fn users_by_part<'d>(&self, dataset: &'d Dataset) -> BTreeMap<&'static str, Vec<&'d str>> {
        let mut users: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
        for user in self.log.active_users() {
            let name = match self.part_of[user.index()] {
                Part::Test => "test",
                Part::Validation => "validation",
                Part::SimulatorA => "a",
                Part::SimulatorB => "b",
                _ => "r",
            };
            users.entry(name).or_default().push(dataset.user_id(user));
        }
        users
    }

    /// The hash of who is in which part of which data set.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The rows of some parts. It knows where they come from.
    ///
    /// # Errors
    ///
    /// Fails on no log, which would be a fault of the data set.
    pub fn rows(&self, parts: &[Part]) -> Result<InteractionLog> {
        let is_in = |row: &Interaction| parts.contains(&self.part_of[row.user.index()]);
        let rows: Vec<Interaction> = self.log.iter().filter(is_in).collect();
        let log = InteractionLog::new(self.log.n_users(), self.log.n_items(), &rows)?;
        Ok(log.with_split(&self.hash, parts.iter().copied().collect::<PartSet>()))
    }

    /// What recommenders may be fitted on: R, and where agents are trained A too.
    ///
    /// # Errors
    ///
    /// Fails as [`SessionCut::rows`].
    pub fn permitted(&self) -> Result<Vec<RowOrigin>> {
        let of = |parts: &[Part]| Ok(self.rows(parts)?.origin().clone());
        [&[Part::Train][..], &[Part::SimulatorA], &[Part::Train, Part::SimulatorA]]
            .into_iter()
            .map(of)
            .collect()
    }
}
