//! The command line.

use std::process::ExitCode;

/// Updates allocate many short-lived buffers, which this allocator is good at; what is in use is counted, so that a fit's
/// peak can be reported.
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

fn main() -> ExitCode {
    drr::main(|| ALLOCATOR.allocated())
}
