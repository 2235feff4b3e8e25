//! MATLAB files of level 5, as MATLAB up to `-v7` and SciPy write them: a
//! header of 128 bytes, then elements, each a variable, plain or compressed
//! (zlib). Only what data sets hold is read: real numeric arrays.
//! Source: MathWorks, "MAT-File Format", 2023, chapter 1.

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;

use super::gz;

/// The bytes before the first element.
const HEADER: usize = 128;
/// Element types.
const MI_INT8: u32 = 1;
const MI_INT32: u32 = 5;
const MI_UINT32: u32 = 6;
const MI_MATRIX: u32 = 14;
const MI_COMPRESSED: u32 = 15;
/// The longest name of a variable (MATLAB's own bound is 63).
const MAX_NAME: u64 = 256;
/// The most dimensions of an array.
const MAX_DIMS: u64 = 32;
/// The flag of a complex array.
const COMPLEX: u32 = 0x0800;

/// The order of the bytes of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    fn u32(self, b: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(b),
            Self::Big => u32::from_be_bytes(b),
        }
    }
}

/// A numeric array, its values not yet read.
pub(super) struct Variable<'a> {
    /// Its name.
    pub name: String,
    /// Its dimensions, the first fastest.
    pub dims: Vec<u64>,
    /// The class of the array (9 for uint8).
    pub class: u8,
    /// The type that its values are stored as (2 for uint8).
    pub kind: u32,
    /// The bytes of the values.
    pub len: u64,
    /// The order of their bytes.
    pub endian: Endian,
    /// The values.
    pub values: &'a mut dyn Read,
}

impl Variable<'_> {
    /// How many values the dimensions promise.
    pub(super) fn count(&self) -> Option<u64> {
        self.dims.iter().try_fold(1u64, |n, dim| n.checked_mul(*dim))
    }
}

