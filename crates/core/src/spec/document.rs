//! An experiment file, read: its tables laid over its preset, and all that is
//! said around them. What its sweep means is the business of [`crate::plan`].

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::check::Checker;
use super::error::SpecError;
use super::expect::read_expectations;
use super::fields::{Field, fields};
use super::paths::{check_alternatives, typed};
use super::preset::{self, Presets};
use super::published::{self, Published};
use super::raw::{MAX_SEEDS, RawReport, Tables};
use super::report::Expectation;
use super::schema::PLAIN;
use super::tree::{Content, Entry, Node};
use crate::diagnostic::{Diagnostic, SourceText, nearest, quoted_list};
use crate::durable;

/// No experiment file is longer, in bytes, nor one of published results.
const LONGEST: u64 = 16 << 20;

/// An experiment file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The experiment's name: the file's name without its ending.
    pub name: String,
    /// The file.
    pub source: Arc<SourceText>,
    /// The file as a tree.
    pub tree: Node,
    /// What the experiment is to find out.
    pub question: String,
    /// The preset that the file starts from.
    pub preset: String,
    /// All presets that it can start from.
    presets: Arc<Presets>,
    /// The preset's tables with the file's laid over them.
    pub tables: Tables,
    /// The seeds of every block that has none of its own.
    pub seeds: Vec<u64>,
    /// `[report]` as written.
    pub report: RawReport,
    /// `[expect]`.
    pub expect: Vec<Expectation>,
    /// The published results that `[report]` names; none unless the document
    /// was read from a file, beside which they lie.
    pub published: Vec<Published>,
}

impl Document {
    /// Reads the file at `path`. The problems found do not keep the rest of
    /// the document from being looked at.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, or cannot be named.
    pub fn read(path: &Path) -> Result<(Self, Vec<Diagnostic>), SpecError> {
        let file = path.display().to_string();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let text = durable::read_text(path, LONGEST).map_err(|error| {
            Diagnostic::new(format!("cannot read `{file}`: {error}"))
                .help("an experiment is a TOML file, such as experiments/sweep-lambda.toml")
        })?;
        let name = name.unwrap_or_default();
        let (mut document, mut problems) = Self::parse(&name, &file, &text, Presets::embedded())?;
        document.read_published(path, &mut problems);
        Ok((document, problems))
    }

    /// Reads the published results that `[report]` of the file at `path` names.
    fn read_published(&mut self, path: &Path, problems: &mut Vec<Diagnostic>) {
        let Some(entry) = self.tree.find("report.published") else { return };
        let wanted = entry.node.items();
        let file = published::published_file(path);
        let shown = file.display().to_string();
        match durable::read_text(&file, LONGEST) {
            _ if wanted.is_empty() => {}
            Ok(text) => match published::read_published(&shown, &text) {
                Ok(all) => {
                    let places = (&self.source, file.as_path());
                    self.published = published::select(&all, wanted, places, problems);
                }
                Err(error) => problems.extend(error.diagnostics),
            },
            Err(error) => problems.push(
                Diagnostic::new(format!("cannot read `{shown}`: {error}"))
                    .at(&self.source, entry.place(), "these results would be in it")
                    .help(
                        "experiments/references/published.toml of this repository is such a file",
                    ),
            ),
        }
    }

    /// Reads `text`, the contents of `file`, as the experiment `name`, which
    /// starts from one of `presets`.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub fn parse(
        name: &str,
        file: &str,
        text: &str,
        presets: &Arc<Presets>,
    ) -> Result<(Self, Vec<Diagnostic>), SpecError> {
        check_name(name, file)?;
        let source = SourceText::new(file, text);
        let tree = Node::parse(&source).map_err(SpecError::new)?;
        let mut checker = Checker::new(&source);
        checker.check(&PLAIN, &tree, "");
        let mut problems = checker.problems;
        let (preset, base) = read_preset(presets, &tree, &source, &mut problems);
        let document = Self {
            name: name.to_owned(),
            question: read_question(&tree, &source, &mut problems),
            preset,
            presets: Arc::clone(presets),
            tables: read_tables(base, &tree, &source, &mut problems),
            seeds: match tree.entry("seeds") {
                Some(entry) => read_seeds(entry, &source, &mut problems),
                None => vec![0],
            },
            report: tree.entry("report").map_or_else(RawReport::default, |entry| {
                // What is wrong with it has been said by the checker.
                serde_json::from_value(entry.node.to_value()).unwrap_or_default()
            }),
            expect: read_expectations(&tree, &source, &mut problems),
            published: Vec::new(),
            source,
            tree,
        };
        Ok((document, problems))
    }

    /// The blocks of the sweep.
    pub fn blocks(&self) -> &[Node] {
        self.tree.entry("sweep").map_or(&[], |entry| entry.node.items())
    }

    /// A diagnostic that points at the field `path` where it is written, or
    /// says which preset it comes from.
    pub fn point_at(&self, diagnostic: Diagnostic, path: &str, text: &str) -> Diagnostic {
        match self.tree.find(path) {
            Some(entry) => diagnostic.at(&self.source, entry.place(), text),
            None => match self.presets.value(&self.preset, path) {
                Some(value) => {
                    diagnostic.help(format!("{path} = {value} comes from preset `{}`", self.preset))
                }
                None => diagnostic,
            },
        }
    }
}

