//! Corrupted images agree with those of the libraries that CIFAR-10-C was made
//! with, level by level (`fixtures/corruptions`).
//!
//! Tolerance: none. Both sides compute in double precision in the same order,
//! and cut off; a value that is rounded instead is a level higher in half of all
//! pixels.

use jem_core::dataset::LabelledImages;
use jem_core::spec::Corruption;
use jem_worker::data::corrupted;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    shape: [usize; 3],
    pixels: Vec<u8>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: Corruption,
    severity: u64,
    levels: Vec<u8>,
}

#[test]
fn corrupted_images_have_the_levels_of_the_libraries_of_cifar_10_c()
-> Result<(), Box<dyn std::error::Error>> {
    let text = include_str!("fixtures/corruptions/expected.json");
    let Fixture { shape, pixels, cases } = serde_json::from_str(text)?;
    let labels = vec![0; pixels.len() / shape.iter().product::<usize>()];
    let set = LabelledImages { shape, pixels, labels, pixel_max: 255, classes: 1 };
    assert_eq!(cases.len(), 12);
    for Case { kind, severity, levels } in cases {
        let found = corrupted(&set, kind, severity).pixels;
        let differ = found.iter().zip(&levels).filter(|(a, b)| a != b).count();
        println!("{kind:?} {severity}: {differ} of {} levels differ", levels.len());
        assert_eq!(found, levels, "{kind:?} {severity}");
    }
    Ok(())
}
