//! Text as LaTeX prints it as it stands: in ASCII alone, so that nothing hangs
//! on which letters an input encoding declares. The T1 font encoding has all
//! that is written here.

/// Accents, and the letters that bear them before their bare letter.
const ACCENTS: [(&str, &str); 14] = [
    (r"\`", "ÀAÈEÌIÒOÙUàaèeìiòoùu"),
    (r"\'", "ÁAÉEÍIÓOÚUÝYáaéeíióoúuýyĆCćcĹLĺlŃNńnŔRŕrŚSśsŹZźz"),
    (r"\^", "ÂAÊEÎIÔOÛUâaêeîiôoûuĈCĉcĜGĝgĤHĥhĴJĵjŜSŝsŴWŵwŶYŷy"),
    (r"\~", "ÃAÑNÕOãañnõoĨIĩiŨUũu"),
    (r#"\""#, "ÄAËEÏIÖOÜUŸYäaëeïiöoüuÿy"),
    (r"\r", "ÅAåaŮUůu"),
    (r"\=", "ĀAāaĒEēeĪIīiŌOōoŪUūu"),
    (r"\u", "ĂAăaĔEĕeĞGğgĬIĭiŎOŏoŬUŭu"),
    (r"\.", "ĊCċcĖEėeĠGġgİIŻZżz"),
    (r"\v", "ČCčcĎDďdĚEěeĽLľlŇNňnŘRřrŠSšsŤTťtŽZžz"),
    (r"\H", "ŐOőoŰUűu"),
    (r"\k", "ĄAąaĘEęeĮIįiŲUųu"),
    (r"\c", "ÇCçcĢGģgĶKķkĻLļlŅNņnŖRŗrŞSşsŢTţt"),
    // A comma below, which these letters have in Romanian.
    (r"\textcommabelow", "ȘSșsȚTțt"),
];

/// `text` as LaTeX prints it as it stands, on one line.
pub fn tex(text: &str) -> String {
    let mut printed = String::new();
    let mut last = None;
    for letter in text.chars() {
        if joined(last, letter) {
            printed.push_str("{}");
        }
        last = Some(letter);
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => printed.extend(['\\', letter]),
            '\\' => printed.push_str(r"\textbackslash{}"),
            '~' => printed.push_str(r"\textasciitilde{}"),
            '^' => printed.push_str(r"\textasciicircum{}"),
            '<' => printed.push_str("$<$"),
            '>' => printed.push_str("$>$"),
            '|' => printed.push_str("$|$"),
            '"' => printed.push_str(r"\textquotedbl{}"),
            // At the start of a row, these would be read as arguments.
            '[' | ']' | '*' => printed.extend(['{', letter, '}']),
            '\n' | '\r' | '\t' => printed.push(' '),
            ' '..='~' => printed.push(letter),
            other => printed.push_str(&beyond_ascii(other)),
        }
    }
    printed
}

/// Whether `letter` after `last` would be printed as one other sign.
fn joined(last: Option<char>, letter: char) -> bool {
    match letter {
        '-' | '\'' | ',' => last == Some(letter),
        '`' => matches!(last, Some('`' | '!' | '?')),
        _ => false,
    }
}

fn beyond_ascii(letter: char) -> String {
    if let Some(command) = sign(letter) {
        return command.to_owned();
    }
    for (accent, letters) in ACCENTS {
        let mut letters = letters.chars();
        while let (Some(accented), Some(bare)) = (letters.next(), letters.next()) {
            if accented == letter {
                return match bare {
                    // The dot of these makes room for the accent.
                    'i' | 'j' if !matches!(accent, r"\k") => format!(r"{accent}{{\{bare}}}"),
                    _ if accent == r"\textcommabelow" => format!(r"\c{{{bare}}}"),
                    _ => format!("{accent}{{{bare}}}"),
                };
            }
        }
    }
    format!("{{[}}U+{:04X}{{]}}", u32::from(letter))
}

