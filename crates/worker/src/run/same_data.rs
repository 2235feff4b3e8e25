//! The data must be what the run's id says.

use jem_core::digest::Digest;
use jem_core::event::FailureClass;

use super::Failure;

/// The data read must be the data that the run's id was made of.
///
/// # Errors
/// When a digest differs: a file changed since the plan was made.
pub fn same_data(planned: &[(String, Digest)], seen: &[(String, Digest)]) -> Result<(), Failure> {
    if planned == seen {
        return Ok(());
    }
    let differs = seen.iter().find(|file| !planned.contains(file));
    let name = differs.map_or("a file", |(name, _)| name.as_str());
    let message = format!("{name} changed after the run was planned; start the same command again");
    Err(Failure::new(FailureClass::BadInput, message))
}
