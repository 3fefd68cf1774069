//! The kernels through NVIDIA's run-time compiler, which needs no device.

use crate::executors::not_run;
use drr_device::sources::SOURCES;
use drr_device::{DeviceError, compile};

#[test]
fn every_kernel_compiles_for_every_architecture_in_use() {
    for architecture in ["compute_80", "compute_90"] {
        for source in SOURCES {
            match compile(&source, architecture) {
                Ok(ptx) => {
                    let text = ptx.to_src();
                    for kernel in source.kernels() {
                        assert!(text.contains(&format!(".entry {kernel}(")), "{kernel}");
                    }
                }
                Err(DeviceError::NoDevice(reason)) => {
                    return not_run("compile", &reason);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    println!("compile: all kernels compile");
}
