//! Risk–coverage curves: the error rate among the inputs that are answered,
//! one panel per model, one colour per score.

use super::axis::{Axis, extent};
use super::canvas::{Area, Canvas, Point};
use super::caption::{Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Head, Key, Page, Swatch};
use super::plot::{Plot, X_LABELS, gutter};
use super::theme::{BODY, NEUTRAL, PAGE_WIDTH, series_color};

/// Risk–coverage curves side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskCoverageChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// Such as `coverage`.
    pub x_label: String,
    /// Such as `error rate among the answered`.
    pub y_label: String,
    /// The scores, as the legend shows them, in the order of its colours.
    pub scores: Vec<String>,
    /// One per model, such as one per λ.
    pub panels: Vec<RiskCoveragePanel>,
}

/// The curves of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskCoveragePanel {
    /// Such as `λ = 0.1`.
    pub label: String,
    /// Such as `n 2000, 3 seeds`.
    pub info: String,
    /// One for each of the chart's scores that was measured.
    pub curves: Vec<RiskCoverageCurve>,
    /// `(coverage, risk)` of the best order there is, errors last.
    pub best: Vec<(f64, f64)>,
}

/// One score of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskCoverageCurve {
    /// Index into the chart's scores.
    pub score: usize,
    /// `(coverage, risk)`, both in [0, 1], by coverage; the mean over seeds.
    pub mean: Vec<(f64, f64)>,
    /// The same of single seeds, drawn thin; none where there is one.
    pub seeds: Vec<Vec<(f64, f64)>>,
}

/// The narrowest and the widest panel.
const WIDTHS: (f64, f64) = (220.0, 520.0);
const HEIGHT: f64 = 210.0;
/// Below this coverage a curve hangs on a handful of inputs; it does not
/// decide how high the axis goes.
const SETTLED: f64 = 0.1;

/// Draws, for every panel, the mean curve of each score, the seeds' own thin
/// beside it, and the best possible order in grey. What rises out of the plot
/// at its left end is cut.
///
/// # Errors
/// When a curve names a score that there is not, and when the figure is too
/// large to paint.
pub fn risk_coverage(chart: &RiskCoverageChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart)?, &chart.caption)
}

fn lay_out(chart: &RiskCoverageChart) -> Result<Canvas, ChartError> {
    let mut curves = chart.panels.iter().flat_map(|panel| &panel.curves);
    if let Some(curve) = curves.find(|curve| curve.score >= chart.scores.len()) {
        let (score, scores) = (curve.score, chart.scores.len());
        return Err(ChartError::Shape {
            chart: chart.caption.title.clone(),
            problem: format!(
                "a curve names score {score}, but there are {scores} scores, counted from 0"
            ),
        });
    }
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    page.y_label(&Quantity { label: chart.y_label.clone(), ..Quantity::default() });
    let head = |panel: &RiskCoveragePanel| Head {
        title: panel.label.clone(),
        info: panel.info.clone(),
        notes: Vec::new(),
    };
    let heads: Vec<Head> = chart.panels.iter().map(head).collect();
    if heads.is_empty() {
        page.lines("no panels", BODY, 1);
    }
    let height = if heads.len() == 1 { 1.5 * HEIGHT } else { HEIGHT } + X_LABELS;
    let areas = page.panels(&heads, WIDTHS, height);
    for (area, panel) in areas.iter().zip(&chart.panels) {
        draw_panel(&mut page.canvas, panel, *area);
    }
    page.x_label(&chart.x_label, &areas);
    if !areas.is_empty() {
        let of_score =
            |(index, score): (usize, &String)| Key::new(Swatch::Line(series_color(index)), score);
        let mut keys: Vec<Key> = chart.scores.iter().enumerate().map(of_score).collect();
        keys.push(Key::new(Swatch::Line(NEUTRAL), "best possible order"));
        page.legend(&keys);
    }
    Ok(page.finish(&chart.caption))
}

