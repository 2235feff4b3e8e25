//! A comparison as a folder of files.
//!
//! ```text
//! index.html        needs no other file
//! report.md         the same, with links to the figures
//! comparison.json   every number in full
//! charts/           every figure as SVG and PNG, and its data as CSV
//! manifest.json     written last: the digests of the files
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use serde::Serialize;

use super::ReportError;
use super::comparison::{Drawn, draw, page};
use super::content::Figure;
use super::owner::comparison_of_another;
use super::write::{install_all, put_all, scratch_in};
use crate::compare::{Comparison, to_markdown};
use crate::table::escaped_markdown as escaped;

/// The version of the folder's manifest.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize)]
struct Manifest<'m> {
    format: u32,
    command: &'m str,
    version: &'m str,
    files: BTreeMap<String, Digest>,
}

/// Writes the comparison into `folder`, which is made, and says where the page
/// is. Files of a former comparison that this one has not are removed; what
/// others put there stays. `command` is told in the page.
///
/// # Errors
/// When a figure cannot be drawn, or a file not be written.
pub fn write_comparison(
    found: &Comparison,
    command: &str,
    folder: &Path,
) -> Result<PathBuf, ReportError> {
    if let Some(by) = comparison_of_another(folder, command) {
        return Err(ReportError::Taken { folder: folder.to_owned(), by });
    }
    let drawn = draw(found)?;
    let json = serde_json::to_vec_pretty(found).map_err(|error| ReportError::Io {
        path: folder.join("comparison.json"),
        source: error.into(),
    })?;
    let mut pages = BTreeMap::from([
        ("index.html".to_owned(), page(found, &drawn, command)?.into_bytes()),
        ("report.md".to_owned(), markdown(found, &drawn).into_bytes()),
        ("comparison.json".to_owned(), json),
    ]);
    for figure in &drawn.figures {
        pages.extend(figure.files());
    }
    let made = scratch_in(folder)?;
    put_all(made.path(), &pages)?;
    let files = pages.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect();
    let version = env!("CARGO_PKG_VERSION");
    let manifest = Manifest { format: FORMAT, command, version, files };
    install_all(made.path(), folder, &manifest.files, None, &manifest)?;
    Ok(folder.join("index.html"))
}

fn markdown(found: &Comparison, drawn: &Drawn) -> String {
    let mut text = to_markdown(found);
    for note in &drawn.notes {
        text += &format!("\n{}\n", escaped(note));
    }
    for Figure { name, title, caption, .. } in &drawn.figures {
        let (title, caption) = (escaped(title), escaped(caption));
        text += &format!("\n![{title}](charts/{name}.png)\n\n**{title}.** {caption}\n");
    }
    text
}
