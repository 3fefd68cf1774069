//! Launches of kernels as data, and who runs them.

use crate::{Buffer, DeviceError, Place, Values};

/// One argument of a kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Argument {
    /// A pointer into a buffer.
    Place(Place),
    /// A number of 32 bits.
    U32(u32),
    /// A number of 64 bits.
    U64(u64),
    /// A number in single precision.
    F32(f32),
    /// A number in double precision.
    F64(f64),
}

impl From<Buffer> for Argument {
    fn from(buffer: Buffer) -> Self {
        Self::Place(buffer.into())
    }
}

impl From<Place> for Argument {
    fn from(place: Place) -> Self {
        Self::Place(place)
    }
}

impl From<u32> for Argument {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<u64> for Argument {
    fn from(value: u64) -> Self {
        Self::U64(value)
    }
}

impl From<f32> for Argument {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

impl From<f64> for Argument {
    fn from(value: f64) -> Self {
        Self::F64(value)
    }
}

impl From<bool> for Argument {
    fn from(value: bool) -> Self {
        Self::U32(u32::from(value))
    }
}

/// Sizes count in 32 bits on the device. Panics beyond that, which the constructors refuse.
impl From<usize> for Argument {
    fn from(value: usize) -> Self {
        Self::U32(u32::try_from(value).unwrap_or_else(|_| panic!("{value} does not fit in 32 bits")))
    }
}

/// One launch of a kernel. Only this crate makes them, so that their arguments are those that the kernel expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    kernel: &'static str,
    blocks: [u32; 2],
    threads: u32,
    arguments: Vec<Argument>,
}

impl Launch {
    /// A launch of `n_blocks` blocks in a row. Panics beyond 32 bits, which is a bug.
    #[must_use]
    pub(crate) fn new(kernel: &'static str, n_blocks: usize, threads: u32, arguments: Vec<Argument>) -> Self {
        Self::in_plane(kernel, [n_blocks, 1], threads, arguments)
    }

    /// A launch of blocks in x and y. Panics beyond 32 bits, which is a bug.
    #[must_use]
    pub(crate) fn in_plane(
        kernel: &'static str,
        blocks: [usize; 2],
        threads: u32,
        arguments: Vec<Argument>,
    ) -> Self {
        let blocks =
            blocks.map(|n| u32::try_from(n).unwrap_or_else(|_| panic!("{n} blocks do not fit in 32 bits")));
        Self { kernel, blocks, threads, arguments }
    }

    /// The kernel's name.
    #[must_use]
    pub const fn kernel(&self) -> &'static str {
        self.kernel
    }

    /// Blocks in x and y.
    #[must_use]
    pub const fn blocks(&self) -> [u32; 2] {
        self.blocks
    }

    /// Threads of a block.
    #[must_use]
    pub const fn threads(&self) -> u32 {
        self.threads
    }

    /// The arguments, in order.
    #[must_use]
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }
}

/// Makes a list of [`Argument`]s.
macro_rules! arguments {
    ($($value:expr),* $(,)?) => { vec![$($crate::Argument::from($value)),*] };
}
pub(crate) use arguments;

/// Runs launches over the buffers of a memory.
pub trait Executor {
    /// Runs `launches` one after the other, the whole list `times` times.
    ///
    /// # Errors
    ///
    /// Fails if a kernel is unknown or the device refuses.
    fn run(&mut self, launches: &[Launch], times: u32) -> Result<(), DeviceError>;

    /// What is in a buffer now.
    ///
    /// # Errors
    ///
    /// Fails if the device refuses.
    fn read(&mut self, buffer: Buffer) -> Result<Values, DeviceError>;

    /// Sets a whole buffer.
    ///
    /// # Errors
    ///
    /// Fails if type or length are not the buffer's, or if the device refuses.
    fn write(&mut self, buffer: Buffer, values: &Values) -> Result<(), DeviceError>;
}
