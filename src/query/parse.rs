//! Tokens to an expression: precedence, brackets, keywords.

use std::ops::Range;
use std::sync::Arc;

use jem_core::diagnostic::{Diagnostic, SourceText};

use super::token::{Operator, Token, TokenKind, tokens};

/// How deep brackets may stand in each other.
pub const MAX_DEPTH: usize = 64;

/// A query as written: names are not known yet, values have no type yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// All of these hold; of none, it always holds.
    And(Vec<Expression>),
    /// One of these holds.
    Or(Vec<Expression>),
    /// This does not hold.
    Not(Box<Expression>),
    /// A run has a value of this name.
    Exists(Name),
    /// A value of this name is true.
    Flag(Name),
    /// A value compares like this.
    Compare(Name, Operator, Literal),
    /// A value equals one of these.
    In(Name, Vec<Literal>),
}

/// A name as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Its place in the query.
    pub span: Range<usize>,
}

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// What it says.
    pub content: LiteralContent,
    /// Its place in the query.
    pub span: Range<usize>,
}

/// What a value says.
#[derive(Clone, Debug, PartialEq)]
pub enum LiteralContent {
    /// A number or text without quotes.
    Bare(String),
    /// A text in quotes.
    Quoted(String),
    /// Values in their order; not lists again.
    List(Vec<Literal>),
}

/// Reads a query; an empty one holds for every run.
///
/// # Errors
/// With the first thing that is wrong.
pub fn parse(source: &Arc<SourceText>) -> Result<Expression, Diagnostic> {
    let tokens = tokens(source)?;
    if tokens.is_empty() {
        return Ok(Expression::And(Vec::new()));
    }
    let mut parser = Parser { source, tokens: &tokens, at: 0, depth: 0 };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.wrong("`and`, `or` or the end is expected here")),
    }
}

