//! The registries' clients as processes: each is a group of its own, with all
//! that it starts, so that none of them outlives what it was started for.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, set_parent_process_death_signal, waitid,
};

/// The groups that run now. A list of numbers is whole also after a panic.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Ends every client that runs, with all that it started. For those whom a
/// signal tells to leave.
pub fn end_clients() {
    for group in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        end(*group);
    }
}

/// Ends the group. One that has ended by itself is as good.
fn end(group: Pid) {
    let _ = kill_process_group(group, Signal::KILL);
}

/// A client and all that it started, which end when this is dropped.
pub(super) struct Group {
    group: Pid,
}

impl Group {
    /// Starts `command` as a group of its own. The client is ended by the
    /// kernel where this process is killed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        // SAFETY: between fork and exec only one system call is made.
        unsafe {
            command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
        }
        // Held while it starts, so that `end_clients` misses none.
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.process_group(0).spawn()?;
        let group = Pid::from_child(&child);
        running.push(group);
        Ok((child, Self { group }))
    }

    /// Whether the client has ended. Its number stays its own until it is
    /// waited for, which is to be done when this is dropped: another group
    /// could have it by then.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn has_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        Ok(waitid(WaitId::Pid(self.group), look)?.is_some())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        end(self.group);
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|group| *group != self.group);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::Read;
    use std::process::Stdio;

    use super::*;

    /// A shell that starts another process, which holds its output open.
    fn with_a_child() -> (Child, Group) {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo begun; wait"]).stdout(Stdio::piped());
        let (mut child, group) = Group::start(&mut command).unwrap();
        let mut begun = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
        (child, group)
    }

    #[test]
    fn what_a_client_has_started_ends_with_it() {
        let (mut child, group) = with_a_child();
        drop(group);
        // Read to its end, the output is closed: nobody is left that held it.
        child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
        assert!(!child.wait().unwrap().success());
    }
}
