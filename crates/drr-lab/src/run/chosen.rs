//! Settings that follow from a log: what counts as positive, how many ratings are known, how large the models are.

use crate::config::{ExperimentConfig, SessionsConfig, SpaceKind};
use drr_baselines::BaselineConfig;
use drr_core::Protocol;
use drr_data::Dataset;
use drr_env::SessionStart;
use drr_intake::Signal;

/// The length of a known history, where users have as many ratings.
const KNOWN: usize = 10;
/// The dimension of the vectors, where the catalogue is large enough.
const DIM: usize = 100;
/// Long sessions need users for three models and a judgement.
const LEAST_SESSION_USERS: usize = 200;
/// And items to choose among.
const LEAST_SESSION_ITEMS: usize = 40;
/// EASE solves a system as large as the catalogue.
const MOST_EASE_ITEMS: usize = 6000;
/// Ratings from this share of the scale on count as positive: 4 of 1 to 5, 7 of 0 to 10.
const POSITIVE_SHARE: f32 = 0.7;

/// What was chosen by the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    positive: f32,
    positive_share: f64,
    n_observed: usize,
    dim: usize,
    protocols: Vec<Protocol>,
    with_sessions: bool,
    recommenders: Vec<&'static str>,
    /// What is left out because of the data, with the reason: a sentence each.
    pub left_out: Vec<String>,
}

impl Chosen {
    /// Chooses by the ingested data.
    #[must_use]
    pub fn of(dataset: &Dataset, signal: Option<Signal>) -> Self {
        let manifest = dataset.manifest();
        let (low, high) = manifest.rating_scale;
        let least = low + POSITIVE_SHARE * (high - low);
        let mut values: Vec<f32> = dataset.interactions().iter().map(|it| it.rating).collect();
        values.sort_by(f32::total_cmp);
        let positive = match signal {
            Some(Signal::Event) => 1.0,
            _ => values.iter().copied().find(|it| *it >= least - 1e-6).unwrap_or(high),
        };
        let n_positive = values.iter().filter(|it| **it >= positive).count();
        let mut per_user = vec![0_usize; dataset.users().len()];
        dataset.interactions().iter().for_each(|it| per_user[it.user.index()] += 1);
        per_user.sort_unstable();
        let median = per_user.get(per_user.len() / 2).copied().unwrap_or(0);
        let (n_users, n_items) = (dataset.users().len(), dataset.items().len());
        let mut left_out = Vec::new();
        let mut protocols = vec![Protocol::FirstRatings];
        if manifest.splits.contains_key(&Protocol::Temporal) {
            protocols.push(Protocol::Temporal);
        } else {
            left_out.push("the protocol temporal is left out: the log has no times".to_owned());
        }
        let with_sessions =
            n_users >= LEAST_SESSION_USERS && n_items >= LEAST_SESSION_ITEMS && signal != Some(Signal::Event);
        if !with_sessions {
            let why = match signal {
                Some(Signal::Event) => "events do not say what a user likes less".to_owned(),
                _ => format!("they need {LEAST_SESSION_USERS} users and {LEAST_SESSION_ITEMS} items"),
            };
            left_out.push(format!("long sessions are left out: {why}"));
        }
        let mut recommenders = vec!["random", "popularity", "item_knn", "ials", "bpr"];
        if n_items <= MOST_EASE_ITEMS {
            recommenders.push("ease");
        } else {
            left_out
                .push(format!("the recommender ease is left out: it is slow beyond {MOST_EASE_ITEMS} items"));
        }
        if manifest.has_time {
            recommenders.push("markov");
        }
        Self {
            positive,
            positive_share: n_positive as f64 / values.len().max(1) as f64,
            n_observed: KNOWN.min((median / 2).max(1)),
            dim: DIM.min(n_items / 4).min(n_users / 4).max(2),
            protocols,
            with_sessions,
            recommenders,
            left_out,
        }
    }

    /// Writes it into a configuration.
    pub fn write(&self, config: &mut ExperimentConfig) {
        config.data.positive_rating = self.positive;
        config.evaluation.n_observed = self.n_observed;
        // Whoever is trained knows as much of a user as whoever is judged.
        config.environment.start_first_ratings = SessionStart::First { count: self.n_observed };
        if let SessionStart::RandomCut { min_observed, min_remaining, .. } =
            &mut config.environment.start_temporal
        {
            *min_observed = self.n_observed.min(*min_observed);
            *min_remaining = self.n_observed.min(*min_remaining);
        }
        config.evaluation.protocols.clone_from(&self.protocols);
        config.embedding.space = SpaceKind::CoOccurrence;
        config.embedding.co_occurrence.dim = self.dim;
        config.embedding.co_occurrence.or_fewer = true;
        config.embedding.pmf.dim = config.embedding.pmf.dim.min(self.dim);
        config.embedding.pmf.l2 = 0.1;
        config.lab.recommenders =
            self.recommenders.iter().filter_map(|it| BaselineConfig::default_of(it)).collect();
        config.agent.n_episodes = 6400;
        config.agent.warmup_transitions = 2000;
        config.agent.action.scale = 0.2;
        config.sessions = self
            .with_sessions
            .then(|| SessionsConfig { n_known: self.n_observed, ..SessionsConfig::default() });
    }

    /// What was chosen, in words; the run says what is left out.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "Settings by the data: positive from {} on ({:.0} % of the rows), the first {} ratings of a user known, vectors of {}",
            self.positive,
            100.0 * self.positive_share,
            self.n_observed,
            self.dim
        )
    }
}
