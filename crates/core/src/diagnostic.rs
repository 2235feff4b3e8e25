//! What is wrong with a file that somebody wrote: the message, the place with
//! its line and caret, and what to do next.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A text with the name of the file it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The file as people know it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl SourceText {
    /// The text `text` of the file `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line and column of the byte at `offset`, both counted from 1; columns
    /// are characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.clip(offset)];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[start..].chars().count() + 1)
    }

    /// The nearest character boundary at or before `offset`.
    fn clip(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// A part of a file, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes of the file that are meant.
    pub span: Range<usize>,
    /// What is said of them; may be empty.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The file it is in.
    pub source: Option<Arc<SourceText>>,
    /// Where: the first label is the place itself, the others belong to it.
    pub labels: Vec<Label>,
    /// What is accepted, what was probably meant, what to do next.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic that belongs to no place yet.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, labels: Vec::new(), help: Vec::new() }
    }

    /// Adds the place `span` of `source`, labelled with `text`.
    #[must_use]
    pub fn at(
        mut self,
        source: &Arc<SourceText>,
        span: Range<usize>,
        text: impl Into<String>,
    ) -> Self {
        self.source = Some(Arc::clone(source));
        let start = source.clip(span.start);
        let end = source.clip(span.end).max(start);
        self.labels.push(Label { span: start..end, text: text.into() });
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Line and column of the first label, counted from 1.
    pub fn place(&self) -> Option<(usize, usize)> {
        let source = self.source.as_ref()?;
        Some(source.place(self.labels.first()?.span.start))
    }

    /// The diagnostic as people read it, with ANSI colours if `colour`.
    pub fn render(&self, colour: bool) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(&self.message));
        if let Some(source) = &self.source {
            let kinds = std::iter::once(AnnotationKind::Primary)
                .chain(std::iter::repeat(AnnotationKind::Context));
            let annotations = self.labels.iter().zip(kinds).map(|(label, kind)| {
                let text = (!label.text.is_empty()).then_some(label.text.as_str());
                kind.span(label.span.clone()).label(text)
            });
            let snippet = Snippet::source(&source.text).path(&source.name);
            group = group.element(snippet.annotations(annotations));
        }
        for line in &self.help {
            group = group.element(Level::HELP.message(line));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// The candidate most like `written`, if any is like enough to have been meant.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        // Of equally good ones the first.
        .reduce(|best, other| if other.0 > best.0 { other } else { best })
        .map(|(_, candidate)| candidate)
}

/// `names` in backquotes, separated by commas.
pub fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_shows_file_line_caret_and_help() {
        let source = SourceText::new("a.toml", "[sampler]\nnoise_sdt = 1\n");
        let shown = Diagnostic::new("unknown key `noise_sdt`")
            .at(&source, 10..19, "did you mean `noise_std`?")
            .help("accepted: `noise_std`")
            .to_string();
        let expected = "\
error: unknown key `noise_sdt`
 --> a.toml:2:1
  |
2 | noise_sdt = 1
  | ^^^^^^^^^ did you mean `noise_std`?
  |
  = help: accepted: `noise_std`";
        assert_eq!(shown, expected);
    }

    #[test]
    fn places_count_characters_and_never_split_one() {
        let source = SourceText::new("a.toml", "é = 'λ'\nx");
        assert_eq!(source.place(6), (1, 6));
        assert_eq!(source.place(7), (1, 6));
        assert_eq!(source.place(10_000), (2, 2));
        let shown = Diagnostic::new("x").at(&source, 1..8, "here").to_string();
        assert!(shown.contains("é = 'λ'"), "{shown}");
    }

    #[test]
    fn the_nearest_name_forgives_a_slip_but_does_not_guess() {
        let names = ["steps", "step_size", "noise_std"];
        assert_eq!(nearest("noise_sdt", names), Some("noise_std"));
        assert_eq!(nearest("Step-Size", names), Some("step_size"));
        assert_eq!(nearest("lambda", names), None);
    }
}
