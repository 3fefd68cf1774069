//! A replay to arrays and back, so that a resumed run draws what an uninterrupted one would have drawn.
//!
//! Besides the transitions that takes the ring's position, the leaves of the sum tree (its inner nodes follow from
//! them), the greatest priority so far, and the number of samples, which beta depends on.

use crate::storage::{Fields, Storage};
use crate::{Replay, ReplayConfig, ReplayError, Sizes};
use drr_core::ItemIdx;
use drr_store::{NamedArray, Values};
use std::ops::Range;

/// All that a replay needs to go on as if it had never stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayState {
    /// The arrays, in any order.
    pub arrays: Vec<NamedArray>,
}

impl Replay {
    /// The state to save.
    #[must_use]
    pub fn state(&self) -> ReplayState {
        let Storage { sizes, fields, records, .. } = &self.storage;
        let len = self.len();
        let flat = || vec![len];
        let wide = |width| vec![len, width];
        let rows = || records.chunks_exact(fields.width);
        let column = |at: usize| rows().map(|row| row[at]).collect::<Vec<u32>>();
        let ids = |range: &Range<usize>, length: usize| {
            let padded = |row: &[u32]| {
                let (items, rest) = row[range.clone()].split_at(row[length] as usize);
                let padding = std::iter::repeat_n(ItemIdx::PADDING.0, rest.len());
                items.iter().copied().chain(padding).collect::<Vec<u32>>()
            };
            Values::U32(rows().flat_map(padded).collect())
        };
        let flags = |at: usize| Values::U8(rows().map(|row| u8::from(row[at] == 1)).collect());
        let actions = || {
            let bits = rows().flat_map(|row| &row[fields.action.clone()]);
            Values::F32(bits.copied().map(f32::from_bits).collect())
        };
        let rewards = column(Fields::REWARD).into_iter().map(f32::from_bits).collect();
        let mut arrays = vec![
            array("position", vec![1], Values::U64(vec![self.storage.position as u64])),
            array("contexts", flat(), Values::U32(column(Fields::CONTEXT))),
            array("histories", wide(sizes.history_length), ids(&fields.history, Fields::LENGTH)),
            array("n_accepted", flat(), Values::U32(column(Fields::N_ACCEPTED))),
            array(
                "next_histories",
                wide(sizes.history_length),
                ids(&fields.next_history, Fields::NEXT_LENGTH),
            ),
            array("next_n_accepted", flat(), Values::U32(column(Fields::NEXT_N_ACCEPTED))),
            array("actions", wide(sizes.action_dim), actions()),
            array("items", flat(), Values::U32(column(Fields::ITEM))),
            array("rewards", flat(), Values::F32(rewards)),
            array("terminated", flat(), flags(Fields::TERMINATED)),
            array("truncated", flat(), flags(Fields::TRUNCATED)),
            array(
                "recommended",
                wide(sizes.max_recommended),
                ids(&fields.recommended, Fields::N_RECOMMENDED),
            ),
        ];
        if let Some(priorities) = &self.priorities {
            let leaves = priorities.tree.leaves(len).to_vec();
            arrays.extend([
                array("leaves", flat(), Values::F64(leaves)),
                array("greatest_priority", vec![1], Values::F64(vec![priorities.greatest])),
                array("n_samples", vec![1], Values::U64(vec![priorities.n_samples])),
            ]);
        }
        ReplayState { arrays }
    }

