//! Everything that is wrong with one experiment file.

use std::fmt;

use crate::diagnostic::Diagnostic;

/// One or more things that are wrong with an experiment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// What is wrong, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// The most diagnostics shown at once.
const SHOWN: usize = 20;

impl SpecError {
    /// All of `diagnostics`, each once and in the order of the file.
    pub fn new(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|at| at.span.start));
        diagnostics.dedup();
        Self { diagnostics }
    }

    /// `Ok` when `diagnostics` is empty.
    ///
    /// # Errors
    /// When there are diagnostics.
    pub fn unless_empty(diagnostics: Vec<Diagnostic>) -> Result<(), Self> {
        if diagnostics.is_empty() { Ok(()) } else { Err(Self::new(diagnostics)) }
    }

    /// All diagnostics as people read them, with ANSI colours if `colour`.
    pub fn render(&self, colour: bool) -> String {
        let shown = self.diagnostics.iter().take(SHOWN);
        let mut texts: Vec<String> = shown.map(|diagnostic| diagnostic.render(colour)).collect();
        match self.diagnostics.len() {
            0 | 1 => {}
            n if n > SHOWN => texts.push(format!("{n} errors, the first {SHOWN} of them above")),
            n => texts.push(format!("{n} errors")),
        }
        texts.join("\n\n")
    }
}

impl From<Diagnostic> for SpecError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for SpecError {}
