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
        let memory = ["out of memory", "can't allocate memory", "not enough memory"];
        let class = if text.contains("CUDA out of memory") {
            FailureClass::GpuOutOfMemory
        } else if memory.iter().any(|known| text.contains(known)) {
            FailureClass::OutOfMemory
        } else {
            FailureClass::Bug
        };
        Self::new(class, text)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let class = match &error {
            StoreError::Full { .. } => FailureClass::DiskFull,
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
