//! Files of the user's own: which formats there are, and which files of each.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::DatasetError;
use super::images::Split;
use super::resize::Wanted;

/// Files of the user's own; exactly one of the formats is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserFiles {
    /// What tables and charts call the set: letters, digits, `-`, `_` and `.`.
    /// The name of the test images' folder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// IDX files, raw or gzip-compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idx: Option<IdxFiles>,
    /// CIFAR-10 binary files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cifar: Option<CifarFiles>,
    /// CIFAR-100 binary files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cifar100: Option<Cifar100Files>,
    /// SVHN's MATLAB files of cropped digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub svhn: Option<SvhnFiles>,
    /// Folders of PNG and JPEG files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<ImageFolders>,
    /// How many classes there are, 1 to 256; every label is below it. A set that
    /// is only judged by, or learnt from as out-of-distribution, needs none:
    /// without it no label is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// The value of a fully bright pixel, 1 to 255; 255 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_max: Option<u8>,
    /// Height and width, 1 to 4096 each, that every image is brought to
    /// (bilinear, smoothed when made smaller); as they are when absent. For
    /// `images` it stands in their own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<[usize; 2]>,
    /// 1 or 3: images are made grey or given three equal channels; as they are
    /// when absent. For `images` it stands in their own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
}

/// IDX files. A set that only judges (out-of-distribution data) needs no train
/// files, and out-of-distribution data need no labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdxFiles {
    /// Train images, `[n, h, w]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_images: Option<PathBuf>,
    /// Train labels, `[n]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_labels: Option<PathBuf>,
    /// Test images, `[n, h, w]`.
    pub test_images: PathBuf,
    /// Test labels, `[n]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<PathBuf>,
}

/// CIFAR-10 binary files; each list is read in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CifarFiles {
    /// Train records; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train: Vec<PathBuf>,
    /// Test records.
    pub test: Vec<PathBuf>,
}

/// CIFAR-100 binary files; each list is read in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cifar100Files {
    /// Train records; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train: Vec<PathBuf>,
    /// Test records.
    pub test: Vec<PathBuf>,
    /// Which of a record's two labels is read: fine (100 classes) or coarse
    /// (20); fine when absent.
    #[serde(default, skip_serializing_if = "Cifar100Labels::is_fine")]
    pub labels: Cifar100Labels,
}

/// The two labels of a CIFAR-100 record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cifar100Labels {
    /// 100 classes.
    #[default]
    Fine,
    /// 20 superclasses.
    Coarse,
}

impl Cifar100Labels {
    fn is_fine(&self) -> bool {
        *self == Self::Fine
    }
}

/// SVHN's files of cropped digits, such as `test_32x32.mat`: `X` and `y`, whose
/// 10 is the digit 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SvhnFiles {
    /// The train file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// The test file.
    pub test: PathBuf,
}

/// Folders of PNG and JPEG files: one folder a class, in the order of their
/// names, or, for a set that only judges, all files in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageFolders {
    /// The folder of train images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// The folder of test images.
    pub test: PathBuf,
    /// Height and width, 1 to 4096 each, that every image is brought to
    /// (bilinear, smoothed when made smaller). Without it an image of another
    /// size than the first is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<[usize; 2]>,
    /// 1 or 3: images are made grey or given three equal channels. Without it
    /// an image of other channels than the first is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
}

/// The one format that is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format<'a> {
    Idx(&'a IdxFiles),
    Cifar(&'a CifarFiles),
    Cifar100(&'a Cifar100Files),
    Svhn(&'a SvhnFiles),
    Images(&'a ImageFolders),
}

impl<'a> Format<'a> {
    /// The key of its table.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Idx(_) => "idx",
            Self::Cifar(_) => "cifar",
            Self::Cifar100(_) => "cifar100",
            Self::Svhn(_) => "svhn",
            Self::Images(_) => "images",
        }
    }

    /// The file of labels alone of `split`; none where labels stand with the
    /// images, or there are none.
    pub(super) fn label_path(self, split: Split) -> Option<&'a Path> {
        let Self::Idx(idx) = self else { return None };
        match split {
            Split::Train => idx.train_labels.as_deref(),
            Split::Test => idx.test_labels.as_deref(),
        }
    }

    /// The files or folders of the images of `split`.
    pub(super) fn paths(self, split: Split) -> Vec<&'a Path> {
        let only = |path: &'a Option<PathBuf>| path.iter().map(PathBuf::as_path).collect();
        match (self, split) {
            (Self::Idx(idx), Split::Train) => only(&idx.train_images),
            (Self::Idx(idx), Split::Test) => vec![&idx.test_images],
            (Self::Cifar(CifarFiles { train, test }), _)
            | (Self::Cifar100(Cifar100Files { train, test, .. }), _) => {
                let paths = if split == Split::Train { train } else { test };
                paths.iter().map(PathBuf::as_path).collect()
            }
            (Self::Svhn(SvhnFiles { train, .. }), Split::Train)
            | (Self::Images(ImageFolders { train, .. }), Split::Train) => only(train),
            (Self::Svhn(SvhnFiles { test, .. }), Split::Test)
            | (Self::Images(ImageFolders { test, .. }), Split::Test) => vec![test],
        }
    }
}

