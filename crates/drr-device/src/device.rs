//! A CUDA device as an [`Executor`]: kernels compiled when it is opened, lists of launches recorded as graphs.

use crate::sources::{SOURCES, Source};
use crate::{Argument, Buffer, DeviceError, Executor, Launch, Memory, Values};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaGraph, CudaSlice, CudaStream, DevicePtr, DriverError, LaunchConfig,
    PushKernelArg, sys,
};
use cudarc::nvrtc::{CompileError, CompileOptions, Ptx, compile_ptx_with_opts};
use std::collections::HashMap;
use std::sync::Arc;

/// A list of launches, ready to be run again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recording(usize);

/// One CUDA device with the buffers of one memory.
pub struct Device {
    stream: Arc<CudaStream>,
    functions: HashMap<&'static str, CudaFunction>,
    buffers: Vec<CudaSlice<u8>>,
    shapes: Vec<Buffer>,
    recordings: Vec<CudaGraph>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (n_buffers, n_recordings) = (self.buffers.len(), self.recordings.len());
        write!(formatter, "Device {{ {n_buffers} buffers, {n_recordings} recordings }}")
    }
}

/// Compiles a file of kernels for an architecture such as `compute_90`. Needs NVRTC, but no device.
///
/// # Errors
///
/// Fails without NVRTC, and with the compiler's log if it refuses the file.
pub fn compile(source: &Source, architecture: &str) -> Result<Ptx, DeviceError> {
    #[expect(unsafe_code, reason = "loads a library of the vendor, whose constructors run")]
    // SAFETY: nothing is called yet; that the library found is NVIDIA's is up to whoever installs it.
    let is_there = unsafe { cudarc::nvrtc::sys::is_culib_present() };
    if !is_there {
        return Err(DeviceError::NoDevice("libnvrtc is not found".to_owned()));
    }
    // The CPU twins round products before they add them up; the compiler may fuse both, which is more exact.
    let options = CompileOptions {
        options: vec![format!("--gpu-architecture={architecture}"), "--std=c++17".to_owned()],
        ..CompileOptions::default()
    };
    compile_ptx_with_opts(source.whole(), options).map_err(|error| {
        let log = match error {
            CompileError::CompileError { log, .. } => log.to_string_lossy().into_owned(),
            other => other.to_string(),
        };
        DeviceError::Compile { file: source.file.to_owned(), log }
    })
}

impl Device {
    /// Opens device `ordinal`, compiles the kernels for it, and fills its buffers.
    ///
    /// # Errors
    ///
    /// Fails without driver, device or NVRTC, if the kernels do not compile, or if memory runs out.
    pub fn open(ordinal: usize, memory: &Memory) -> Result<Self, DeviceError> {
        #[expect(unsafe_code, reason = "loads a library of the vendor, whose constructors run")]
        // SAFETY: nothing is called yet; that the library found is NVIDIA's is up to whoever installs it.
        let is_there = unsafe { sys::is_culib_present() };
        if !is_there {
            return Err(DeviceError::NoDevice("libcuda is not found".to_owned()));
        }
        let context = CudaContext::new(ordinal).map_err(|error| DeviceError::NoDevice(error.to_string()))?;
        #[expect(unsafe_code, reason = "events between streams are of no use to a single stream")]
        // SAFETY: all buffers are made, used and freed on one stream, in order.
        unsafe {
            context.disable_event_tracking();
        }
        let (major, minor) = context.compute_capability().map_err(run_error)?;
        let architecture = format!("compute_{major}{minor}");
        let mut functions = HashMap::new();
        for source in &SOURCES {
            let module = context.load_module(compile(source, &architecture)?).map_err(run_error)?;
            for name in source.kernels() {
                functions.insert(name, module.load_function(name).map_err(run_error)?);
            }
        }
        // The default stream cannot be recorded.
        let stream = context.new_stream().map_err(run_error)?;
        let copy = |values: &Values| match values.len() {
            // No device has an empty buffer.
            0 => stream.alloc_zeros::<u8>(8),
            _ => stream.clone_htod(&values.to_bytes()),
        };
        let buffers: Result<Vec<_>, DriverError> = memory.buffers().iter().map(copy).collect();
        Ok(Self {
            buffers: buffers.map_err(run_error)?,
            shapes: memory.shapes(),
            stream,
            functions,
            recordings: Vec::new(),
        })
    }

    /// The device's name.
    ///
    /// # Errors
    ///
    /// Fails if the driver does.
    pub fn name(&self) -> Result<String, DeviceError> {
        self.stream.context().name().map_err(run_error)
    }

