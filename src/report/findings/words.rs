//! Words that the findings share: where something holds, and by how much.

use jem_core::metric::{Unit, describe};

use crate::report::number::{interval, listed, plain};
use crate::report::view::View;
use crate::significance::Paired;
use crate::table::{CellResult, Statistics};

/// Cells that are named one by one.
const MOST_NAMES: usize = 3;
/// Values along x that are listed.
const MOST_VALUES: usize = 4;

/// The size of a mean difference with its interval, without its sign.
pub fn difference(paired: &Paired) -> String {
    let negative = paired.mean().is_some_and(|mean| mean < 0.0);
    let sign = if negative { -1.0 } else { 1.0 };
    let sizes = paired.differences().iter().map(|(seed, value)| (*seed, sign * value));
    Statistics::of(sizes.collect()).as_ref().map(interval).unwrap_or_default()
}

/// The difference that would have been seen, to two digits; none where even the
/// largest that `metric` can have would not.
pub(super) fn detectable(metric: &str, value: f64) -> Option<String> {
    let share = describe(metric).is_some_and(|info| info.unit == Unit::Fraction);
    if share && value > 1.0 || !value.is_finite() || value <= 0.0 {
        return None;
    }
    let places = (1.0 - value.log10().floor()).clamp(0.0, 6.0) as usize;
    Some(match (1e-4..1e4).contains(&value) {
        true => format!("{value:.places$}"),
        false => plain(value),
    })
}

/// The value of `metric` in `cell` with its interval, and n where it is not the
/// usual one.
pub(super) fn value(view: &View<'_>, cell: &CellResult, metric: &str) -> Option<String> {
    let found = cell.metrics.get(metric)?;
    let (n, shown) = (found.values.len(), interval(found));
    Some(if n == view.most_seeds() { shown } else { format!("{shown} (n = {n})") })
}

/// Where `some` of `cells` are, by their places: `at λ = 1`, `from λ = 0.5 on`,
/// `with A and B`, `in 7 of 11 settings`.
pub(super) fn places(view: &View<'_>, cells: &[&CellResult], some: &[usize]) -> String {
    let along = is_along_x(view, cells);
    if some.len() == cells.len() && cells.len() > 1 {
        let x = view.x_name();
        return match along {
            // A letter is read as its value, a word is not.
            true if x.chars().count() == 1 => format!("at every {x}"),
            true => format!("at every value of {x}"),
            false => "at every setting".to_owned(),
        };
    }
    if along { along_x(view, cells, some) } else { by_name(view, cells, some) }
}

/// Whether `cells` can be told apart by x alone.
pub(super) fn is_along_x(view: &View<'_>, cells: &[&CellResult]) -> bool {
    let mut xs: Vec<f64> = cells.iter().filter_map(|cell| view.x_of(cell)).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs.len() == cells.len()
}

fn by_name(view: &View<'_>, cells: &[&CellResult], some: &[usize]) -> String {
    if some.len() > MOST_NAMES {
        return format!("in {} of {} settings", some.len(), cells.len());
    }
    let names: Vec<String> = some.iter().map(|place| view.label(cells[*place])).collect();
    format!("with {}", listed(&names))
}

fn along_x(view: &View<'_>, cells: &[&CellResult], some: &[usize]) -> String {
    let (name, shown) = (view.x_name(), |place: usize| view.x_shown(cells[place]));
    let (Some(&first), Some(&last)) = (some.first(), some.last()) else { return String::new() };
    let unbroken = last - first + 1 == some.len();
    match some.len() {
        1 => format!("at {name} = {}", shown(first)),
        n if unbroken && n > 1 && last + 1 == cells.len() => {
            format!("from {name} = {} on", shown(first))
        }
        n if unbroken && n > 2 => format!("from {name} = {} to {}", shown(first), shown(last)),
        n if n <= MOST_VALUES => {
            let values: Vec<String> = some.iter().map(|place| shown(*place)).collect();
            format!("at {name} = {}", listed(&values))
        }
        n => format!("at {n} of {} values of {name}", cells.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::table::cells;

    #[test]
    fn places_are_named_as_shortly_as_they_can_be() {
        let results = fixture::results();
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let along: Vec<&CellResult> = view.lines[0].cells.iter().skip(1).copied().collect();
        for (some, words) in [
            (&[0, 1, 2, 3, 4, 5, 6][..], "at every λ"),
            (&[4], "at λ = 1"),
            (&[5, 6], "from λ = 5 on"),
            (&[1, 2, 3], "from λ = 0.01 to 0.5"),
            (&[1, 2], "at λ = 0.01 and 0.1"),
            (&[0, 3, 6], "at λ = 0.001, 0.5 and 10"),
            (&[0, 1, 3, 4, 6], "at 5 of 7 values of λ"),
        ] {
            assert_eq!(places(&view, &along, some), words);
        }
        let results = fixture::two_axes();
        let cells = crate::table::cells(&results);
        let view = View::new(&results, &cells);
        let all: Vec<&CellResult> = cells.iter().collect();
        assert_eq!(
            places(&view, &all, &[0, 9]),
            "with λ = 0, steps = 10 and λ = 0.001, steps = 20"
        );
        assert_eq!(places(&view, &all, &[0, 1, 2, 3]), "in 4 of 16 settings");
    }

    #[test]
    fn a_detectable_difference_has_two_digits_and_is_one_that_can_be() {
        assert_eq!(detectable("clf/accuracy", 0.01234).as_deref(), Some("0.012"));
        assert_eq!(detectable("clf/accuracy", 1.5), None);
        assert_eq!(detectable("clf/nll", 1.5).as_deref(), Some("1.5"));
        assert_eq!(detectable("clf/nll", 123.4).as_deref(), Some("123"));
        assert_eq!(detectable("clf/nll", 0.0), None);
    }
}
