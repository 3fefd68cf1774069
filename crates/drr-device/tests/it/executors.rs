//! All that can run kernels here, and the tolerances of the comparisons.

use crate::emulator::Emulator;
use drr_device::{Buffer, Executor, Memory};
use std::ffi::OsStr;
use std::io::Write;

/// Runs one test body on every executor that is there; on the processor with the threads in both orders. A body that ran
/// nowhere is [`not_run`].
pub fn on_each(test: &str, memory: &Memory, body: impl FnMut(&mut dyn Executor)) {
    in_orders(&[false, true], test, memory, body);
}

/// The same in one order of the threads: for long tests.
pub fn in_one_order(test: &str, memory: &Memory, body: impl FnMut(&mut dyn Executor)) {
    in_orders(&[false], test, memory, body);
}

fn in_orders(orders: &[bool], test: &str, memory: &Memory, mut body: impl FnMut(&mut dyn Executor)) {
    let mut has_run = false;
    for backward in orders.iter().copied() {
        match Emulator::new(memory, backward) {
            Some(mut emulator) => {
                body(&mut emulator);
                has_run = true;
            }
            None => say(&format!("{test}: left out on the processor, there is no C++ compiler")),
        }
    }
    has_run |= on_device(test, memory, &mut body);
    if !has_run {
        not_run(test, "neither a C++ compiler nor a GPU");
    }
}

/// Runs the body on a device, and says whether there was one.
#[cfg(feature = "cuda")]
fn on_device(test: &str, memory: &Memory, body: &mut impl FnMut(&mut dyn Executor)) -> bool {
    match drr_device::Device::open(0, memory) {
        Ok(mut device) => {
            body(&mut device);
            true
        }
        Err(drr_device::DeviceError::NoDevice(reason)) => {
            say(&format!("{test}: left out on a device, {reason}"));
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[cfg(not(feature = "cuda"))]
fn on_device(test: &str, _memory: &Memory, _body: &mut impl FnMut(&mut dyn Executor)) -> bool {
    say(&format!("{test}: left out on a device, the feature `cuda` is off"));
    false
}

/// Says past the capture of tests' output that a test has run nothing. Under continuous integration, where the variable `CI`
/// is set, that is a failure: a machine that vouches for the kernels must be able to run them.
pub fn not_run(test: &str, reason: &str) {
    let text = format!("{test}: not run: {reason}");
    assert!(!must_run(std::env::var_os("CI").as_deref()), "{text}: install g++, or unset the variable CI");
    writeln!(std::io::stderr(), "{text}").expect("there is a place for errors");
}

/// Whether the variable `CI` has a value that says yes.
fn must_run(ci: Option<&OsStr>) -> bool {
    ci.is_some_and(|value| !["", "0", "false"].contains(&value.to_string_lossy().as_ref()))
}

#[test]
fn what_cannot_run_is_a_failure_under_continuous_integration_alone() {
    for (value, is_failure) in
        [(Some("true"), true), (Some("1"), true), (Some("false"), false), (None, false)]
    {
        assert_eq!(must_run(value.map(OsStr::new)), is_failure, "{value:?}");
    }
}

/// Tells whoever reads the tests' output what was left out.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub fn say(text: &str) {
    println!("{text}");
}

/// The values of a buffer in single precision.
pub fn floats(executor: &mut dyn Executor, buffer: Buffer) -> Vec<f32> {
    executor.read(buffer).expect("the buffer has this type").into_f32().expect("the buffer has this type")
}

/// The ids in a buffer.
pub fn ids(executor: &mut dyn Executor, buffer: Buffer) -> Vec<u32> {
    executor.read(buffer).expect("the buffer has this type").into_u32().expect("the buffer has this type")
}

/// Fails where values differ by more than `tolerance`, relative to the greatest magnitude of all expected ones.
pub fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let greatest = expected.iter().fold(1e-6_f32, |greatest, value| greatest.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * greatest, "{what}, value {at}: {found} is not {expected}");
    }
}

/// `n` numbers in [-1, 1), from a seed.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let draw = |at: usize| drr_device::philox(seed, at as u64, 0, 0);
    (0..n).map(|at| (2.0 * drr_device::uniform(draw(at)[0], draw(at)[1]) - 1.0) as f32).collect()
}
