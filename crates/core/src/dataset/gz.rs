//! Decompression that stops at a known length, so that a small file cannot
//! grow into one that fills the memory.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;

/// Deflate's largest ratio: no byte of input stands for more bytes of output.
const MAX_RATIO: u64 = 1032;

/// The first `n` decoded bytes of `packed`, or fewer when it ends before.
pub(super) fn head(packed: &[u8], n: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed).take(n).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The decoded bytes of `packed`, at most `limit + 1` of them: one more than
/// allowed shows that there are more.
pub(super) fn decode(packed: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    head(packed, limit.saturating_add(1))
}

/// Whether `packed_len` compressed bytes can hold `len` bytes at all.
pub(super) fn can_hold(packed_len: u64, len: u64) -> bool {
    packed_len.saturating_mul(MAX_RATIO) >= len
}