struct Parser<'a> {
    source: &'a Arc<SourceText>,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// Takes the next token if it is `kind`.
    fn take(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    /// Takes the next token if it is this keyword, in either case.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    /// The place of the next token, or of the end.
    fn here(&self) -> Range<usize> {
        let end = self.source.text.trim_end().len();
        self.tokens.get(self.at).map_or(end..end, |token| token.span.clone())
    }

    /// The next token, or the end, is wrong.
    fn wrong(&self, expected: &str) -> Diagnostic {
        let here = self.here();
        let message = match self.source.text.get(here.clone()) {
            Some("") | None => "the query ends too early".to_owned(),
            Some(text) => format!("`{text}` does not belong here"),
        };
        Diagnostic::new(message).at(self.source, here, expected)
    }

    fn any(&mut self) -> Result<Expression, Diagnostic> {
        let mut parts = vec![self.all()?];
        while self.keyword("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn all(&mut self) -> Result<Expression, Diagnostic> {
        let mut parts = vec![self.negated()?];
        while self.keyword("and") {
            parts.push(self.negated()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn negated(&mut self) -> Result<Expression, Diagnostic> {
        // Counted, not nested: any number of them is one or none.
        let mut odd = false;
        while self.keyword("not") {
            odd = !odd;
        }
        let inner = self.primary()?;
        Ok(if odd { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn primary(&mut self) -> Result<Expression, Diagnostic> {
        if self.peek() == Some(&TokenKind::Open) {
            return self.bracketed();
        }
        let name = self.name()?;
        if name.text.eq_ignore_ascii_case("exists") && self.take(&TokenKind::Open) {
            let inner = self.name()?;
            if !self.take(&TokenKind::Close) {
                return Err(self.wrong("`)` is expected here"));
            }
            return Ok(Expression::Exists(inner));
        }
        if self.keyword("in") {
            return match self.literal()? {
                Literal { content: LiteralContent::List(items), .. } => {
                    Ok(Expression::In(name, items))
                }
                Literal { span, .. } => Err(Diagnostic::new("`in` takes a list").at(
                    self.source,
                    span,
                    "`[value, value]` is expected here",
                )),
            };
        }
        let Some(TokenKind::Operator(operator)) = self.peek() else {
            return Ok(Expression::Flag(name));
        };
        let operator = *operator;
        self.at += 1;
        let literal = self.literal()?;
        if matches!(self.peek(), Some(TokenKind::Operator(_))) {
            let hint = format!("write `{0} > 0.1 and {0} < 0.5`", name.text);
            return Err(self.wrong("comparisons do not chain").help(hint));
        }
        Ok(Expression::Compare(name, operator, literal))
    }

    fn bracketed(&mut self) -> Result<Expression, Diagnostic> {
        if self.depth == MAX_DEPTH {
            let message = format!("brackets stand in each other more than {MAX_DEPTH} deep");
            return Err(Diagnostic::new(message).at(self.source, self.here(), "one too many"));
        }
        let opened = self.here();
        self.at += 1;
        self.depth += 1;
        let inner = self.any()?;
        self.depth -= 1;
        if !self.take(&TokenKind::Close) {
            return Err(self.wrong("`)` is expected here").at(self.source, opened, "opened here"));
        }
        Ok(inner)
    }

    fn name(&mut self) -> Result<Name, Diagnostic> {
        let text = match self.peek() {
            Some(TokenKind::Name(text)) => text.clone(),
            Some(TokenKind::Word(word)) => {
                if ["and", "or", "not", "in"].contains(&word.to_ascii_lowercase().as_str()) {
                    return Err(self.wrong("a name is expected here"));
                }
                if word.parse::<f64>().is_ok() {
                    let hint = "the name stands on the left: `lambda > 0.3`";
                    return Err(self.wrong("a name is expected here").help(hint));
                }
                word.clone()
            }
            Some(TokenKind::Quoted(_)) => {
                let hint = "a name stands bare, or in `backquotes`";
                return Err(self.wrong("a name is expected here").help(hint));
            }
            _ => return Err(self.wrong("a name is expected here")),
        };
        let span = self.here();
        self.at += 1;
        Ok(Name { text, span })
    }

    fn literal(&mut self) -> Result<Literal, Diagnostic> {
        let start = self.here();
        if !self.take(&TokenKind::OpenList) {
            return self.scalar();
        }
        let mut items = Vec::new();
        loop {
            if self.take(&TokenKind::CloseList) {
                break;
            }
            items.push(self.scalar()?);
            if !self.take(&TokenKind::Comma) && self.peek() != Some(&TokenKind::CloseList) {
                return Err(self.wrong("`,` or `]` is expected here"));
            }
        }
        let end = self.tokens[self.at - 1].span.end;
        Ok(Literal { content: LiteralContent::List(items), span: start.start..end })
    }

    fn scalar(&mut self) -> Result<Literal, Diagnostic> {
        let content = match self.peek() {
            Some(TokenKind::Word(word)) => LiteralContent::Bare(word.clone()),
            Some(TokenKind::Quoted(text)) => LiteralContent::Quoted(text.clone()),
            _ => return Err(self.wrong("a value is expected here")),
        };
        let span = self.here();
        self.at += 1;
        Ok(Literal { content, span })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Expression, Diagnostic> {
        parse(&SourceText::new("query", text))
    }

    /// The expression with every bracket written.
    fn told(expression: &Expression) -> String {
        let each = |parts: &[Expression], word: &str| {
            let parts: Vec<String> = parts.iter().map(told).collect();
            format!("({})", parts.join(word))
        };
        match expression {
            Expression::And(parts) => each(parts, " and "),
            Expression::Or(parts) => each(parts, " or "),
            Expression::Not(inner) => format!("not {}", told(inner)),
            Expression::Exists(name) => format!("exists({})", name.text),
            Expression::Flag(name) => name.text.clone(),
            Expression::Compare(name, operator, _) => format!("{}{}", name.text, operator.text()),
            Expression::In(name, items) => format!("{} in {}", name.text, items.len()),
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closest() {
        for (text, expected) in [
            ("", "()"),
            ("a or b and c", "(a or (b and c))"),
            ("(a or b) and c", "((a or b) and c)"),
            ("not a and b", "(not a and b)"),
            ("not (a and b)", "not (a and b)"),
            ("NOT not not a", "not a"),
            ("a and b and c or d", "((a and b and c) or d)"),
            ("x < 1 and exists(ece)", "(x< and exists(ece))"),
            ("seed in [1, 2,] or not exists(b)", "(seed in 2 or not exists(b))"),
            ("hidden = [256, 256]", "hidden="),
            ("`and` = 1", "and="),
        ] {
            assert_eq!(told(&read(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, place, expected) in [
            ("a <", "1:4", "a value is expected"),
            ("a < 1 b", "1:7", "`and`, `or` or the end"),
            ("(a < 1", "1:7", "`)` is expected"),
            ("a < 1)", "1:6", "does not belong here"),
            ("0.3 < lambda", "1:1", "the name stands on the left"),
            ("a < lambda < 3", "1:12", "comparisons do not chain"),
            ("and", "1:1", "a name is expected"),
            ("a in 3", "1:6", "takes a list"),
            ("a in [1 2]", "1:9", "`,` or `]`"),
            ("a in [[1]]", "1:7", "a value is expected"),
            ("a in [", "1:7", "a value is expected"),
            ("exists(", "1:8", "a name is expected"),
            ("exists(a b", "1:10", "`)` is expected"),
            ("'a' = 1", "1:1", "backquotes"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!("query:{place}\n")), "{text}: {error}");
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn deep_brackets_are_refused_and_long_chains_are_not() {
        let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(told(&read(&nested(MAX_DEPTH)).unwrap()), "a");
        let error = read(&nested(MAX_DEPTH + 1)).unwrap_err().to_string();
        assert!(error.contains("64 deep"), "{error}");
        assert!(read(&"(".repeat(100_000)).unwrap_err().to_string().contains("100000 bytes"));
        assert!(read(&"(".repeat(16_000)).is_err());
        let chain = format!("{}a", "not ".repeat(4000));
        assert_eq!(told(&read(&chain).unwrap()), "a");
        assert!(read(&["a"; 2000].join(" and ")).is_ok());
    }
}