fn draw_panel(canvas: &mut Canvas, panel: &RiskCoveragePanel, area: Area) {
    let y = y_axis(panel);
    let left = area.left + gutter(&y);
    let plot = Plot {
        area: Area {
            left,
            width: area.right() - left - 4.0,
            height: area.height - X_LABELS,
            ..area
        },
        x: Axis::between(0.0, 1.0, 5),
        y,
    };
    plot.frame(canvas, plot.area.bottom());
    draw(canvas, &plot, &panel.best, NEUTRAL.solid(), 1.4);
    for curve in &panel.curves {
        for seed in &curve.seeds {
            draw(canvas, &plot, seed, series_color(curve.score).at(0.3), 0.7);
        }
    }
    for curve in &panel.curves {
        draw(canvas, &plot, &curve.mean, series_color(curve.score).solid(), 1.8);
    }
}

/// From 0 to what the mean curves reach once they are settled.
fn y_axis(panel: &RiskCoveragePanel) -> Axis {
    let all = || panel.curves.iter().flat_map(|curve| &curve.mean);
    let settled = all().filter(|(coverage, _)| *coverage >= SETTLED).map(|(_, risk)| *risk);
    match extent(settled).or_else(|| extent(all().map(|(_, risk)| *risk))) {
        Some((_, high)) if high > 0.0 => Axis::between(0.0, (1.15 * high).min(1.0), 4),
        Some(_) => Axis::between(0.0, 1.0, 4),
        None => Axis::spanning([], 4),
    }
}

fn draw(
    canvas: &mut Canvas,
    plot: &Plot,
    points: &[(f64, f64)],
    paint: super::theme::Paint,
    width: f64,
) {
    let inside = points.iter().filter(|(x, _)| (0.0..=1.0).contains(x));
    let places: Vec<Point> = inside.filter_map(|(x, y)| plot.point(*x, *y)).collect();
    for piece in plot.clipped(&places) {
        canvas.line(&piece, paint, width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(score: usize, points: &[(f64, f64)]) -> RiskCoverageCurve {
        RiskCoverageCurve {
            score,
            mean: points.to_vec(),
            seeds: vec![points.to_vec(), points.iter().map(|(x, y)| (*x, y / 2.0)).collect()],
        }
    }

    fn chart(panels: Vec<Vec<RiskCoverageCurve>>) -> RiskCoverageChart {
        let panel = |curves| RiskCoveragePanel {
            label: "λ = 0.1".into(),
            info: "n 100, 2 seeds".into(),
            curves,
            best: vec![(0.5, 0.0), (1.0, 0.2)],
        };
        RiskCoverageChart {
            x_label: "coverage".into(),
            y_label: "error rate".into(),
            scores: vec!["energy".into(), "max softmax".into()],
            panels: panels.into_iter().map(panel).collect(),
            ..RiskCoverageChart::default()
        }
    }

    #[test]
    fn one_early_error_does_not_flatten_the_curve() {
        let points = [(0.01, 1.0), (0.1, 0.1), (1.0, 0.2)];
        let panel = RiskCoveragePanel { curves: vec![curve(0, &points)], ..Default::default() };
        assert!(y_axis(&panel).position(0.2).is_some_and(|at| at > 0.6 && at < 1.0));
        assert!(y_axis(&panel).position(1.0).is_some_and(|at| at > 1.0));
    }

    #[test]
    fn a_score_that_there_is_not_is_refused() {
        let error = risk_coverage(&chart(vec![vec![curve(2, &[])]]));
        let text = error.expect_err("score 2 is missing").to_string();
        assert!(text.contains("score 2, but there are 2 scores"), "{text}");
    }

    #[test]
    fn hostile_curves_stay_legible() {
        let odd = [(f64::NAN, 0.5), (0.5, f64::INFINITY), (2.0, 0.5), (0.7, -3.0), (1.0, 1e9)];
        let cases = [
            vec![],
            vec![vec![]],
            vec![vec![curve(0, &[])]],
            vec![vec![curve(1, &odd)]],
            vec![vec![curve(0, &[(0.5, 0.0), (1.0, 0.0)])]],
            vec![vec![curve(0, &[(0.5, 0.01), (1.0, 0.02)]); 4]; 21],
        ];
        for panels in cases {
            lay_out(&chart(panels)).expect("it can be laid out").assert_legible();
        }
    }
}
