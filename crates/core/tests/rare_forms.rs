//! IDX and MATLAB files in forms that are valid and rare: read as they are meant,
//! or refused by name. MATLAB files are put together here by the format's
//! description (MathWorks, "MAT-File Format", 2023, chapter 1), since SciPy writes
//! little-endian files with the smallest types alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jem_core::dataset::untrusted::{idx, svhn};

/// The bytes of a MATLAB file in one of the two orders.
struct Mat {
    big: bool,
    bytes: Vec<u8>,
}

impl Mat {
    fn new(big: bool) -> Self {
        let mut bytes = vec![b' '; 124];
        bytes[..10].copy_from_slice(b"MATLAB 5.0");
        bytes.extend(if big { [1, 0, b'M', b'I'] } else { [0, 1, b'I', b'M'] });
        Self { big, bytes }
    }

    fn ordered(&self, little: &[u8]) -> Vec<u8> {
        let mut bytes = little.to_vec();
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn word(&self, word: u32) -> Vec<u8> {
        self.ordered(&word.to_le_bytes())
    }

    /// An element: its type, its length, its data filled up to 8 bytes.
    fn element(&self, kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [self.word(kind), self.word(data.len() as u32), data.to_vec()].concat();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// At most 4 bytes in the tag itself.
    fn small(&self, kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [self.word((data.len() as u32) << 16 | kind), data.to_vec()].concat();
        bytes.resize(8, 0);
        bytes
    }

    /// A numeric array of the class `class`, its values as the element `values`.
    fn matrix(mut self, class: u32, dims: &[u32], name: &str, values: &[u8]) -> Self {
        let flags = [self.word(class), self.word(0)].concat();
        let dims: Vec<u8> = dims.iter().flat_map(|dim| self.word(*dim)).collect();
        let inner = [
            self.element(6, &flags),
            self.element(5, &dims),
            self.small(1, name.as_bytes()),
            values.to_vec(),
        ];
        let matrix = self.element(14, &inner.concat());
        self.bytes.extend(matrix);
        self
    }

    /// With `X`, two images whose pixels count up.
    fn with_images(self) -> Self {
        let values: Vec<u8> = (0..2 * 3072usize).map(|i| (i % 251) as u8).collect();
        let values = self.element(2, &values);
        self.matrix(9, &[32, 32, 3, 2], "X", &values)
    }

    /// `values` of the element type `kind`, whose little-endian bytes `of` gives.
    fn values(&self, kind: u32, values: &[u8], of: &dyn Fn(u8) -> Vec<u8>) -> Vec<u8> {
        let data: Vec<u8> = values.iter().flat_map(|value| self.ordered(&of(*value))).collect();
        if data.len() <= 4 { self.small(kind, &data) } else { self.element(kind, &data) }
    }
}

type Encode = fn(u8) -> Vec<u8>;

#[test]
fn matlab_files_of_both_byte_orders_and_all_whole_types_are_the_same_set() {
    let types: [(u32, Encode); 7] = [
        (1, |v| vec![v]),
        (2, |v| vec![v]),
        (3, |v| i16::from(v).to_le_bytes().to_vec()),
        (4, |v| u16::from(v).to_le_bytes().to_vec()),
        (5, |v| i32::from(v).to_le_bytes().to_vec()),
        (6, |v| u32::from(v).to_le_bytes().to_vec()),
        (9, |v| f64::from(v).to_le_bytes().to_vec()),
    ];
    let mut first = None;
    for big in [false, true] {
        for (kind, encode) in types {
            let mat = Mat::new(big).with_images();
            let labels = mat.values(kind, &[10, 7], &encode);
            let read = svhn(&mat.matrix(6, &[2, 1], "y", &labels).bytes);
            let (pixels, labels) = read.unwrap_or_else(|error| panic!("{big} {kind}: {error}"));
            assert_eq!(labels, [0, 7], "{big} {kind}");
            // The second pixel of a row stands 32 later in the file.
            assert_eq!(pixels[..3], [0, 32, 64]);
            assert_eq!(*first.get_or_insert(pixels.clone()), pixels);
        }
    }
}

#[test]
fn matlab_values_that_are_no_whole_numbers_or_bytes_are_refused() {
    let labels: [(u32, Encode, &str); 4] = [
        (7, |v| f32::from(v).to_le_bytes().to_vec(), "stored as type 7"),
        (12, |v| i64::from(v).to_le_bytes().to_vec(), "stored as type 12"),
        (9, |v| (f64::from(v) + 0.5).to_le_bytes().to_vec(), "no label from 1 to 10"),
        (5, |v| (-i32::from(v)).to_le_bytes().to_vec(), "no label from 1 to 10"),
    ];
    for big in [false, true] {
        for (kind, encode, message) in labels {
            let mat = Mat::new(big).with_images();
            let values = mat.values(kind, &[1, 7], &encode);
            let error = svhn(&mat.matrix(6, &[2, 1], "y", &values).bytes).unwrap_err().to_string();
            assert!(error.contains(message), "{message} is not in: {error}");
        }
        // Images of doubles, and of uint16.
        for (class, kind) in [(6, 9), (11, 4), (6, 2)] {
            let mat = Mat::new(big);
            let values = mat.element(kind, &[0; 3072]);
            let error = svhn(&mat.matrix(class, &[32, 32, 3], "X", &values).bytes).unwrap_err();
            assert!(error.to_string().contains("uint8 [32, 32, 3, n]"), "{error}");
        }
    }
}

#[test]
fn idx_files_of_other_types_and_dimensions_are_refused_by_name() {
    let file = |kind: u8, dims: &[u32], width: usize| {
        let mut bytes = vec![0, 0, kind, dims.len() as u8];
        dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
        let n: u32 = dims.iter().product();
        bytes.resize(bytes.len() + n as usize * width, 1);
        bytes
    };
    assert_eq!(idx(file(8, &[2, 1, 3], 1), true).unwrap(), [1; 6]);
    for (kind, width) in [(0x09, 1), (0x0b, 2), (0x0c, 4), (0x0d, 4), (0x0e, 8)] {
        for (images, dims) in [(true, &[2, 1, 3][..]), (false, &[2])] {
            let error = idx(file(kind, dims, width), images).unwrap_err().to_string();
            let expected = format!("element type 0x{kind:02x}");
            assert!(error.contains(&expected), "{expected} is not in: {error}");
        }
    }
    for dims in [&[6][..], &[2, 3], &[2, 1, 3, 1]] {
        let error = idx(file(8, dims, 1), true).unwrap_err().to_string();
        assert!(error.contains("IDX image file"), "{dims:?}: {error}");
    }
    // Byte orders exchanged, as a program without care writes it.
    let mut little = file(8, &[2, 1, 3], 1);
    little[4..16].chunks_exact_mut(4).for_each(|dim| dim.reverse());
    let error = idx(little, true).unwrap_err().to_string();
    assert!(error.contains("the header says 33554432 images"), "{error}");
}
