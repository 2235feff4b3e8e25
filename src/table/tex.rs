//! The table as LaTeX, for `\usepackage{booktabs}`.

use super::tex_text::tex;
use super::{Column, PaperTable, TableCell};

impl PaperTable {
    /// As a `tabular`, after comments with the command that makes it, the
    /// caption and the note. Below the table it says commits and interval, and
    /// under it where published rows come from.
    pub fn to_tex(&self) -> String {
        [self.tex_comments(), self.tabular(head), self.tex_footnotes()].concat()
    }

    /// As a LaTeX document of its own: `pdflatex paper-standalone.tex` makes a
    /// page with the table, made narrower where it is wider than the page.
    pub fn to_standalone_tex(&self) -> String {
        let note = [&self.note].into_iter().chain(&self.footnotes).map(|note| tex(&one_line(note)));
        let notes: Vec<String> = note.collect();
        [
            self.tex_comments(),
            PREAMBLE.to_owned(),
            format!("\\noindent\\textbf{{{}}}\n\n\\bigskip\n", tex(&one_line(&self.caption))),
            "\\noindent\\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%\n"
                .to_owned(),
            self.tabular(stacked),
            "}\n\n\\bigskip\n{\\footnotesize\n".to_owned(),
            format!("\\noindent {}\n\n}}\n\\end{{document}}\n", notes.join("\n\n\\noindent ")),
        ]
        .concat()
    }

    fn tex_comments(&self) -> String {
        format!(
            "% {}; {}\n% {}\n% {}\n",
            one_line(&self.command),
            self.commits,
            one_line(&self.caption),
            one_line(&self.note)
        )
    }

    fn tabular(&self, head: fn(&Column) -> String) -> String {
        let side = |column: &Column| if column.is_number() { 'r' } else { 'l' };
        let sides: String = self.columns.iter().map(side).collect();
        let heads: Vec<String> = self.columns.iter().map(head).collect();
        let mut lines = vec![
            format!(r"\begin{{tabular}}{{{sides}}}"),
            r"\toprule".to_owned(),
            format!(r"{} \\", heads.join(" & ")),
            r"\midrule".to_owned(),
        ];
        for (place, row) in self.rows.iter().enumerate() {
            if place == self.ours && place > 0 {
                lines.push(r"\midrule".to_owned());
            }
            let cells: Vec<String> = row.iter().map(cell).collect();
            lines.push(format!(r"{} \\", cells.join(" & ")));
        }
        lines.push(r"\bottomrule".to_owned());
        lines.push(format!(
            r"\multicolumn{{{}}}{{l}}{{\footnotesize Mean and 95\,\% $t$ interval over $n$ trials; of two trials, their range; {}.}} \\",
            self.columns.len(),
            tex(&self.commits)
        ));
        for note in &self.accepted {
            let n = self.columns.len();
            lines.push(format!(
                r"\multicolumn{{{n}}}{{l}}{{\footnotesize {}}} \\",
                tex(&one_line(note))
            ));
        }
        lines.extend([r"\end{tabular}".to_owned(), String::new()]);
        lines.join("\n")
    }

    /// The footnotes as paragraphs as wide as the text; nothing without any.
    fn tex_footnotes(&self) -> String {
        let note = |note: &String| {
            format!("\\par\\smallskip\\noindent{{\\footnotesize {}\\par}}\n", tex(&one_line(note)))
        };
        self.footnotes.iter().map(note).collect()
    }
}

/// What stands before the table of a document of its own; of packages only what
/// every TeX installation has.
const PREAMBLE: &str = r"\documentclass[a4paper,landscape]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[landscape,margin=15mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\pagestyle{empty}
\begin{document}
";

