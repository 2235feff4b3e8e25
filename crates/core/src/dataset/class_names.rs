//! The names of the classes of a folder of pictures, and how those of the test
//! folder become the labels of the training folder: by name, never by position.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::diagnostic::{nearest, quoted_list};

use super::error::DatasetError;

/// Names that an error lists at most.
const SHOWN: usize = 20;

/// How the class folders of a folder of pictures become labels.
#[derive(Clone, Debug, Default)]
pub(super) struct Labelling {
    /// How many classes there are; none where labels are not looked at.
    pub classes: Option<usize>,
    /// The folder whose classes they are, where that is another one.
    pub training: Option<PathBuf>,
    /// Whether each of `classes` has a folder.
    pub complete: bool,
}

/// `name` in the form in which names are compared (Unicode NFC): file systems
/// differ in the form that they keep.
pub(super) fn normalised(name: &str) -> String {
    name.nfc().collect()
}

/// The label of each of the class folders `own` of `folder` among `known`, the
/// classes of the folder `training`.
///
/// # Errors
/// When one of them is no class of the training folder; all such are named.
pub(super) fn labels_among(
    own: &[String],
    folder: &Path,
    known: &[String],
    training: &Path,
) -> Result<Vec<usize>, DatasetError> {
    let place = |name: &String| known.iter().position(|known| known == name);
    let unknown: Vec<&str> =
        own.iter().filter(|name| place(name).is_none()).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(own.iter().filter_map(place).collect());
    }
    let meant = unknown.iter().find_map(|name| Some((*name, meant(name, known)?)));
    let meant = meant.map(|(name, meant)| format!(" (is `{name}` the class `{meant}`?)"));
    let reason = format!(
        "{} {} no class of the training images in {}, whose classes are {}{}. Images have the \
         label of the training class of the same name: rename the folder, or move it away",
        shown(&unknown),
        if unknown.len() == 1 { "is" } else { "are" },
        training.display(),
        shown(&known.iter().map(String::as_str).collect::<Vec<_>>()),
        meant.unwrap_or_default(),
    );
    Err(DatasetError::ImageFolder { path: folder.to_owned(), reason })
}

/// The class that is most likely meant by `name`: the same number, the same but
/// for the case of letters, or a similar name.
fn meant<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let plain = |name: &str| match is_number(name) {
        true => name.trim_start_matches('0').to_owned(),
        false => name.to_lowercase(),
    };
    let same = known.iter().find(|known| plain(known) == plain(name)).map(String::as_str);
    // A number that is near another one is another class.
    let similar = || nearest(name, known.iter().map(String::as_str));
    same.or_else(|| if is_number(name) { None } else { similar() })
}

/// The first of `names`, and how many more there are.
pub(super) fn shown(names: &[&str]) -> String {
    let listed = quoted_list(names.iter().take(SHOWN).copied());
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{listed} and {more} more"),
        _ => listed,
    }
}
