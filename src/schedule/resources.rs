//! What this machine offers, and the slots that trials run in.

use jem_core::provenance::Host;
use jem_core::spec::{Device, Resources};

/// A place for one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name, as people see it: `cpu 0`, `cuda 1`.
    pub name: String,
    /// What the worker is shown of the machine.
    pub environment: Vec<(String, String)>,
}

/// A request that this machine cannot meet.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// No GPU.
    #[error("the spec asks for resources.device = \"cuda\", but no NVIDIA driver is loaded here")]
    NoGpu,
    /// More threads than processors.
    #[error("the spec asks for {wanted} threads a trial, but only {there} processors are here")]
    Threads {
        /// Asked for.
        wanted: u64,
        /// There.
        there: u32,
    },
}

/// The slots for trials that each want `resources`: on the CPU as many as the
/// processors hold with their threads, on GPUs one each. `workers` caps their
/// number; it changes no result.
///
/// # Errors
/// When not even one trial fits.
pub fn slots(
    host: &Host,
    resources: &Resources,
    workers: Option<usize>,
) -> Result<Vec<Slot>, ResourceError> {
    let cap = workers.unwrap_or(usize::MAX).max(1);
    match resources.device {
        Device::Cpu => {
            let threads = resources.threads.max(1);
            let fit = u64::from(host.cpus) / threads;
            if fit == 0 {
                return Err(ResourceError::Threads { wanted: threads, there: host.cpus });
            }
            let hidden = ("CUDA_VISIBLE_DEVICES".to_owned(), String::new());
            let slot = |i| Slot { name: format!("cpu {i}"), environment: vec![hidden.clone()] };
            // More workers than processors slow each other down, but a cap
            // above the fit is the user's word: 2 workers on 1 processor.
            let n = workers.map_or(fit as usize, |n| n.max(1));
            Ok((0..n).map(slot).collect())
        }
        Device::Cuda if host.gpus.is_empty() => Err(ResourceError::NoGpu),
        Device::Cuda => {
            let mine = std::env::var("CUDA_VISIBLE_DEVICES").ok();
            Ok(visible(mine.as_deref(), host.gpus.len()).into_iter().take(cap).map(gpu).collect())
        }
    }
}

/// The GPUs this process may use: those a scheduler or the user left visible,
/// or else all.
fn visible(mine: Option<&str>, there: usize) -> Vec<String> {
    match mine {
        Some(list) => list.split(',').map(str::trim).map(str::to_owned).collect(),
        None => (0..there).map(|i| i.to_string()).collect(),
    }
}

fn gpu(device: String) -> Slot {
    // Counted as nvidia-smi counts, not by speed.
    let order = ("CUDA_DEVICE_ORDER".to_owned(), "PCI_BUS_ID".to_owned());
    let name = format!("cuda {device}");
    Slot { name, environment: vec![("CUDA_VISIBLE_DEVICES".to_owned(), device), order] }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use jem_core::spec::Checkpoints;

    fn host(cpus: u32, gpus: usize) -> Host {
        Host { cpus, gpus: vec!["GPU".to_owned(); gpus], ..jem_core::provenance::host() }
    }

    fn request(device: Device, threads: u64) -> Resources {
        let checkpoints = Checkpoints { steps: None, seconds: None, kept: 1 };
        Resources { device, threads, timeout: None, checkpoints }
    }

    #[test]
    fn a_cpu_slot_holds_the_threads_of_one_trial() {
        assert_eq!(slots(&host(8, 0), &request(Device::Cpu, 3), None).unwrap().len(), 2);
        assert_eq!(slots(&host(8, 0), &request(Device::Cpu, 1), Some(2)).unwrap().len(), 2);
        assert!(slots(&host(2, 0), &request(Device::Cpu, 3), None).is_err());
    }

    #[test]
    fn each_gpu_is_shown_to_one_worker_alone_and_only_those_that_are_ours() {
        assert_eq!(visible(None, 2), ["0", "1"]);
        assert_eq!(visible(Some("3, GPU-5a"), 8), ["3", "GPU-5a"]);
        let slot = gpu("3".to_owned());
        assert_eq!(slot.environment[0], ("CUDA_VISIBLE_DEVICES".to_owned(), "3".to_owned()));
    }

    #[test]
    fn a_machine_without_a_gpu_says_so() {
        let error = slots(&host(8, 0), &request(Device::Cuda, 1), None);
        assert_eq!(error, Err(ResourceError::NoGpu));
    }
}