/// `text` on one line, with no control character, as a comment may hold it.
fn one_line(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn head(column: &Column) -> String {
    // An arrow alone on the next line would be read with the wrong column.
    tex(&column.title())
        .replace(r" $\uparrow$", r"~$\uparrow$")
        .replace(r" $\downarrow$", r"~$\downarrow$")
}

/// The head with each of its parts on a line, for columns that are narrow.
fn stacked(column: &Column) -> String {
    let side = if column.is_number() { 'r' } else { 'l' };
    format!(r"\shortstack[{side}]{{{}}}", head(column).replace(", ", r",\\"))
}

fn cell(cell: &TableCell) -> String {
    match cell {
        // A negative number has a minus and not a hyphen.
        TableCell::Mean(mean) => tex(&mean.to_string().replace('-', "−")),
        other => tex(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Shown, ShownMean, sample};
    use super::*;

    #[test]
    fn tex_is_a_tabular_with_the_rules_of_booktabs() {
        let mut table = PaperTable::of(&sample::results(), Shown::Paper);
        table.columns.drain(4..9);
        table.rows.iter_mut().for_each(|row| drop(row.drain(4..9)));
        table.note = "A note.".to_owned();
        let expected = r"% jem table experiments/sweep_lambda.toml; commit 0123456-dirty
% λ & accuracy, 50 % of MNIST (commit 0123456-dirty)
% A note.
\begin{tabular}{lrrrr}
\toprule
lambda & n & diverged & accuracy~$\uparrow$ & error AUROC, energy~$\uparrow$ \\
\midrule
0 & 3 & 0/3 & 0.8125 {[}0.6100, 0.9231{]} & 0.6250 (0.5000--0.7500, 2 seeds) \\
0.1 & 1 & 1/2 & 0.7500 & 0.7500 \\
10 & 0 & 2/2 & diverged & diverged \\
\bottomrule
\multicolumn{5}{l}{\footnotesize Mean and 95\,\% $t$ interval over $n$ trials; of two trials, their range; commit 0123456-dirty.} \\
\end{tabular}
";
        assert_eq!(table.to_tex(), expected);
    }

    /// What keeps `document` from being LaTeX that compiles: braces and
    /// environments that do not match, rows of another number of cells than
    /// the columns, letters that LaTeX has none for or reads as its own.
    fn faults(document: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let (mut open, mut depth, mut columns) = (Vec::new(), 0i64, 0);
        for line in document.lines().filter(|line| !line.starts_with('%')) {
            let mut fault = |what: &str| faults.push(format!("{what}: {line}"));
            if let Some(name) = line.strip_prefix(r"\begin{") {
                let (name, rest) = name.split_once('}').unwrap_or_default();
                open.push(name);
                columns = rest.trim_matches(['{', '}']).len();
            } else if let Some(name) = line.strip_prefix(r"\end{")
                && open.pop() != name.strip_suffix('}')
            {
                fault("ends what was not begun last");
            }
            let bare = line.replace(r"\\", " ");
            let (mut cells, mut escaped) = (1, false);
            for letter in bare.chars() {
                match letter {
                    '\\' if !escaped => {
                        escaped = true;
                        continue;
                    }
                    '{' if !escaped => depth += 1,
                    '}' if !escaped => depth -= 1,
                    '&' if !escaped => cells += 1,
                    '%' if !escaped && !line.ends_with('%') => fault("a bare %"),
                    '#' | '_' if !escaped => fault("a bare sign"),
                    other if !other.is_ascii() || other.is_control() => {
                        fault("no such sign");
                    }
                    _ => {}
                }
                escaped = false;
            }
            if line.ends_with(r" \\") && !line.starts_with(r"\multicolumn") && cells != columns {
                fault("another number of cells");
            }
        }
        if depth != 0 || !open.is_empty() {
            faults.push(format!("{depth} braces, {open:?} left open"));
        }
        faults
    }

    #[test]
    fn both_forms_are_whole_whatever_stands_in_them() {
        let mut results = sample::results();
        results.experiment.report.title =
            "λ_1 & {50 %} #1 ~^ → é “x” 中 ħ ½ ÷ ĸ ŉ Ŀ ſ \u{7} \u{200b} \u{a0} \u{85}".to_owned();
        for shown in [Shown::Paper, Shown::Everything] {
            let table = PaperTable::of(&results, shown);
            assert_eq!(faults(&table.to_tex()), [""; 0]);
            assert_eq!(faults(&table.to_standalone_tex()), [""; 0]);
        }
        let standalone = PaperTable::of(&results, Shown::Paper).to_standalone_tex();
        assert!(standalone.contains(r"\usepackage{booktabs}"));
        assert!(standalone.ends_with("\\end{document}\n"));
        // The check itself finds what it is to find.
        let broken = standalone.replacen("{diverged} & ", "{diverged} ", 1).replacen(r"\_", "_", 1);
        assert_eq!(faults(&broken).len(), 2, "{:?}", faults(&broken));
    }

    #[test]
    fn a_negative_number_has_a_minus_and_not_a_hyphen() {
        let ends = Some((-13.0, -12.0));
        let mean = TableCell::Mean(ShownMean { mean: -12.5, interval: None, seeds: ends, n: None });
        assert_eq!(cell(&mean), "$-$12.5000 ($-$13.0000 to $-$12.0000, 2 seeds)");
    }
}
