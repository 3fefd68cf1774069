//! Every setting of a system and its training.

use crate::RivalError;
use crate::systems::{DeersConfig, DpgFbeConfig, DrnConfig, LirdConfig, SimulatorConfig};
use drr_nn::AdamConfig;
use serde::{Deserialize, Serialize};

/// How long and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// Environments that step side by side.
    pub n_environments: usize,
    /// Sessions in the whole training; rounded up to whole rounds of all environments.
    pub n_episodes: u64,
    /// Updates after each decision of all environments.
    pub updates_per_step: usize,
    /// Experiences in the memory before the first update.
    pub warmup: usize,
    /// The greatest number of experiences that are kept; the oldest go first.
    pub capacity: usize,
    /// Rounds between two checkpoints.
    pub checkpoint_every: u64,
    /// Rounds between two validations.
    pub validate_every: u64,
}

impl Default for ScheduleConfig {
    /// DRN's on MovieLens 1M.
    fn default() -> Self {
        Self {
            n_environments: 64,
            n_episodes: 9600,
            updates_per_step: 4,
            warmup: 1000,
            capacity: 100_000,
            checkpoint_every: 20,
            validate_every: 10,
        }
    }
}

/// Which system, with what only it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SystemConfig {
    /// DRN (Zheng et al. 2018).
    Drn(DrnConfig),
    /// LIRD (Zhao et al. 2018, list-wise).
    Lird(LirdConfig),
    /// DEERS (Zhao et al. 2018, pairwise with negative feedback).
    Deers(DeersConfig),
    /// DPG-FBE (Hu et al. 2018).
    DpgFbe(DpgFbeConfig),
}

/// The settings of a system and its training. [`RivalConfig::default_of`] has those of each system; a table that leaves
/// something out has it from [`RivalConfig::default`], which is DRN's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RivalConfig {
    /// gamma: 0 makes the greedy twin.
    pub discount: f64,
    /// B, the experiences of one update.
    pub batch_size: usize,
    /// The optimizer of every network of the system.
    pub optimizer: AdamConfig,
    /// How long and how often.
    pub schedule: ScheduleConfig,
    /// Which system.
    pub system: SystemConfig,
}

impl Default for RivalConfig {
    /// DRN as trained on MovieLens 1M.
    fn default() -> Self {
        Self {
            discount: 0.9,
            batch_size: 64,
            optimizer: AdamConfig { learning_rate: 1e-3, l2: 0.0, max_gradient_norm: 10.0 },
            schedule: ScheduleConfig::default(),
            system: SystemConfig::Drn(DrnConfig::default()),
        }
    }
}

impl RivalConfig {
    /// The names of all systems.
    pub const NAMES: &'static [&'static str] = &["drn", "lird", "deers", "dpg_fbe"];

    /// The settings of a system with which it was trained on MovieLens 1M; `None` for a name that is no system.
    #[must_use]
    pub fn default_of(name: &str) -> Option<Self> {
        let drn = Self::default();
        let optimizer =
            |learning_rate, l2, max_gradient_norm| AdamConfig { learning_rate, l2, max_gradient_norm };
        let schedule =
            |n_episodes, updates_per_step, warmup, checkpoint_every, validate_every| ScheduleConfig {
                n_episodes,
                updates_per_step,
                warmup,
                checkpoint_every,
                validate_every,
                ..ScheduleConfig::default()
            };
        Some(match name {
            "drn" => drn,
            "lird" => Self {
                optimizer: optimizer(1e-3, 1e-5, 5.0),
                schedule: schedule(19_200, 10, 1000, 50, 50),
                system: SystemConfig::Lird(LirdConfig::default()),
                ..drn
            },
            "deers" => Self {
                optimizer: optimizer(5e-4, 0.0, 5.0),
                schedule: schedule(6400, 4, 2000, 25, 5),
                system: SystemConfig::Deers(DeersConfig::default()),
                ..drn
            },
            "dpg_fbe" => Self {
                optimizer: optimizer(1e-3, 0.0, 1.0),
                schedule: schedule(32_000, 1, 5000, 100, 25),
                system: SystemConfig::DpgFbe(DpgFbeConfig::default()),
                ..drn
            },
            _ => return None,
        })
    }

    /// The name in files and reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.system {
            SystemConfig::Drn(_) => "drn",
            SystemConfig::Lird(_) => "lird",
            SystemConfig::Deers(_) => "deers",
            SystemConfig::DpgFbe(_) => "dpg_fbe",
        }
    }

    /// The rounds that make up the sessions of the schedule.
    #[must_use]
    pub const fn n_rounds(&self) -> u64 {
        self.schedule.n_episodes.div_ceil(self.schedule.n_environments as u64)
    }

    /// The simulator that the system's own paper trains in, if the training should run in it.
    #[must_use]
    pub const fn simulator(&self) -> Option<&SimulatorConfig> {
        match &self.system {
            SystemConfig::Lird(config) => config.simulator.as_ref(),
            _ => None,
        }
    }

    /// Whether the system reads when users come back: [`RivalWorld::with_returns`](crate::RivalWorld::with_returns).
    #[must_use]
    pub const fn needs_return_times(&self) -> bool {
        matches!(&self.system, SystemConfig::Drn(DrnConfig { activeness: Some(_), .. }))
    }

    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// Names the first field out of its range.
    pub fn check(&self) -> Result<(), RivalError> {
        let within = Within(self.name());
        within.check("discount", self.discount, 0.0, 1.0)?;
        within.check("optimizer.learning_rate", self.optimizer.learning_rate, 0.0, 1.0)?;
        within.check("optimizer.l2", self.optimizer.l2, 0.0, 1e9)?;
        within.check("optimizer.max_gradient_norm", self.optimizer.max_gradient_norm, 0.0, 1e9)?;
        let ScheduleConfig { n_environments, n_episodes, updates_per_step, .. } = self.schedule;
        within.at_least_one("batch_size", self.batch_size as u64)?;
        within.at_least_one("schedule.n_environments", n_environments as u64)?;
        within.at_least_one("schedule.n_episodes", n_episodes)?;
        within.at_least_one("schedule.updates_per_step", updates_per_step as u64)?;
        within.at_least_one("schedule.capacity", self.schedule.capacity as u64)?;
        within.at_least_one("schedule.checkpoint_every", self.schedule.checkpoint_every)?;
        within.at_least_one("schedule.validate_every", self.schedule.validate_every)?;
        match &self.system {
            SystemConfig::Drn(config) => config.check(within),
            SystemConfig::Lird(config) => config.check(within),
            SystemConfig::Deers(config) => config.check(within),
            SystemConfig::DpgFbe(config) => config.check(within),
        }
    }
}

/// Refuses what is out of range, in the name of a system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within(pub &'static str);

impl Within {
    /// Refuses a value outside `[low, high]`, and NaN.
    pub(crate) fn check(self, name: &'static str, value: f64, low: f64, high: f64) -> Result<(), RivalError> {
        if (low..=high).contains(&value) {
            Ok(())
        } else {
            Err(RivalError::Config { system: self.0, name, value, low, high })
        }
    }

    /// Refuses 0.
    pub(crate) fn at_least_one(self, name: &'static str, count: u64) -> Result<(), RivalError> {
        #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
        self.check(name, count as f64, 1.0, 1e12)
    }
}
