//! SHA-256 digests and the byte-level hashing contract behind every id.
//!
//! # The contract
//! A value is hashed through its *canonical form*: the tree of its fields,
//! flattened to `path → leaf` pairs, sorted by path (bytewise). Each pair is
//! written as
//!
//! ```text
//! u32-le length of path, path bytes (UTF-8, parts joined by '.'), leaf
//! ```
//!
//! and a leaf is one tag byte followed by
//!
//! | tag | leaf | bytes |
//! |---|---|---|
//! | `b` | boolean | one byte, 0 or 1 |
//! | `i` | integer | i128, little endian |
//! | `f` | real | the eight bytes of the IEEE-754 double, little endian; −0 is written as 0 |
//! | `s` | string | u32-le length, UTF-8 bytes |
//! | `a` | array | u32-le length, then the leaves; an inner table is `t`, u32-le pair count, pairs |
//!
//! An unset option (`null`) writes nothing, so that a new optional field, left
//! unset, changes no existing id. Fields typed as reals are always tagged `f`,
//! so `1`, `1.0` and `1e0` are one value. Every id prefixes its own domain
//! string, so no two kinds of id can collide by having equal contents.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written as 64 lower-case hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of all that `reader` gives, which may be larger than memory,
    /// and its number of bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let (mut hasher, mut part, mut len) = (Hasher::new(), vec![0; 1 << 20], 0);
        loop {
            match reader.read(&mut part)? {
                0 => return Ok((hasher.finish(), len)),
                n => {
                    hasher.update(&part[..n]);
                    len += n as u64;
                }
            }
        }
    }

    /// The digest that is `bytes`.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal characters.
    pub fn to_hex(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(HEX[usize::from(byte >> 4)] as char);
            text.push(HEX[usize::from(byte & 15)] as char);
        }
        text
    }

    /// The first `n` hexadecimal characters, for people to read.
    pub fn short(&self, n: usize) -> String {
        let mut text = self.to_hex();
        text.truncate(n);
        text
    }

    /// Reads 64 hexadecimal characters.
    ///
    /// # Errors
    /// When the text has another length or holds another character.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let bad = || DigestError(text.to_owned());
        let raw = text.as_bytes();
        if raw.len() != 64 {
            return Err(bad());
        }
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(raw.chunks_exact(2)) {
            let high = (pair[0] as char).to_digit(16).ok_or_else(bad)?;
            let low = (pair[1] as char).to_digit(16).ok_or_else(bad)?;
            *byte = (high * 16 + low) as u8;
        }
        Ok(Self(bytes))
    }
}

/// A text that is no SHA-256 digest.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest: 64 hexadecimal characters are expected")]
pub struct DigestError(String);

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::parse(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short(12))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A digest built up piece by piece.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A hasher for one kind of id: it has seen `domain` and a zero byte.
    pub fn for_domain(domain: &str) -> Self {
        let mut hasher = Self::new();
        hasher.update(domain.as_bytes()).update(&[0]);
        hasher
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The digest of all bytes taken in so far.
    pub fn finish(&self) -> Digest {
        Digest(self.0.clone().finalize().into())
    }
}

/// The canonical leaves of a value: pairs of path and encoded leaf, sorted by
/// path. See the module for the encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canonical {
    pairs: Vec<(String, Vec<u8>)>,
}

impl Canonical {
    /// Flattens `value`, an object tree.
    pub fn of(value: &Value) -> Self {
        let encoded = |(path, leaf): (String, &Value)| (path, encode_leaf(leaf));
        Self { pairs: leaves(value).into_iter().map(encoded).collect() }
    }

    /// The place of `path` among the pairs: `Ok` where it stands, `Err` where
    /// it would have to be put.
    pub fn position(&self, path: &str) -> Result<usize, usize> {
        self.pairs.binary_search_by(|(have, _)| have.as_str().cmp(path))
    }

    /// Feeds all pairs to `hasher`, with `replaced` leaves in the place of
    /// their own. `replaced` is sorted by path; an empty leaf means unset.
    pub fn hash_with(&self, hasher: &mut Hasher, replaced: &[(&str, &[u8])]) {
        let mut ours = self.pairs.iter().peekable();
        let mut theirs = replaced.iter().peekable();
        loop {
            let take_theirs = match (ours.peek(), theirs.peek()) {
                (None, None) => break,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some((path, _)), Some((other, _))) => {
                    if path == other {
                        ours.next();
                    }
                    path.as_str() >= *other
                }
            };
            if take_theirs {
                if let Some((path, leaf)) = theirs.next() {
                    hash_pair(hasher, path, leaf);
                }
            } else if let Some((path, leaf)) = ours.next() {
                hash_pair(hasher, path, leaf);
            }
        }
    }

    /// Feeds all pairs to `hasher`.
    pub fn hash_into(&self, hasher: &mut Hasher) {
        self.hash_with(hasher, &[]);
    }
}