/// Gives each numeric array of `bytes` to `take`, in the order of the file.
///
/// # Errors
/// A reason in words: the bytes are no such file, or `take` says so.
pub(super) fn variables(
    bytes: &[u8],
    take: &mut dyn FnMut(Variable<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let endian = endian(bytes)?;
    let mut rest = &bytes[HEADER..];
    while !rest.is_empty() {
        let Some((&[a, b, c, d, e, f, g, h], after)) = rest.split_first_chunk() else {
            return Err("it ends within the tag of an element".to_owned());
        };
        let (kind, size) = (endian.u32([a, b, c, d]), u64::from(endian.u32([e, f, g, h])));
        if size > after.len() as u64 {
            return Err(format!(
                "an element of {size} bytes where {} are left: the file was cut short",
                after.len()
            ));
        }
        let (element, after) = after.split_at(size as usize);
        match kind {
            MI_MATRIX => matrix(&mut { element }, size, endian, take)?,
            MI_COMPRESSED => compressed(element, endian, take)?,
            other => return Err(format!("an element of type {other}, which is no array")),
        }
        // Only plain elements are filled up to 8 bytes.
        let fill = if kind == MI_COMPRESSED { 0 } else { size.wrapping_neg() % 8 };
        rest = after.get(fill as usize..).unwrap_or_default();
    }
    Ok(())
}

fn endian(bytes: &[u8]) -> Result<Endian, String> {
    if bytes.starts_with(b"MATLAB 7.3") {
        return Err("a MATLAB 7.3 (HDF5) file; save it with `-v7`".to_owned());
    }
    match bytes.get(124..HEADER) {
        Some([0x00, 0x01, b'I', b'M']) => Ok(Endian::Little),
        Some([0x01, 0x00, b'M', b'I']) => Ok(Endian::Big),
        _ => Err("it does not begin as a MATLAB file of level 5 does".to_owned()),
    }
}

/// A compressed element: one matrix. What it promises must be what so many
/// bytes can hold.
fn compressed(
    packed: &[u8],
    endian: Endian,
    take: &mut dyn FnMut(Variable<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let mut unpacked = ZlibDecoder::new(packed);
    let mut word = || read4(&mut unpacked).map(|bytes| endian.u32(bytes));
    let (kind, size) = (word()?, u64::from(word()?));
    if kind != MI_MATRIX {
        return Err(format!("a compressed element of type {kind}, which is no array"));
    }
    if !gz::can_hold(packed.len() as u64, size) {
        return Err(format!("{} compressed bytes cannot hold {size}", packed.len()));
    }
    matrix(&mut unpacked, size, endian, take)
}

/// A matrix of `size` bytes: flags, dimensions, name and, of a numeric array,
/// values.
fn matrix(
    from: &mut dyn Read,
    size: u64,
    endian: Endian,
    take: &mut dyn FnMut(Variable<'_>) -> Result<(), String>,
) -> Result<(), String> {
    // An empty matrix is an element without contents.
    if size == 0 {
        return Ok(());
    }
    let mut from = from.take(size);
    let flags = element(&mut from, endian, MI_UINT32, 8)?;
    let dims = element(&mut from, endian, MI_INT32, 4 * MAX_DIMS)?;
    let name = element(&mut from, endian, MI_INT8, MAX_NAME)?;
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.as_chunks().0.iter().map(|word| endian.u32(*word)).collect()
    };
    let flags = words(&flags).first().copied().unwrap_or_default();
    let class = flags as u8;
    // Classes 6 to 15 are numbers; the others are cells, structures, text.
    if !(6..=15).contains(&class) {
        return Ok(());
    }
    let name = String::from_utf8_lossy(&name).into_owned();
    if flags & COMPLEX != 0 {
        return Err(format!("`{name}` is complex; real numbers are read"));
    }
    let dims: Vec<u64> = words(&dims).into_iter().map(u64::from).collect();
    let Tag { kind, len, small } = tag(&mut from, endian)?;
    if len > size {
        return Err(format!("`{name}` has {len} bytes of values in an element of {size}"));
    }
    let mut here = io::Cursor::new(small.unwrap_or_default());
    let values: &mut dyn Read = if small.is_some() { &mut here } else { &mut from };
    take(Variable { name, dims, class, kind, len, endian, values: &mut values.take(len) })
}

/// What stands before the data of an element within a matrix.
struct Tag {
    kind: u32,
    len: u64,
    /// At most four bytes of data may stand in the tag itself.
    small: Option<[u8; 4]>,
}

fn tag(from: &mut impl Read, endian: Endian) -> Result<Tag, String> {
    let first = endian.u32(read4(from)?);
    let second = read4(from)?;
    if first >> 16 == 0 {
        return Ok(Tag { kind: first, len: u64::from(endian.u32(second)), small: None });
    }
    match first >> 16 {
        len @ 0..=4 => Ok(Tag { kind: first & 0xffff, len: len.into(), small: Some(second) }),
        len => Err(format!("a small element of {len} bytes")),
    }
}

/// The data of an element of type `kind` and at most `most` bytes.
fn element(from: &mut impl Read, endian: Endian, kind: u32, most: u64) -> Result<Vec<u8>, String> {
    let tag = tag(from, endian)?;
    if tag.kind != kind || tag.len > most {
        return Err(format!(
            "an element of type {} and {} bytes where type {kind} and at most {most} are expected",
            tag.kind, tag.len
        ));
    }
    if let Some(small) = tag.small {
        return Ok(small[..tag.len as usize].to_vec());
    }
    let filled = tag.len.next_multiple_of(8);
    let mut data = vec![0; filled as usize];
    from.read_exact(&mut data).map_err(|error| short(&error))?;
    data.truncate(tag.len as usize);
    Ok(data)
}

fn read4(from: &mut impl Read) -> Result<[u8; 4], String> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes).map_err(|error| short(&error))?;
    Ok(bytes)
}

/// What it means that no more could be read.
pub(super) fn short(error: &io::Error) -> String {
    format!("it is damaged or was cut short ({error})")
}