    /// Records launches as a graph: replaying it costs the host one call for all of them.
    ///
    /// # Errors
    ///
    /// Fails if a kernel is unknown or the driver refuses.
    pub fn record(&mut self, launches: &[Launch]) -> Result<Recording, DeviceError> {
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        self.stream.begin_capture(mode).map_err(run_error)?;
        let launched = launches.iter().try_for_each(|launch| self.launch(launch));
        // The capture is ended even where a launch failed, so that the stream can be used again.
        let graph = self.stream.end_capture(sys::CUgraphInstantiate_flags(0)).map_err(run_error);
        launched?;
        match graph? {
            Some(graph) => {
                graph.upload().map_err(run_error)?;
                self.recordings.push(graph);
                Ok(Recording(self.recordings.len() - 1))
            }
            None => Err(DeviceError::Run("the recording is empty".to_owned())),
        }
    }

    /// Replays a recording of this device `times` times, and waits. Panics on another device's, which is a bug.
    ///
    /// # Errors
    ///
    /// Fails if the driver does.
    pub fn replay(&mut self, recording: Recording, times: u32) -> Result<(), DeviceError> {
        for _ in 0..times {
            self.recordings[recording.0].launch().map_err(run_error)?;
        }
        self.stream.synchronize().map_err(run_error)
    }

    fn launch(&self, launch: &Launch) -> Result<(), DeviceError> {
        let Some(function) = self.functions.get(launch.kernel()) else {
            return Err(DeviceError::NoKernel(launch.kernel().to_owned()));
        };
        let pointers: Result<Vec<u64>, DeviceError> =
            launch.arguments().iter().map(|argument| self.pointer(argument)).collect();
        let pointers = pointers?;
        let mut builder = self.stream.launch_builder(function);
        for (argument, pointer) in launch.arguments().iter().zip(&pointers) {
            match argument {
                Argument::Place(_) => builder.arg(pointer),
                Argument::U32(value) => builder.arg(value),
                Argument::U64(value) => builder.arg(value),
                Argument::F32(value) => builder.arg(value),
                Argument::F64(value) => builder.arg(value),
            };
        }
        let blocks = launch.blocks();
        let config = LaunchConfig {
            grid_dim: (blocks[0], blocks[1], 1),
            block_dim: (launch.threads(), 1, 1),
            shared_mem_bytes: 0,
        };
        #[expect(unsafe_code, reason = "a launch trusts the arguments")]
        // SAFETY: launches are made by this crate alone from buffers of the sizes that the kernels expect; the tests run
        // every one of them on the processor, which compares the types with the kernel's signature and guards the bounds.
        unsafe { builder.launch(config) }.map_err(run_error)?;
        Ok(())
    }

    /// Where a place is on the device; 0 for numbers.
    fn pointer(&self, argument: &Argument) -> Result<u64, DeviceError> {
        let Argument::Place(place) = argument else { return Ok(0) };
        let slice = self.slice(place.buffer)?;
        let (begin, _) = slice.device_ptr(&self.stream);
        Ok(begin + (place.first * place.buffer.kind.size()) as u64)
    }

    /// The device's memory of a buffer. Refuses a buffer of another memory.
    fn slice(&self, buffer: Buffer) -> Result<&CudaSlice<u8>, DeviceError> {
        match (self.buffers.get(buffer.id), self.shapes.get(buffer.id)) {
            (Some(slice), Some(shape)) if *shape == buffer => Ok(slice),
            _ => Err(DeviceError::Run("the buffer is of another memory".to_owned())),
        }
    }
}

impl Executor for Device {
    fn run(&mut self, launches: &[Launch], times: u32) -> Result<(), DeviceError> {
        for _ in 0..times {
            launches.iter().try_for_each(|launch| self.launch(launch))?;
        }
        self.stream.synchronize().map_err(run_error)
    }

    fn read(&mut self, buffer: Buffer) -> Result<Values, DeviceError> {
        let bytes = self.stream.clone_dtoh(self.slice(buffer)?).map_err(run_error)?;
        self.stream.synchronize().map_err(run_error)?;
        Ok(Values::from_bytes(buffer.kind, &bytes[..buffer.len * buffer.kind.size()]))
    }

    fn write(&mut self, buffer: Buffer, values: &Values) -> Result<(), DeviceError> {
        if values.kind() != buffer.kind || values.len() != buffer.len {
            return Err(DeviceError::Values {
                expected: buffer.len,
                expected_kind: buffer.kind,
                found: values.len(),
                found_kind: values.kind(),
            });
        }
        self.slice(buffer)?;
        let bytes = values.to_bytes();
        self.stream.memcpy_htod(&bytes, &mut self.buffers[buffer.id]).map_err(run_error)?;
        self.stream.synchronize().map_err(run_error)
    }
}

fn run_error(error: DriverError) -> DeviceError {
    DeviceError::Run(error.to_string())
}
