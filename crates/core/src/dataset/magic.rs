//! Names what a file looks like, so that an error can say which mistake it was.

/// The first bytes of an IDX file of unsigned bytes with three dimensions.
pub(super) const IDX_IMAGES: [u8; 4] = [0, 0, 8, 3];
/// The first bytes of an IDX file of unsigned bytes with one dimension.
pub(super) const IDX_LABELS: [u8; 4] = [0, 0, 8, 1];
/// The first bytes of a gzip file.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What the file that starts with `bytes` looks like.
pub(super) fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 10] = [
        (&IDX_IMAGES, "an IDX image file (magic 0x00000803)"),
        (&IDX_LABELS, "an IDX label file (magic 0x00000801)"),
        (&GZIP, "gzip-compressed data"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x93NUMPY", "a NumPy array file"),
        (b"MATLAB 5.0", "a MATLAB file"),
        (b"MATLAB 7.3", "a MATLAB 7.3 (HDF5) file"),
        (b"\x80\x02", "a Python pickle"),
    ];
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"<") {
        return Some("a web page (HTML or XML), not data");
    }
    STARTS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)
}

/// What was found in the place of a magic number, for an error.
pub(super) fn describe(bytes: &[u8]) -> String {
    if let Some(name) = looks_like(bytes) {
        return name.to_owned();
    }
    match bytes.get(..4) {
        Some(start) => {
            format!("the magic 0x{:02x}{:02x}{:02x}{:02x}", start[0], start[1], start[2], start[3])
        }
        None => format!("a file of {} bytes", bytes.len()),
    }
}