    /// The replay as it was when `state` was taken, with the same config and sizes.
    ///
    /// # Errors
    ///
    /// Refuses settings without a meaning, and a state with an array that is absent, of another type or shape, or that
    /// does not fit the others.
    pub fn from_state(config: &ReplayConfig, sizes: Sizes, state: &ReplayState) -> Result<Self, ReplayError> {
        let mut replay = Self::new(config, sizes)?;
        let contexts = state.u32s("contexts", None)?;
        let len = contexts.len();
        let position = state.u64("position")? as usize;
        let fits =
            len <= config.capacity && if len < config.capacity { position == len } else { position < len };
        if !fits {
            return Err(problem("position", "does not fit the number of transitions and the capacity"));
        }
        let mut storage = Storage::new(config.capacity, sizes);
        storage.position = position;
        let actions = state.f32s("actions", &[len, sizes.action_dim])?;
        storage.records = vec![0; len * storage.fields.width];
        let Fields { history, next_history, recommended, action, width } = storage.fields.clone();
        let flags = |name| Ok::<_, ReplayError>(state.flags(name, len)?.into_iter().map(u32::from).collect());
        let rewards = state.f32s("rewards", &[len])?.into_iter().map(f32::to_bits).collect();
        let windows = Some(sizes.history_length);
        for (range, at, mut values) in [
            (history, Fields::LENGTH, state.ids("histories", len, windows)?),
            (next_history, Fields::NEXT_LENGTH, state.ids("next_histories", len, windows)?),
            (recommended, Fields::N_RECOMMENDED, state.ids("recommended", len, Some(sizes.max_recommended))?),
        ] {
            let rows = storage.records.chunks_exact_mut(width).zip(values.chunks_exact_mut(range.len()));
            for (row, ids) in rows {
                let length = ids.iter().position(|id| *id == ItemIdx::PADDING.0).unwrap_or(ids.len());
                ids[length..].fill(0);
                row[at] = length as u32;
                row[range.clone()].copy_from_slice(ids);
            }
        }
        for (at, values) in [
            (Fields::CONTEXT, contexts),
            (Fields::ITEM, state.ids("items", len, None)?),
            (Fields::REWARD, rewards),
            (Fields::TERMINATED, flags("terminated")?),
            (Fields::TRUNCATED, flags("truncated")?),
            (Fields::N_ACCEPTED, state.ids("n_accepted", len, None)?),
            (Fields::NEXT_N_ACCEPTED, state.ids("next_n_accepted", len, None)?),
        ] {
            let rows = storage.records.chunks_exact_mut(width).zip(values);
            rows.for_each(|(row, value): (_, u32)| row[at] = value);
        }
        let rows = storage.records.chunks_exact_mut(width).zip(actions.chunks_exact(sizes.action_dim));
        for (row, values) in rows {
            let bits = row[action.clone()].iter_mut().zip(values);
            bits.for_each(|(bits, value)| *bits = value.to_bits());
        }
        replay.storage = storage;
        if let Some(priorities) = &mut replay.priorities {
            for (slot, leaf) in state.f64s("leaves", &[len])?.iter().enumerate() {
                priorities.tree.set(slot, *leaf)?;
            }
            priorities.greatest = state.f64s("greatest_priority", &[1])?[0];
            if !(priorities.greatest.is_finite() && priorities.greatest > 0.0) {
                return Err(problem("greatest_priority", "is not a finite number above zero"));
            }
            priorities.n_samples = state.u64("n_samples")?;
        }
        Ok(replay)
    }
}

fn array(name: &str, shape: Vec<usize>, values: Values) -> NamedArray {
    NamedArray::new(name, shape, values)
}

const fn problem(name: &'static str, problem: &'static str) -> ReplayError {
    ReplayError::State { name, problem }
}

const TYPE: &str = "has another type than expected";

impl ReplayState {
    /// The array's values, of `shape`, or of any shape of one dimension.
    fn values(&self, name: &'static str, shape: Option<&[usize]>) -> Result<&Values, ReplayError> {
        let array = self.arrays.iter().find(|array| array.name == name);
        let array = array.ok_or(problem(name, "is absent"))?;
        let fits = match shape {
            Some(shape) => array.shape == shape,
            None => array.shape.len() == 1,
        };
        if !fits || array.values.len() != array.shape.iter().product::<usize>() {
            return Err(problem(name, "has another shape than expected"));
        }
        Ok(&array.values)
    }

    fn u32s(&self, name: &'static str, shape: Option<&[usize]>) -> Result<Vec<u32>, ReplayError> {
        match self.values(name, shape)? {
            Values::U32(values) => Ok(values.clone()),
            _ => Err(problem(name, TYPE)),
        }
    }

    /// Ids of `len` transitions, each `width` of them, or one each in an array of one dimension.
    fn ids(&self, name: &'static str, len: usize, width: Option<usize>) -> Result<Vec<u32>, ReplayError> {
        match width {
            Some(width) => self.u32s(name, Some(&[len, width])),
            None => self.u32s(name, Some(&[len])),
        }
    }

    fn f32s(&self, name: &'static str, shape: &[usize]) -> Result<Vec<f32>, ReplayError> {
        match self.values(name, Some(shape))? {
            Values::F32(values) if values.iter().all(|value| value.is_finite()) => Ok(values.clone()),
            Values::F32(_) => Err(problem(name, "has a value that is not finite")),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn f64s(&self, name: &'static str, shape: &[usize]) -> Result<&[f64], ReplayError> {
        match self.values(name, Some(shape))? {
            Values::F64(values) => Ok(values),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn u64(&self, name: &'static str) -> Result<u64, ReplayError> {
        match self.values(name, Some(&[1]))? {
            Values::U64(values) => Ok(values[0]),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn flags(&self, name: &'static str, len: usize) -> Result<Vec<u8>, ReplayError> {
        match self.values(name, Some(&[len]))? {
            Values::U8(values) if values.iter().all(|flag| *flag <= 1) => Ok(values.clone()),
            Values::U8(_) => Err(problem(name, "has a flag that is neither 0 nor 1")),
            _ => Err(problem(name, TYPE)),
        }
    }
}
