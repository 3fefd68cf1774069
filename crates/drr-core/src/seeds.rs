//! Named random streams of one root seed.
//!
//! Each consumer draws from its own stream, keyed by its name, so that one consumer's draws never shift another's. A
//! stream's state is a seed and a position: a checkpoint stores both and the resumed run goes on at the same draw.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The root of all randomness in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seeds(pub u64);

impl Seeds {
    /// The stream of one consumer, at its beginning. Two calls with one name give the same draws.
    #[must_use]
    pub fn stream(self, name: &str) -> RandomStream {
        let mut hasher = Sha256::new();
        hasher.update(self.0.to_le_bytes());
        hasher.update(name.as_bytes());
        RandomStream { generator: ChaCha8Rng::from_seed(hasher.finalize().into()) }
    }

    /// A root of its own for a part of the run: `seeds.child("temporal").stream("replay")`.
    #[must_use]
    pub fn child(self, name: &str) -> Self {
        Self(self.stream(name).next_u64())
    }
}

/// A random generator whose whole state can be saved: it is written as its [`StreamState`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StreamState", into = "StreamState")]
pub struct RandomStream {
    generator: ChaCha8Rng,
}

/// The saved state of a [`RandomStream`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// The generator's seed.
    pub seed: [u8; 32],
    /// The number of 32-bit words drawn so far, as text since JSON has no 128-bit numbers.
    pub position: String,
}

impl RandomStream {
    /// The state to save.
    #[must_use]
    pub fn state(&self) -> StreamState {
        StreamState { seed: self.generator.get_seed(), position: self.generator.get_word_pos().to_string() }
    }

    /// The stream as it was when `state` was taken; `None` if the position is no number.
    #[must_use]
    pub fn from_state(state: &StreamState) -> Option<Self> {
        let mut generator = ChaCha8Rng::from_seed(state.seed);
        generator.set_word_pos(state.position.parse().ok()?);
        Some(Self { generator })
    }
}

impl From<RandomStream> for StreamState {
    fn from(stream: RandomStream) -> Self {
        stream.state()
    }
}

impl TryFrom<StreamState> for RandomStream {
    type Error = &'static str;

    fn try_from(state: StreamState) -> Result<Self, Self::Error> {
        Self::from_state(&state).ok_or("a random stream without a position")
    }
}

impl RngCore for RandomStream {
    fn next_u32(&mut self) -> u32 {
        self.generator.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.generator.fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_the_seed_and_the_name_alone() {
        let draw = |seed, name: &str| Seeds(seed).stream(name).next_u64();
        assert_eq!(draw(1, "replay"), draw(1, "replay"));
        assert_ne!(draw(1, "replay"), draw(2, "replay"));
        assert_ne!(draw(1, "replay"), draw(1, "noise"));
        assert_ne!(Seeds(1).child("a").0, Seeds(1).child("b").0);
    }

    #[test]
    fn a_saved_stream_goes_on_at_the_same_draw() {
        let mut stream = Seeds(7).stream("noise");
        for _ in 0..5 {
            stream.next_u32();
        }
        let state = stream.state();
        let text = serde_json::to_string(&stream).unwrap();
        assert_eq!(text, serde_json::to_string(&state).unwrap());
        let mut again: RandomStream = serde_json::from_str(&text).unwrap();
        assert_eq!(stream.next_u64(), again.next_u64());
        assert!(RandomStream::from_state(&StreamState { position: "x".into(), ..state }).is_none());
    }
}
