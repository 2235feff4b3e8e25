//! Accuracy by attack and defence, and what a detector leaves of it.

use super::{ATTACKS, DEFENCES, attack_name, defence_name, share};
use crate::report::content::Table;
use crate::report::view::View;
use crate::table::CellResult;

/// The tables; without rows where nothing was purified.
pub fn tables(view: &View<'_>) -> Vec<Table> {
    vec![accuracy(view), detector(view)]
}

/// Rows for each cell, its values first where there are several.
fn heads(view: &View<'_>, own: &[&str]) -> Vec<String> {
    let own = own.iter().map(|name| (*name).to_owned());
    match view.cells.len() {
        0 | 1 => own.collect(),
        _ => std::iter::once("cell".to_owned()).chain(own).collect(),
    }
}

fn row(view: &View<'_>, cell: &CellResult, own: Vec<String>) -> Vec<String> {
    match view.cells.len() {
        0 | 1 => own,
        _ => std::iter::once(view.label(cell)).chain(own).collect(),
    }
}

fn accuracy(view: &View<'_>) -> Table {
    let mut table = Table {
        title: "Accuracy behind purifiers, under attack".to_owned(),
        note: "By the final check: many chains, of which the attacker saw none. Means over seeds \
               with their 95 % interval (of two seeds their range), widened to Wilson's 95 % \
               interval for the inputs where that reaches further. A dash: there is no purifier to pass a gradient \
               through, or the attack was not run (see metrics without a value)."
            .to_owned(),
        head: heads(view, &["attack", "no defence", "seed's purifier", "stochastic"]),
        rows: Vec::new(),
    };
    for cell in view.cells {
        for attack in ATTACKS {
            let shares =
                DEFENCES.map(|defence| share(cell, &format!("accuracy/{defence}/{attack}")));
            if shares.iter().any(Option::is_some) {
                let shown = shares.map(|share| share.map_or("–".to_owned(), |share| share.shown));
                let own = std::iter::once(attack_name(attack).to_owned()).chain(shown).collect();
                table.rows.push(row(view, cell, own));
            }
        }
    }
    table
}

fn detector(view: &View<'_>) -> Table {
    let columns = ["attack", "defence", "refused", "accepted and right", "accepted and wrong"];
    let mut table = Table {
        title: "With a detector before the purifier".to_owned(),
        note: "The detector refuses inputs whose energy is above that of 95 % of the clean ones. \
               What is accepted and wrong is what an attacker has won. Only the joint attack \
               knows of it."
            .to_owned(),
        head: heads(view, &columns),
        rows: Vec::new(),
    };
    for cell in view.cells {
        for (attack, defence) in
            ATTACKS.into_iter().flat_map(|attack| DEFENCES.map(|defence| (attack, defence)))
        {
            let of = |what| share(cell, &format!("{what}/{defence}/{attack}"));
            if let (Some(refused), Some(right), Some(wrong)) =
                (of("detected"), of("accepted_right"), of("accepted_wrong"))
            {
                let own = [attack_name(attack), defence_name(defence)].map(str::to_owned);
                let own = own.into_iter().chain([refused, right, wrong].map(|s| s.shown));
                table.rows.push(row(view, cell, own.collect()));
            }
        }
    }
    table
}
