//! What can go wrong around a device.

use crate::{Kind, Status};

/// A reason why a loop cannot be made or run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeviceError {
    /// A size that the kernels cannot take.
    #[error("{what} of {value} is beyond the kernels: {remedy}")]
    Size {
        /// Which size.
        what: &'static str,
        /// Its value.
        value: usize,
        /// What to give instead.
        remedy: &'static str,
    },
    /// Values of another type or number than the buffer's.
    #[error("the buffer holds {expected} {expected_kind:?}, not {found} {found_kind:?}")]
    Values {
        /// The buffer's length.
        expected: usize,
        /// The buffer's type.
        expected_kind: Kind,
        /// The length given.
        found: usize,
        /// The type given.
        found_kind: Kind,
    },
    /// The kernels raised a status: what they computed since means nothing.
    #[error("the device stopped making sense: {0}")]
    Status(Status),
    /// No device, driver or run-time compiler can be opened.
    #[error("no CUDA device can be opened: {0}")]
    NoDevice(String),
    /// The kernels do not compile.
    #[error("failed to compile {file}: {log}")]
    Compile {
        /// The file of kernels.
        file: String,
        /// What the compiler says.
        log: String,
    },
    /// No file has a kernel of this name.
    #[error("there is no kernel {0}")]
    NoKernel(String),
    /// The executor refuses or fails.
    #[error("failed to run on the device: {0}")]
    Run(String),
}