impl UserFiles {
    /// Every format that is given, in the order of the fields.
    fn formats(&self) -> Vec<Format<'_>> {
        let Self { idx, cifar, cifar100, svhn, images, .. } = self;
        let given = [
            idx.as_ref().map(Format::Idx),
            cifar.as_ref().map(Format::Cifar),
            cifar100.as_ref().map(Format::Cifar100),
            svhn.as_ref().map(Format::Svhn),
            images.as_ref().map(Format::Images),
        ];
        given.into_iter().flatten().collect()
    }

    /// The one format that is given.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(super) fn format(&self) -> Result<Format<'_>, DatasetError> {
        let wrong = |text: &str| Err(DatasetError::UserFiles(text.to_owned()));
        match self.formats()[..] {
            [format] => Ok(format),
            [] => wrong(
                "own data need one table of files: `idx = { test_images = … }`, \
                 `cifar = { test = [ … ] }`, `cifar100 = { test = [ … ] }`, `svhn = { test = … }` \
                 or `images = { test = … }`",
            ),
            _ => wrong(
                "own data have one table of files: `idx`, `cifar`, `cifar100`, `svhn` or \
                 `images`; remove the others",
            ),
        }
    }

    /// The key of the one format that is given.
    pub(super) fn key(&self) -> &'static str {
        self.formats().first().map_or("idx", |format| format.key())
    }

    /// The file of labels that is read for `split` beside that of the images;
    /// none where labels are not asked for, stand with the images, or are
    /// missing.
    pub(super) fn label_path(&self, split: Split) -> Option<&Path> {
        self.classes?;
        self.formats().first()?.label_path(split)
    }

    /// How many classes the labels of `split` have; none where they are not
    /// looked at, since `classes` or they themselves are not given.
    pub(super) fn labelled(&self, split: Split) -> Option<usize> {
        match self.idx {
            Some(_) => self.label_path(split).and(self.classes),
            None => self.classes,
        }
    }

    /// The first key that says too little of labels for a network to be trained
    /// and tested on these files, and the table it belongs to, from the set's
    /// own on.
    pub fn missing_for_training(&self) -> Option<(&'static str, &'static str)> {
        let of_idx = self.idx.as_ref().and_then(|idx| match idx {
            IdxFiles { test_labels: None, .. } => Some("test_labels"),
            IdxFiles { train_images: Some(_), train_labels: None, .. } => Some("train_labels"),
            _ => None,
        });
        let own = self.classes.is_none().then_some(("classes", ""));
        of_idx.map(|key| (key, ".idx")).or(own)
    }

    /// The files or folders of the images of `split`; none where it is not
    /// given.
    pub fn paths(&self, split: Split) -> Vec<&Path> {
        self.formats().first().map_or(Vec::new(), |format| format.paths(split))
    }

    /// Every path there is, to be changed.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let mut paths: Vec<&mut PathBuf> = Vec::new();
        if let Some(IdxFiles { train_images, train_labels, test_images, test_labels }) =
            &mut self.idx
        {
            paths.push(test_images);
            paths.extend([train_images, train_labels, test_labels].into_iter().flatten());
        }
        if let Some(CifarFiles { train, test }) = &mut self.cifar {
            paths.extend(train.iter_mut().chain(test));
        }
        if let Some(Cifar100Files { train, test, .. }) = &mut self.cifar100 {
            paths.extend(train.iter_mut().chain(test));
        }
        if let Some(SvhnFiles { train, test }) = &mut self.svhn {
            paths.extend(train.iter_mut().chain([test]));
        }
        if let Some(ImageFolders { train, test, .. }) = &mut self.images {
            paths.extend(train.iter_mut().chain([test]));
        }
        paths
    }

    /// What every picture is brought to.
    pub(super) fn wanted(&self) -> Wanted {
        match &self.images {
            Some(folders) => Wanted::new(folders.resize, folders.channels),
            None => Wanted::new(self.resize, self.channels),
        }
    }

    /// Whether the description can be used; the files are not looked at.
    ///
    /// # Errors
    /// When not exactly one format is given, labels lack their images, or a
    /// number is out of its range.
    pub fn check(&self) -> Result<(), DatasetError> {
        let wrong = |text: String| Err(DatasetError::UserFiles(text));
        match self.format()? {
            Format::Idx(idx) if idx.train_labels.is_some() && idx.train_images.is_none() => {
                return wrong(
                    "`train_labels` and `train_images` belong together: `train_images` is missing"
                        .to_owned(),
                );
            }
            Format::Cifar(CifarFiles { test, .. })
            | Format::Cifar100(Cifar100Files { test, .. })
                if test.is_empty() =>
            {
                return wrong("`test` names no file; at least one is needed".to_owned());
            }
            Format::Images(_) if self.resize.is_some() || self.channels.is_some() => {
                return wrong(
                    "`resize` and `channels` of folders of images stand in their own table: \
                     `images = { test = …, resize = …, channels = … }`"
                        .to_owned(),
                );
            }
            _ => {}
        }
        self.wanted().check()?;
        if let Some(classes) = self.classes.filter(|classes| !(1..=256).contains(classes)) {
            return wrong(format!(
                "`classes = {classes}`: 1 to 256 are accepted, as labels are single bytes"
            ));
        }
        if let Some(name) = &self.name
            && (name.is_empty() || !name.chars().all(is_plain))
        {
            return wrong(format!(
                "`name = \"{name}\"`: letters, digits, `-`, `_` and `.` are accepted"
            ));
        }
        if self.pixel_max == Some(0) {
            return wrong("`pixel_max = 0`: 1 to 255 are accepted".to_owned());
        }
        Ok(())
    }
}

/// Whether `c` may stand in a name that becomes a part of a metric's path.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}
