//! CIFAR pictures published as one PNG: each row of 1024 RGB pixels is one
//! image of 32×32, and the labels stand in a JSON list. Turned back into the
//! records of the CIFAR binary format.

use std::io::Cursor;

use png::{BitDepth, ColorType, Limits};

use super::cifar;

/// The width of the picture: the pixels of one image.
const WIDTH: u32 = 1024;
/// The most images accepted in one picture.
const MAX_ROWS: u32 = 100_000;

/// The CIFAR binary file of `count` records, from the picture `image` and the
/// `count` labels of the list `labels` that start at `first`. The error is a
/// reason in words.
pub(super) fn to_cifar(
    image: &[u8],
    labels: &[u8],
    first: usize,
    count: usize,
) -> Result<Vec<u8>, String> {
    let labels: Vec<u8> =
        serde_json::from_slice(labels).map_err(|error| format!("the label list: {error}"))?;
    let labels =
        first.checked_add(count).and_then(|end| labels.get(first..end)).ok_or_else(|| {
            format!(
                "the label list has {} labels where {first}..{} are needed",
                labels.len(),
                first.saturating_add(count)
            )
        })?;
    let rows = decode(image, count)?;
    let mut records = Vec::with_capacity(count * cifar::RECORD);
    for (label, row) in labels.iter().zip(rows.chunks_exact(cifar::PIXELS)) {
        records.push(*label);
        for channel in 0..3 {
            records.extend(row.iter().skip(channel).step_by(3));
        }
    }
    Ok(records)
}

/// The picture's bytes, `[count, 1024, 3]`.
fn decode(image: &[u8], count: usize) -> Result<Vec<u8>, String> {
    let limits = Limits { bytes: 512 << 20 };
    let decoder = png::Decoder::new_with_limits(Cursor::new(image), limits);
    let wrong = |error: png::DecodingError| format!("the PNG picture: {error}");
    let mut reader = decoder.read_info().map_err(wrong)?;
    let info = reader.info();
    let rgb8 = info.color_type == ColorType::Rgb && info.bit_depth == BitDepth::Eight;
    let size_fits = info.width == WIDTH && info.height <= MAX_ROWS;
    if !(rgb8 && size_fits && info.height as usize == count && !info.interlaced) {
        return Err(format!(
            "the PNG picture is {}×{} {:?} {:?} where {WIDTH}×{count} 8-bit RGB is expected",
            info.width, info.height, info.color_type, info.bit_depth
        ));
    }
    let mut bytes = vec![0; count * cifar::PIXELS];
    reader.next_frame(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn picture(width: u32, rows: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let height = rows.len() as u32 / width / 3;
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(rows).unwrap();
        bytes
    }

    fn rows(count: usize) -> Vec<u8> {
        (0..count * cifar::PIXELS).map(|i| (i % 3 * 50 + i / cifar::PIXELS) as u8).collect()
    }

    #[test]
    fn a_row_becomes_a_label_and_three_planes() {
        let records = to_cifar(&picture(1024, &rows(2)), b"[7,8,9]", 1, 2).unwrap();
        assert_eq!(records.len(), 2 * cifar::RECORD);
        assert_eq!(records[0], 8);
        assert_eq!(records[cifar::RECORD], 9);
        for (channel, expected) in [(0, 1), (1, 51), (2, 101)] {
            let plane = &records[cifar::RECORD + 1 + channel * 1024..][..1024];
            assert!(plane.iter().all(|&p| p == expected), "channel {channel}");
        }
    }

    #[test]
    fn too_few_labels_or_rows_or_another_width_are_reasons_not_panics() {
        let image = picture(1024, &rows(2));
        assert!(to_cifar(&image, b"[1]", 0, 2).unwrap_err().contains("1 labels"));
        assert!(to_cifar(&image, b"[1,2]", usize::MAX, 2).is_err());
        assert!(to_cifar(&image, b"[1,2,3]", 0, 3).unwrap_err().contains("1024×2"));
        assert!(to_cifar(&image, b"[1,999]", 0, 2).unwrap_err().contains("label list"));
        assert!(to_cifar(&image[..image.len() / 2], b"[1,2]", 0, 2).unwrap_err().contains("PNG"));
        let narrow = picture(512, &rows(2));
        assert!(to_cifar(&narrow, b"[1,2,3,4]", 0, 4).unwrap_err().contains("512×4"));
    }
}
