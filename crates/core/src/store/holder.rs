//! Who holds a lease: a process of a machine.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher as _};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::digest::Hasher;
use crate::durable;

/// Replaces the machine's own name, boot and namespace, as `host/boot/namespace`:
/// for tests that play several machines on one.
const IDENTITY: &str = "JEM_HOST_IDENTITY";

/// What the kernel tells of a process is never longer, in bytes.
const KERNEL_TEXT: u64 = 1 << 16;

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine's name, for people.
    pub host: String,
    /// The machine's boot id; empty where the system has none.
    pub boot: String,
    /// The namespace that `pid` counts in; empty where the system has none.
    pub pid_namespace: String,
    /// The process.
    pub pid: u32,
    /// When the process started, in clock ticks since boot; 0 where unknown.
    pub started: u64,
    /// Random: two holders in one process are two.
    pub nonce: String,
    /// It sweeps the store: runs under its leases may be about to go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sweeps: bool,
}

/// What can be told of a holder's process without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs, on this machine.
    Alive,
    /// It ran on this machine and does not any more.
    Gone,
    /// It belongs to another machine, or cannot be seen from here.
    Unknown,
}

impl Holder {
    /// This process. What the system does not tell is left empty.
    pub fn me() -> Self {
        let read = |path: &str| {
            let text = durable::read_text(Path::new(path), KERNEL_TEXT).unwrap_or_default();
            text.trim().to_owned()
        };
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let mut place = [
            read("/proc/sys/kernel/hostname"),
            read("/proc/sys/kernel/random/boot_id"),
            namespace.to_string_lossy().into_owned(),
        ];
        if let Ok(identity) = std::env::var(IDENTITY) {
            let mut parts = identity.splitn(3, '/').map(str::to_owned);
            place = std::array::from_fn(|_| parts.next().unwrap_or_default());
        }
        let [host, boot, pid_namespace] = place;
        let pid = std::process::id();
        let started = Process::of("self").ok().map_or(0, |process| process.started);
        let (nonce_later, sweeps) = (String::new(), false);
        let mut holder =
            Self { host, boot, pid_namespace, pid, started, nonce: nonce_later, sweeps };
        holder.nonce = nonce(&holder);
        holder
    }

    /// Where it runs, as people read it: `host:pid`. Of a lease that does not
    /// say, what is wrong with it.
    pub fn place(&self) -> String {
        match self.pid {
            0 => self.host.clone(),
            pid => format!("{}:{pid}", self.host),
        }
    }

    /// What can be told of its process from here without waiting.
    pub fn life(&self) -> Life {
        let me = Self::me();
        let here = !me.boot.is_empty() && !me.pid_namespace.is_empty();
        if !here || self.boot != me.boot || self.pid_namespace != me.pid_namespace {
            return Life::Unknown;
        }
        match Process::of(&self.pid.to_string()) {
            Ok(process) if process.ended || process.started != self.started => Life::Gone,
            Ok(_) => Life::Alive,
            // A system may hide the processes of other users; it then hides
            // the first one too.
            Err(e) if e.kind() == io::ErrorKind::NotFound && Path::new("/proc/1").exists() => {
                Life::Gone
            }
            Err(_) => Life::Unknown,
        }
    }

    /// The holder of a lease whose file cannot be read.
    pub(super) fn unknown() -> Self {
        Self {
            host: "a lease that does not say who holds it".to_owned(),
            boot: String::new(),
            pid_namespace: String::new(),
            pid: 0,
            started: 0,
            nonce: String::new(),
            sweeps: false,
        }
    }
}

/// What the kernel says of a process.
struct Process {
    started: u64,
    /// It ended, and its parent has not asked for its exit status.
    ended: bool,
}

impl Process {
    fn of(pid: &str) -> io::Result<Self> {
        let text = durable::read_text(Path::new(&format!("/proc/{pid}/stat")), KERNEL_TEXT)?;
        // The name stands in brackets and may hold anything, brackets too.
        let fields = text.rsplit_once(") ").map(|(_, fields)| fields.split(' ').collect());
        let fields: Vec<&str> = fields.unwrap_or_default();
        // Fields 3 (state) and 22 (start time) of proc(5).
        let started = fields.get(19).and_then(|ticks| ticks.parse().ok());
        let unreadable = || io::Error::from(io::ErrorKind::InvalidData);
        let started = started.ok_or_else(unreadable)?;
        Ok(Self { started, ended: matches!(fields.first(), Some(&("Z" | "X"))) })
    }
}

/// 32 hexadecimal characters that no other holder has: the standard library's
/// hash keys are random in each process, and the rest sets apart what might
/// share them.
fn nonce(holder: &Holder) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut hasher = Hasher::for_domain("jem lease nonce");
    hasher.update(&RandomState::new().build_hasher().finish().to_le_bytes());
    hasher.update(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    hasher.update(&now.as_nanos().to_le_bytes());
    hasher.update(format!("{holder:?}").as_bytes());
    hasher.finish().short(32)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_known_by_its_start_time_as_well_as_its_pid() {
        let me = Holder::me();
        assert_eq!(me.life(), Life::Alive);
        assert_ne!(me.nonce, Holder::me().nonce);
        assert_eq!(me.place(), format!("{}:{}", me.host, std::process::id()));
        let reused = Holder { started: me.started + 1, ..me.clone() };
        assert_eq!(reused.life(), Life::Gone);
        for elsewhere in [
            Holder { boot: "another".to_owned(), ..me.clone() },
            Holder { pid_namespace: "another".to_owned(), ..me.clone() },
            Holder::unknown(),
        ] {
            assert_eq!(elsewhere.life(), Life::Unknown);
        }
    }

    #[test]
    fn a_process_that_ended_is_gone_also_before_its_parent_asks() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let started = Process::of(&child.id().to_string()).unwrap().started;
        let holder = Holder { pid: child.id(), started, ..Holder::me() };
        assert_eq!(holder.life(), Life::Alive);
        child.kill().unwrap();
        while !Process::of(&child.id().to_string()).unwrap().ended {
            std::thread::yield_now();
        }
        assert_eq!(holder.life(), Life::Gone);
        child.wait().unwrap();
        assert_eq!(holder.life(), Life::Gone);
    }
}
