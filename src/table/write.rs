//! Tables as files. Equal results give equal bytes: no time of writing, and
//! fixed settings of the format.

use std::fs;
use std::path::Path;

use jem_core::durable::write_atomic;
use jem_core::store::Store;
use polars::prelude::*;

use super::examples::examples;
use super::{PaperTable, Results, Shown, TableError, frames};

/// Rows of a group in Parquet files.
const ROW_GROUP: usize = 1 << 18;

/// The frame as a Parquet file, compressed with Snappy.
///
/// # Errors
/// When a column has a type that Parquet has not.
pub fn to_parquet(frame: &DataFrame) -> Result<Vec<u8>, TableError> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Snappy)
        .with_statistics(StatisticsOptions::default())
        .with_row_group_size(Some(ROW_GROUP))
        .finish(&mut frame.clone())?;
    Ok(bytes)
}

/// The frame as CSV: a header, commas, a new line after each row, nothing for
/// null.
///
/// # Errors
/// When a column holds lists.
pub fn to_csv(frame: &DataFrame) -> Result<Vec<u8>, TableError> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut frame.clone())?;
    Ok(bytes)
}

/// Writes every table but that of the examples into `folder`, which is made:
/// `paper.md`, `.csv` and `.tex`, `paper-standalone.tex`, and as Parquet and CSV `trials`, `metrics`,
/// `epochs` and `cells`. Says the files' names.
///
/// # Errors
/// When a table cannot be made or a file not be written.
pub fn write_all(
    results: &Results,
    folder: &Path,
    shown: Shown,
) -> Result<Vec<String>, TableError> {
    let table = PaperTable::of(results, shown);
    let mut files = vec![
        ("paper.md".to_owned(), table.to_markdown().into_bytes()),
        ("paper.csv".to_owned(), table.to_csv()?.into_bytes()),
        ("paper.tex".to_owned(), table.to_tex().into_bytes()),
        ("paper-standalone.tex".to_owned(), table.to_standalone_tex().into_bytes()),
    ];
    for (name, frame) in [
        ("trials", frames::trials(results)?),
        ("metrics", frames::metrics(results)?),
        ("epochs", frames::epochs(results)?),
        ("cells", frames::cell_statistics(results)?),
    ] {
        files.push((format!("{name}.parquet"), to_parquet(&frame)?));
        files.push((format!("{name}.csv"), to_csv(&frame)?));
    }
    for (name, bytes) in &files {
        write(folder, name, bytes)?;
    }
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

/// Writes `examples.parquet` into `folder`, which is made; says its name.
///
/// # Errors
/// As [`write_all`], and when the store cannot be read.
pub fn write_examples(
    results: &Results,
    store: &Store,
    folder: &Path,
) -> Result<String, TableError> {
    let name = "examples.parquet";
    write(folder, name, &to_parquet(&examples(results, store)?)?)?;
    Ok(name.to_owned())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), TableError> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| write_atomic(&path, bytes))
        .map_err(|source| TableError::Io { path, source })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_written_as_parquet_is_read_back() {
        let frame = frames::trials(&sample::results()).unwrap();
        let bytes = to_parquet(&frame).unwrap();
        let read = ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap();
        assert!(read.equals_missing(&frame), "{read}");
        assert_eq!(read.schema(), frame.schema());
    }

    #[test]
    fn two_writings_of_one_result_are_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let names = write_all(&sample::results(), one.path(), Shown::Paper).unwrap();
        write_all(&sample::results(), two.path(), Shown::Paper).unwrap();
        assert_eq!(names.len(), 12);
        for name in names {
            let read = |folder: &tempfile::TempDir| fs::read(folder.path().join(&name)).unwrap();
            assert_eq!(read(&one), read(&two), "{name}");
        }
    }

    #[test]
    fn how_a_frame_was_put_together_does_not_show_in_its_bytes() {
        let frame = frames::metrics(&sample::results()).unwrap();
        let parts = frame.slice(0, 5).vstack(&frame.slice(5, frame.height())).unwrap();
        assert_eq!(to_parquet(&parts).unwrap(), to_parquet(&frame).unwrap());
        assert_eq!(to_csv(&parts).unwrap(), to_csv(&frame).unwrap());
    }

    #[test]
    fn csv_has_nothing_for_null() {
        let csv = to_csv(&frames::cell_statistics(&sample::results()).unwrap()).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let mut lines = csv.lines();
        assert_eq!(
            lines.next(),
            Some(
                "cell,objective.lambda,commit,accepted,hardware,n,diverged,metric,mean,sd,min,max,ci95_low,ci95_high,ci95_method,unit,direction"
            )
        );
        let cell = sample::cell_id(2);
        let last = format!("{cell},10.0,0123456-dirty,,A,0,2,energy/mean/test,,,,,,,,nat,none");
        assert_eq!(lines.last(), Some(last.as_str()));
    }
}
