//! Records with a version: read what is known, refuse what is newer.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::object::io_error;

/// No record is longer, in bytes; what is longer is garbage and is not read.
const LONGEST: u64 = 64 << 20;

/// The one field that every version of every record has.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

/// The record that `bytes`, from the file at `path`, hold. A version above
/// `newest` is refused by name before its fields are looked at: it may have
/// some that are not known here.
pub(super) fn parse<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    newest: u32,
) -> Result<T, StoreError> {
    let unreadable = |reason: String| StoreError::Unreadable { path: path.to_owned(), reason };
    let versioned: Versioned =
        serde_json::from_slice(bytes).map_err(|e| unreadable(e.to_string()))?;
    check(path, versioned.format, newest)?;
    serde_json::from_slice(bytes).map_err(|e| unreadable(e.to_string()))
}

/// Whether `found`, the version of the file at `path`, can be read: from 1 to
/// `newest`.
pub(super) fn check(path: &Path, found: u64, newest: u32) -> Result<(), StoreError> {
    let path = path.to_owned();
    if found == 0 {
        let reason = "there is no format 0".to_owned();
        return Err(StoreError::Unreadable { path, reason });
    }
    if found > u64::from(newest) {
        return Err(StoreError::Newer { path, found: found.to_string() });
    }
    Ok(())
}

/// The bytes of the record at `path`; none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(path)(e)),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(io_error(path))?;
    if bytes.len() as u64 > LONGEST {
        let reason = format!("it has more than {LONGEST} bytes");
        return Err(StoreError::Unreadable { path: path.to_owned(), reason });
    }
    Ok(Some(bytes))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Known {
        format: u32,
    }

    fn said(text: &str) -> String {
        parse::<Known>(Path::new("a/b.json"), text.as_bytes(), 2).unwrap_err().to_string()
    }

    #[test]
    fn a_newer_record_is_named_as_such_whatever_else_it_holds() {
        let text = said(r#"{"format": 3, "new": [1], "newer": {}}"#);
        assert!(text.starts_with("a/b.json has format 3, which a newer version"), "{text}");
        assert!(said(r#"{"format": 99999999999}"#).contains("format 99999999999"));
    }

    #[test]
    fn an_older_record_is_read_and_a_wrong_one_says_what_is_wrong() {
        let known: Known = parse(Path::new("a"), br#"{"format": 1}"#, 2).unwrap();
        assert_eq!(known.format, 1);
        assert!(said(r#"{"format": 2, "new": 1}"#).contains("unknown field `new`"));
        assert!(said(r#"{"form": 2}"#).contains("missing field `format`"));
        assert!(said(r#"{"format": 0}"#).contains("there is no format 0"));
        assert!(said(r#"{"format": "#).contains("is not a readable record"));
        assert!(said("").contains("is not a readable record"));
    }
}
