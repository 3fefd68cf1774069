//! The saved form of a replay: plain arrays with names, for whoever writes files.

/// The numbers of an array.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplayValues {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Flags.
    U8(Vec<u8>),
    /// Ids.
    U32(Vec<u32>),
    /// Counts.
    U64(Vec<u64>),
}

impl ReplayValues {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }
}

/// An array with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayArray {
    /// The name, unique in a state.
    pub name: String,
    /// The dimensions.
    pub shape: Vec<usize>,
    /// The numbers, row after row.
    pub values: ReplayValues,
}

/// All that a replay needs to go on as if it had never stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayState {
    /// The arrays, in any order.
    pub arrays: Vec<ReplayArray>,
}
