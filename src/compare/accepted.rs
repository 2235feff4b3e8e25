//! What of a comparison counts by a person's word (`jem accept`).

use super::told::{few, sheet};
use super::{Cell, Comparison, Difference, Same, Sheet};
use crate::table::cell_label;

/// What counts by a person's word, by side.
pub(super) fn notes(found: &Comparison) -> Vec<String> {
    let sides = [(&found.a, "A"), (&found.b, "B")].into_iter();
    let notes = sides.flat_map(|(side, name)| side.accepted.iter().map(move |note| (name, note)));
    notes.map(|(name, note)| format!("{name}: {note}")).collect()
}

/// Whether a pair behind the difference counts by a person's word.
pub(super) fn behind(cell: &Cell, found: &Difference) -> bool {
    let accepted = |seed: u64| cell.pairs.iter().any(|one| one.seed == seed && one.is_accepted());
    found.pairs.iter().any(|(seed, ..)| accepted(*seed))
}

/// The pairs in which a side's run counts by a person's word.
pub(super) fn sheet_of(found: &Comparison) -> Sheet {
    let note = "“same”: both sides have the same results because of that word, so the pair is in no \
                difference; what the code of the side makes is not known.";
    let mut told =
        sheet("Accepted by hand", note, &["cell", "side", "seeds", "because", "results"]);
    for cell in &found.cells {
        let label = cell_label(&found.axes, &cell.values);
        let mut rows: Vec<(Vec<String>, Vec<String>)> = Vec::new();
        for pair in &cell.pairs {
            let (a, b) = &pair.accepted;
            let results = if pair.same == Same::Accepted { "same" } else { "differ" };
            for (reason, side) in [(a, "A"), (b, "B")] {
                let Some(reason) = reason else { continue };
                let key = vec![side.to_owned(), reason.clone(), results.to_owned()];
                match rows.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, seeds)) => seeds.push(pair.seed.to_string()),
                    None => rows.push((key, vec![pair.seed.to_string()])),
                }
            }
        }
        told.rows.extend(rows.into_iter().map(|(key, seeds)| {
            let [side, reason, results] = <[String; 3]>::try_from(key).unwrap_or_default();
            vec![label.clone(), side, few(&seeds, 12), reason, results]
        }));
    }
    told
}
