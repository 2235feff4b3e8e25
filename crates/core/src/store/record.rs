//! Records with a version: read what is known, refuse what is newer.
//!
//! A record is sealed: its last field, `seal`, is the SHA-256 of the text that
//! it would be without it. Objects are named by their digest; records are not,
//! and without a seal a flipped bit of a number would be believed.

use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::object::io_error;
use crate::digest::Digest;
use crate::durable;

/// No record is longer, in bytes; what is longer is garbage and is not read.
const LONGEST: u64 = 64 << 20;

/// The one field that every version of every record has.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

/// What stands before and after the digest, at the end of a sealed text.
const SEAL: (&str, &str) = (",\n  \"seal\": \"", "\"\n}\n");

/// The text of `record`, sealed.
pub(super) fn text(path: &Path, record: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut text = serde_json::to_vec_pretty(record)
        .map_err(|e| StoreError::Unreadable { path: path.to_owned(), reason: e.to_string() })?;
    text.push(b'\n');
    Ok(sealed(text))
}

/// `text` with its seal. A record is an object with fields, and its text ends
/// with a brace of its own; what ends otherwise is left as it is.
pub(super) fn sealed(mut text: Vec<u8>) -> Vec<u8> {
    let digest = Digest::of(&text);
    if let Some(rest) = text.strip_suffix(b"\n}\n") {
        text.truncate(rest.len());
        text.extend(format!("{}{digest}{}", SEAL.0, SEAL.1).into_bytes());
    }
    text
}

/// The text without its seal, and whether the seal is right; none where there
/// is no seal.
fn unsealed(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let rest = bytes.strip_suffix(SEAL.1.as_bytes())?;
    let (rest, hex) = rest.split_at_checked(rest.len().checked_sub(64)?)?;
    let rest = rest.strip_suffix(SEAL.0.as_bytes())?;
    let text = [rest, b"\n}\n"].concat();
    let right = std::str::from_utf8(hex).is_ok_and(|hex| hex == Digest::of(&text).to_hex());
    Some((text, right))
}

/// As [`parse`], of a kind of record that is sealed from format `sealed` on.
pub(super) fn parse_sealed<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
    newest: u32,
    sealed: u32,
) -> Result<T, StoreError> {
    let unreadable =
        |reason: &str| StoreError::Unreadable { path: path.to_owned(), reason: reason.to_owned() };
    match unsealed(bytes) {
        Some((text, true)) => parse(path, &text, newest),
        Some((_, false)) => Err(unreadable("it was altered: its seal is that of another text")),
        None => {
            let versioned: Versioned =
                serde_json::from_slice(bytes).map_err(|e| unreadable(&e.to_string()))?;
            check(path, versioned.format, newest)?;
            if versioned.format >= u64::from(sealed) {
                return Err(unreadable("it was altered: its seal is missing"));
            }
            parse(path, bytes, newest)
        }
    }
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
    match durable::read_at_most(path, LONGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
            Err(StoreError::Unreadable { path: path.to_owned(), reason: e.to_string() })
        }
        Err(e) => Err(io_error(path)(e)),
    }
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

    #[test]
    fn a_flipped_bit_anywhere_breaks_the_seal() {
        #[derive(Serialize)]
        struct Record {
            format: u32,
            more: Vec<f64>,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Read {
            format: u32,
            more: Vec<f64>,
        }
        let path = Path::new("a/b.json");
        let whole = text(path, &Record { format: 2, more: vec![0.5, 1e-9] }).unwrap();
        let read = |bytes: &[u8]| parse_sealed::<Read>(path, bytes, 2, 2);
        assert_eq!(read(&whole).unwrap(), Read { format: 2, more: vec![0.5, 1e-9] });
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[at] ^= 1 << bit;
                assert!(read(&altered).is_err(), "bit {bit} of byte {at}");
            }
            assert!(read(&whole[..at]).is_err());
        }
        // An older format had none.
        let old = parse_sealed::<Read>(path, br#"{"format": 1, "more": []}"#, 2, 2);
        assert_eq!(old.unwrap(), Read { format: 1, more: Vec::new() });
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
