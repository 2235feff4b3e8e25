//! Densities of the energy E(x) of correct, misclassified and
//! out-of-distribution examples, one panel per model.

use super::axis::{Axis, extent};
use super::canvas::{Area, Canvas, Point};
use super::caption::{Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Head, Key, Page, Swatch};
use super::plot::{Plot, X_LABELS, gutter};
use super::theme::{BODY, Color, PAGE_WIDTH, series_color};

/// Energy histograms side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnergyHistogramChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// Such as `E(x)`.
    pub x_label: String,
    /// Such as `density`.
    pub y_label: String,
    /// One per model, such as one per λ.
    pub panels: Vec<EnergyPanel>,
    /// Whether all panels span the same energies. Without it each spans its own,
    /// which shows shapes and not shifts.
    pub shared_x: bool,
}

/// The energies of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnergyPanel {
    /// Such as `λ = 0.1`.
    pub label: String,
    /// One per set of examples. Equal labels have equal colours in all panels.
    pub histograms: Vec<Histogram>,
}

/// How many examples have an energy in each bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Such as `correct` or `SVHN`.
    pub label: String,
    /// `[bins + 1]`, rising; the panel's histograms best share them.
    pub edges: Vec<f64>,
    /// `[bins]`, examples with `edges[i] <= E(x) < edges[i + 1]`.
    pub counts: Vec<u64>,
}

impl Histogram {
    fn total(&self) -> f64 {
        self.counts.iter().map(|count| *count as f64).sum()
    }

    fn is_finite(&self) -> bool {
        let low_enough = |edge: &f64| edge.abs() <= 1e300;
        self.edges.iter().all(low_enough)
    }

    /// The bins from the first to the last that holds an example.
    fn steps(&self) -> Vec<Step> {
        let total = self.total();
        let held = |count: &u64| *count > 0;
        let (Some(first), Some(last)) =
            (self.counts.iter().position(held), self.counts.iter().rposition(held))
        else {
            return Vec::new();
        };
        (first..=last)
            .map(|bin| {
                let (from, to) = (self.edges[bin], self.edges[bin + 1]);
                (from, to, self.counts[bin] as f64 / total / (to - from))
            })
            .collect()
    }
}

/// `(from, to, density)` of a bin; the densities of a set integrate to 1.
type Step = (f64, f64, f64);

/// The narrowest and the widest panel.
const WIDTHS: (f64, f64) = (230.0, f64::INFINITY);

/// Draws the density of every histogram as a step outline with a light fill.
/// Sets without examples are named under the panel's title.
///
/// # Errors
/// When a histogram has not one edge more than counts, or edges that do not
/// rise, and when the figure is too large to paint.
pub fn energy_histogram(chart: &EnergyHistogramChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart)?, &chart.caption)
}

fn check(chart: &EnergyHistogramChart) -> Result<(), ChartError> {
    for panel in &chart.panels {
        for histogram in &panel.histograms {
            let (edges, counts) = (histogram.edges.len(), histogram.counts.len());
            let problem = if counts > 0 && edges != counts + 1 {
                format!("{counts} counts need {} edges, not {edges}", counts + 1)
            } else if let Some(pair) = histogram.edges.windows(2).find(|pair| pair[0] >= pair[1]) {
                format!("its edges must rise, but {} follows {}", pair[1], pair[0])
            } else {
                continue;
            };
            return Err(ChartError::Shape {
                chart: chart.caption.title.clone(),
                problem: format!(
                    "histogram \"{}\" of panel \"{}\": {problem}",
                    histogram.label, panel.label
                ),
            });
        }
    }
    Ok(())
}

fn lay_out(chart: &EnergyHistogramChart) -> Result<Canvas, ChartError> {
    check(chart)?;
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    page.y_label(&Quantity { label: chart.y_label.clone(), ..Quantity::default() });
    let labels = labels(chart);
    let heads: Vec<Head> = chart.panels.iter().map(head).collect();
    if heads.is_empty() {
        page.lines("no panels", BODY, 1);
    }
    let height = if heads.len() == 1 { 280.0 } else { 165.0 } + X_LABELS;
    let shared = chart.shared_x.then(|| span(chart.panels.iter()));
    let areas = page.panels(&heads, WIDTHS, height);
    for (area, panel) in areas.iter().zip(&chart.panels) {
        let span = shared.unwrap_or_else(|| span([panel]));
        draw_panel(&mut page.canvas, panel, &labels, span, *area);
    }
    page.x_label(&chart.x_label, &areas);
    let keys: Vec<Key> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| Key::new(Swatch::Block(series_color(index).at(0.75)), *label))
        .collect();
    page.legend(&keys);
    Ok(page.finish(&chart.caption))
}

/// The labels of all panels, each once, in the order they first come in.
fn labels(chart: &EnergyHistogramChart) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for histogram in chart.panels.iter().flat_map(|panel| &panel.histograms) {
        if !labels.contains(&histogram.label.as_str()) {
            labels.push(&histogram.label);
        }
    }
    labels
}

fn head(panel: &EnergyPanel) -> Head {
    let named = |histograms: Vec<&Histogram>| {
        let names: Vec<&str> = histograms.iter().map(|h| h.label.as_str()).collect();
        names.join(", ")
    };
    let (finite, odd): (Vec<&Histogram>, Vec<&Histogram>) =
        panel.histograms.iter().partition(|h| h.is_finite());
    let empty: Vec<&Histogram> = finite.into_iter().filter(|h| h.total() == 0.0).collect();
    let mut notes = Vec::new();
    if !empty.is_empty() {
        notes.push(format!("no examples: {}", named(empty)));
    }
    if !odd.is_empty() {
        notes.push(format!("not finite: {}", named(odd)));
    }
    Head { title: panel.label.clone(), info: String::new(), notes }
}

