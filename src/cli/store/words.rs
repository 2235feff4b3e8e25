//! Bytes, counts and tables as people read them.

use comfy_table::{LineStyle, Table, TableStyle};
use serde_json::Value;

/// `0 B`, `512 B`, `3.4 kB`, `120 MB`.
pub fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if size < 999.5 || unit == "TB" {
            let digits = if unit == "B" || size >= 99.95 { 0 } else { 1 };
            return format!("{size:.digits$} {unit}");
        }
        size /= 1000.0;
    }
    unreachable!("the last unit takes all")
}

/// `1 run`, `2 runs`.
pub fn count(n: u64, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// A table with a line below its head, to print.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(line));
    table.set_header(head.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    format!("{}\n", table.trim_fmt())
}

/// JSON to print.
pub fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_three_digits_at_most() {
        let told = [0, 512, 3_400, 99_949, 99_950, 999_499, 120_000_000, u64::MAX].map(bytes);
        let expected = ["0 B", "512 B", "3.4 kB", "99.9 kB", "100 kB", "999 kB", "120 MB"];
        assert_eq!(told[..7], expected);
        assert!(told[7].ends_with(" TB"), "{}", told[7]);
    }
}
