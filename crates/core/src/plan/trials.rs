//! Trials, and the plan that holds them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::allowance::Allowance;
use super::block::Block;
use super::counts::Counts;
use super::expand::expand;
use super::experiment::{Experiment, meets, resolve_report};
use super::names::{Told, check_names};
use super::naming::Naming;
use crate::dataset::{Contents, DatasetError};
use crate::diagnostic::Diagnostic;
use crate::id::{CellId, EvalId, TrialId};
use crate::spec::preset::Presets;
use crate::spec::{Document, Expectation, Places, Resources, Spec, SpecError, value_at};

/// One point of the grid with one seed. What it consists of is told by its
/// [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The cell it belongs to, together with the trials of the other seeds.
    pub cell: CellId,
    /// Its id.
    pub id: TrialId,
    /// The id of its evaluation.
    pub eval: EvalId,
    /// Its seed.
    pub seed: u64,
    /// What it is given to run on.
    pub resources: Resources,
    pub(super) block: u32,
    pub(super) number: u32,
}

/// All trials of an experiment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment.
    pub experiment: Experiment,
    /// The paths that are swept, in the order written.
    pub axes: Vec<String>,
    /// The trials in their order.
    pub trials: Vec<Trial>,
    pub(super) told: Told,
    blocks: Vec<Block>,
    naming: Naming,
    /// For each block, where the value of each of `axes` is found.
    places: Vec<Vec<Place>>,
}

/// Where a block has the value of a path that is swept somewhere.
#[derive(Clone, Debug)]
enum Place {
    /// On this axis, in this column of it.
    Swept(usize, usize),
    /// Nowhere: it is the same in all cells; null where they have none.
    Fixed(Value),
}

