//! The measurements' command line.

use std::process::ExitCode;

/// The same allocator as the product's.
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

fn main() -> ExitCode {
    drr_bench::main(|| ALLOCATOR.allocated())
}
