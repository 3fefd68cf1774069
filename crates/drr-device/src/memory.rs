//! The buffers of a loop, named before any device is there.

use crate::DeviceError;

/// The type of a buffer's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// 32 bits: ids, lengths, words of bit sets.
    U32,
    /// 64 bits: counters and keys.
    U64,
}

impl Kind {
    /// The size of a value, in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::F32 | Self::U32 => 4,
            Self::F64 | Self::U64 => 8,
        }
    }
}

/// The values of a buffer.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// 32 bits.
    U32(Vec<u32>),
    /// 64 bits.
    U64(Vec<u64>),
}

impl Values {
    /// `n` zeros.
    #[must_use]
    pub fn zeros(kind: Kind, n: usize) -> Self {
        match kind {
            Kind::F32 => Self::F32(vec![0.0; n]),
            Kind::F64 => Self::F64(vec![0.0; n]),
            Kind::U32 => Self::U32(vec![0; n]),
            Kind::U64 => Self::U64(vec![0; n]),
        }
    }

    /// Their type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::F32(_) => Kind::F32,
            Self::F64(_) => Kind::F64,
            Self::U32(_) => Kind::U32,
            Self::U64(_) => Kind::U64,
        }
    }

    /// Their number.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as little-endian bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    /// Values of a type out of little-endian bytes; bytes that do not fill a value are left out.
    #[must_use]
    pub fn from_bytes(kind: Kind, bytes: &[u8]) -> Self {
        let (fours, eights) = (bytes.as_chunks::<4>().0.iter(), bytes.as_chunks::<8>().0.iter());
        match kind {
            Kind::F32 => Self::F32(fours.map(|bytes| f32::from_le_bytes(*bytes)).collect()),
            Kind::F64 => Self::F64(eights.map(|bytes| f64::from_le_bytes(*bytes)).collect()),
            Kind::U32 => Self::U32(fours.map(|bytes| u32::from_le_bytes(*bytes)).collect()),
            Kind::U64 => Self::U64(eights.map(|bytes| u64::from_le_bytes(*bytes)).collect()),
        }
    }

    /// The values in single precision.
    ///
    /// # Errors
    ///
    /// Fails if they are of another type.
    pub fn into_f32(self) -> Result<Vec<f32>, DeviceError> {
        match self {
            Self::F32(values) => Ok(values),
            other => Err(other.is_not(Kind::F32)),
        }
    }

    /// The values in double precision.
    ///
    /// # Errors
    ///
    /// Fails if they are of another type.
    pub fn into_f64(self) -> Result<Vec<f64>, DeviceError> {
        match self {
            Self::F64(values) => Ok(values),
            other => Err(other.is_not(Kind::F64)),
        }
    }

    /// The values of 32 bits.
    ///
    /// # Errors
    ///
    /// Fails if they are of another type.
    pub fn into_u32(self) -> Result<Vec<u32>, DeviceError> {
        match self {
            Self::U32(values) => Ok(values),
            other => Err(other.is_not(Kind::U32)),
        }
    }

    /// The values of 64 bits.
    ///
    /// # Errors
    ///
    /// Fails if they are of another type.
    pub fn into_u64(self) -> Result<Vec<u64>, DeviceError> {
        match self {
            Self::U64(values) => Ok(values),
            other => Err(other.is_not(Kind::U64)),
        }
    }

    fn is_not(&self, expected_kind: Kind) -> DeviceError {
        let n = self.len();
        DeviceError::Values { expected: n, expected_kind, found: n, found_kind: self.kind() }
    }
}

/// A buffer of a [`Memory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    /// Its place in the memory.
    pub id: usize,
    /// The type of its values.
    pub kind: Kind,
    /// The number of its values.
    pub len: usize,
}

impl Buffer {
    /// The values from `first` on. Panics beyond the buffer, which is a bug.
    #[must_use]
    pub fn at(self, first: usize) -> Place {
        assert!(first <= self.len, "place {first} is beyond a buffer of {}", self.len);
        Place { buffer: self, first }
    }
}

/// A part of a buffer, from one value on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The buffer.
    pub buffer: Buffer,
    /// The first value.
    pub first: usize,
}

impl From<Buffer> for Place {
    fn from(buffer: Buffer) -> Self {
        buffer.at(0)
    }
}

/// All buffers of a loop, with what is in them at the beginning.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    buffers: Vec<Values>,
}

impl Memory {
    /// A new buffer that begins with `values`.
    pub fn add(&mut self, values: Values) -> Buffer {
        self.buffers.push(values);
        self.shape(self.buffers.len() - 1)
    }

    fn shape(&self, id: usize) -> Buffer {
        Buffer { id, kind: self.buffers[id].kind(), len: self.buffers[id].len() }
    }

    /// The shapes of all buffers, in the order of their ids.
    #[must_use]
    pub fn shapes(&self) -> Vec<Buffer> {
        (0..self.buffers.len()).map(|id| self.shape(id)).collect()
    }

    /// A new buffer of `n` zeros.
    pub fn zeros(&mut self, kind: Kind, n: usize) -> Buffer {
        self.add(Values::zeros(kind, n))
    }

    /// All buffers, in the order of their ids.
    #[must_use]
    pub fn buffers(&self) -> &[Values] {
        &self.buffers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_through_bytes() {
        for values in [
            Values::F32(vec![1.5, -0.0]),
            Values::F64(vec![1e-300]),
            Values::U32(vec![7, u32::MAX]),
            Values::U64(vec![u64::MAX, 0]),
        ] {
            assert_eq!(Values::from_bytes(values.kind(), &values.to_bytes()), values);
        }
        let error = Values::F32(vec![1.0]).into_u32().unwrap_err().to_string();
        assert_eq!(error, "the buffer holds 1 U32, not 1 F32");
    }
}
