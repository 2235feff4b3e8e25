//! Reads named members of archives into memory. Nothing is ever extracted by
//! an archive's own paths, so no archive can write anywhere.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use crate::durable;

/// The most bytes of the records that give a member a long name.
const MAX_NAME: u64 = 1 << 16;

/// A package on disk.
pub(super) enum Archive {
    /// A gzip-compressed tar.
    TarGz(PathBuf),
    /// A plain tar.
    Tar(PathBuf),
    /// A zip, such as a wheel.
    Zip(PathBuf),
}

/// A member to read.
pub(super) struct Member {
    /// Its full name in the archive, without a leading `./`.
    pub name: String,
    /// The most bytes it may have.
    pub limit: u64,
}

/// Takes one member's name and bytes; an error ends the reading.
pub(super) type OnMember<'a> = dyn FnMut(&str, Vec<u8>) -> Result<(), String> + 'a;

impl Archive {
    /// Hands each of the `wanted` members to `on_member`, in the archive's
    /// order; all others are passed over. The error is a reason in words.
    pub(super) fn read(
        &self,
        wanted: &[Member],
        on_member: &mut OnMember<'_>,
    ) -> Result<(), String> {
        match self {
            Self::TarGz(path) => tar(GzDecoder::new(open(path)?), wanted, on_member),
            Self::Tar(path) => tar(open(path)?, wanted, on_member),
            Self::Zip(path) => zip(open(path)?, wanted, on_member),
        }
    }
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    let file = durable::open(path).map_err(|error| format!("the archive: {error}"))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

pub(super) fn tar(
    reader: impl Read,
    wanted: &[Member],
    on_member: &mut OnMember<'_>,
) -> Result<(), String> {
    let damaged = |error: std::io::Error| format!("the archive is damaged: {error}");
    let mut left: Vec<&Member> = wanted.iter().collect();
    let mut archive = tar::Archive::new(reader);
    let mut long = None;
    // Raw, since otherwise a long name would be read whole, and a small
    // compressed archive can hold one that fills the memory.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        if left.is_empty() {
            break;
        }
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            long = long_name(&mut entry, kind).map_err(damaged)?.or(long);
            continue;
        }
        let name = long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let name = name.strip_prefix(b"./").unwrap_or(&name);
        let place = left.iter().position(|member| member.name.as_bytes() == name);
        if let Some(place) = place
            && entry.header().entry_type().is_file()
        {
            let member = left.remove(place);
            let size = entry.size();
            let bytes = read_bounded(entry, member)?;
            if (bytes.len() as u64) < size {
                return Err(format!("the archive is cut short in `{}`", member.name));
            }
            on_member(&member.name, bytes)?;
        }
    }
    match left.first() {
        Some(member) => Err(lacks(member)),
        None => Ok(()),
    }
}

/// The name that an entry gives to the next one, if it does.
fn long_name(entry: &mut impl Read, kind: tar::EntryType) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    entry.take(MAX_NAME + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_NAME {
        return Err(io::Error::other(format!("a name of more than {MAX_NAME} bytes")));
    }
    if kind.is_gnu_longname() {
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        return Ok(Some(bytes));
    }
    let mut name = None;
    for record in tar::PaxExtensions::new(&bytes) {
        let record = record?;
        if record.key_bytes() == b"path" {
            name = Some(record.value_bytes().to_vec());
        }
    }
    Ok(name)
}

pub(super) fn zip(
    reader: impl Read + Seek,
    wanted: &[Member],
    on_member: &mut OnMember<'_>,
) -> Result<(), String> {
    let mut archive =
        zip::ZipArchive::new(reader).map_err(|error| format!("the archive is damaged: {error}"))?;
    for member in wanted {
        let entry =
            archive.by_name(&member.name).map_err(|error| format!("{}: {error}", lacks(member)))?;
        let bytes = read_bounded(entry, member)?;
        on_member(&member.name, bytes)?;
    }
    Ok(())
}

