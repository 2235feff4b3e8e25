//! Why an attempt ended without a result.

use jem_core::arrays::ArrayError;
use jem_core::dataset::DatasetError;
use jem_core::event::FailureClass;
use jem_core::store::StoreError;

use crate::jem::Misfit;

/// A class of failure and what happened.
#[derive(Debug)]
pub struct Failure {
    /// The class.
    pub class: FailureClass,
    /// What happened, with what to do about it.
    pub message: String,
}

impl Failure {
    /// A failure of `class`.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// The process was asked to stop.
    pub fn preempted(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Preempted, message)
    }

    /// What a panic's payload says. libtorch's errors arrive here: memory is
    /// told by their text.
    pub fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a message");
        Self::new(class_of(text), text)
    }
}

/// The class of a panic that says `text`.
fn class_of(text: &str) -> FailureClass {
    let text = text.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // `CUBLAS_STATUS_ALLOC_FAILED` and its like: a library's own allocation.
    if any(&["cuda", "cublas", "cudnn"]) && any(&["out of memory", "alloc_failed"]) {
        FailureClass::GpuOutOfMemory
    } else if any(&[
        "out of memory",
        "can't allocate memory",
        "cannot allocate memory",
        "not enough memory",
        "bad_alloc",
    ]) {
        FailureClass::OutOfMemory
    } else {
        FailureClass::Bug
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let class = match &error {
            StoreError::Full { .. } => FailureClass::DiskFull,
            StoreError::Denied { .. } => FailureClass::StoreClosed,
            _ => FailureClass::Store,
        };
        Self::new(class, error.to_string())
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self::new(FailureClass::BadInput, error.to_string())
    }
}

impl From<Misfit> for Failure {
    fn from(error: Misfit) -> Self {
        Self::new(FailureClass::Bug, error.0)
    }
}

impl From<ArrayError> for Failure {
    fn from(error: ArrayError) -> Self {
        Self::new(FailureClass::Bug, error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(FailureClass::Bug, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_memory_is_told_from_other_panics_by_its_words() {
        let (host, gpu, bug) =
            (FailureClass::OutOfMemory, FailureClass::GpuOutOfMemory, FailureClass::Bug);
        for (text, class) in [
            (
                "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory",
                host,
            ),
            ("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes", host),
            ("std::bad_alloc", host),
            ("Cannot allocate memory (os error 12)", host),
            ("CUDA out of memory. Tried to allocate 2.00 GiB", gpu),
            ("CUDA error: out of memory", gpu),
            ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", gpu),
            ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", gpu),
            ("CUDA error: an illegal memory access was encountered", bug),
            ("index out of bounds: the len is 3 but the index is 7", bug),
        ] {
            assert_eq!(Failure::of_panic(&text.to_owned()).class, class, "{text}");
        }
        assert_eq!(Failure::of_panic(&"std::bad_alloc").class, host);
        assert_eq!(Failure::of_panic(&7).class, bug);
    }
}
