//! Pictures that a camera stored turned or mirrored, and said so in EXIF
//! metadata: they are turned upright.

use std::iter;

use super::picture::{Picture, Remark};

/// `picture` turned as its EXIF block, if there is one, says.
pub(super) fn turned(picture: Picture, exif: Option<&[u8]>, remarks: &mut Vec<Remark>) -> Picture {
    let Some(block) = exif else { return picture };
    // A block with faults still says what can be read of it.
    let read = exif::Reader::new().continue_on_error(true).read_raw(block.to_vec());
    let Ok(read) = read.or_else(|error| error.distill_partial_result(|_| ())) else {
        remarks.push(Remark::UnreadableExif);
        return picture;
    };
    let field = read.get_field(exif::Tag::Orientation, exif::In::PRIMARY);
    match field.and_then(|field| field.value.get_uint(0)) {
        Some(code @ 2..=8) => {
            remarks.push(Remark::Turned);
            upright(&picture, code)
        }
        _ => picture,
    }
}

/// `picture` as it is to be seen, stored with the orientation `code`, 1 to 8, of
/// the EXIF standard.
fn upright(picture: &Picture, code: u32) -> Picture {
    let [channels, height, width] = picture.shape;
    let [h, w] = if code >= 5 { [width, height] } else { [height, width] };
    let stored = |r: usize, c: usize| match code {
        2 => (r, width - 1 - c),
        3 => (height - 1 - r, width - 1 - c),
        4 => (height - 1 - r, c),
        5 => (c, r),
        6 => (height - 1 - c, r),
        7 => (height - 1 - c, width - 1 - r),
        8 => (c, width - 1 - r),
        _ => (r, c),
    };
    let places: Vec<usize> = (0..h)
        .flat_map(|r| iter::repeat(r).zip(0..w))
        .map(|(r, c)| {
            let (row, column) = stored(r, c);
            row * width + column
        })
        .collect();
    let pixels = picture
        .pixels
        .chunks_exact((height * width).max(1))
        .flat_map(|plane| places.iter().map(|place| plane[*place]))
        .collect();
    Picture { shape: [channels, h, w], pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `abc` over `def`.
    fn letters() -> Picture {
        Picture { shape: [1, 2, 3], pixels: b"abcdef".to_vec() }
    }

    #[test]
    fn each_of_the_eight_orientations_is_undone() {
        // By hand, from the table of the EXIF standard: where the 0th row and the
        // 0th column of what is stored belong.
        let expected: [(u32, [usize; 2], &[u8]); 8] = [
            (1, [2, 3], b"abcdef"),
            (2, [2, 3], b"cbafed"),
            (3, [2, 3], b"fedcba"),
            (4, [2, 3], b"defabc"),
            (5, [3, 2], b"adbecf"),
            (6, [3, 2], b"daebfc"),
            (7, [3, 2], b"fcebda"),
            (8, [3, 2], b"cfbead"),
        ];
        for (code, [h, w], pixels) in expected {
            let found = upright(&letters(), code);
            assert_eq!((found.shape, &found.pixels[..]), ([1, h, w], pixels), "{code}");
        }
    }
}
