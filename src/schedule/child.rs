//! What holds for every process that this one starts: it ends with us, and it
//! is given no variable that could change a number.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, set_parent_process_death_signal, waitid,
};

/// Has the kernel end what `command` starts when the thread that starts it is
/// gone: a process that is frozen, or stuck, does not notice that by itself.
pub fn end_with_us(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec only one system call is made.
    unsafe { command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?)) }
}

/// Whether `child` has ended. Its number, and that of its group, stay its own
/// until it is waited for.
///
/// # Errors
/// When the system does not say.
pub fn has_ended(child: &Child) -> io::Result<bool> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    Ok(waitid(WaitId::Pid(Pid::from_child(child)), look)?.is_some())
}

/// The beginnings of the names of variables by which the libraries below a
/// worker choose their kernels, precisions, or numbers of threads. What they
/// change is in no id.
const CHANGES_NUMBERS: [&str; 19] = [
    "ATEN_",
    "BLIS_",
    "CUBLAS_",
    "CUBLASLT_",
    "CUDNN_",
    "DNNL_",
    "GLIBC_TUNABLES",
    "GOTO_",
    "KMP_",
    "MKL_",
    "MKLDNN_",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "PYTORCH_",
    "TORCH_",
    "CUDA_FORCE_PTX_JIT",
    "XNNPACK_",
];

/// By these the loader takes another library in the place of the one that a
/// program was linked with.
const CHANGES_LIBRARIES: [&str; 3] = ["LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD"];

/// Of the above those that say how long a thread spins, where it runs, or how
/// memory is kept, and change no number.
const HARMLESS: [&str; 9] = [
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
    "OMP_DISPLAY_ENV",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "OMP_STACKSIZE",
    "OMP_WAIT_POLICY",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
];

/// Takes from `command` every variable that could give other numbers under the
/// same ids.
pub fn withhold(command: &mut Command) {
    for name in withheld() {
        command.env_remove(name);
    }
}

/// The variables that are set here and that no worker is given, by name.
pub fn withheld() -> Vec<OsString> {
    let mut found: Vec<OsString> =
        std::env::vars_os().map(|(name, _)| name).filter(|name| is_withheld(name)).collect();
    found.sort();
    found
}

fn is_withheld(name: &OsStr) -> bool {
    // Those that count are all ASCII.
    let Some(name) = name.to_str() else { return false };
    let known = CHANGES_NUMBERS.iter().any(|start| name.starts_with(start));
    (known && !HARMLESS.contains(&name)) || CHANGES_LIBRARIES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_change_a_number_is_withheld_and_the_rest_is_passed_on() {
        for name in [
            "LD_LIBRARY_PATH",
            "LD_PRELOAD",
            "OMP_NUM_THREADS",
            "OMP_DYNAMIC",
            "MKL_ENABLE_INSTRUCTIONS",
            "MKL_CBWR",
            "ATEN_CPU_CAPABILITY",
            "DNNL_DEFAULT_FPMATH_MODE",
            "ONEDNN_DEFAULT_FPMATH_MODE",
            "PYTORCH_TUNABLEOP_ENABLED",
            "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
            "TORCH_BLAS_PREFER_CUBLASLT",
            "NVIDIA_TF32_OVERRIDE",
            "CUBLAS_WORKSPACE_CONFIG",
            "OPENBLAS_CORETYPE",
            "GLIBC_TUNABLES",
        ] {
            assert!(is_withheld(OsStr::new(name)), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "JEM_STALL_SECONDS",
            "CUDA_VISIBLE_DEVICES",
            "OMP_WAIT_POLICY",
            "PYTORCH_CUDA_ALLOC_CONF",
            "LD_BIND_NOW",
            "NVIDIA_VISIBLE_DEVICES",
        ] {
            assert!(!is_withheld(OsStr::new(name)), "{name}");
        }
    }
}
