//! The kernels compiled for the processor by a C++ compiler: one thread of a block after the other.

use drr_device::sources::SOURCES;
use drr_device::{Argument, Buffer, DeviceError, Executor, Kind, Launch, Memory, Values};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Runs launches in a process of its own; threads take turns from the first to the last or the other way round.
pub struct Emulator {
    program: PathBuf,
    buffers: Vec<Values>,
    backward: bool,
}

impl Emulator {
    /// `None` without a C++ compiler. Panics if the kernels do not compile.
    pub fn new(memory: &Memory, backward: bool) -> Option<Self> {
        let program = program()?.to_owned();
        Some(Self { program, buffers: memory.buffers().to_vec(), backward })
    }
}

/// The compiled kernels, made once.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    PROGRAM.get_or_init(build).as_ref().map(|(_, program)| program.as_path())
}

fn build() -> Option<(tempfile::TempDir, PathBuf)> {
    let compiler = ["g++", "c++"].into_iter().find(|name| {
        let version =
            Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    })?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("the emulator runs");
    let program = folder.path().join("emulator");
    // A hardened `longjmp`, which some systems switch on, takes the jump from fiber to fiber for an attack.
    let output = Command::new(compiler)
        .args([
            "-std=c++17",
            "-O2",
            "-ffp-contract=off",
            "-U_FORTIFY_SOURCE",
            "-Wall",
            "-Werror",
            "-Wno-unknown-pragmas",
            "-I",
        ])
        .arg(here.join("cuda"))
        .arg("-o")
        .arg(&program)
        .arg(here.join("tests/it/emulator/harness.cpp"))
        .output()
        .expect("the emulator runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((folder, program))
}

fn letter(kind: Kind) -> u8 {
    match kind {
        Kind::F32 => b'F',
        Kind::F64 => b'D',
        Kind::U32 => b'U',
        Kind::U64 => b'L',
    }
}

fn push_argument(argument: &Argument, request: &mut Vec<u8>) {
    let (letter, bits) = match argument {
        Argument::Place(place) => {
            request.push(letter(place.buffer.kind));
            request.extend((place.buffer.id as u64).to_le_bytes());
            request.extend(((place.first * place.buffer.kind.size()) as u64).to_le_bytes());
            return;
        }
        Argument::U32(value) => (b'u', u64::from(*value)),
        Argument::U64(value) => (b'l', *value),
        Argument::F32(value) => (b'f', u64::from(value.to_bits())),
        Argument::F64(value) => (b'd', value.to_bits()),
    };
    request.push(letter);
    request.extend(bits.to_le_bytes());
}

impl Executor for Emulator {
    fn run(&mut self, launches: &[Launch], times: u32) -> Result<(), DeviceError> {
        let mut request = Vec::new();
        request.extend((self.buffers.len() as u64).to_le_bytes());
        for values in &self.buffers {
            let bytes = values.to_bytes();
            request.extend((bytes.len() as u64).to_le_bytes());
            request.extend(bytes);
        }
        request.extend(times.to_le_bytes());
        request.extend(u32::from(self.backward).to_le_bytes());
        request.extend((launches.len() as u64).to_le_bytes());
        for launch in launches {
            request.extend((launch.kernel().len() as u64).to_le_bytes());
            request.extend(launch.kernel().as_bytes());
            for number in [launch.blocks()[0], launch.blocks()[1], launch.threads()] {
                request.extend(number.to_le_bytes());
            }
            request.extend((launch.arguments().len() as u64).to_le_bytes());
            launch.arguments().iter().for_each(|argument| push_argument(argument, &mut request));
        }
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the emulator runs");
        // A program that refuses the request may close the pipe before it has read all of it.
        let _ = child.stdin.take().expect("the emulator runs").write_all(&request);
        let mut answer = Vec::new();
        child.stdout.take().expect("the emulator runs").read_to_end(&mut answer).expect("the emulator runs");
        let output = child.wait_with_output().expect("the emulator runs");
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(DeviceError::Run(format!("{}: {text}", output.status)));
        }
        let mut rest = &answer[..];
        for values in &mut self.buffers {
            let (bytes, behind) = rest.split_at(values.len() * values.kind().size());
            *values = Values::from_bytes(values.kind(), bytes);
            rest = behind;
        }
        assert!(rest.is_empty());
        Ok(())
    }

    fn read(&mut self, buffer: Buffer) -> Result<Values, DeviceError> {
        Ok(self.buffers[buffer.id].clone())
    }

    fn write(&mut self, buffer: Buffer, values: &Values) -> Result<(), DeviceError> {
        assert_eq!((values.kind(), values.len()), (buffer.kind, buffer.len));
        self.buffers[buffer.id] = values.clone();
        Ok(())
    }
}

#[test]
fn the_emulator_has_every_kernel() {
    let harness = include_str!("emulator/harness.cpp");
    for source in &SOURCES {
        let kernels = source.kernels();
        assert_eq!(kernels.len(), source.text.matches("__global__").count(), "{}", source.file);
        for kernel in kernels {
            assert!(harness.contains(&format!("KERNEL({kernel})")), "{kernel}");
        }
    }
}