impl Plan {
    /// Plans the experiment in the file at `path`.
    ///
    /// # Errors
    /// With everything that is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        Self::of(Document::read(path)?, Naming::new(path, None), path)
    }

    /// As [`Plan::read`], with ids that hold what the files of the user's own
    /// hold, as `contents` says, and not where they lie.
    ///
    /// # Errors
    /// As [`Plan::read`]. That a file's content is not known is none: its trials
    /// then have ids that no run has, and [`Plan::for_worker`] says why.
    pub fn read_by(path: &Path, contents: Arc<dyn Contents>) -> Result<Self, SpecError> {
        Self::of(Document::read(path)?, Naming::new(path, Some(contents)), path)
    }

    /// Plans the experiment `name` in `text`, the contents of `file`.
    ///
    /// # Errors
    /// With everything that is wrong with the text.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, SpecError> {
        Self::parse_from(name, file, text, Presets::embedded())
    }

    /// As [`Plan::parse`], where the text starts from one of `presets`.
    ///
    /// # Errors
    /// As [`Plan::parse`].
    pub fn parse_from(
        name: &str,
        file: &str,
        text: &str,
        presets: &Arc<Presets>,
    ) -> Result<Self, SpecError> {
        let naming = Naming::new(Path::new(file), None);
        Self::of(Document::parse(name, file, text, presets)?, naming, Path::new(file))
    }

    /// As [`Plan::parse_from`], with ids as [`Plan::read_by`] makes them.
    ///
    /// # Errors
    /// As [`Plan::parse`].
    pub fn parse_by(
        name: &str,
        file: &str,
        text: &str,
        presets: &Arc<Presets>,
        contents: Arc<dyn Contents>,
    ) -> Result<Self, SpecError> {
        let naming = Naming::new(Path::new(file), Some(contents));
        Self::of(Document::parse(name, file, text, presets)?, naming, Path::new(file))
    }

    fn of(
        read: (Document, Vec<Diagnostic>),
        naming: Naming,
        file: &Path,
    ) -> Result<Self, SpecError> {
        let (document, mut problems) = read;
        let base = Arc::new(document.tables.clone());
        let mut allowance = Allowance::default();
        let mut blocks: Vec<Block> = document
            .blocks()
            .iter()
            .filter_map(|node| Block::read(node, &document, &base, &mut allowance, &mut problems))
            .collect();
        if document.blocks().is_empty() {
            blocks.push(Block::single(&document, &base));
        }
        // Without all blocks it is not known what is swept.
        SpecError::unless_empty(std::mem::take(&mut problems))?;
        check_names(&blocks, &document.source, &mut problems);
        let axes = swept(&blocks);
        let told = Told::of(&blocks, &axes);
        let report = resolve_report(&document, (&axes, &told), &blocks, &mut problems);
        let counts = Counts::new(file.parent().unwrap_or(Path::new("")));
        let trials = expand(&document, &blocks, (&counts, &naming), &mut problems);
        SpecError::unless_empty(std::mem::take(&mut problems))?;
        let plan = Self {
            places: blocks.iter().map(|block| places(block, &axes)).collect(),
            experiment: Experiment {
                name: document.name.clone(),
                file: PathBuf::from(file),
                question: document.question.clone(),
                preset: document.preset.clone(),
                report,
                expect: document.expect.clone(),
            },
            axes,
            told,
            trials,
            blocks,
            naming,
        };
        plan.check_expectations(&document, &mut problems);
        SpecError::unless_empty(problems)?;
        Ok(plan)
    }

    /// What `trial`, one of this plan's, trains and evaluates.
    pub fn spec_of(&self, trial: &Trial) -> Spec {
        let block = self.block_of(trial);
        block.spec(&block.choices(trial.number))
    }

    /// The spec of `trial` as a worker takes it, with content in the place of
    /// paths, and where it finds each content.
    ///
    /// # Errors
    /// When a file of the user's own is neither there nor remembered.
    pub fn for_worker(&self, trial: &Trial) -> Result<(Spec, Places), DatasetError> {
        self.naming.spec(&self.spec_of(trial))
    }

    /// What says what the files of the user's own hold, where ids rest on it.
    pub fn contents(&self) -> Option<&dyn Contents> {
        self.naming.contents()
    }

    /// The value of `trial` at each of [`Plan::axes`], typed as the field is;
    /// null where its spec has no such field.
    pub fn values_of<'a>(&'a self, trial: &Trial) -> Vec<(&'a str, &'a Value)> {
        let block = self.block_of(trial);
        let choices = block.choices(trial.number);
        let places = &self.places[trial.block as usize];
        let value = |place: &'a Place| match place {
            Place::Swept(axis, column) => {
                &block.axes[*axis].columns[*column].values[choices[*axis]].typed.value
            }
            Place::Fixed(value) => value,
        };
        self.axes.iter().map(String::as_str).zip(places.iter().map(value)).collect()
    }

    pub(super) fn block_of(&self, trial: &Trial) -> &Block {
        &self.blocks[trial.block as usize]
    }

    /// Whether `expectation` is about the cell of `trial`.
    pub fn concerns(&self, expectation: &Expectation, trial: &Trial) -> bool {
        let values = self.values_of(trial);
        meets(&expectation.condition, |path| {
            match values.iter().find(|(swept, _)| *swept == path) {
                Some((_, value)) => Some((*value).clone()),
                None => value_at(&self.spec_of(trial), path),
            }
        })
    }

    /// What one should know of how the trials came about, as sentences.
    pub fn notes(&self) -> Vec<String> {
        let axes = self.blocks.iter().flat_map(|block| &block.axes);
        axes.filter_map(|axis| axis.note.clone()).collect()
    }

    /// The trials whose id begins with `prefix`, in hexadecimal characters.
    pub fn find(&self, prefix: &str) -> Vec<&Trial> {
        let prefix = prefix.to_lowercase();
        self.trials.iter().filter(|trial| trial.id.to_string().starts_with(&prefix)).collect()
    }

    fn check_expectations(&self, document: &Document, problems: &mut Vec<Diagnostic>) {
        for expectation in &self.experiment.expect {
            if !self.trials.iter().any(|trial| self.concerns(expectation, trial)) {
                let name = &expectation.name;
                let message = format!("no cell meets the conditions of the expectation `{name}`");
                let entry = document.tree.entry("expect").and_then(|all| all.node.entry(name));
                let place = entry.and_then(|entry| entry.node.entry("where"));
                let place = place.map_or(0..0, |entry| entry.key_span.clone());
                let label = "no cell has these values";
                problems.push(Diagnostic::new(message).at(&document.source, place, label));
            }
        }
    }
}

/// All paths that are swept, each once, in the order written.
fn swept(blocks: &[Block]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for (_, column) in blocks.iter().flat_map(Block::columns) {
        if !paths.contains(&column.field.path) {
            paths.push(column.field.path.clone());
        }
    }
    paths
}

fn places(block: &Block, axes: &[String]) -> Vec<Place> {
    let spec = block.spec(&vec![0; block.axes.len()]);
    let place = |path: &String| {
        for (number, axis) in block.axes.iter().enumerate() {
            if let Some(column) = axis.columns.iter().position(|c| c.field.path == *path) {
                return Place::Swept(number, column);
            }
        }
        Place::Fixed(value_at(&spec, path).unwrap_or_default())
    };
    axes.iter().map(place).collect()
}