fn check_name(name: &str, file: &str) -> Result<(), SpecError> {
    let accepted = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 100 && name.chars().all(accepted) {
        return Ok(());
    }
    Err(Diagnostic::new(format!("`{name}`, of `{file}`, cannot be the name of an experiment"))
        .help("the file's name gives the experiment's: letters a–z, digits, - and _, at most 100")
        .into())
}

fn read_question(tree: &Node, source: &Arc<SourceText>, problems: &mut Vec<Diagnostic>) -> String {
    // Missing or not a text: said by the checker.
    let Some(entry) = tree.entry("question") else { return String::new() };
    let Content::Text(question) = &entry.node.content else { return String::new() };
    if question.trim().is_empty() {
        problems.push(
            Diagnostic::new("the question is empty")
                .at(source, entry.node.span.clone(), "")
                .help("say in a sentence what the experiment is to find out"),
        );
    }
    question.trim().to_owned()
}

/// The name of the preset that the file starts from, and its tables.
fn read_preset(
    presets: &Presets,
    tree: &Node,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> (String, Tables) {
    let entry = tree.entry("preset");
    let written = match entry.map(|entry| &entry.node.content) {
        Some(Content::Text(written)) => written.as_str(),
        _ => preset::DEFAULT,
    };
    let place = entry.map_or(0..0, |entry| entry.node.span.clone());
    match presets.tables(written) {
        Some(Ok(tables)) => return (written.to_owned(), tables.clone()),
        Some(Err(why)) => problems.push(
            Diagnostic::new(format!("this jem cannot read the preset `{written}`: {why}"))
                .at(source, place, "the file starts from it")
                .help("a jem built from the commit of the preset reads it"),
        ),
        None => {
            let label = match nearest(written, presets.names()) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "unknown preset".to_owned(),
            };
            problems.push(
                Diagnostic::new(format!("there is no preset `{written}`"))
                    .at(source, place, label)
                    .help(format!("accepted values: {}", quoted_list(presets.names()))),
            );
        }
    }
    // What else is wrong with the file is found beside the default.
    let tables = Presets::embedded().tables(preset::DEFAULT).and_then(Result::ok);
    (preset::DEFAULT.to_owned(), tables.cloned().unwrap_or_default())
}

/// The tables `base` of a preset with those of `tree` laid over them.
fn read_tables(
    base: Tables,
    tree: &Node,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Tables {
    let written: Vec<(&Field, &Entry)> =
        fields().iter().filter_map(|field| Some((field, tree.find(&field.path)?))).collect();
    let paths: Vec<_> = written
        .iter()
        .map(|(field, entry)| (field.path.as_str(), entry.key_span.clone()))
        .collect();
    check_alternatives(&paths, source, problems);
    let mut tables = base;
    for (field, entry) in written {
        match typed(field, &entry.node, source) {
            Ok(typed) => tables.overlay(&typed.tables),
            // Most of these the checker has said already.
            Err(said) => {
                let new = said.into_iter().filter(|problem| !problems.contains(problem));
                problems.extend(new.collect::<Vec<_>>());
            }
        }
    }
    tables
}

/// The seeds in `entry`: a number n for 0 … n−1, or a list of distinct seeds.
pub fn read_seeds(
    entry: &Entry,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<u64> {
    let mut seen = HashSet::new();
    match &entry.node.content {
        Content::Integer(n) => (0..u64::try_from(*n).unwrap_or(0).min(MAX_SEEDS)).collect(),
        Content::List(items) => items
            .iter()
            .filter_map(|item| {
                let Content::Integer(seed) = item.content else { return None };
                let seed = u64::try_from(seed).ok()?;
                if !seen.insert(seed) {
                    problems.push(Diagnostic::new(format!("seed {seed} is listed twice")).at(
                        source,
                        item.span.clone(),
                        "again here",
                    ));
                }
                Some(seed)
            })
            .collect(),
        // Said by the checker.
        _ => Vec::new(),
    }
}
