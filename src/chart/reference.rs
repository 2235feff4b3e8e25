//! Values that a chart's metric is held against, such as the AUROC of counting
//! lit pixels: thin dashed lines, named once below the chart.

use super::axis::short;
use super::canvas::Canvas;
use super::plot::Plot;
use super::theme::INK;

/// A value that does not depend on what the chart sweeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reference {
    /// What has it, such as `lit pixels`.
    pub label: String,
    /// The value.
    pub value: f64,
}

/// Draws a line at each value across a plot whose y axis has the metric.
pub(super) fn draw_across(canvas: &mut Canvas, plot: &Plot, references: &[Reference]) {
    let (left, right) = (plot.area.left, plot.area.right());
    for at in places(references, |value| plot.y.position(value)) {
        let y = plot.y_at(at);
        canvas.dashed((left, y), (right, y), INK.at(0.5), 1.0);
    }
}

/// Draws a line at each value down a plot whose x axis has the metric.
pub(super) fn draw_down(canvas: &mut Canvas, plot: &Plot, references: &[Reference]) {
    let (top, bottom) = (plot.area.top, plot.area.bottom());
    for at in places(references, |value| plot.x.position(value)) {
        let x = plot.x_at(at);
        canvas.dashed((x, top), (x, bottom), INK.at(0.5), 1.0);
    }
}

/// Where the values are that have a place on the axis.
fn places(
    references: &[Reference],
    position: impl Fn(f64) -> Option<f64>,
) -> impl Iterator<Item = f64> {
    let at = move |reference: &Reference| position(reference.value);
    references.iter().filter_map(at).filter(|at| (0.0..=1.0).contains(at))
}

/// Which line is which; none without any.
pub(super) fn note(references: &[Reference]) -> Option<String> {
    let named = references.iter().map(|one| format!("{} {}", one.label, short(one.value)));
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| {
        format!("Dashed, from the images alone and without a network: {}.", named.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_told_apart_by_their_values() {
        let of = |label: &str, value| Reference { label: label.to_owned(), value };
        let lines = [of("lit pixels", 0.982), of("PCA residual", 0.9951)];
        let expected = "Dashed, from the images alone and without a network: lit pixels 0.982, \
                        PCA residual 0.9951.";
        assert_eq!(note(&lines).as_deref(), Some(expected));
        assert_eq!(note(&[]), None);
    }
}
