//! What is done with bytes that nobody vouches for, one function a reader. The
//! fuzz targets in `fuzz/` call the same functions. None may panic, hang or
//! take memory out of proportion; where a reader accepts, what it read must
//! hold together.
#![allow(dead_code, reason = "a fuzz target uses one of these")]

use jem_core::arrays::Arrays;
use jem_core::dataset::Cifar100Labels;
use jem_core::dataset::untrusted::{
    Packing, cifar, cifar100, idx, image, image_as, members, picture, svhn,
};
use jem_core::digest::{Canonical, Digest, Hasher, encode_leaf};
use jem_core::event::{Command, Event};
use jem_core::id::RunId;
use jem_core::plan::Plan;
use jem_core::provenance::{Fingerprints, Provenance};
use jem_core::results::{Energies, Epoch, Metrics, Outcome, ReliabilityBin};
use jem_core::spec::{Evaluate, Training, to_toml};
use jem_core::store::{Manifest, untrusted};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An experiment file. One that is accepted is written out and read again.
pub fn spec_parser(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let plan = match Plan::parse("untrusted", "untrusted.toml", text) {
        Ok(plan) => plan,
        Err(error) => {
            let plain = error.render(false);
            assert!(!plain.is_empty() && !error.render(true).is_empty());
            return;
        }
    };
    for trial in plan.trials.first().into_iter().chain(plan.trials.last()) {
        assert_eq!(plan.values_of(trial).len(), plan.axes.len());
        let spec = plan.spec_of(trial);
        assert_eq!(spec.trial_id(trial.seed), trial.id, "planned and resolved ids differ");
        let text = format!("question = \"Again?\"\n{}", to_toml(&spec));
        let again = Plan::parse("again", "again.toml", &text);
        let again = again.unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(again.trials[0].cell, trial.cell, "{text}");
    }
}

/// An IDX file, as images and as labels.
pub fn idx_reader(bytes: &[u8]) {
    for images in [true, false] {
        if let Ok(data) = idx(bytes.to_vec(), images) {
            assert!(!data.is_empty());
        }
    }
}

/// A CIFAR file.
pub fn cifar_reader(bytes: &[u8]) {
    if let Ok((pixels, labels)) = cifar(bytes, 10) {
        assert_eq!(pixels.len(), labels.len() * 3072);
        assert!(labels.iter().all(|label| *label < 10));
    }
    for which in [Cifar100Labels::Fine, Cifar100Labels::Coarse] {
        if let Ok((pixels, labels)) = cifar100(bytes, which) {
            assert_eq!(pixels.len(), labels.len() * 3072);
        }
    }
}

/// An SVHN file.
pub fn mat_reader(bytes: &[u8]) {
    if let Ok((pixels, labels)) = svhn(bytes) {
        assert!(pixels.len() % 3072 == 0 && !pixels.is_empty());
        assert!(labels.iter().all(|label| *label < 10));
    }
}

/// A picture of a folder of images, as it is and made small and grey.
pub fn image_reader(bytes: &[u8]) {
    if let Ok(([channels, height, width], pixels)) = image(bytes) {
        assert!([1, 3].contains(&channels));
        assert_eq!(pixels.len(), channels * height * width);
        assert!(image_as(bytes, 1, [3, 5]).is_ok_and(|(_, pixels)| pixels.len() == 15));
    }
}

/// A CIFAR picture: the labels end at the first byte 0.
pub fn picture_reader(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (labels, image) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    for count in [1, 2] {
        if let Ok(records) = picture(image, labels, count) {
            assert_eq!(records.len(), count * 3073);
        }
    }
}

/// The most bytes of a member that [`archive_reader`] reads.
pub const MEMBER: u64 = 4096;

/// An archive of every kind.
pub fn archive_reader(bytes: &[u8]) {
    for packing in [Packing::Tar, Packing::TarGz, Packing::Zip] {
        for names in [&["a"][..], &["folder/b"], &["a", "folder/b"]] {
            if let Ok(found) = members(bytes, packing, names, MEMBER) {
                assert_eq!(found.len(), names.len());
                assert!(found.iter().all(|member| member.len() as u64 <= MEMBER));
            }
        }
    }
}

/// Every record and every result that is JSON. What is accepted is written and
/// read again.
pub fn record_reader(bytes: &[u8]) {
    again::<Manifest>(bytes);
    again::<Provenance>(bytes);
    again::<Fingerprints>(bytes);
    again::<Outcome>(bytes);
    again::<Metrics>(bytes);
    again::<Vec<Epoch>>(bytes);
    again::<Vec<ReliabilityBin>>(bytes);
    again::<Energies>(bytes);
    again::<(Training, u64)>(bytes);
    again::<Evaluate>(bytes);
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let _ = (manifest.results_digest(), manifest.parts.run_id(), manifest.trial.short());
    }
}

/// Every record that carries a seal, as it is and with the seal that belongs to
/// it, and the file of a lease. What is accepted is whole and about what was
/// asked for.
pub fn sealed_reader(bytes: &[u8]) {
    let run = RunId::from_digest(Digest::of(b"sealed"));
    let commit = "0123456789012345678901234567890123456789";
    for text in [bytes.to_vec(), untrusted::sealed(bytes)] {
        if let Ok(manifest) = untrusted::manifest(&text) {
            let _ = (manifest.results_digest(), manifest.parts.run_id());
        }
        if let Ok(record) = untrusted::checkpoint(run, &text) {
            assert_eq!(record.run, run);
        }
        if let Ok(accepted) = untrusted::accepted(run, &text) {
            assert_eq!(accepted.wanted.evaluation, run);
        }
        if let Ok(record) = untrusted::commit(commit, &text) {
            assert_eq!(record.commit, commit);
        }
        match untrusted::tag("sealed", &text) {
            Ok(tag) => assert_eq!(tag.name, "sealed"),
            Err(reason) => assert!(!reason.is_empty()),
        }
    }
    if let Some(holder) = untrusted::holder(bytes) {
        let _ = (holder.place(), holder.life());
    }
}

fn again<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&read).expect("what was read can be written");
        let second: T = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(second, read);
    }
}

/// What passes between front and worker, a line each, and is kept as the log.
pub fn event_reader(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        again::<Event>(line);
        let _ = serde_json::from_slice::<Command>(line);
    }
}

/// Arrays in safetensors bytes.
pub fn arrays_reader(bytes: &[u8]) {
    let Ok(arrays) = Arrays::from_bytes(bytes) else { return };
    let written = arrays.to_bytes().expect("what was read can be written");
    let again = Arrays::from_bytes(&written).expect("what was written can be read");
    assert_eq!(again.to_bytes().expect("it was written before"), written);
}

/// A digest as text, and any JSON in its canonical form.
pub fn digest_parser(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Digest::parse(text) {
        Ok(digest) => assert_eq!(digest.to_hex(), text.to_lowercase()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let mut one = Hasher::new();
        Canonical::of(&value).hash_into(&mut one);
        let again = serde_json::from_str(&value.to_string()).expect("JSON writes JSON");
        let mut two = Hasher::new();
        Canonical::of(&again).hash_into(&mut two);
        assert_eq!(one.finish(), two.finish());
        let _ = encode_leaf(&value);
    }
}
