//! Tables as files. Equal results give equal bytes: no time of writing, and
//! fixed settings of the format.

use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use jem_core::durable::{self, write_atomic};
use jem_core::store::Store;
use polars::prelude::*;

use super::examples::examples;
use super::{PaperTable, Results, Shown, TableError, frames};
use crate::spreadsheet::plain_text;

/// Rows of a group in Parquet files.
const ROW_GROUP: usize = 1 << 18;

/// The frame as a Parquet file, compressed with Snappy. Its columns are those
/// that every version of Parquet has: no Arrow schema stands beside them, which
/// would make older readers look for kinds of text that they do not know.
///
/// # Errors
/// When a column has a type that Parquet has not.
pub fn to_parquet(frame: &DataFrame) -> Result<Vec<u8>, TableError> {
    let (mut bytes, mut frame) = (Vec::new(), frame.clone());
    frame.rechunk_mut();
    let mut writer = ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Snappy)
        .with_statistics(StatisticsOptions::default())
        .batched(frame.schema())?;
    for start in (0..frame.height()).step_by(ROW_GROUP) {
        writer.write_batch(&frame.slice(start as i64, ROW_GROUP))?;
    }
    let mut file = writer.get_writer().lock().unwrap_or_else(PoisonError::into_inner);
    file.end(Some(Vec::new()))?;
    drop(file);
    drop(writer);
    Ok(bytes)
}

/// The frame as CSV: a header, commas, a new line after each row, nothing for
/// null, and no text that a spreadsheet would take for a formula.
///
/// # Errors
/// When a column holds lists.
pub fn to_csv(frame: &DataFrame) -> Result<Vec<u8>, TableError> {
    let plain = |column: &Column| -> PolarsResult<Column> {
        let Ok(texts) = column.str() else { return Ok(column.clone()) };
        let texts: Vec<_> = texts.iter().map(|text| text.map(plain_text)).collect();
        let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        Ok(Column::new(column.name().clone(), texts))
    };
    let columns = frame.columns().iter().map(plain).collect::<PolarsResult<_>>()?;
    csv_as_it_is(&DataFrame::new(frame.height(), columns)?)
}

/// The frame as CSV, whatever its texts begin with.
pub(super) fn csv_as_it_is(frame: &DataFrame) -> Result<Vec<u8>, TableError> {
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

/// No table of ours is longer, in bytes.
const LONGEST_TABLE: u64 = 1 << 26;

/// The experiment file of the tables in `folder`, where that is another than
/// that of `results`, as far as its name tells.
pub fn tables_of_another(folder: &Path, results: &Results) -> Option<String> {
    let text = durable::read_text(&folder.join("paper.tex"), LONGEST_TABLE).ok()?;
    let made_by = text.strip_prefix("% jem table ")?.lines().next()?;
    let (other, _) = made_by.rsplit_once("; ")?;
    let command = PaperTable::of(results, Shown::Paper).command;
    let ours = command.strip_prefix("jem table ")?;
    // The same file may be called from another folder.
    let same = Path::new(ours).ends_with(other) || Path::new(other).ends_with(ours);
    (!same).then(|| other.to_owned())
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

    /// Readers before 2024 know no other kind of text than Parquet's own, and
    /// look at the Arrow schema first where there is one.
    #[test]
    fn parquet_files_hold_nothing_that_older_readers_do_not_know() {
        let results = sample::results();
        let frames = [
            frames::trials(&results),
            frames::metrics(&results),
            frames::epochs(&results),
            frames::cell_statistics(&results),
        ];
        for frame in frames {
            let bytes = to_parquet(&frame.unwrap()).unwrap();
            let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
            assert!(!holds(b"ARROW:schema") && holds(b"PAR1"));
            let mut reader = ParquetReader::new(std::io::Cursor::new(bytes));
            for field in reader.schema().unwrap().iter_values() {
                let known = [
                    ArrowDataType::Utf8View, // plain text, as this reader has it
                    ArrowDataType::Float64,
                    ArrowDataType::UInt64,
                    ArrowDataType::Int64,
                    ArrowDataType::Boolean,
                ];
                assert!(known.contains(&field.dtype), "{field:?}");
            }
        }
        // Rows beyond one group are all there.
        let rows = (ROW_GROUP + 3) as u64;
        let numbers = Column::new("n".into(), (0..rows).collect::<Vec<_>>());
        let bytes = to_parquet(&DataFrame::new(rows as usize, vec![numbers]).unwrap()).unwrap();
        let read = ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap();
        let last = read.column("n").unwrap().get(rows as usize - 1).unwrap();
        assert_eq!((read.height() as u64, last), (rows, AnyValue::UInt64(rows - 1)));
    }

    #[test]
    fn a_text_of_a_table_is_no_formula_of_a_spreadsheet() {
        let texts = Column::new("name".into(), ["=1+1", "-0.5", "a"]);
        let frame = DataFrame::new(3, vec![texts, Column::new("x".into(), [-1.0, 0.5, 2.0])]);
        let csv = String::from_utf8(to_csv(&frame.unwrap()).unwrap()).unwrap();
        assert_eq!(csv, "name,x\n'=1+1,-1.0\n-0.5,0.5\na,2.0\n");
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
