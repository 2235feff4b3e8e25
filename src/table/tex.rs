//! The table as LaTeX, for `\usepackage{booktabs}`.

use super::{Column, PaperTable, TableCell};

impl PaperTable {
    /// As a `tabular`, after comments with the command that makes it, the
    /// caption and the note. Below the table it says commits and interval.
    pub fn to_tex(&self) -> String {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let side = |column: &Column| if column.is_number() { 'r' } else { 'l' };
        let sides: String = self.columns.iter().map(side).collect();
        let heads: Vec<String> = self.columns.iter().map(head).collect();
        let mut lines = vec![
            format!("% {}; {}", one_line(&self.command), self.commits),
            format!("% {}", one_line(&self.caption)),
            format!("% {}", one_line(&self.note)),
            format!(r"\begin{{tabular}}{{{sides}}}"),
            r"\toprule".to_owned(),
            format!(r"{} \\", heads.join(" & ")),
            r"\midrule".to_owned(),
        ];
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(cell).collect();
            lines.push(format!(r"{} \\", cells.join(" & ")));
        }
        lines.push(r"\bottomrule".to_owned());
        lines.push(format!(
            r"\multicolumn{{{}}}{{l}}{{\footnotesize Mean $\pm$ half the 95\,\% $t$ interval over $n$ trials; {}.}} \\",
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
}

fn head(column: &Column) -> String {
    // An arrow alone on the next line would be read with the wrong column.
    tex(&column.title())
        .replace(r" $\uparrow$", r"~$\uparrow$")
        .replace(r" $\downarrow$", r"~$\downarrow$")
}

fn cell(cell: &TableCell) -> String {
    let printed = tex(&cell.to_string());
    match (cell, printed.strip_prefix('-')) {
        (TableCell::Mean { .. }, Some(size)) => format!("$-${size}"),
        _ => printed,
    }
}

/// Text that LaTeX prints as it stands, on one line.
fn tex(text: &str) -> String {
    let mut printed = String::new();
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => printed.extend(['\\', letter]),
            '\\' => printed.push_str(r"\textbackslash{}"),
            '~' => printed.push_str(r"\textasciitilde{}"),
            '^' => printed.push_str(r"\textasciicircum{}"),
            '<' => printed.push_str("$<$"),
            '>' => printed.push_str("$>$"),
            '|' => printed.push_str("$|$"),
            '"' => printed.push_str(r"\textquotedbl{}"),
            // At the start of a row, a bracket would be read as an argument.
            '[' | ']' => printed.extend(['{', letter, '}']),
            '\n' | '\r' | '\t' => printed.push(' '),
            other => match beyond_ascii(other) {
                Some(command) => printed.push_str(command),
                None => printed.push(other),
            },
        }
    }
    printed
}

/// Letters that titles and numbers here hold and LaTeX's fonts lack.
fn beyond_ascii(letter: char) -> Option<&'static str> {
    Some(match letter {
        '±' => r"$\pm$",
        '†' => r"$\dagger$",
        '–' => "--",
        '—' => "---",
        '−' => "$-$",
        '×' => r"$\times$",
        '·' => r"$\cdot$",
        '≤' => r"$\leq$",
        '≥' => r"$\geq$",
        '≈' => r"$\approx$",
        '∞' => r"$\infty$",
        '∇' => r"$\nabla$",
        '√' => r"$\surd$",
        '→' => r"$\rightarrow$",
        '↑' => r"$\uparrow$",
        '↓' => r"$\downarrow$",
        '⁺' => "$^{+}$",
        '⁻' => "$^{-}$",
        '²' => "$^{2}$",
        'α' => r"$\alpha$",
        'β' => r"$\beta$",
        'γ' => r"$\gamma$",
        'δ' => r"$\delta$",
        'ε' => r"$\varepsilon$",
        'η' => r"$\eta$",
        'θ' => r"$\theta$",
        'λ' => r"$\lambda$",
        'μ' => r"$\mu$",
        'ξ' => r"$\xi$",
        'π' => r"$\pi$",
        'ρ' => r"$\rho$",
        'σ' => r"$\sigma$",
        'τ' => r"$\tau$",
        'φ' => r"$\varphi$",
        'Δ' => r"$\Delta$",
        'Σ' => r"$\Sigma$",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Shown, sample};
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
0 & 3 & 0/3 & 0.8125 $\pm$ 0.1553 & 0.6250 $\pm$ 1.5883 (n = 2) \\
0.1 & 1 & 1/2 & 0.7500 & 0.7500 \\
10 & 0 & 2/2 & diverged & diverged \\
\bottomrule
\multicolumn{5}{l}{\footnotesize Mean $\pm$ half the 95\,\% $t$ interval over $n$ trials; commit 0123456-dirty.} \\
\end{tabular}
";
        assert_eq!(table.to_tex(), expected);
    }

    #[test]
    fn what_latex_would_read_as_its_own_is_escaped() {
        assert_eq!(
            tex("a_b & 50 % of \\x{y}^2 ~ #1 $"),
            r"a\_b \& 50 \% of \textbackslash{}x\{y\}\textasciicircum{}2 \textasciitilde{} \#1 \$"
        );
        assert_eq!(tex("[256, 256]"), "{[}256, 256{]}");
        assert_eq!(tex("λ ≤ 0.1 –\n<"), r"$\lambda$ $\leq$ 0.1 -- $<$");
    }

    #[test]
    fn a_negative_number_has_a_minus_and_not_a_hyphen() {
        let mean = TableCell::Mean { mean: -12.5, half_width: None, n: None };
        assert_eq!(cell(&mean), "$-$12.5000");
    }
}