fn lacks(member: &Member) -> String {
    format!("the archive lacks `{}`", member.name)
}

fn read_bounded(reader: impl Read, member: &Member) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader
        .take(member.limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("`{}` in the archive is damaged: {error}", member.name))?;
    if bytes.len() as u64 > member.limit {
        return Err(format!(
            "`{}` in the archive has more than the {} bytes it may have",
            member.name, member.limit
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    /// A tar with the given raw names, which `tar::Builder` itself would refuse.
    fn tar_with(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_old();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn read_all(archive: &Archive, name: &str, limit: u64) -> Result<Vec<Vec<u8>>, String> {
        let mut found = Vec::new();
        let wanted = [Member { name: name.to_owned(), limit }];
        archive.read(&wanted, &mut |_, bytes| {
            found.push(bytes);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn members_that_point_outside_are_passed_over_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let path = inner.join("a.tar");
        let members: [(&str, &[u8]); 3] =
            [("../evil", b"x"), ("/evil", b"y"), ("./data/good", b"good")];
        fs::write(&path, tar_with(&members)).unwrap();
        let found = read_all(&Archive::Tar(path), "data/good", 4).unwrap();
        assert_eq!(found, [b"good".to_vec()]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
    }

    #[test]
    fn long_names_of_both_kinds_are_read_up_to_a_bound() {
        let name = format!("folder/{}", "n".repeat(300));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let record = format!("317 path={name}\n");
        assert_eq!(record.len(), 317);
        for (kind, long) in
            [(tar::EntryType::XHeader, record), (tar::EntryType::GNULongName, name.clone() + "\0")]
        {
            for (more, readable) in [(0, true), (MAX_NAME as usize, false)] {
                let long = [long.as_bytes(), &vec![0; more]].concat();
                let mut builder = tar::Builder::new(Vec::new());
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(kind);
                header.set_size(long.len() as u64);
                builder.append_data(&mut header, "long", &long[..]).unwrap();
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(4);
                builder.append_data(&mut header, "short", &b"good"[..]).unwrap();
                fs::write(&path, builder.into_inner().unwrap()).unwrap();
                let found = read_all(&Archive::Tar(path.clone()), &name, 4);
                if readable {
                    assert_eq!(found.unwrap(), [b"good".to_vec()]);
                } else {
                    assert!(found.unwrap_err().contains("more than 65536 bytes"));
                }
            }
        }
    }

    #[test]
    fn a_link_under_a_wanted_name_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "data", "/etc/hostname").unwrap();
        fs::write(&path, builder.into_inner().unwrap()).unwrap();
        let error = read_all(&Archive::Tar(path), "data", 9).unwrap_err();
        assert_eq!(error, "the archive lacks `data`");
    }

    #[test]
    fn a_member_larger_than_its_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        fs::write(&path, tar_with(&[("a", b"12345")])).unwrap();
        let error = read_all(&Archive::Tar(path), "a", 4).unwrap_err();
        assert!(error.contains("more than the 4 bytes"), "{error}");
    }

    #[test]
    fn a_zip_gives_named_members_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in ["../evil", "data/good"] {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(name, options).unwrap();
            writer.write_all(b"good").unwrap();
        }
        writer.finish().unwrap();
        let archive = Archive::Zip(path);
        assert_eq!(read_all(&archive, "data/good", 4).unwrap(), [b"good".to_vec()]);
        assert!(read_all(&archive, "data/none", 4).unwrap_err().contains("lacks `data/none`"));
        assert!(read_all(&archive, "data/good", 3).unwrap_err().contains("more than"));
    }

    #[test]
    fn a_cut_archive_is_damaged_at_every_length() {
        let folder = tempfile::tempdir().unwrap();
        let whole = tar_with(&[("a", &[7; 600]), ("b", &[8; 600])]);
        let path = folder.path().join("a.tar");
        for len in (0..1536 + 512 + 600).step_by(97) {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(read_all(&Archive::Tar(path.clone()), "b", 600).is_err(), "{len}");
        }
    }
}
