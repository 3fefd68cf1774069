//! What an update draws at random, from streams whose state is part of a checkpoint.

use crate::AgentConfig;
use drr_core::{ItemIdx, RandomStream, Seeds, StreamState};
use drr_learn::LearnError;
use drr_store::{NamedArray, Values};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// One stream for each consumer; none for a part that is not set.
#[derive(Debug)]
pub(super) struct Draws {
    target_noise: Option<RandomStream>,
    positives: Option<RandomStream>,
    items: Option<RandomStream>,
}

impl Draws {
    /// The streams of the parts of `config`, at their beginning.
    pub(super) fn new(config: &AgentConfig, seeds: Seeds) -> Self {
        Self {
            target_noise: config.td3.as_ref().map(|_| seeds.stream("target_noise")),
            positives: config.anchor.as_ref().map(|_| seeds.stream("anchor_positives")),
            items: config.conservative.as_ref().map(|_| seeds.stream("conservative_items")),
        }
    }

    /// Gaussian noise `[n]` with a deviation, cut at `[-clip, clip]`.
    pub(super) fn noise(&mut self, n: usize, deviation: f32, clip: f32) -> Vec<f32> {
        let Some(random) = &mut self.target_noise else { return vec![0.0; n] };
        let draw = |_| {
            let noise: f32 = StandardNormal.sample(random);
            (deviation * noise).clamp(-clip, clip)
        };
        (0..n).map(draw).collect()
    }

    /// At most `n` of `items`, without repetition.
    pub(super) fn some_of(&mut self, mut items: Vec<ItemIdx>, n: usize) -> Vec<ItemIdx> {
        let Some(random) = &mut self.positives else { return items };
        for at in 0..n.min(items.len()) {
            let other = random.random_range(at..items.len());
            items.swap(at, other);
        }
        items.truncate(n);
        items
    }

    /// `n` items of a catalogue of `n_items`.
    pub(super) fn items(&mut self, n: usize, n_items: usize) -> Vec<u32> {
        let Some(random) = &mut self.items else { return Vec::new() };
        (0..n).map(|_| ItemIdx::from(random.random_range(0..n_items)).0).collect()
    }

    fn streams(&mut self) -> impl Iterator<Item = (&'static str, &mut RandomStream)> {
        let streams = [
            ("target_noise", &mut self.target_noise),
            ("anchor_positives", &mut self.positives),
            ("conservative_items", &mut self.items),
        ];
        streams.into_iter().filter_map(|(name, stream)| Some((name, stream.as_mut()?)))
    }

    /// The seeds and positions of the streams.
    pub(super) fn to_arrays(&self) -> Vec<NamedArray> {
        let mut arrays = Vec::new();
        let streams = [
            ("target_noise", &self.target_noise),
            ("anchor_positives", &self.positives),
            ("conservative_items", &self.items),
        ];
        for (name, stream) in streams {
            let Some(stream) = stream else { continue };
            let StreamState { seed, position } = stream.state();
            arrays.push(NamedArray::new(seed_name(name), vec![seed.len()], Values::U8(seed.to_vec())));
            let text = position.into_bytes();
            arrays.push(NamedArray::new(position_name(name), vec![text.len()], Values::U8(text)));
        }
        arrays
    }

    /// Sets the streams that there are.
    pub(super) fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), LearnError> {
        for (name, stream) in self.streams() {
            let state = state(name, arrays);
            *stream = state.as_ref().and_then(RandomStream::from_state).ok_or_else(|| {
                LearnError::OtherRun(format!("the random stream {name} is missing or damaged"))
            })?;
        }
        Ok(())
    }
}

fn seed_name(name: &str) -> String {
    format!("stream.{name}.seed")
}

/// The position is text, as [`StreamState`] has it.
fn position_name(name: &str) -> String {
    format!("stream.{name}.position")
}

fn state(name: &str, arrays: &[NamedArray]) -> Option<StreamState> {
    let bytes = |name: &str| match arrays.iter().find(|array| array.name == name).map(|array| &array.values) {
        Some(Values::U8(bytes)) => Some(bytes.clone()),
        _ => None,
    };
    let seed = bytes(&seed_name(name))?.try_into().ok()?;
    Some(StreamState { seed, position: String::from_utf8(bytes(&position_name(name))?).ok()? })
}
