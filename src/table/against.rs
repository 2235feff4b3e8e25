//! One table against another: where their CSV files differ, and how far.

use std::io::Cursor;

use polars::prelude::*;

use super::TableError;

/// Columns that say where a number came from, not what it is.
const RECORDS: [&str; 2] = ["commit", "accepted"];

/// A column that differs between two tables.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDifference {
    /// Its name.
    pub name: String,
    /// Rows in which it differs.
    pub rows: usize,
    /// The largest difference of two numbers; none where a text differs.
    pub largest: Option<f64>,
    /// Whether it says where numbers came from, not what they are.
    pub record: bool,
}

/// Where two tables differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableDifference {
    /// Their numbers of rows, where these differ; then no row is compared.
    pub heights: Option<(usize, usize)>,
    /// Columns that only one of them has.
    pub alone: Vec<String>,
    /// Columns that both have and that differ.
    pub columns: Vec<ColumnDifference>,
}

impl TableDifference {
    /// Whether every number and name is the same, wherever it came from.
    pub fn only_records(&self) -> bool {
        let record = |name: &String| RECORDS.contains(&name.as_str());
        self.heights.is_none()
            && self.alone.iter().all(record)
            && self.columns.iter().all(|column| column.record)
    }
}

/// Where the CSV tables `a` and `b`, as [`super::to_csv`] writes them, differ.
///
/// # Errors
/// When either is no such table.
pub fn csv_difference(a: &[u8], b: &[u8]) -> Result<TableDifference, TableError> {
    let (a, b) = (read(a)?, read(b)?);
    let names = |frame: &DataFrame| -> Vec<String> {
        frame.get_column_names().iter().map(|name| name.to_string()).collect()
    };
    let (ours, theirs) = (names(&a), names(&b));
    let mut found = TableDifference::default();
    let not_in = |name: &&String, others: &[String]| !others.contains(name);
    found.alone.extend(ours.iter().filter(|name| not_in(name, &theirs)).cloned());
    found.alone.extend(theirs.iter().filter(|name| not_in(name, &ours)).cloned());
    if a.height() != b.height() {
        found.heights = Some((a.height(), b.height()));
        return Ok(found);
    }
    for name in ours.iter().filter(|name| theirs.contains(name)) {
        found.columns.extend(column_difference(name, a.column(name)?, b.column(name)?)?);
    }
    Ok(found)
}

/// A table whose every value is text, as it stands in the file.
fn read(bytes: &[u8]) -> Result<DataFrame, TableError> {
    let options = CsvReadOptions::default().with_infer_schema_length(Some(0));
    Ok(options.into_reader_with_file_handle(Cursor::new(bytes.to_vec())).finish()?)
}

fn column_difference(
    name: &str,
    a: &Column,
    b: &Column,
) -> Result<Option<ColumnDifference>, TableError> {
    let (mut rows, mut largest) = (0, Some(0.0_f64));
    for (a, b) in a.str()?.iter().zip(b.str()?.iter()) {
        if a == b {
            continue;
        }
        rows += 1;
        let number = |text: Option<&str>| text?.parse::<f64>().ok();
        largest = match (number(a), number(b), largest) {
            (Some(a), Some(b), Some(most)) => Some(most.max((b - a).abs())),
            _ => None,
        };
    }
    let record = RECORDS.contains(&name);
    let found = ColumnDifference { name: name.to_owned(), rows, largest, record };
    Ok((rows > 0).then_some(found))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn of(a: &str, b: &str) -> TableDifference {
        csv_difference(a.as_bytes(), b.as_bytes()).unwrap()
    }

    #[test]
    fn equal_tables_differ_in_nothing_and_the_commit_is_no_number() {
        let table = "seed,commit,value\n0,abc,0.5\n1,abc,\n";
        assert_eq!(of(table, table), TableDifference::default());
        let other = of(table, &table.replace("abc", "def"));
        assert!(other.only_records());
        assert_eq!(other.columns[0].rows, 2);
    }

    #[test]
    fn a_number_that_differs_is_told_with_how_far() {
        let found = of("a,b\n0.5,x\n0.25,y\n", "a,b\n0.5,x\n0.75,z\n");
        assert!(!found.only_records());
        let column = |name: &str, largest| ColumnDifference {
            name: name.to_owned(),
            rows: 1,
            largest,
            record: false,
        };
        assert_eq!(found.columns, [column("a", Some(0.5)), column("b", None)]);
        // A value that came or went is no distance.
        assert_eq!(of("a,b\n1,\n", "a,b\n1,2\n").columns[0].largest, None);
    }

    #[test]
    fn other_rows_and_columns_are_said() {
        assert_eq!(of("a\n1\n", "a\n1\n2\n").heights, Some((1, 2)));
        assert_eq!(of("a,b\n1,2\n", "a,c\n1,2\n").alone, ["b", "c"]);
    }
}
