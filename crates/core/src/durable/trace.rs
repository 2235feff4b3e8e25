//! What was done to the file system, in order: for tests that crash it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One change of the file system, or a sync. Paths are relative to the root
/// of the [`Trace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A folder was made.
    MakeFolder(PathBuf),
    /// An empty file was made.
    CreateFile(PathBuf),
    /// Bytes were written.
    Write {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte.
        at: u64,
        /// What was written.
        bytes: Vec<u8>,
    },
    /// A file's bytes were made durable.
    SyncFile(PathBuf),
    /// A file got another name, which it takes from the file that had it.
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
    },
    /// A file got a second name.
    Link {
        /// The first name.
        from: PathBuf,
        /// The second name.
        to: PathBuf,
    },
    /// A file's name was removed.
    Remove(PathBuf),
    /// An empty folder was removed.
    RemoveFolder(PathBuf),
    /// A folder's names were made durable.
    SyncFolder(PathBuf),
    /// Not a change: the test came to this point.
    Mark(String),
}

/// Writes down all that this process does below a folder, from when it is
/// made until it is dropped. Where there is none, noting costs one load.
#[derive(Debug)]
pub struct Trace {
    listener: Arc<Listener>,
}

#[derive(Debug)]
struct Listener {
    root: PathBuf,
    heard: Mutex<Vec<Operation>>,
}

static LISTENING: AtomicUsize = AtomicUsize::new(0);
static LISTENERS: Mutex<Vec<Arc<Listener>>> = Mutex::new(Vec::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trace {
    /// Writes down what is done below `root` from now on.
    pub fn of(root: &Path) -> Self {
        let listener = Arc::new(Listener { root: root.to_owned(), heard: Mutex::default() });
        locked(&LISTENERS).push(Arc::clone(&listener));
        LISTENING.fetch_add(1, Ordering::SeqCst);
        Self { listener }
    }

    /// Notes that the test came to the point called `name`.
    pub fn mark(&self, name: &str) {
        locked(&self.listener.heard).push(Operation::Mark(name.to_owned()));
    }

    /// All that was done so far.
    pub fn operations(&self) -> Vec<Operation> {
        locked(&self.listener.heard).clone()
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        LISTENING.fetch_sub(1, Ordering::SeqCst);
        locked(&LISTENERS).retain(|listener| !Arc::ptr_eq(listener, &self.listener));
    }
}

/// Notes what has just been done, where someone listens.
pub(super) fn note(operation: impl Fn() -> Operation) {
    if LISTENING.load(Ordering::Relaxed) == 0 {
        return;
    }
    for listener in locked(&LISTENERS).iter() {
        if let Some(operation) = operation().below(&listener.root) {
            locked(&listener.heard).push(operation);
        }
    }
}

impl Operation {
    /// The same with paths relative to `root`; none where it was done elsewhere.
    fn below(self, root: &Path) -> Option<Self> {
        let inside = |path: PathBuf| path.strip_prefix(root).ok().map(Path::to_owned);
        Some(match self {
            Self::MakeFolder(path) => Self::MakeFolder(inside(path)?),
            Self::CreateFile(path) => Self::CreateFile(inside(path)?),
            Self::Write { path, at, bytes } => Self::Write { path: inside(path)?, at, bytes },
            Self::SyncFile(path) => Self::SyncFile(inside(path)?),
            Self::Rename { from, to } => Self::Rename { from: inside(from)?, to: inside(to)? },
            Self::Link { from, to } => Self::Link { from: inside(from)?, to: inside(to)? },
            Self::Remove(path) => Self::Remove(inside(path)?),
            Self::RemoveFolder(path) => Self::RemoveFolder(inside(path)?),
            Self::SyncFolder(path) => Self::SyncFolder(inside(path)?),
            Self::Mark(name) => Self::Mark(name),
        })
    }
}