fn hash_pair(hasher: &mut Hasher, path: &str, leaf: &[u8]) {
    if leaf.is_empty() {
        return;
    }
    hasher.update(&(path.len() as u32).to_le_bytes()).update(path.as_bytes()).update(leaf);
}

/// The leaves of `value`, an object tree, that are hashed, by path: every
/// field that is set, sorted by path.
pub fn leaves(value: &Value) -> Vec<(String, &Value)> {
    let mut pairs = Vec::new();
    flatten(String::new(), value, &mut pairs);
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    pairs
}

fn flatten<'a>(path: String, value: &'a Value, pairs: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(path, inner, pairs);
            }
        }
        leaf => pairs.push((path, leaf)),
    }
}

/// Encodes one leaf as the module's table says; empty for an unset option.
pub fn encode_leaf(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17);
    match value {
        Value::Null => {}
        Value::Bool(flag) => bytes.extend([b'b', u8::from(*flag)]),
        Value::Number(number) => encode_number(number, &mut bytes),
        Value::String(text) => {
            bytes.push(b's');
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        Value::Array(items) => {
            bytes.push(b'a');
            bytes.extend((items.len() as u32).to_le_bytes());
            for item in items {
                bytes.extend(encode_leaf(item));
            }
        }
        Value::Object(_) => {
            let inner = Canonical::of(value);
            bytes.push(b't');
            bytes.extend((inner.pairs.len() as u32).to_le_bytes());
            for (path, leaf) in &inner.pairs {
                bytes.extend((path.len() as u32).to_le_bytes());
                bytes.extend(path.as_bytes());
                bytes.extend(leaf);
            }
        }
    }
    bytes
}

fn encode_number(number: &serde_json::Number, bytes: &mut Vec<u8>) {
    if let Some(integer) = number.as_i128() {
        bytes.push(b'i');
        bytes.extend(integer.to_le_bytes());
    } else {
        let real = number.as_f64().unwrap_or(f64::NAN);
        let real = if real == 0.0 { 0.0 } else { real };
        bytes.push(b'f');
        bytes.extend(real.to_bits().to_le_bytes());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(value: &Value) -> String {
        let mut hasher = Hasher::for_domain("test");
        Canonical::of(value).hash_into(&mut hasher);
        hasher.finish().to_hex()
    }

    #[test]
    fn the_empty_text_has_its_known_digest() {
        assert_eq!(
            Digest::of(b"").to_hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(Digest::parse(&Digest::of(b"x").to_hex()).unwrap(), Digest::of(b"x"));
        assert!(Digest::parse("abc").is_err());
    }

    #[test]
    fn key_order_and_unset_options_do_not_matter() {
        let one = json!({"a": 1.0, "b": {"c": "x", "d": [1, 2]}});
        let two = json!({"b": {"d": [1, 2], "c": "x", "new": null}, "a": 1.0});
        assert_eq!(digest(&one), digest(&two));
    }

    #[test]
    fn integers_reals_and_negative_zero_are_told_apart_as_written() {
        assert_ne!(digest(&json!({"a": 1})), digest(&json!({"a": 1.0})));
        assert_eq!(digest(&json!({"a": -0.0})), digest(&json!({"a": 0.0})));
        assert_ne!(digest(&json!({"a": "1"})), digest(&json!({"a": 1})));
    }

    #[test]
    fn moving_text_between_fields_changes_the_digest() {
        assert_ne!(digest(&json!({"a": "xy", "b": "z"})), digest(&json!({"a": "x", "b": "yz"})));
    }

    #[test]
    fn replacing_a_leaf_equals_hashing_the_changed_value() {
        let base = Canonical::of(&json!({"a": 1.0, "c": {"x": 2}, "z": true}));
        let cases: [(&str, Value, Value); 4] = [
            ("c.x", json!(5), json!({"a": 1.0, "c": {"x": 5}, "z": true})),
            ("b", json!("new"), json!({"a": 1.0, "b": "new", "c": {"x": 2}, "z": true})),
            ("zz", json!(1), json!({"a": 1.0, "c": {"x": 2}, "z": true, "zz": 1})),
            ("a", Value::Null, json!({"c": {"x": 2}, "z": true})),
        ];
        for (path, leaf, whole) in cases {
            let mut hasher = Hasher::for_domain("test");
            base.hash_with(&mut hasher, &[(path, &encode_leaf(&leaf))]);
            assert_eq!(hasher.finish().to_hex(), digest(&whole), "{path}");
        }
    }
}
