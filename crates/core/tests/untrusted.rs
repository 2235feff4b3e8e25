//! Every reader of bytes that nobody vouches for, on bytes that nobody would
//! write: none panics, hangs or takes memory out of proportion. The bounded
//! form of the fuzz targets in `fuzz/`, from the same seeds, and the same
//! inputs in every run.

#[path = "untrusted/allocation.rs"]
mod allocation;
#[path = "untrusted/bombard.rs"]
mod bombard;
#[path = "untrusted/entry.rs"]
mod entry;
#[path = "untrusted/mutation.rs"]
mod mutation;

use allocation::peak_of;
use bombard::bombard;

/// Deflate makes up to 1032 bytes of one, and readers hold more than one copy.
const DEFLATE: usize = 3 * 1032;

#[test]
fn the_spec_parser_survives_any_text() {
    bombard("spec_parser", entry::spec_parser, 250, 1 << 14);
}

#[test]
fn the_idx_reader_survives_any_bytes() {
    bombard("idx_reader", entry::idx_reader, 4000, DEFLATE);
}

#[test]
fn the_cifar_reader_survives_any_bytes() {
    bombard("cifar_reader", entry::cifar_reader, 4000, 8);
}

#[test]
fn the_picture_reader_survives_any_bytes() {
    bombard("picture_reader", entry::picture_reader, 3000, DEFLATE);
}

#[test]
fn the_mat_reader_survives_any_bytes() {
    bombard("mat_reader", entry::mat_reader, 4000, DEFLATE);
}

/// Bytes held for each of a picture's: pixels as planes and as they come, the
/// coefficients of a progressive JPEG, and rows of reals while it is resized.
const PICTURE: usize = 30 * 1032;

#[test]
fn the_image_reader_survives_any_bytes() {
    bombard("image_reader", entry::image_reader, 3000, PICTURE);
}

#[test]
fn the_archive_readers_survive_any_bytes() {
    bombard("archive_reader", entry::archive_reader, 3000, 64);
}

#[test]
fn the_readers_of_records_survive_any_bytes() {
    bombard("record_reader", entry::record_reader, 2000, 256);
}

#[test]
fn the_readers_of_sealed_records_survive_any_bytes() {
    bombard("sealed_reader", entry::sealed_reader, 2000, 256);
}

#[test]
fn the_seeds_of_sealed_records_are_read_as_what_they_are() {
    use jem_core::digest::Digest;
    use jem_core::id::RunId;
    use jem_core::store::untrusted;
    let run = RunId::from_digest(Digest::of(b"sealed"));
    let seed = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        std::fs::read(folder.join("sealed_reader").join(name)).expect("a seed that is committed")
    };
    assert!(untrusted::manifest(&seed("manifest.json")).is_ok());
    assert!(untrusted::checkpoint(run, &seed("checkpoint.json")).is_ok());
    assert!(untrusted::accepted(run, &seed("accepted.json")).is_ok());
    assert!(untrusted::commit(&"0123456789".repeat(4), &seed("commit.json")).is_ok());
    assert!(untrusted::tag("sealed", &seed("tag.json")).is_ok());
    assert!(untrusted::holder(&seed("lease")).is_some());
    // Without its seal each is what the mutations begin from: sealed again, it
    // is read.
    let text = String::from_utf8(seed("tag.json")).expect("JSON");
    let bare = format!("{}\n}}\n", text.split(",\n  \"seal\"").next().unwrap_or_default());
    assert_eq!(untrusted::sealed(bare.as_bytes()), text.as_bytes());
    assert!(untrusted::tag("sealed", bare.as_bytes()).is_err());
}

#[test]
fn the_readers_of_events_survive_any_bytes() {
    bombard("event_reader", entry::event_reader, 3000, 256);
}

#[test]
fn the_reader_of_arrays_survives_any_bytes() {
    bombard("arrays_reader", entry::arrays_reader, 4000, 256);
}

#[test]
fn digests_and_canonical_forms_survive_any_text() {
    bombard("digest_parser", entry::digest_parser, 4000, 256);
}

#[test]
fn a_header_that_claims_much_allocates_nothing_of_it() {
    // 90,000,000 images of 4096×4096 are 1.5 PB.
    let mut idx = vec![0, 0, 8, 3];
    for dim in [90_000_000u32, 4096, 4096] {
        idx.extend(dim.to_be_bytes());
    }
    assert!(peak_of(|| entry::idx_reader(&idx)) < 1 << 16);
    // A header of 2^60 bytes, and a tensor of 2^62.
    let header = [&(1u64 << 60).to_le_bytes()[..], b"{}"].concat();
    assert!(peak_of(|| entry::arrays_reader(&header)) < 1 << 16);
    let text =
        br#"{"a":{"dtype":"F32","shape":[1073741824,1073741824],"data_offsets":[0,4611686018427387904]}}"#;
    let tensor = [&(text.len() as u64).to_le_bytes()[..], text].concat();
    assert!(peak_of(|| entry::arrays_reader(&tensor)) < 1 << 16);
}

/// What planning `sweep` held at most, and what it said.
fn planned(sweep: &str) -> (usize, String) {
    let text = format!("question = \"?\"\ndata.train = \"digits\"\n{sweep}");
    let mut said = String::new();
    let plan = || jem_core::plan::Plan::parse("large", "large.toml", &text).map(drop);
    let peak = peak_of(|| said = plan().err().map_or(said.clone(), |error| error.to_string()));
    (peak, said)
}

#[test]
fn a_few_lines_of_sweeps_cannot_fill_the_memory() {
    let steps = |n: u32| format!("grid.sampler.steps = {{ range = [1, {n}, 1] }}\n");
    let sizes = |n: u32| format!("grid.sampler.step_size = {{ range = [1, {n}, 1] }}\n");
    // Each block alone is within its bound.
    let block = format!("[[sweep]]\n{}{}", steps(1000), sizes(9000));
    let (peak, said) = planned(&block.repeat(20));
    assert!(said.contains("may span 10000000 cells in all"), "{said}");
    assert!(peak < 256 << 20, "{peak}");
    let excluded = "{ \"sampler.steps\" = 1 },".repeat(150);
    let (peak, said) = planned(&format!("{block}exclude = [{excluded}]\n"));
    assert!(said.contains("150 exclusions are too many for 9000000 cells"), "{said}");
    assert!(peak < 64 << 20, "{peak}");
    // Every cell has two violations, which are told once.
    let (peak, said) = planned(&format!("[[sweep]]\n{}{}", steps(200), sizes(200)));
    assert!(said.contains("in all 40000 cells"), "{said}");
    assert!(peak < 64 << 20, "{peak}");
}
