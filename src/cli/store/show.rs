//! `jem store show`.

use std::fs;

use jem_core::arrays::{Array, Arrays};
use jem_core::digest::Digest;
use jem_core::store::{Artifact, Listing, Manifest, RunLine, Store};
use serde_json::Value;

use super::find::{Found, find};
use super::{ls, words};
use crate::cli::open::print;
use crate::cli::{CliError, Exit};
use crate::terminal;

/// Characters of a text object that are shown, at most.
const SHOWN: usize = 4000;

/// What `jem store show` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The beginning of the id of a run, a trial or an object
    id: String,
    /// Write the bytes of the object, and nothing else
    #[arg(long)]
    bytes: bool,
}

/// Shows what the id is of.
///
/// # Errors
/// When the id is of nothing, or of several, or the object is altered.
pub fn run(args: &ShowArgs, store: &Store) -> Result<(), CliError> {
    let listing = Listing::of(store);
    match find(&listing, &args.id)? {
        Found::Object(digest) if args.bytes => {
            let bytes = store.get(digest)?;
            Ok(terminal::print_bytes(&bytes)?)
        }
        Found::Object(digest) => print(&object(store, &listing, digest)?),
        _ if args.bytes => {
            let message = format!("`{}` is a run or trial: it has no bytes of its own", args.id);
            Err(CliError::new(Exit::BadInput, message).hint("jem store show, for its objects"))
        }
        Found::Run(line) => print(&shown(store, &listing, line)),
        Found::Trial(lines) => {
            let each: Vec<String> =
                lines.into_iter().map(|line| shown(store, &listing, line)).collect();
            print(&each.join("\n"))
        }
    }
}

fn shown(store: &Store, listing: &Listing, line: &RunLine) -> String {
    let manifest = &line.manifest;
    let mut text = format!("{} run {}\n", ls::kind(manifest.kind), manifest.run);
    let mut put = |name: &str, value: String| text += &format!("  {name:<12} {value}\n");
    put("trial", format!("{}  {}", manifest.trial, line.label));
    put("cell", manifest.cell.to_string());
    if let (Some(eval), Some(training)) = (manifest.eval, manifest.training) {
        put("evaluation", eval.to_string());
        put("of training", training.to_string());
    }
    put("outcome", ls::outcome(&manifest.outcome));
    put("fingerprint", manifest.parts.fingerprint.to_string());
    put("environment", manifest.parts.environment.clone());
    for (name, digest) in &manifest.parts.data {
        put("data", format!("{name}  {}", digest.short(10)));
    }
    for (name, value) in provenance(line) {
        put(name, value);
    }
    let whole = if line.whole { "yes" } else { "no: jem store fsck says what it costs" };
    put("whole", whole.to_owned());
    text += &files("results", manifest.results.iter(), listing);
    text += &files("records", manifest.records.iter(), listing);
    text + &attempts(store, listing, manifest)
}

/// Where it came from, as far as that is recorded.
fn provenance(line: &RunLine) -> Vec<(&'static str, String)> {
    let Some(told) = &line.provenance else {
        return vec![("provenance", "cannot be read".to_owned())];
    };
    let words = |value: &Value| {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(" ")
    };
    let text = |value: &Value| value.as_str().unwrap_or("not recorded").to_owned();
    let host = &told["host"];
    vec![
        ("commit", line.commit()),
        ("host", format!("{}, {}", text(&host["name"]), text(&host["cpu"]))),
        ("command", words(&told["command"])),
        ("started", text(&told["started"])),
        ("libtorch", text(&told["libtorch"])),
    ]
}

fn files<'a>(
    what: &str,
    artifacts: impl Iterator<Item = (&'a String, &'a Artifact)>,
    listing: &Listing,
) -> String {
    let mut text = format!("  {what}:\n");
    for (name, artifact) in artifacts {
        let there = match listing.objects.get(&artifact.digest) {
            Some(size) if *size == artifact.size => "",
            Some(_) => "  of another size",
            None => "  not there",
        };
        let (digest, size) = (artifact.digest.short(10), words::bytes(artifact.size));
        text += &format!("    {name:<26} {size:>8}  {digest}{there}\n");
    }
    text
}

/// Where the logs of its attempts lie: those of a training stand with the
/// evaluation that wanted it.
fn attempts(store: &Store, listing: &Listing, manifest: &Manifest) -> String {
    let all = listing.runs.iter().map(|line| &line.manifest);
    let same = all.filter(|m| m.run == manifest.run || m.training == Some(manifest.run));
    let mut text = String::new();
    for run in same {
        let folder = store.run_path(run.run).join("attempts");
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut numbers: Vec<u32> =
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        for number in numbers {
            let won = if number == run.attempt { " (won)" } else { "" };
            text += &format!(
                "  attempt {number}{won}: {}\n",
                folder.join(number.to_string()).display()
            );
        }
    }
    text
}

fn object(store: &Store, listing: &Listing, digest: Digest) -> Result<String, CliError> {
    let mut text = format!("object {digest}\n");
    for run in &listing.runs {
        let all = run.manifest.results.iter().chain(&run.manifest.records);
        for (name, _) in all.filter(|(_, artifact)| artifact.digest == digest) {
            text += &format!("  {name} of run {} {}\n", run.manifest.run.short(), run.label);
        }
    }
    let bytes = store.get(digest)?;
    text += &format!("  {}, whole\n", words::bytes(bytes.len() as u64));
    if let Ok(arrays) = Arrays::from_bytes(&bytes) {
        for (name, array) in arrays.iter() {
            let shape = match array {
                Array::F32 { shape, .. } => format!("f32 {shape:?}"),
                Array::I64 { shape, .. } => format!("i64 {shape:?}"),
            };
            text += &format!("  {name:<40} {shape}\n");
        }
    } else if let Ok(words) = std::str::from_utf8(&bytes) {
        let shown: String = words.chars().take(SHOWN).collect();
        text += shown.trim_end();
        text += if shown.len() < words.len() { "\n… (--bytes for all)\n" } else { "\n" };
    }
    Ok(text)
}
