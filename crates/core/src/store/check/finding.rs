//! What `fsck` can find.

use std::time::SystemTime;

use serde::Serialize;

use crate::id::RunId;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It costs nothing and hinders nothing.
    Harmless,
    /// It costs nothing, but hinders or misleads until it is mended.
    Repairable,
    /// Something is gone that only work, or another copy of the store, brings
    /// back.
    Loss,
}

impl Severity {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Harmless => "harmless",
            Self::Repairable => "repairable",
            Self::Loss => "loss",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What was found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// As people read it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The layout's version is missing, unreadable or newer.
    Format = "format",
    /// An object that a record names is not there.
    MissingObject = "missing object",
    /// An object's bytes are not those that its name promises.
    AlteredObject = "altered object",
    /// Objects that no record names.
    OrphanedObjects = "orphaned objects",
    /// A file or folder that the system does not let us read.
    Unreadable = "unreadable",
    /// Something else where a file or folder of the layout belongs.
    Misplaced = "neither file nor folder",
    /// A manifest that cannot be read, or contradicts itself.
    BadManifest = "bad manifest",
    /// A manifest of a newer version.
    NewerRecord = "newer record",
    /// An evaluation whose training is missing or not whole.
    NoTraining = "evaluation without training",
    /// A log that holds other bytes than its run recorded.
    AlteredLog = "altered log",
    /// A checkpoint that cannot be gone on from.
    BadCheckpoint = "bad checkpoint",
    /// What a checkpoint left that nothing needs any more.
    LeftCheckpoint = "left checkpoint",
    /// A lease that cannot be read.
    BadLease = "bad lease",
    /// A lease whose holder is gone.
    DeadLease = "dead lease",
    /// A tag that cannot be read.
    BadTag = "bad tag",
    /// A tag, or an acceptance, of runs that are not there.
    Dangling = "runs not there",
    /// An acceptance that cannot be read.
    BadAcceptance = "bad acceptance",
    /// What was known at a commit cannot be read.
    BadCommit = "bad commit record",
    /// What a command counts on cannot be read.
    BadWanted = "bad record of what is wanted",
    /// A file left by a process that died while it wrote.
    HalfWritten = "half-written",
    /// A file that is nothing of the layout.
    Foreign = "foreign file",
    /// What an earlier `--repair` has put aside.
    Quarantined = "quarantined",
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub kind: Kind,
    /// Where, from the store's folder.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
    /// What it costs, in words and trials.
    pub cost: String,
    /// The command that mends it, where there is one.
    pub mend: Option<String>,
    /// The training run whose lease covers it: while that is live, `--repair`
    /// leaves it alone.
    #[serde(skip)]
    pub(super) run: Option<RunId>,
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
    /// What had its name when it was looked at, so that `--repair` moves
    /// nothing that was put there since.
    #[serde(skip)]
    pub(super) seen: Option<Seen>,
}

/// When a file was last written, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub modified: SystemTime,
    pub size: u64,
}

/// What `--repair` does about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// Moves the file, or folder, into the quarantine.
    Aside,
    /// Removes a file, or folder, that a dead process left, once it is old
    /// enough.
    Leftover,
    /// Removes files that are worth nothing any more, at these paths.
    Remove(Vec<String>),
    /// Gives an object that `gc` had begun to remove its name back.
    Restore(String),
    /// Moves the folder of a lease aside.
    Lease(String),
    /// Puts the version of the layout aside and writes it anew.
    Format,
}

impl Finding {
    pub(super) fn new(
        severity: Severity,
        kind: Kind,
        path: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            kind,
            path: path.into(),
            what: what.into(),
            cost: NOTHING.to_owned(),
            mend: None,
            run: None,
            repair: None,
            seen: None,
        }
    }

    pub(super) fn costs(mut self, cost: impl Into<String>) -> Self {
        self.cost = cost.into();
        self
    }

    pub(super) fn mended_by(mut self, command: impl Into<String>) -> Self {
        self.mend = Some(command.into());
        self
    }

    /// `jem store fsck --repair` does `repair`, unless `run` is leased.
    pub(super) fn repaired(mut self, repair: Repair, run: Option<RunId>) -> Self {
        self.repair = Some(repair);
        self.run = run;
        let first = FSCK_REPAIR.to_owned();
        self.mend = Some(match self.mend.take() {
            Some(then) => format!("{first}, then {then}"),
            None => first,
        });
        self
    }

    /// Whether `--repair` does something about it.
    pub fn repairable(&self) -> bool {
        self.repair.is_some()
    }
}

/// The cost of what costs nothing.
pub(super) const NOTHING: &str = "nothing";
/// The command that mends most findings.
pub(super) const FSCK_REPAIR: &str = "jem store fsck --repair";
