//! All that can be wrong with a data set, said with the next thing to do.

use std::io;
use std::path::PathBuf;

use super::folder::FileContent;
use super::images::Split;

/// Why a data set could not be named, fetched or read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The catalogue has no set of this name.
    #[error("there is no data set `{name}` in the catalogue{}; it has {known}. \
             Files of your own are given by path: `{{ idx = {{ … }}, classes = 10 }}`",
            nearest.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    UnknownSet {
        /// The name asked for.
        name: String,
        /// The catalogue's nearest name, when one is near.
        nearest: Option<String>,
        /// All names of the catalogue.
        known: String,
    },
    /// A catalogue that cannot be read.
    #[error("the data catalogue is wrong: {0}")]
    Catalogue(String),
    /// A description of the user's own files that cannot be used.
    #[error("{0}")]
    UserFiles(String),
    /// The set has no files for this split.
    #[error(
        "{what} has no {split} split; give `{split}` files, or use the set only where \
             no {split} split is read"
    )]
    NoSplit {
        /// The set.
        what: String,
        /// The split asked for.
        split: Split,
    },
    /// A catalogue file that is not in the data folder.
    #[error("{}: the file is not there; run `jem data fetch {set}`", path.display())]
    NotFetched {
        /// The set's name.
        set: String,
        /// Where the file should be.
        path: PathBuf,
    },
    /// A catalogue file that is not in the data folder, and that only the user can
    /// bring.
    #[error(
        "{}: it is not there. The catalogue knows no digest of `{set}`, so that nothing is fetched \
         by itself: get {origin}, and put it there; or set the environment variable JEM_MIRROR to \
         the address or the folder of a mirror that has it under `{set}/`, and run \
         `jem data fetch {set}`. What is read then is recorded by its digest",
        path.display()
    )]
    NotBrought {
        /// The set's name.
        set: String,
        /// Where the file should be.
        path: PathBuf,
        /// What the authors call the files.
        origin: String,
    },
    /// The operating system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A file whose first bytes are not those of the expected format.
    #[error("{}: {found} where {expected} is expected{hint}", path.display())]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// What the file begins with, or looks like.
        found: String,
        /// The format that is read here.
        expected: String,
        /// A guess at the mistake, with its leading `; `, or empty.
        hint: String,
    },
    /// A file too short or too long for what its own header promises.
    #[error("{}: {found} bytes where {expected} are expected ({reason}); {}",
            path.display(),
            if found < expected { "the file was cut short: copy or fetch it again" }
            else { "something was appended: copy or fetch it again" })]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes there are, after decompression.
        found: u64,
        /// Bytes there should be.
        expected: u64,
        /// What the expectation rests on.
        reason: String,
    },
    /// A header with dimensions no data set has.
    #[error("{}: the header says {found}; accepted are {accepted}. The file is damaged or of \
             another format", path.display())]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// The dimensions found.
        found: String,
        /// The accepted range.
        accepted: String,
    },
    /// Compressed bytes that do not decode.
    #[error("{}: the gzip data is damaged or cut short ({reason}); copy or fetch it again",
            path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// A file that is not what it should be, for a reason of its format.
    #[error("{}: this is not {what}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// A folder of images that cannot be read as one, or an image of it that
    /// is not like the others.
    #[error("{}: {reason}", path.display())]
    ImageFolder {
        /// The folder or the file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A catalogue file with other bytes than the catalogue's.
    #[error("{}: {found} where the catalogue has {expected}{hint}; run \
             `jem data fetch {set}` to replace it", path.display())]
    Checksum {
        /// The set's name.
        set: String,
        /// The file.
        path: PathBuf,
        /// What the file is.
        found: Box<FileContent>,
        /// What the catalogue says.
        expected: Box<FileContent>,
        /// A guess at the mistake, with its leading `; `, or empty.
        hint: String,
    },
    /// An image file and a label file that do not belong together.
    #[error("{} has {images} images, {} has {labels} labels; they must be as many: check that \
             both are of the same split", images_path.display(), labels_path.display())]
    Counts {
        /// The image file.
        images_path: PathBuf,
        /// Its number of images.
        images: usize,
        /// The label file.
        labels_path: PathBuf,
        /// Its number of labels.
        labels: usize,
    },
    /// A value outside its range.
    #[error("{}: {what} {found} at image {index}, where 0 to {max} are accepted; {next}",
            path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// `label` or `pixel`.
        what: &'static str,
        /// The value.
        found: u8,
        /// The first image that has it.
        index: usize,
        /// The largest accepted value.
        max: usize,
        /// What to do about it.
        next: String,
    },
    /// A label below that of the first class.
    #[error(
        "{}: label {found} at image {index}, where labels start with {first}; the file is damaged, \
         or not the one that its name says",
        path.display()
    )]
    LabelTooSmall {
        /// The file of the images.
        path: PathBuf,
        /// The label.
        found: u8,
        /// The first image that has it.
        index: usize,
        /// The label of the first class.
        first: u8,
    },
    /// No mirror delivered the set.
    #[error("data set `{set}` could not be fetched; tried in this order:\n{reasons}\n\
             If you have the files{origin}, put them, decompressed, into {} under the names {files} \
             and run `jem data verify {set}`. A mirror of your own is tried first: JEM_MIRROR is \
             its address or its folder, in which the files lie under `{set}/`", folder.display())]
    Fetch {
        /// The set's name.
        set: String,
        /// One line for each mirror: its name and why it failed.
        reasons: String,
        /// What the authors call the files, after a comma, or empty.
        origin: String,
        /// Where the files belong.
        folder: PathBuf,
        /// The names of the files that are still missing.
        files: String,
    },
}

impl DatasetError {
    /// An error of the operating system at `path`.
    pub(super) fn io(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::Io { path: path.into(), error }
    }
}
