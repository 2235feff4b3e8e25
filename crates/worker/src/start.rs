//! What must happen before the first tensor, and before the first of a trial.

use std::ffi::CStr;

use jem_core::spec;
use tch::Device;

/// Caps on the instruction set: processors of one model run the same kernels in
/// the same order, whatever the caller's environment asks for. Other models may
/// still give other last bits: see Determinism in `docs/provenance.md`.
const CAPS: [(&str, &str); 4] = [
    ("MKL_CBWR", "AVX2"),
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
    // cuBLAS gives the same sums each time only with a workspace of its own.
    ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
];

/// Sets the caps, whatever the caller's environment says (the runs' ids name
/// them), and finds CUDA. To be called first in
/// `main`, while the process has one thread.
pub fn start() {
    for (name, value) in CAPS {
        // SAFETY: no other thread runs yet that could read the environment.
        unsafe { std::env::set_var(name, value) };
    }
    load_cuda(c"libtorch_cuda.so");
    tch::set_num_threads(1);
}

/// A spec asks for CUDA where none is found.
#[derive(Debug, thiserror::Error)]
#[error(
    "the spec asks for CUDA, but libtorch finds no device here: is the driver loaded, and the \
     CUDA part of libtorch there (just setup)?"
)]
pub struct NoCuda;

/// Has what follows computed on `device` with so many intra-op threads, which
/// both are parts of a run's id, and says which device that is to libtorch.
///
/// # Errors
/// When there is no such device.
pub fn compute_on(device: spec::Device, threads: u64) -> Result<Device, NoCuda> {
    let threads = i32::try_from(threads).unwrap_or(i32::MAX);
    if tch::get_num_threads() != threads {
        tch::set_num_threads(threads);
    }
    match device {
        spec::Device::Cpu => Ok(Device::Cpu),
        spec::Device::Cuda if !tch::Cuda::is_available() => Err(NoCuda),
        spec::Device::Cuda => {
            // Of cuDNN's kernels some add up in any order, and which one runs
            // may be chosen by a clock; libtorch's own do neither.
            tch::Cuda::cudnn_set_benchmark(false);
            tch::Cuda::set_user_enabled_cudnn(false);
            Ok(Device::Cuda(0))
        }
    }
}

/// Loads libtorch's CUDA part where it and a driver are there. The binary is
/// linked against the CPU part only, so that one binary serves both; libtorch
/// looks for CUDA once, at its first use, so this comes before that. Where it
/// cannot be loaded, CPU work goes on.
fn load_cuda(library: &CStr) {
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        return;
    }
    // SAFETY: a constant C string and flags that dlopen documents; the
    // library's constructors only register kernels with libtorch.
    let handle = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if handle.is_null() {
        eprintln!(
            "an NVIDIA driver is here, but libtorch_cuda.so could not be loaded; try: just setup"
        );
    }
}
