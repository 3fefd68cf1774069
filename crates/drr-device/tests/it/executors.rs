//! All that can run kernels here, and the tolerances of the comparisons.

use crate::emulator::Emulator;
use drr_device::{Buffer, Executor, Memory};

/// Runs one test body on every executor that is there; on the processor with the threads in both orders.
pub fn on_each(test: &str, memory: &Memory, body: impl FnMut(&mut dyn Executor)) {
    in_orders(&[false, true], test, memory, body);
}

/// The same in one order of the threads: for long tests.
pub fn in_one_order(test: &str, memory: &Memory, body: impl FnMut(&mut dyn Executor)) {
    in_orders(&[false], test, memory, body);
}

fn in_orders(orders: &[bool], test: &str, memory: &Memory, mut body: impl FnMut(&mut dyn Executor)) {
    for backward in orders.iter().copied() {
        match Emulator::new(memory, backward) {
            Some(mut emulator) => body(&mut emulator),
            None => say(&format!("{test}: left out on the processor, there is no C++ compiler")),
        }
    }
    on_device(test, memory, &mut body);
}

#[cfg(feature = "cuda")]
fn on_device(test: &str, memory: &Memory, body: &mut impl FnMut(&mut dyn Executor)) {
    match drr_device::Device::open(0, memory) {
        Ok(mut device) => body(&mut device),
        Err(drr_device::DeviceError::NoDevice(reason)) => {
            say(&format!("{test}: left out on a device, {reason}"));
        }
        Err(error) => panic!("{error}"),
    }
}

#[cfg(not(feature = "cuda"))]
fn on_device(test: &str, _memory: &Memory, _body: &mut impl FnMut(&mut dyn Executor)) {
    say(&format!("{test}: left out on a device, the feature `cuda` is off"));
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