/// Lowest and highest energy of any example.
fn span<'a>(panels: impl IntoIterator<Item = &'a EnergyPanel>) -> Option<(f64, f64)> {
    extent(
        panels
            .into_iter()
            .flat_map(|panel| &panel.histograms)
            .filter(|histogram| histogram.is_finite())
            .flat_map(Histogram::steps)
            .flat_map(|(from, to, _)| [from, to]),
    )
}

fn draw_panel(
    canvas: &mut Canvas,
    panel: &EnergyPanel,
    labels: &[&str],
    span: Option<(f64, f64)>,
    area: Area,
) {
    let drawn: Vec<(usize, Vec<Step>)> = panel
        .histograms
        .iter()
        .filter(|histogram| histogram.is_finite())
        .filter_map(|histogram| {
            let index = labels.iter().position(|label| *label == histogram.label)?;
            Some((index, histogram.steps()))
        })
        .collect();
    let highest = drawn.iter().flat_map(|(_, steps)| steps).map(|step| step.2);
    let highest = extent(highest).map_or(f64::NAN, |range| range.1);
    let y = Axis::between(0.0, 1.05 * highest, 3);
    let left = area.left + gutter(&y);
    let plot = Plot {
        area: Area { left, width: area.right() - left, height: area.height - X_LABELS, ..area },
        x: Axis::spanning(span.into_iter().flat_map(|(low, high)| [low, high]), 4),
        y,
    };
    plot.frame(canvas, plot.area.bottom());
    let outlines: Vec<(Color, Vec<Point>)> =
        drawn.iter().map(|(index, steps)| (series_color(*index), outline(&plot, steps))).collect();
    for (color, outline) in &outlines {
        canvas.polygon(outline.clone(), color.at(0.16));
    }
    // Lines last: no fill tints one.
    for (color, outline) in &outlines {
        canvas.line(outline, color.solid(), 1.6);
    }
}

/// Up, along the steps, and down again.
fn outline(plot: &Plot, steps: &[Step]) -> Vec<Point> {
    let corner = |x: f64, density: f64| plot.point(x, density);
    let start = steps.first().and_then(|step| corner(step.0, 0.0));
    let end = steps.last().and_then(|step| corner(step.1, 0.0));
    let tops = steps
        .iter()
        .flat_map(|(from, to, density)| [corner(*from, *density), corner(*to, *density)]);
    [start].into_iter().chain(tops).chain([end]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(label: &str, edges: &[f64], counts: &[u64]) -> Histogram {
        Histogram { label: label.into(), edges: edges.to_vec(), counts: counts.to_vec() }
    }

    fn chart(panels: Vec<Vec<Histogram>>) -> EnergyHistogramChart {
        EnergyHistogramChart {
            x_label: "E(x)".into(),
            y_label: "density".into(),
            panels: panels
                .into_iter()
                .map(|histograms| EnergyPanel {
                    label: "λ = 0.1, a longer label than there is room for it".into(),
                    histograms,
                })
                .collect(),
            ..EnergyHistogramChart::default()
        }
    }

    #[test]
    fn densities_integrate_to_one_whatever_the_bins() {
        let steps = histogram("", &[0.0, 1.0, 3.0, 3.5, 9.0], &[0, 2, 6, 0]).steps();
        assert_eq!(steps, [(1.0, 3.0, 0.125), (3.0, 3.5, 1.5)]);
        let area: f64 = steps.iter().map(|(from, to, d)| (to - from) * d).sum();
        assert_eq!(area, 1.0);
    }

    #[test]
    fn a_set_without_examples_is_named() {
        let sets = vec![
            histogram("correct", &[0.0, 1.0], &[5]),
            histogram("SVHN", &[0.0, 1.0], &[0]),
            histogram("noise", &[0.0, f64::INFINITY], &[3]),
        ];
        let chart = chart(vec![sets]);
        let drawing = energy_histogram(&chart).expect("it can be drawn");
        assert!(drawing.svg.contains("no examples: SVHN"));
        assert!(drawing.svg.contains("not finite: noise"));
        assert_eq!(Ok(drawing), energy_histogram(&chart));
    }

    #[test]
    fn edges_that_do_not_fit_are_refused_with_their_numbers() {
        let few = energy_histogram(&chart(vec![vec![histogram("a", &[0.0], &[5])]]));
        let text = few.expect_err("an edge is missing").to_string();
        assert!(text.contains("1 counts need 2 edges, not 1"), "{text}");
        let fall = energy_histogram(&chart(vec![vec![histogram("a", &[1.0, 0.0], &[5])]]));
        let text = fall.expect_err("the edges fall").to_string();
        assert!(text.contains("0 follows 1"), "{text}");
    }

    #[test]
    fn hostile_energies_stay_legible() {
        let long = "an out-of-distribution set with a long name ".repeat(3);
        let cases = [
            vec![],
            vec![vec![]],
            vec![vec![histogram("", &[], &[])]],
            vec![vec![histogram("x", &[f64::NAN, f64::NAN], &[1])]],
            vec![vec![histogram("x", &[-1e300, 1e300], &[1])]],
            vec![vec![histogram("x", &[1.0, 1.0 + 1e-15], &[u64::MAX])]],
            vec![vec![histogram(&long, &[0.0, 1e-9, 1e9], &[0, 0]); 9]; 21],
        ];
        for panels in cases {
            for shared_x in [false, true] {
                let chart = EnergyHistogramChart { shared_x, ..chart(panels.clone()) };
                lay_out(&chart).expect("it can be laid out").assert_legible();
            }
        }
    }
}
