//! Gives the names of a query their full form and its values their types.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jem_core::diagnostic::{Diagnostic, SourceText, nearest};

use super::names::{Kind, Vocabulary};
use super::parse::{Expression, Literal, LiteralContent, Name, parse};
use super::test::{Operand, Test};
use super::token::Operator;

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError(Diagnostic);

impl QueryError {
    /// As people read it, with ANSI colours if `colour`.
    pub fn render(&self, colour: bool) -> String {
        self.0.render(colour)
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for QueryError {}

/// A query that can be asked of runs.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is asked.
    pub(super) test: Test,
    /// The full names in it, in the order written, each once.
    pub names: Vec<String>,
}

impl Asked {
    /// Reads `text` with the names of `vocabulary`. An empty text asks for all
    /// runs.
    ///
    /// # Errors
    /// With the first thing that is wrong, and its place.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, QueryError> {
        let source = SourceText::new("query", text);
        let expression = parse(&source).map_err(QueryError)?;
        let mut checker = Checker { source: &source, vocabulary, names: Vec::new() };
        let test = checker.test(&expression).map_err(QueryError)?;
        let mut seen = BTreeSet::new();
        checker.names.retain(|name| seen.insert(name.clone()));
        Ok(Self { test, names: checker.names })
    }

    /// The full form of a name that stands alone, as in `--columns`.
    ///
    /// # Errors
    /// When there is no such name, or more than one.
    pub fn name(written: &str, vocabulary: &Vocabulary) -> Result<String, QueryError> {
        let source = SourceText::new("name", written);
        let mut checker = Checker { source: &source, vocabulary, names: Vec::new() };
        let name = Name { text: written.to_owned(), span: 0..written.len() };
        Ok(checker.resolve(&name).map_err(QueryError)?.0)
    }
}

struct Checker<'a> {
    source: &'a Arc<SourceText>,
    vocabulary: &'a Vocabulary,
    names: Vec<String>,
}

impl Checker<'_> {
    fn test(&mut self, expression: &Expression) -> Result<Test, Diagnostic> {
        Ok(match expression {
            Expression::And(parts) => Test::All(self.tests(parts)?),
            Expression::Or(parts) => Test::Any(self.tests(parts)?),
            Expression::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            Expression::Exists(name) => Test::Exists(self.resolve(name)?.0),
            Expression::Flag(name) => self.flag(name)?,
            Expression::Compare(name, operator, literal) => {
                self.comparison(name, *operator, literal)?
            }
            Expression::In(name, items) => {
                let equal = |item| self.comparison(name, Operator::Equal, item);
                Test::Any(items.iter().map(equal).collect::<Result<_, _>>()?)
            }
        })
    }

    fn tests(&mut self, parts: &[Expression]) -> Result<Vec<Test>, Diagnostic> {
        parts.iter().map(|part| self.test(part)).collect()
    }

    fn resolve(&mut self, name: &Name) -> Result<(String, Kind), Diagnostic> {
        let found = self.vocabulary.resolve(&name.text).map_err(|why| {
            Diagnostic::new(why.message)
                .at(self.source, name.span.clone(), why.label)
                .help(why.help)
        })?;
        self.names.push(found.0.clone());
        Ok(found)
    }

    fn flag(&mut self, name: &Name) -> Result<Test, Diagnostic> {
        match self.resolve(name)? {
            (full, Kind::Flag) => Ok(Test::Compare(full, Operator::Equal, Operand::Flag(true))),
            (full, kind) => Err(Diagnostic::new(format!("`{full}` is {kind}"))
                .at(self.source, name.span.clone(), "a comparison is expected after this name")
                .help(format!("`exists({})` asks whether a run has it", name.text))),
        }
    }

    fn comparison(
        &mut self,
        name: &Name,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Test, Diagnostic> {
        let (full, kind) = self.resolve(name)?;
        self.check_operator(&full, &kind, operator, name.span.start..literal.span.end)?;
        let operand = if operator == Operator::Like {
            Operand::Part(self.text(&full, &kind, literal)?.to_lowercase())
        } else {
            self.operand(&full, &kind, literal)?
        };
        Ok(Test::Compare(full, operator, operand))
    }

    fn check_operator(
        &self,
        full: &str,
        kind: &Kind,
        operator: Operator,
        span: Range<usize>,
    ) -> Result<(), Diagnostic> {
        let accepted = match (kind, operator) {
            (_, Operator::Equal | Operator::Unequal) => return Ok(()),
            (Kind::Number, Operator::Like) | (Kind::Flag, _) => "`=` and `!=`",
            (Kind::Number | Kind::Time, _) | (_, Operator::Like) => return Ok(()),
            _ => "`=`, `!=` and `~`",
        };
        let accepted = match kind {
            Kind::Number => "`=`, `!=`, `<`, `<=`, `>` and `>=`",
            _ => accepted,
        };
        let message = format!("`{}` does not go with `{full}`, which is {kind}", operator.text());
        Err(Diagnostic::new(message).at(self.source, span, format!("accepted are {accepted}")))
    }

    /// What `full` is compared with.
    fn operand(&self, full: &str, kind: &Kind, literal: &Literal) -> Result<Operand, Diagnostic> {
        if let Kind::List = kind {
            let LiteralContent::List(items) = &literal.content else {
                return Err(self.mismatch(full, kind, literal).help("write [256, 256]"));
            };
            let item = |item: &Literal| self.item(item);
            return Ok(Operand::List(items.iter().map(item).collect::<Result<_, _>>()?));
        }
        let text = match &literal.content {
            LiteralContent::Bare(text) => text,
            LiteralContent::Quoted(text) if !matches!(kind, Kind::Number | Kind::Flag) => text,
            LiteralContent::Quoted(_) => return Err(self.mismatch(full, kind, literal)),
            LiteralContent::List(_) => {
                let error = self.mismatch(full, kind, literal);
                return Err(error.help("`in [value, value]` asks for one of several"));
            }
        };
        match kind {
            Kind::Number => match number(text) {
                Some(operand) => Ok(operand),
                None => Err(self.mismatch(full, kind, literal)),
            },
            Kind::Flag => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Operand::Flag(true)),
                "false" => Ok(Operand::Flag(false)),
                _ => Err(self.mismatch(full, kind, literal)),
            },
            Kind::Word(words) if !words.contains(&text.as_str()) => {
                let error = self.mismatch(full, kind, literal);
                Err(match nearest(text, words.iter().copied()) {
                    Some(meant) => error.help(format!("did you mean `{meant}`?")),
                    None => error,
                })
            }
            Kind::Id => Ok(Operand::Start(text.to_lowercase())),
            Kind::Time => Ok(Operand::Time(text.clone())),
            _ => Ok(Operand::Text(text.clone())),
        }
    }

    /// An item of a list that is compared with a list.
    fn item(&self, literal: &Literal) -> Result<Operand, Diagnostic> {
        match &literal.content {
            LiteralContent::Bare(text) => {
                Ok(number(text).unwrap_or_else(|| Operand::Text(text.clone())))
            }
            LiteralContent::Quoted(text) => Ok(Operand::Text(text.clone())),
            LiteralContent::List(_) => Err(Diagnostic::new("a list holds no lists").at(
                self.source,
                literal.span.clone(),
                "",
            )),
        }
    }

    /// The text that is looked for.
    fn text<'l>(
        &self,
        full: &str,
        kind: &Kind,
        literal: &'l Literal,
    ) -> Result<&'l str, Diagnostic> {
        match &literal.content {
            LiteralContent::Bare(text) | LiteralContent::Quoted(text) => Ok(text),
            LiteralContent::List(_) => Err(self.mismatch(full, kind, literal)),
        }
    }

    fn mismatch(&self, full: &str, kind: &Kind, literal: &Literal) -> Diagnostic {
        let found = match &literal.content {
            LiteralContent::List(_) => "a list".to_owned(),
            LiteralContent::Bare(text) if text.eq_ignore_ascii_case("nan") => {
                "not a number; `exists` asks for runs without a value".to_owned()
            }
            LiteralContent::Bare(text) if number(text).is_some() => "a number".to_owned(),
            _ => "a text".to_owned(),
        };
        let message = format!("`{full}` is {kind}");
        Diagnostic::new(message).at(self.source, literal.span.clone(), format!("this is {found}"))
    }
}

