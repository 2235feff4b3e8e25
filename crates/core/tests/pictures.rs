//! Pictures in rare encodings against Pillow's pixels: a part of the matrix of
//! `scripts/picture_matrix.py`, which wrote the fixture and compares all of it.
//!
//! Tolerances: PNG exactly. JPEG 4 levels: the standard allows decoders to differ
//! by 1 after the inverse cosine transform, and the colours are sums of up to three
//! such values with weights up to 1.8. Over the whole matrix 3 is the largest; other
//! noise gave 4.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use jem_core::dataset::untrusted::image;

const MATRIX: &[u8] = include_bytes!("fixtures/pictures/matrix.tar.gz");

fn files() -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(MATRIX));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    archive.entries().unwrap().map(read).collect()
}

/// Name, bytes, and shape and planes as Pillow reads them.
type Case = (String, Vec<u8>, Option<([usize; 3], Vec<u8>)>);

fn cases(kind: &str) -> Vec<Case> {
    let files = files();
    let shapes: BTreeMap<String, Option<[usize; 3]>> =
        serde_json::from_slice(&files["shapes.json"]).unwrap();
    let case = |(name, shape): (String, Option<[usize; 3]>)| {
        let planes = shape.map(|shape| (shape, files[&format!("{name}.planes")].clone()));
        let bytes = files[&name].clone();
        (name, bytes, planes)
    };
    let cases: Vec<Case> =
        shapes.into_iter().filter(|(name, _)| name.starts_with(kind)).map(case).collect();
    assert!(!cases.is_empty(), "{kind}");
    cases
}

/// The largest difference from the planes of each case, all of which are read.
fn compare(kind: &str, most: u8) {
    for (name, bytes, expected) in cases(kind) {
        let (shape, planes) = image(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        let (expected_shape, expected) = expected.unwrap();
        assert_eq!(shape, expected_shape, "{name}");
        let worst = planes.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= most, "{name}: {worst}");
    }
}

#[test]
fn jpeg_scans_of_any_components_and_sampling_are_those_of_libjpeg() {
    let refused = |name: &str| name.contains("partial") || name.contains("4x2_2x1_2x2");
    for (name, bytes, expected) in cases("sequential").into_iter().chain(cases("progressive")) {
        match image(&bytes) {
            Ok((shape, planes)) => {
                let (expected_shape, expected) = expected.unwrap();
                assert_eq!(shape, expected_shape, "{name}");
                let worst = planes.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(worst.unwrap() <= 4, "{name}: {worst:?}");
            }
            Err(why) => assert!(refused(&name), "{name}: {why}"),
        }
    }
}

#[test]
fn what_a_progressive_file_leaves_out_is_not_made_up() {
    for (name, bytes, _) in cases("progressive-partial") {
        let error = image(&bytes).unwrap_err();
        assert!(error.contains("do not give the whole picture"), "{name}: {error}");
    }
}

#[test]
fn grey_jpegs_with_sampling_factors_and_restarts_are_read() {
    compare("grey", 4);
}

#[test]
fn jpeg_colours_follow_the_markers_as_libjpeg_does() {
    compare("colours", 4);
}

#[test]
fn pictures_are_turned_as_their_exif_orientation_says() {
    compare("exif", 4);
}

#[test]
fn jpeg_tables_at_their_ends_are_read_and_arithmetic_coding_is_refused() {
    for (name, bytes, expected) in cases("tables") {
        if name.contains("arithmetic") {
            let error = image(&bytes).unwrap_err();
            assert!(error.contains("arithmetically coded"), "{name}: {error}");
            continue;
        }
        let (_, planes) = image(&bytes).unwrap();
        let (_, expected) = expected.unwrap();
        let worst = planes.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst.unwrap() <= 4, "{name}: {worst:?}");
    }
}

#[test]
fn png_of_every_depth_and_colour_type_is_read_exactly() {
    compare("png", 0);
}

#[test]
fn what_cannot_be_read_as_libjpeg_or_libpng_would_is_refused_in_words() {
    let said = [
        ("12bits", "12 bits"),
        ("lossless", "lossless"),
        ("CMYK", "4 components (CMYK or YCCK)"),
        ("YCCK", "4 components (CMYK or YCCK)"),
        ("cut", "cut short"),
        ("trns", "transparent"),
        ("trns3", "transparent"),
    ];
    for (name, bytes, _) in cases("refused") {
        let kind = name.split(['-', '.']).nth(1).unwrap();
        let (_, expected) = said.iter().find(|(known, _)| *known == kind).unwrap();
        let error = image(&bytes).unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_jpeg_that_was_cut_at_any_place_is_an_error() {
    let (name, bytes, _) = cases("sequential-three").remove(0);
    for len in 3..bytes.len() {
        assert!(image(&bytes[..len]).is_err(), "{name} of {len} bytes");
    }
}
