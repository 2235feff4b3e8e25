//! The data of figures as CSV (RFC 4180): numbers in full, one header.

use jem_core::spec::show_value;
use serde_json::Value;

use crate::spreadsheet::line;

/// Rows of fields under a header.
#[derive(Clone, Debug)]
pub struct Csv(String);

impl Csv {
    /// A table with a column for each of `axes`, then `columns`.
    pub fn new(axes: &[String], columns: &[&str]) -> Self {
        let mut csv = Self(String::new());
        csv.write(axes.iter().map(String::as_str).chain(columns.iter().copied()));
        csv
    }

    /// Adds a row: the values at the axes, then `fields`.
    pub fn row(&mut self, values: &[Value], fields: &[String]) {
        let shown: Vec<String> = values
            .iter()
            .map(|value| if value.is_null() { String::new() } else { show_value(value) })
            .collect();
        self.write(shown.iter().chain(fields).map(String::as_str));
    }

    /// The text.
    pub fn text(self) -> String {
        self.0
    }

    fn write<'a>(&mut self, fields: impl Iterator<Item = &'a str>) {
        self.0.push_str(&line(fields));
    }
}

/// A number in full; nothing where there is none.
pub fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_with_commas_or_quotes_are_quoted() {
        let mut csv = Csv::new(&["model.mlp.hidden".to_owned()], &["note", "value"]);
        csv.row(&[json!([8, 8])], &["say \"a\"".to_owned(), number(Some(0.1))]);
        csv.row(&[Value::Null], &[String::new(), number(None)]);
        assert_eq!(
            csv.text(),
            "model.mlp.hidden,note,value\n\"[8, 8]\",\"say \"\"a\"\"\",0.1\n,,\n"
        );
    }
}
