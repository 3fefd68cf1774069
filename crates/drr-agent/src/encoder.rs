//! The state modules: from a user's vector and the latest positive items to the state that actor and critic read.
//!
//! Four are those of Liu et al. 2018 (eq. 5-9), the fifth that of the journal version (Liu et al. 2020). All read the same
//! inputs, users `[B, D]`, histories `[B, N, D]` with the latest item last, and masks `[B, N]`; a place without an item is a
//! vector of zeros.

mod attention;
mod average;
mod pairs;

pub use average::DrrAve;

use attention::DrrAtt;
use candle_core::Tensor;
use drr_core::Seeds;
use drr_nn::{NnError, Parameters};
use pairs::{DrrN, DrrP, DrrU};
use serde::{Deserialize, Serialize};

/// Which state module an agent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateKind {
    /// The items, one behind the other (eq. 5): the user is not in the state.
    DrrN,
    /// The items and the weighted products of all pairs of them (eq. 6).
    DrrP,
    /// The user's weighted products with the items, and those of all pairs of items (eq. 7).
    DrrU,
    /// The user, the pooled items, and the product of both (eq. 8-9).
    #[default]
    DrrAve,
    /// The same with a pool weighted by attention (Liu et al. 2020).
    DrrAtt,
}

impl StateKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::DrrN, Self::DrrP, Self::DrrU, Self::DrrAve, Self::DrrAtt];

    /// Whether it is what an agent has that names none.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The name in files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DrrN => "drr_n",
            Self::DrrP => "drr_p",
            Self::DrrU => "drr_u",
            Self::DrrAve => "drr_ave",
            Self::DrrAtt => "drr_att",
        }
    }

    /// The state's dimension `S` for vectors of dimension `dim` and windows of `history_length`.
    #[must_use]
    pub const fn state_dim(self, dim: usize, history_length: usize) -> usize {
        let n = history_length;
        match self {
            Self::DrrN => dim * n,
            Self::DrrP | Self::DrrU => dim * (n + n * n.saturating_sub(1) / 2),
            Self::DrrAve | Self::DrrAtt => DrrAve::state_dim(dim),
        }
    }
}

/// A state module with its parameters.
#[derive(Debug, Clone)]
pub(crate) enum StateModule {
    Items(DrrN),
    Pairs(DrrP),
    UserPairs(DrrU),
    Average(DrrAve),
    Attention(DrrAtt),
}

impl StateModule {
    /// A module for histories of `history_length` vectors of dimension `dim`.
    pub(crate) fn new(
        kind: StateKind,
        parameters: &mut Parameters,
        dim: usize,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, NnError> {
        Ok(match kind {
            StateKind::DrrN => Self::Items(DrrN),
            StateKind::DrrP => Self::Pairs(DrrP::new(parameters, history_length)?),
            StateKind::DrrU => Self::UserPairs(DrrU::new(parameters, history_length)?),
            StateKind::DrrAve => Self::Average(DrrAve::new(parameters, history_length)?),
            StateKind::DrrAtt => Self::Attention(DrrAtt::new(parameters, dim, seeds)?),
        })
    }

    /// Encodes users `[B, D]`, histories `[B, N, D]` and masks `[B, N]` into states `[B, S]`.
    pub(crate) fn forward(
        &self,
        users: &Tensor,
        histories: &Tensor,
        masks: &Tensor,
    ) -> Result<Tensor, NnError> {
        match self {
            Self::Items(module) => module.forward(histories, masks),
            Self::Pairs(module) => module.forward(histories, masks),
            Self::UserPairs(module) => module.forward(users, histories, masks),
            Self::Average(module) => module.forward(users, histories, masks),
            Self::Attention(module) => module.forward(users, histories, masks),
        }
    }
}

#[cfg(test)]
mod tests;
