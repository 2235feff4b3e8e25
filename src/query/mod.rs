//! A small query over the trials of the store: `lambda > 0.3 and ece < 0.05`.
//!
//! ```text
//! query      = and { "or" and }
//! and        = not { "and" not }
//! not        = "not" not | "(" query ")" | "exists" "(" name ")" | comparison | name
//! comparison = name ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" ) value
//!            | name "in" "[" value { "," value } "]"
//! value      = number | word | 'text' | "text" | "[" value { "," value } "]"
//! ```
//!
//! A text is split into tokens (`token`), becomes an [`Expression`]
//! (`parse`), is given names and types (`names`, `check`) and then asks every
//! run (`test`). None of these sees the store; `load` does, and `list` shows
//! what was found.

mod check;
mod list;
mod load;
mod names;
mod parse;
mod test;
mod token;

pub use check::{Asked, QueryError};
pub use list::{List, Sort};
pub use load::{Found, Run, load};
pub use names::{Kind, Vocabulary};
pub use parse::{Expression, MAX_DEPTH};
pub use token::MAX_LENGTH;
