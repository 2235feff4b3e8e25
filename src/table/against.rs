//! One table against another: where their CSV files differ, and how far.

use std::io::Cursor;

use polars::prelude::*;

use super::TableError;
use crate::verify::Tolerance;

/// Columns that say where a number came from, not what it is.
const RECORDS: [&str; 3] = ["commit", "accepted", "hardware"];

/// A column that differs between two tables.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDifference {
    /// Its name.
    pub name: String,
    /// Rows in which it differs.
    pub rows: usize,
    /// The largest difference of two numbers; none where a text differs.
    pub largest: Option<f64>,
    /// Rows in which numbers are beyond the tolerance, or a text differs.
    pub beyond: usize,
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

    /// Whether every number is within the tolerance and every name the same.
    pub fn is_within(&self) -> bool {
        let record = |name: &String| RECORDS.contains(&name.as_str());
        self.heights.is_none()
            && self.alone.iter().all(record)
            && self.columns.iter().all(|column| column.record || column.beyond == 0)
    }
}

/// Where the CSV tables `a` and `b`, as [`super::to_csv`] writes them, differ,
/// and in how many rows beyond `tolerance`.
///
/// # Errors
/// When either is no such table.
pub fn csv_difference(
    a: &[u8],
    b: &[u8],
    tolerance: &Tolerance,
) -> Result<TableDifference, TableError> {
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
        found.columns.extend(column_difference(
            name,
            (a.column(name)?, b.column(name)?),
            tolerance,
        )?);
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
    (a, b): (&Column, &Column),
    tolerance: &Tolerance,
) -> Result<Option<ColumnDifference>, TableError> {
    let (mut rows, mut largest, mut beyond) = (0, Some(0.0_f64), 0);
    for (a, b) in a.str()?.iter().zip(b.str()?.iter()) {
        if a == b {
            continue;
        }
        rows += 1;
        let pairs = a.zip(b).and_then(|(a, b)| numbers(a, b));
        let near = |(a, b): &(f64, f64)| tolerance.holds((b - a).abs(), a.abs().max(b.abs()));
        beyond += usize::from(!pairs.as_ref().is_some_and(|pairs| pairs.iter().all(near)));
        largest = match (pairs, largest) {
            (Some(pairs), Some(most)) => {
                Some(pairs.iter().fold(most, |most, (a, b)| most.max((b - a).abs())))
            }
            _ => None,
        };
    }
    let record = RECORDS.contains(&name);
    let found = ColumnDifference { name: name.to_owned(), rows, largest, beyond, record };
    Ok((rows > 0).then_some(found))
}

/// The numbers in which two texts differ, as `0.5 ± 0.1` and `0.4 ± 0.1`; none
/// where they differ in more.
fn numbers(a: &str, b: &str) -> Option<Vec<(f64, f64)>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (words(a), words(b));
    let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
    let differing = a.iter().zip(&b).filter(|(a, b)| a != b);
    let pairs = differing.map(|(a, b)| Some((number(a)?, number(b)?)));
    if a.len() == b.len() { pairs.collect() } else { None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const TOLERANCE: Tolerance = Tolerance { absolute: 0.1, relative: 0.0, why: "" };

    fn of(a: &str, b: &str) -> TableDifference {
        csv_difference(a.as_bytes(), b.as_bytes(), &TOLERANCE).unwrap()
    }

    #[test]
    fn numbers_and_means_with_intervals_may_be_within_the_tolerance_and_texts_not() {
        let table = "hardware,a,b\nA,0.5,0.50 ± 0.10\n";
        assert!(of(table, "hardware,a,b\nB,0.59,0.58 ± 0.15\n").is_within());
        for other in ["B,0.7,0.50 ± 0.10", "B,0.5,0.50 ± 0.30", "B,0.5,0.50", "B,,0.50 ± 0.10"] {
            let found = of(table, &format!("hardware,a,b\n{other}\n"));
            assert!(!found.is_within() && found.columns[1].beyond == 1, "{other}: {found:?}");
        }
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
            beyond: 1,
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
