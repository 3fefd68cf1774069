//! What a configuration need not say: its sections as they are where nobody says otherwise.
//!
//! That is the shipped agent's configuration on MovieLens 1M, but for the settings of its space, which were chosen for that
//! data set: `ml-1m.toml` states them.

use super::{
    DataConfig, EmbeddingConfig, EnvironmentConfig, EvaluationConfig, ExperimentConfig, FORMAT, LabConfig,
    SpaceKind, StudyConfig, TrainingConfig,
};
use super::{LongTermConfig, StalenessConfig};
use drr_agent::{ActionBase, ActionConfig, AgentConfig, ReplayAction};
use drr_baselines::BaselineConfig;
use drr_core::{HEADLINE_LENGTH, POSITIVE_RATING, Protocol};
use drr_data::{RowPolicy, SplitConfig};
use drr_embed::{CoOccurrenceConfig, ContinuationFactorsConfig, EaseFactorsConfig, PmfConfig};
use drr_env::{RewardConfig, SessionStart};
use drr_learn::ExplorationConfig;
use drr_nn::AdamConfig;
use drr_replay::{ReplayConfig, ReplayKind};
use std::collections::BTreeMap;

impl Default for ExperimentConfig {
    /// The shipped agent on MovieLens 1M.
    fn default() -> Self {
        Self {
            format: FORMAT,
            seed: 42,
            data: DataConfig::default(),
            split: SplitConfig::default(),
            embedding: EmbeddingConfig::default(),
            environment: EnvironmentConfig::default(),
            training: TrainingConfig::default(),
            agent: AgentConfig::default(),
            evaluation: EvaluationConfig::default(),
            lab: LabConfig::default(),
            sessions: None,
            study: StudyConfig::default(),
        }
    }
}

impl Default for DataConfig {
    /// MovieLens 1M, with every bad row refused.
    fn default() -> Self {
        Self {
            dataset: "ml-1m".to_owned(),
            positive_rating: POSITIVE_RATING,
            rows: RowPolicy::default(),
            synthetic: None,
        }
    }
}

impl Default for EmbeddingConfig {
    /// The space that the shipped agent acts in, everywhere with the same settings.
    fn default() -> Self {
        Self {
            space: SpaceKind::ContinuationFactors,
            spaces: BTreeMap::new(),
            pmf: PmfConfig::default(),
            co_occurrence: CoOccurrenceConfig::default(),
            ease_factors: EaseFactorsConfig::default(),
            continuation_factors: ContinuationFactorsConfig::default(),
            continuations: BTreeMap::new(),
            rating_damping: 0.0,
        }
    }
}

impl Default for EnvironmentConfig {
    /// Ten steps that start where held-out users are judged: after their first ten ratings under "seed", and anywhere under
    /// "temporal", where users of every age of their log are judged.
    fn default() -> Self {
        Self {
            history_length: 10,
            horizon: 10,
            reward: RewardConfig::default(),
            start_first_ratings: SessionStart::first(),
            start_temporal: SessionStart::random_cut(),
        }
    }
}

impl Default for TrainingConfig {
    /// Rounds are chosen on validation rows, and the greedy twin is trained too.
    fn default() -> Self {
        Self {
            choose_on_validation: true,
            greedy_twin: true,
            supervised_twin: false,
            name: None,
            reference_duration: None,
        }
    }
}

impl Default for EvaluationConfig {
    /// Users unknown but for ten ratings, and known users later in time.
    fn default() -> Self {
        Self {
            protocols: vec![Protocol::FirstRatings, Protocol::Temporal],
            list_lengths: vec![5, HEADLINE_LENGTH],
            n_observed: 10,
        }
    }
}

impl Default for StalenessConfig {
    /// A year by months, after half of the log.
    fn default() -> Self {
        let kinds = ["popularity", "item_knn", "ease"];
        Self {
            trained_share: 0.5,
            period_days: 30.4,
            n_periods: 12,
            min_users: 30,
            recommenders: kinds.into_iter().filter_map(BaselineConfig::default_of).collect(),
        }
    }
}

impl Default for LongTermConfig {
    /// Forty sweets and as many vegetables, and an agent small enough for them.
    fn default() -> Self {
        let optimizer = |learning_rate, l2| AdamConfig { learning_rate, l2, max_gradient_norm: 1.0 };
        let agent = AgentConfig {
            actor_hidden: [32, 32],
            critic_hidden: [32, 32],
            action: ActionConfig { base: ActionBase::None, scale: 1.0, first_bound: 0.1 },
            // The executed output, not the item: with two kinds of items the critic would see no action between them.
            replay_action: ReplayAction::Proto,
            tau: 0.02,
            batch_size: 32,
            // Without L2 some actors saturate on vegetables before the critic has learned when a sweet is due.
            actor_optimizer: optimizer(1e-3, 3e-4),
            critic_optimizer: optimizer(2e-3, 0.0),
            replay: ReplayConfig { capacity: 20_000, sampling: ReplayKind::Uniform {} },
            exploration: ExplorationConfig::gaussian(1.0, 0.2, 40_000, 0.7),
            n_environments: 8,
            n_episodes: 2000,
            updates_per_step: 1,
            warmup_transitions: 240,
            checkpoint_every: 100,
            validate_every: 10,
            ..AgentConfig::default()
        };
        Self {
            items_per_kind: 40,
            horizon: 30,
            history_length: 4,
            dim: 4,
            item_noise: 0.05,
            n_seeds: 3,
            agent,
            agents: Vec::new(),
            rivals: Vec::new(),
        }
    }
}
