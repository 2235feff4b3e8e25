//! The machine a number was made on.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable;

/// No such text is longer, in bytes, on a machine of thousands of processors.
const KERNEL_TEXT: u64 = 64 << 20;

/// The model of a processor of which the machine did not say it.
pub const UNKNOWN_PROCESSOR: &str = "unknown processor";

/// The same of a GPU.
const UNKNOWN_GPU: &str = "unknown GPU";

/// Names and sizes of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The host's name.
    pub name: String,
    /// The processor's model, as the kernel gives it.
    pub cpu: String,
    /// Logical processors this process may use.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// Models of NVIDIA GPUs.
    pub gpus: Vec<String>,
    /// The NVIDIA driver's version line.
    pub driver: Option<String>,
    /// Kernel release.
    pub kernel: String,
}

impl Host {
    /// The model that the numbers of a run with this environment key depend
    /// on: of the processor, or on CUDA of the GPUs, each once. What the
    /// machine did not say is unknown, and no two unknown models are the same.
    pub fn model(&self, environment: &str) -> String {
        if !environment.split(' ').any(|word| word == "device=cuda") {
            return if self.cpu.is_empty() { UNKNOWN_PROCESSOR } else { &self.cpu }.to_owned();
        }
        let mut gpus = self.gpus.clone();
        gpus.sort();
        gpus.dedup();
        if gpus.is_empty() { UNKNOWN_GPU.to_owned() } else { gpus.join(" + ") }
    }
}

/// Whether `model` names a model, so that two runs of it were made on the same.
pub fn is_known_model(model: &str) -> bool {
    model != UNKNOWN_PROCESSOR && model != UNKNOWN_GPU
}

/// Looks at this machine. What cannot be read is left empty.
pub fn host() -> Host {
    let read = |path: &str| kernel_text(Path::new(path));
    let after_colon = |line: &str| line.split_once(':').map(|(_, v)| v.trim().to_owned());
    let cpu = read("/proc/cpuinfo")
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(after_colon)
        .unwrap_or_default();
    let memory = read("/proc/meminfo")
        .lines()
        .find(|line| line.starts_with("MemTotal"))
        .and_then(after_colon)
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024;
    Host {
        name: read("/proc/sys/kernel/hostname").trim().to_owned(),
        cpu,
        cpus: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
        memory,
        gpus: gpus(),
        driver: read("/proc/driver/nvidia/version").lines().next().map(str::to_owned),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

/// What the kernel says in the file at `path`, empty where it says nothing.
fn kernel_text(path: &Path) -> String {
    durable::read_text(path, KERNEL_TEXT).unwrap_or_default()
}

/// The models of the NVIDIA GPUs, in the order of their PCI addresses.
fn gpus() -> Vec<String> {
    let Ok(folder) = fs::read_dir("/proc/driver/nvidia/gpus") else {
        return Vec::new();
    };
    let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let model = |path: std::path::PathBuf| {
        let text = kernel_text(&path.join("information"));
        let line = text.lines().find_map(|line| line.strip_prefix("Model:"));
        line.map_or_else(|| "NVIDIA GPU".to_owned(), |name| name.trim().to_owned())
    };
    paths.into_iter().map(model).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_that_of_the_device_that_computed() {
        let of = |cpu: &str, gpus: &[&str], environment: &str| {
            let gpus = gpus.iter().map(|gpu| (*gpu).to_owned()).collect();
            Host { cpu: cpu.to_owned(), gpus, ..host() }.model(environment)
        };
        let (cpu, cuda) = ("device=cpu threads=1 isa=avx2", "device=cuda threads=1 isa=avx2");
        assert_eq!(of("A", &["H100", "H100"], cpu), "A");
        assert_eq!(of("A", &["H100", "H100"], cuda), "H100");
        assert_eq!(of("A", &["H100", "L4"], cuda), "H100 + L4");
        for unknown in [of("", &[], cpu), of("A", &[], cuda)] {
            assert!(!is_known_model(&unknown), "{unknown}");
        }
    }
}
