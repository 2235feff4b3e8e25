//! A query as tokens.

use std::ops::Range;
use std::sync::Arc;

use jem_core::diagnostic::{Diagnostic, SourceText};
use jem_core::metric::metrics;

/// The longest query, in bytes.
pub const MAX_LENGTH: usize = 1 << 14;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `~`, part of a text
    Like,
}

impl Operator {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Like => "~",
        }
    }
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword, a name, a number or a bare text: which, its place decides.
    Word(String),
    /// A text in quotes.
    Quoted(String),
    /// A name in backquotes, which may hold anything.
    Name(String),
    /// A comparison.
    Operator(Operator),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenList,
    /// `]`
    CloseList,
    /// `,`
    Comma,
}

/// A token and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// The bytes of the query that it is written in.
    pub span: Range<usize>,
}

/// The tokens of a query.
///
/// # Errors
/// When it is too long, or holds what is no token.
pub fn tokens(source: &Arc<SourceText>) -> Result<Vec<Token>, Diagnostic> {
    let text = source.text.as_str();
    if text.len() > MAX_LENGTH {
        let message = format!("the query has {} bytes; at most {MAX_LENGTH} are read", text.len());
        return Err(Diagnostic::new(message));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (kind, length) = next(source, at, c)?;
        tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    Ok(tokens)
}

/// The token that begins with `c` at `at`, and its bytes.
fn next(source: &Arc<SourceText>, at: usize, c: char) -> Result<(TokenKind, usize), Diagnostic> {
    let rest = &source.text[at..];
    const SYMBOLS: [(&str, TokenKind); 13] = [
        ("!=", TokenKind::Operator(Operator::Unequal)),
        ("<=", TokenKind::Operator(Operator::AtMost)),
        (">=", TokenKind::Operator(Operator::AtLeast)),
        ("==", TokenKind::Operator(Operator::Equal)),
        ("=", TokenKind::Operator(Operator::Equal)),
        ("<", TokenKind::Operator(Operator::Less)),
        (">", TokenKind::Operator(Operator::Greater)),
        ("~", TokenKind::Operator(Operator::Like)),
        ("(", TokenKind::Open),
        (")", TokenKind::Close),
        ("[", TokenKind::OpenList),
        ("]", TokenKind::CloseList),
        (",", TokenKind::Comma),
    ];
    if let Some((symbol, kind)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
        return Ok((kind.clone(), symbol.len()));
    }
    if matches!(c, '\'' | '"' | '`') {
        let Some(length) = rest[1..].find(c) else {
            return Err(Diagnostic::new(format!("this {c} has no partner"))
                .at(source, at..at + 1, "opened here, never closed")
                .help("quotes are '…' or \"…\" and cannot hold themselves"));
        };
        let inner = rest[1..=length].to_owned();
        let kind = if c == '`' { TokenKind::Name(inner) } else { TokenKind::Quoted(inner) };
        return Ok((kind, length + 2));
    }
    match word(rest) {
        0 => Err(unknown(source, at, c)),
        length => Ok((TokenKind::Word(rest[..length].to_owned()), length)),
    }
}

/// The bytes of the word that `text` begins with. A metric's parameter, as in
/// `calib/ece/bins=15`, belongs to it.
fn word(text: &str) -> usize {
    let inside = |c: char| c.is_alphanumeric() || "_./+-:".contains(c);
    let end = |from: usize| {
        text[from..].find(|c: char| !inside(c)).map_or(text.len(), |length| from + length)
    };
    let first = end(0);
    let parameter = text[..first].rsplit_once('/').is_some_and(|(_, last)| is_parameter(last));
    let digit = text[first..].strip_prefix('=').and_then(|rest| rest.bytes().next());
    if parameter && digit.is_some_and(|byte| byte.is_ascii_digit()) {
        end(first + 1)
    } else {
        first
    }
}

/// Whether some metric has a parameter `name=<…>`.
fn is_parameter(name: &str) -> bool {
    let mut parts = metrics().flat_map(|metric| metric.pattern.split('/'));
    !name.is_empty()
        && parts.any(|part| part.strip_prefix(name).is_some_and(|rest| rest.starts_with("=<")))
}

fn unknown(source: &Arc<SourceText>, at: usize, c: char) -> Diagnostic {
    let meant = match c {
        '&' => "write `and`",
        '|' => "write `or`",
        '!' => "write `not`, or `!=`",
        _ => "no query holds this; text in quotes may",
    };
    let shown = c.escape_debug();
    Diagnostic::new(format!("`{shown}` means nothing here")).at(
        source,
        at..at + c.len_utf8(),
        meant,
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let tokens = tokens(&SourceText::new("query", text)).unwrap();
        tokens.into_iter().map(|token| token.kind).collect()
    }

    fn word(text: &str) -> TokenKind {
        TokenKind::Word(text.to_owned())
    }

    #[test]
    fn operators_need_no_spaces_and_a_minus_belongs_to_its_number() {
        let less = TokenKind::Operator(Operator::Less);
        assert_eq!(kinds("lambda<-1e-3"), [word("lambda"), less, word("-1e-3")]);
        let equal = TokenKind::Operator(Operator::Equal);
        assert_eq!(kinds("clf/accuracy=0.9"), [word("clf/accuracy"), equal.clone(), word("0.9")]);
        assert_eq!(kinds("a == b"), [word("a"), equal, word("b")]);
    }

    #[test]
    fn a_metrics_parameter_belongs_to_its_name() {
        let less = TokenKind::Operator(Operator::Less);
        let expected = [word("calib/ece/bins=15"), less, word("0.05")];
        assert_eq!(kinds("calib/ece/bins=15<0.05"), expected);
        let equal = TokenKind::Operator(Operator::Equal);
        assert_eq!(kinds("bins=15"), [word("bins"), equal.clone(), word("15")]);
        let compared = [word("ece/bins=15"), equal, word("0.1")];
        assert_eq!(kinds("ece/bins=15 = 0.1"), compared);
    }

    #[test]
    fn quotes_hold_anything_but_themselves() {
        let quoted = |text: &str| TokenKind::Quoted(text.to_owned());
        assert_eq!(kinds("'a \"b\"' \"it's\" ''"), [quoted("a \"b\""), quoted("it's"), quoted("")]);
        assert_eq!(kinds("`ood/my set`"), [TokenKind::Name("ood/my set".to_owned())]);
        let error = tokens(&SourceText::new("query", "host = 'x")).unwrap_err().to_string();
        assert!(error.contains("query:1:8") && error.contains("never closed"), "{error}");
    }

    #[test]
    fn what_is_no_token_is_pointed_at() {
        for (text, expected) in [("a && b", "write `and`"), ("!a", "write `not`"), ("a ; b", ";")] {
            let error = tokens(&SourceText::new("query", text)).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains('^'), "{error}");
        }
        let long = "a".repeat(MAX_LENGTH + 1);
        let error = tokens(&SourceText::new("query", long)).unwrap_err().to_string();
        assert!(error.contains("16385 bytes"), "{error}");
    }
}
