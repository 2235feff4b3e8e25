//! What people should know of a set that was read, beside its images: the names
//! of its classes, those without images, and what its files say that is not
//! followed.

use serde::{Deserialize, Serialize};

use super::picture::Remark;

/// What is said of a split that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The names of the classes, in the order of their labels; none where classes
    /// have no names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Those of the classes that have no image in this split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl About {
    /// Whether there is nothing to be said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The remarks on the pictures of a folder.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// For each kind how many pictures have it, and the first of them.
    kinds: Vec<(Kind, usize, String)>,
    highest: u16,
}

/// The kind of a [`Remark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Turned,
    UnreadableExif,
    Profile,
    Gamma,
    Chromaticities,
    Sixteen,
}

/// Of 16 bits with no value up to here pictures are nearly black: their values
/// have fewer bits and were not scaled.
const NEARLY_BLACK: u16 = 1 << 12;

impl Remarks {
    /// Takes in the `remarks` on the picture `name`.
    pub(super) fn take(&mut self, name: &str, remarks: &[Remark]) {
        for remark in remarks {
            let kind = match remark {
                Remark::Turned => Kind::Turned,
                Remark::UnreadableExif => Kind::UnreadableExif,
                Remark::Profile => Kind::Profile,
                Remark::Gamma => Kind::Gamma,
                Remark::Chromaticities => Kind::Chromaticities,
                Remark::Sixteen { highest } => {
                    self.highest = self.highest.max(*highest);
                    Kind::Sixteen
                }
            };
            match self.kinds.iter_mut().find(|(known, ..)| *known == kind) {
                Some((_, count, _)) => *count += 1,
                None => self.kinds.push((kind, 1, name.to_owned())),
            }
        }
    }

    /// Why the values of pictures of 16 bits cannot be what they should be.
    ///
    /// # Errors
    /// Where all of them are nearly black.
    pub(super) fn check_range(&self) -> Result<(), String> {
        let sixteen = self.kinds.iter().find(|(kind, ..)| *kind == Kind::Sixteen);
        match sixteen {
            Some((_, count, first)) if (1..NEARLY_BLACK).contains(&self.highest) => Err(format!(
                "of {count} pictures of 16 bits (`{first}`) none has a value above {} of 65535: \
                 they would be read as nearly black. If their values have 12 bits, scale them to \
                 16 (multiply them by 65535 / 4095), or save them with 8",
                self.highest
            )),
            _ => Ok(()),
        }
    }

    /// A sentence for each kind.
    pub(super) fn sentences(&self) -> Vec<String> {
        let sentence = |(kind, count, first): &(Kind, usize, String)| {
            let what = match kind {
                Kind::Turned => "turned or mirrored as their EXIF orientation says",
                Kind::UnreadableExif => {
                    "read as they are stored, since their EXIF block is damaged"
                }
                Kind::Profile => "read without applying their colour profile",
                Kind::Gamma => "read without applying their gamma, which is not that of sRGB",
                Kind::Chromaticities => {
                    "read without applying their primaries, which are not those of sRGB"
                }
                Kind::Sixteen => {
                    return format!(
                        "{count} pictures of 16 bits (the first is `{first}`) were read by their \
                         higher 8 bits; their highest value is {} of 65535",
                        self.highest
                    );
                }
            };
            format!("{count} pictures (the first is `{first}`) were {what}")
        };
        self.kinds.iter().map(sentence).collect()
    }
}