/// A number as written; NaN is none, since nothing compares with it.
fn number(text: &str) -> Option<Operand> {
    let real: f64 = text.parse().ok()?;
    (!real.is_nan()).then(|| Operand::Number(real, text.parse().ok()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Asked, QueryError> {
        let paths = ["clf/accuracy", "calib/ece/bins=10", "calib/ece/bins=20"];
        Asked::parse(text, &Vocabulary::new(paths))
    }

    #[test]
    fn the_names_of_a_query_are_told_once_in_full_and_in_order() {
        let asked = read("seed in [1, 2] and lambda > 0 and (accuracy < 1 or lambda = 3)").unwrap();
        assert_eq!(asked.names, ["seed", "objective.lambda", "clf/accuracy"]);
        assert!(read("").unwrap().names.is_empty());
    }

    #[test]
    fn every_error_says_what_the_name_is_and_points_at_the_place() {
        for (text, place, expected) in [
            ("lamda > 1", "1:1", "did you mean `lambda`?"),
            ("seed = 0 and ece < 1", "1:14", "`calib/ece/bins=10`, `calib/ece/bins=20`"),
            ("lambda > high", "1:10", "`objective.lambda` is a number"),
            ("lambda = '0.3'", "1:10", "this is a text"),
            ("lambda = nan", "1:10", "`exists` asks"),
            ("lambda ~ 3", "1:1", "`~` does not go with `objective.lambda`"),
            ("lambda = [1, 2]", "1:10", "`in [value, value]`"),
            ("lambda", "1:1", "a comparison is expected"),
            ("outcome = divergd", "1:11", "did you mean `diverged`?"),
            ("outcome < diverged", "1:1", "accepted are `=`, `!=` and `~`"),
            ("dirty = 1", "1:9", "`dirty` is true or false"),
            ("dirty ~ tr", "1:1", "accepted are `=` and `!="),
            ("mlp.hidden = 256", "1:14", "write [256, 256]"),
            ("commit < 12", "1:1", "an id"),
            ("host ~ [a]", "1:8", "this is a list"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!("query:{place}\n")), "{text}: {error}");
            assert!(error.contains(expected) && error.contains('^'), "{text}: {error}");
        }
        let error = Asked::name("lamda", &Vocabulary::new([])).unwrap_err().to_string();
        assert!(error.contains("did you mean `lambda`?"), "{error}");
    }
}