/// Letters and signs that have commands of their own.
fn sign(letter: char) -> Option<&'static str> {
    Some(match letter {
        // Nothing is seen of these.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => {
            ""
        }
        '\u{a0}' | '\u{202f}' => "~",
        '\u{2009}' => r"\,",
        'Æ' => r"\AE{}",
        'æ' => r"\ae{}",
        'Ð' => r"\DH{}",
        'ð' => r"\dh{}",
        'Đ' => r"\DJ{}",
        'đ' => r"\dj{}",
        'Ø' => r"\O{}",
        'ø' => r"\o{}",
        'Þ' => r"\TH{}",
        'þ' => r"\th{}",
        'ß' => r"\ss{}",
        'Œ' => r"\OE{}",
        'œ' => r"\oe{}",
        'Ł' => r"\L{}",
        'ł' => r"\l{}",
        'Ŋ' => r"\NG{}",
        'ŋ' => r"\ng{}",
        'ı' => r"\i{}",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "'n",
        'Ŀ' => r"L$\cdot$",
        'ŀ' => r"l$\cdot$",
        'ħ' => r"$\hbar$",
        '¡' => "!`",
        '¿' => "?`",
        '£' => r"\pounds{}",
        '§' => r"\S{}",
        '¶' => r"\P{}",
        '©' => r"\copyright{}",
        '«' => r"\guillemotleft{}",
        '»' => r"\guillemotright{}",
        '¬' => r"$\neg$",
        '°' => r"$^{\circ}$",
        '¹' => "$^{1}$",
        '²' => "$^{2}$",
        '³' => "$^{3}$",
        '¼' => r"$\frac{1}{4}$",
        '½' => r"$\frac{1}{2}$",
        '¾' => r"$\frac{3}{4}$",
        '±' => r"$\pm$",
        '÷' => r"$\div$",
        '×' => r"$\times$",
        '·' => r"$\cdot$",
        '•' => r"$\bullet$",
        '†' => r"$\dagger$",
        '‡' => r"$\ddagger$",
        '–' => "--",
        '—' => "---",
        '‐' | '‑' => "-",
        '“' => "``",
        '”' => "''",
        '„' => ",,",
        '‘' => "`",
        '’' => "'",
        '…' => r"\ldots{}",
        '−' => "$-$",
        '≤' => r"$\leq$",
        '≥' => r"$\geq$",
        '≠' => r"$\neq$",
        '≈' => r"$\approx$",
        '∞' => r"$\infty$",
        '∇' => r"$\nabla$",
        '∂' => r"$\partial$",
        '∈' => r"$\in$",
        '√' => r"$\surd$",
        '←' => r"$\leftarrow$",
        '→' => r"$\rightarrow$",
        '↑' => r"$\uparrow$",
        '↓' => r"$\downarrow$",
        '⁺' => "$^{+}$",
        '⁻' => "$^{-}$",
        'α' => r"$\alpha$",
        'β' => r"$\beta$",
        'γ' => r"$\gamma$",
        'δ' => r"$\delta$",
        'ε' => r"$\varepsilon$",
        'ζ' => r"$\zeta$",
        'η' => r"$\eta$",
        'θ' => r"$\theta$",
        'κ' => r"$\kappa$",
        'λ' => r"$\lambda$",
        'μ' | 'µ' => r"$\mu$",
        'ν' => r"$\nu$",
        'ξ' => r"$\xi$",
        'π' => r"$\pi$",
        'ρ' => r"$\rho$",
        'σ' => r"$\sigma$",
        'τ' => r"$\tau$",
        'φ' => r"$\varphi$",
        'χ' => r"$\chi$",
        'ψ' => r"$\psi$",
        'ω' => r"$\omega$",
        'Γ' => r"$\Gamma$",
        'Δ' => r"$\Delta$",
        'Λ' => r"$\Lambda$",
        'Σ' => r"$\Sigma$",
        'Φ' => r"$\Phi$",
        'Ω' => r"$\Omega$",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_latex_would_read_as_its_own_is_escaped() {
        assert_eq!(
            tex("a_b & 50 % of \\x{y}^2 ~ #1 $"),
            r"a\_b \& 50 \% of \textbackslash{}x\{y\}\textasciicircum{}2 \textasciitilde{} \#1 \$"
        );
        assert_eq!(tex("[256, 256]"), "{[}256, 256{]}");
        assert_eq!(tex("λ ≤ 0.1 –\n<"), r"$\lambda$ $\leq$ 0.1 -- $<$");
        assert_eq!(tex("* a--b ,, '' ?`"), "{*} a-{}-b ,{}, '{}' ?{}`");
    }

    #[test]
    fn every_letter_becomes_ascii_that_t1_fonts_can_print_and_no_control_character_passes() {
        let all = (0..=0x1ff_u32).chain(0x2000..0x2100).filter_map(char::from_u32);
        for letter in all {
            let printed = tex(&letter.to_string());
            let plain = printed.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
            assert!(plain, "U+{:04X}: {printed:?}", u32::from(letter));
            let depth = printed.replace(r"\{", "").replace(r"\}", "");
            assert_eq!(depth.matches('{').count(), depth.matches('}').count(), "{printed}");
        }
        assert_eq!(tex("Größe, naïve, café"), r#"Gr\"{o}\ss{}e, na\"{\i}ve, caf\'{e}"#);
        assert_eq!(tex("ŉ ĸ \u{7}漢"), "'n {[}U+0138{]} {[}U+0007{]}{[}U+6F22{]}");
    }
}
