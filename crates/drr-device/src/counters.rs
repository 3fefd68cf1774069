//! Counts that live on the device, so that a recorded graph of launches can go on by itself.

use crate::{Buffer, DeviceError, Executor, Kind, Memory, Values};

/// Places in the counters; `cuda/device.cuh` has the same.
const STEPS: usize = 0;
const SAMPLES: usize = 1;
const POSITION: usize = 2;
const LENGTH: usize = 3;
const STATUS: usize = 4;
const FIRST_OPTIMIZER: usize = 5;
const N_OPTIMIZERS: usize = 3;

/// Why what the kernels computed means nothing, one bit per reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status(pub u64);

impl Status {
    /// What each bit says, the lowest first.
    const REASONS: [&'static str; 4] = [
        "an allowed item has a score that is not finite",
        "an item was recommended that is no candidate",
        "a TD error is not finite",
        "a gradient is not finite",
    ];
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set = Self::REASONS.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1);
        let reasons: Vec<_> = set.map(|(_, reason)| *reason).collect();
        write!(formatter, "{}", reasons.join(", "))
    }
}

/// The counters as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Environment steps, over all environments.
    pub steps: u64,
    /// Batches drawn from the replay.
    pub samples: u64,
    /// The replay's next slot.
    pub position: u64,
    /// Transitions in the replay.
    pub length: u64,
    /// Not zero if something went wrong.
    pub status: Status,
    /// Updates of each optimizer.
    pub updates: [u64; N_OPTIMIZERS],
}

impl Counters {
    /// A buffer for counters that start as these.
    pub fn place(&self, memory: &mut Memory) -> Buffer {
        let mut values = vec![0; FIRST_OPTIMIZER + N_OPTIMIZERS];
        values[STEPS] = self.steps;
        values[SAMPLES] = self.samples;
        values[POSITION] = self.position;
        values[LENGTH] = self.length;
        values[STATUS] = self.status.0;
        values[FIRST_OPTIMIZER..].copy_from_slice(&self.updates);
        memory.add(Values::U64(values))
    }

    /// The counters in `buffer`.
    ///
    /// # Errors
    ///
    /// Fails if the executor does, and if the kernels raised a status.
    pub fn read(executor: &mut dyn Executor, buffer: Buffer) -> Result<Self, DeviceError> {
        let values = executor.read(buffer)?.into_u64()?;
        let Some(updates) = values.get(FIRST_OPTIMIZER..).and_then(|tail| tail.try_into().ok()) else {
            let (expected, found) = (FIRST_OPTIMIZER + N_OPTIMIZERS, values.len());
            let (expected_kind, found_kind) = (Kind::U64, Kind::U64);
            return Err(DeviceError::Values { expected, expected_kind, found, found_kind });
        };
        let status = Status(values[STATUS]);
        if status != Status::default() {
            return Err(DeviceError::Status(status));
        }
        let (steps, samples) = (values[STEPS], values[SAMPLES]);
        Ok(Self { steps, samples, position: values[POSITION], length: values[LENGTH], status, updates })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_every_reason() {
        let status = Status(0b1001);
        let text = "an allowed item has a score that is not finite, a gradient is not finite";
        assert_eq!(status.to_string(), text);
    }
}
