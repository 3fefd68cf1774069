//! What can go wrong with an agent.

use drr_core::{EnvironmentError, RecommendError};
use drr_learn::LearnError;
use drr_nn::NnError;
use drr_replay::ReplayError;
use drr_store::StoreError;

/// A reason why an agent cannot be trained, saved or asked.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// What can go wrong in any training went wrong in the agent's.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A setting is out of its range.
    #[error("agent setting {name} = {value} is not between {low} and {high}")]
    Config {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The least allowed.
        low: f64,
        /// The greatest allowed.
        high: f64,
    },
    /// Settings that are legal by themselves do not go together.
    #[error("agent settings do not go together: {0}")]
    Settings(&'static str),
}

impl From<NnError> for AgentError {
    fn from(source: NnError) -> Self {
        Self::Learn(source.into())
    }
}

impl From<StoreError> for AgentError {
    fn from(source: StoreError) -> Self {
        Self::Learn(source.into())
    }
}

impl From<candle_core::Error> for AgentError {
    fn from(source: candle_core::Error) -> Self {
        Self::Learn(source.into())
    }
}

impl From<ReplayError> for AgentError {
    fn from(source: ReplayError) -> Self {
        Self::Learn(source.into())
    }
}

impl From<EnvironmentError> for AgentError {
    fn from(source: EnvironmentError) -> Self {
        Self::Learn(source.into())
    }
}

impl From<RecommendError> for AgentError {
    fn from(source: RecommendError) -> Self {
        Self::Learn(source.into())
    }
}
