//! A replay to arrays and back, so that a resumed run draws what an uninterrupted one would have drawn.
//!
//! Besides the transitions that takes the ring's position, the leaves of the sum tree (its inner nodes follow from
//! them), the greatest priority so far, and the number of samples, which beta depends on.

use crate::storage::{Histories, Storage};
use crate::{Replay, ReplayArray, ReplayConfig, ReplayError, ReplayState, ReplayValues, Sizes};

impl Replay {
    /// The state to save.
    #[must_use]
    pub fn state(&self) -> ReplayState {
        let Storage { sizes, before, after, .. } = &self.storage;
        let len = self.len();
        let flat = || vec![len];
        let wide = |width| vec![len, width];
        let u32s = |values: &[u32]| ReplayValues::U32(values.to_vec());
        let f32s = |values: &[f32]| ReplayValues::F32(values.to_vec());
        let u8s = |values: &[u8]| ReplayValues::U8(values.to_vec());
        let mut arrays = vec![
            array("position", vec![1], ReplayValues::U64(vec![self.storage.position as u64])),
            array("contexts", flat(), u32s(&self.storage.contexts)),
            array("histories", wide(sizes.history_length), u32s(&before.items)),
            array("n_accepted", flat(), u32s(&before.n_accepted)),
            array("next_histories", wide(sizes.history_length), u32s(&after.items)),
            array("next_n_accepted", flat(), u32s(&after.n_accepted)),
            array("actions", wide(sizes.action_dim), f32s(&self.storage.actions)),
            array("items", flat(), u32s(&self.storage.items)),
            array("rewards", flat(), f32s(&self.storage.rewards)),
            array("terminated", flat(), u8s(&self.storage.terminated)),
            array("truncated", flat(), u8s(&self.storage.truncated)),
            array("recommended", wide(sizes.max_recommended), u32s(&self.storage.recommended)),
        ];
        if let Some(priorities) = &self.priorities {
            let leaves = priorities.tree.leaves(len).to_vec();
            arrays.extend([
                array("leaves", flat(), ReplayValues::F64(leaves)),
                array("greatest_priority", vec![1], ReplayValues::F64(vec![priorities.greatest])),
                array("n_samples", vec![1], ReplayValues::U64(vec![priorities.n_samples])),
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
        let Sizes { history_length, action_dim, max_recommended } = sizes;
        replay.storage = Storage {
            sizes,
            capacity: config.capacity,
            position,
            before: Histories {
                items: state.u32s("histories", Some(&[len, history_length]))?,
                n_accepted: state.u32s("n_accepted", Some(&[len]))?,
            },
            after: Histories {
                items: state.u32s("next_histories", Some(&[len, history_length]))?,
                n_accepted: state.u32s("next_n_accepted", Some(&[len]))?,
            },
            actions: state.f32s("actions", &[len, action_dim])?,
            items: state.u32s("items", Some(&[len]))?,
            rewards: state.f32s("rewards", &[len])?,
            terminated: state.flags("terminated", len)?,
            truncated: state.flags("truncated", len)?,
            recommended: state.u32s("recommended", Some(&[len, max_recommended]))?,
            contexts,
        };
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

fn array(name: &str, shape: Vec<usize>, values: ReplayValues) -> ReplayArray {
    ReplayArray { name: name.to_owned(), shape, values }
}

const fn problem(name: &'static str, problem: &'static str) -> ReplayError {
    ReplayError::State { name, problem }
}

const TYPE: &str = "has another type than expected";

impl ReplayState {
    /// The array's values, of `shape`, or of any shape of one dimension.
    fn values(&self, name: &'static str, shape: Option<&[usize]>) -> Result<&ReplayValues, ReplayError> {
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
            ReplayValues::U32(values) => Ok(values.clone()),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn f32s(&self, name: &'static str, shape: &[usize]) -> Result<Vec<f32>, ReplayError> {
        match self.values(name, Some(shape))? {
            ReplayValues::F32(values) if values.iter().all(|value| value.is_finite()) => Ok(values.clone()),
            ReplayValues::F32(_) => Err(problem(name, "has a value that is not finite")),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn f64s(&self, name: &'static str, shape: &[usize]) -> Result<&[f64], ReplayError> {
        match self.values(name, Some(shape))? {
            ReplayValues::F64(values) => Ok(values),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn u64(&self, name: &'static str) -> Result<u64, ReplayError> {
        match self.values(name, Some(&[1]))? {
            ReplayValues::U64(values) => Ok(values[0]),
            _ => Err(problem(name, TYPE)),
        }
    }

    fn flags(&self, name: &'static str, len: usize) -> Result<Vec<u8>, ReplayError> {
        match self.values(name, Some(&[len]))? {
            ReplayValues::U8(values) if values.iter().all(|flag| *flag <= 1) => Ok(values.clone()),
            ReplayValues::U8(_) => Err(problem(name, "has a flag that is neither 0 nor 1")),
            _ => Err(problem(name, TYPE)),
        }
    }
}
