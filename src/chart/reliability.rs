//! Reliability diagrams: accuracy against confidence, one panel per model.

use super::axis::Axis;
use super::canvas::{Area, Canvas};
use super::caption::{Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Head, Key, Page, Swatch};
use super::plot::{Plot, X_LABELS, gutter};
use super::theme::{ALARM, FIRST, INK, NEUTRAL, PAGE_WIDTH, Paint};

/// Reliability diagrams side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReliabilityChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// Such as `confidence`.
    pub x_label: String,
    /// Such as `accuracy`.
    pub y_label: String,
    /// One per model, such as one per λ.
    pub panels: Vec<ReliabilityPanel>,
    /// Which bins are marked as of few examples, such as `fewer than 10 examples`.
    pub few: String,
    /// Whether they are pairs, each of which stands in one row.
    pub pairs: bool,
}

/// The calibration of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReliabilityPanel {
    /// Such as `λ = 0.1`.
    pub label: String,
    /// The bins of the confidence, in any order.
    pub bins: Vec<ReliabilityBin>,
    /// The expected calibration error in [0, 1], as the caller's table has it.
    pub ece: Option<f64>,
}

/// The examples whose confidence lies in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReliabilityBin {
    /// Lower end of the bin, in [0, 1].
    pub low: f64,
    /// Upper end of the bin, in [0, 1].
    pub high: f64,
    /// How many examples lie in it.
    pub count: u64,
    /// Their mean confidence, in [0, 1]; of no account where there are none.
    pub confidence: f64,
    /// The share of them classified correctly, in [0, 1]; of no account where
    /// there are none.
    pub accuracy: f64,
    /// Whether so few examples lie in it that its accuracy says little.
    pub few: bool,
}

impl ReliabilityBin {
    fn is_drawable(&self) -> bool {
        let numbers = [self.low, self.high, self.confidence, self.accuracy];
        numbers.iter().all(|n| (0.0..=1.0).contains(n)) && self.low < self.high
    }
}

/// The narrowest and the widest panel.
const WIDTHS: (f64, f64) = (165.0, 390.0);
const STRIP: f64 = 34.0;
const STRIP_GAP: f64 = 6.0;
const BAR: Paint = FIRST.at(0.6);
const GAP: Paint = ALARM.at(0.75);
/// How much of the width of a bin the mark of its gap takes.
const GAP_SHARE: f64 = 0.3;

/// Draws, for every panel, accuracy as bars, the gap to the mean confidence as a
/// narrow mark of its own on either side of a bar's end, the diagonal of perfect
/// calibration, and under it how many examples each bin holds. A bin of few
/// examples is an outline.
///
/// # Errors
/// When the figure is too large to paint.
pub fn reliability(chart: &ReliabilityChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart), &chart.caption)
}

fn lay_out(chart: &ReliabilityChart) -> Canvas {
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    page.together = if chart.pairs { 2 } else { 1 };
    page.y_label(&Quantity { label: chart.y_label.clone(), ..Quantity::default() });
    let heads: Vec<Head> = chart.panels.iter().map(head).collect();
    // About square, as far as few panels do not make the page too tall.
    let (_, width) = page.columns(heads.len(), WIDTHS);
    let side = (width - 30.0).min(330.0);
    let height = side + STRIP_GAP + STRIP + X_LABELS;
    if heads.is_empty() {
        page.lines("no panels", super::theme::BODY, 1);
    }
    let areas = page.panels(&heads, WIDTHS, height);
    for (area, panel) in areas.iter().zip(&chart.panels) {
        draw_panel(&mut page.canvas, panel, *area);
    }
    page.x_label(&chart.x_label, &areas);
    if !areas.is_empty() {
        let mut keys = vec![
            Key::new(Swatch::Block(BAR), "accuracy"),
            Key::new(Swatch::Upright(GAP), "gap to the mean confidence"),
            Key::new(Swatch::Dashed, "perfect calibration"),
            Key::new(Swatch::Block(NEUTRAL.solid()), "share of the examples"),
        ];
        if chart.panels.iter().any(|panel| panel.bins.iter().any(|bin| bin.few && bin.count > 0)) {
            keys.push(Key::new(Swatch::Outline(FIRST.solid()), &chart.few));
        }
        page.legend(&keys);
    }
    page.finish(&chart.caption)
}

fn head(panel: &ReliabilityPanel) -> Head {
    let total: u64 = panel.bins.iter().fold(0, |sum, bin| sum.saturating_add(bin.count));
    let info = match panel.ece {
        Some(ece) if ece.is_finite() => format!("ECE {ece:.3}, n {total}"),
        Some(_) => format!("ECE not finite, n {total}"),
        None => format!("n {total}"),
    };
    let lost = panel.bins.iter().filter(|bin| bin.count > 0 && !bin.is_drawable()).count();
    Head {
        title: panel.label.clone(),
        info,
        notes: if lost > 0 {
            vec![format!("{lost} bins are not within 0 to 1")]
        } else {
            Vec::new()
        },
    }
}

fn draw_panel(canvas: &mut Canvas, panel: &ReliabilityPanel, area: Area) {
    let y = Axis::between(0.0, 1.0, 5);
    let left = area.left + gutter(&y);
    let plot = Plot {
        area: Area {
            left,
            width: area.right() - left,
            height: area.height - STRIP_GAP - STRIP - X_LABELS,
            ..area
        },
        x: Axis::between(0.0, 1.0, 5),
        y,
    };
    let floor = plot.area.bottom() + STRIP_GAP + STRIP;
    plot.frame(canvas, floor);
    let bins: Vec<&ReliabilityBin> =
        panel.bins.iter().filter(|bin| bin.count > 0 && bin.is_drawable()).collect();
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1);
    for bin in &bins {
        draw_bin(canvas, &plot, bin);
        // A bin that holds any example at all is seen.
        let tall = (STRIP * bin.count as f64 / most as f64).max(1.0);
        canvas.rect(column(&plot, bin, 1.0, (floor, floor - tall)), NEUTRAL.solid());
    }
    let bottom = plot.area.bottom();
    canvas.line(&[(left, bottom), (plot.area.right(), bottom)], INK.at(0.35), 1.0);
    if bins.is_empty() {
        plot.note(canvas, "no examples");
    } else {
        let end = (plot.area.right(), plot.area.top);
        canvas.dashed((left, bottom), end, INK.at(0.68), 1.25);
    }
}

/// The block between two heights over the middle `share` of a bin.
fn column(plot: &Plot, bin: &ReliabilityBin, share: f64, (bottom, top): (f64, f64)) -> Area {
    let (from, to) = (plot.x_at(bin.low) + 0.5, plot.x_at(bin.high) - 0.5);
    let width = share * (to - from).max(0.5);
    Area { left: (from + to - width) / 2.0, top, width, height: bottom - top }
}

/// The bar ends at the accuracy, whichever side of the diagonal that is on.
fn draw_bin(canvas: &mut Canvas, plot: &Plot, bin: &ReliabilityBin) {
    let (accuracy, confidence) = (plot.y_at(bin.accuracy), plot.y_at(bin.confidence));
    let bar = column(plot, bin, 1.0, (plot.area.bottom(), accuracy));
    let (left, right) = (bar.left, bar.right());
    if bin.few {
        let inside = (left + 0.5, right - 0.5);
        let (top, bottom) = (accuracy, plot.area.bottom());
        let corners = [(inside.0, bottom), (inside.0, top), (inside.1, top), (inside.1, bottom)];
        canvas.line(&corners, FIRST.at(0.6), 1.0);
    } else {
        canvas.rect(bar, BAR);
        canvas.line(&[(left, accuracy), (right, accuracy)], FIRST.solid(), 1.5);
    }
    let ends = (accuracy.max(confidence), accuracy.min(confidence));
    let gap = column(plot, bin, GAP_SHARE, ends);
    if bin.few {
        let middle = (gap.left + gap.right()) / 2.0;
        canvas.line(&[(middle, ends.0), (middle, ends.1)], GAP, 1.0);
    } else {
        canvas.rect(gap, GAP);
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::Shape;
    use super::*;

    fn bins(count: usize) -> Vec<ReliabilityBin> {
        (0..count)
            .map(|i| ReliabilityBin {
                low: i as f64 / count as f64,
                high: (i + 1) as f64 / count as f64,
                count: i as u64 * 10,
                confidence: (i as f64 + 0.5) / count as f64,
                accuracy: (i as f64 / count as f64).powi(2),
                few: i == 1,
            })
            .collect()
    }

    fn chart(panels: Vec<ReliabilityPanel>) -> ReliabilityChart {
        ReliabilityChart {
            x_label: "confidence".into(),
            y_label: "accuracy".into(),
            few: "fewer than 20 examples".into(),
            panels,
            ..ReliabilityChart::default()
        }
    }

    #[test]
    fn each_panel_prints_its_calibration_error_and_its_examples() {
        let panel = |label: &str, ece| ReliabilityPanel {
            label: label.into(),
            bins: bins(10),
            ece: Some(ece),
        };
        let chart = chart(vec![panel("λ = 0", 0.0321), panel("λ = 1", 0.1)]);
        let drawing = reliability(&chart).expect("it can be drawn");
        assert!(drawing.svg.contains(">ECE 0.032, n 450</text>"));
        assert!(drawing.svg.contains(">ECE 0.100, n 450</text>"));
        assert_eq!(Ok(drawing), reliability(&chart));
    }

    /// A network that is right in nine of ten where it is half sure looked
    /// calibrated: its bar ended at the diagonal.
    #[test]
    fn a_bar_ends_at_the_accuracy_on_both_sides_of_the_diagonal() {
        let bars = |confidence: f64, accuracy: f64, few: bool| -> Vec<(f64, f64)> {
            let bin = ReliabilityBin { low: 0.4, high: 0.6, count: 5, confidence, accuracy, few };
            let mut canvas = Canvas::default();
            let plot = Plot {
                area: Area { left: 0.0, top: 0.0, width: 100.0, height: 100.0 },
                x: Axis::between(0.0, 1.0, 5),
                y: Axis::between(0.0, 1.0, 5),
            };
            draw_bin(&mut canvas, &plot, &bin);
            let rect = |shape: &Shape| match shape {
                Shape::Rect(area, _) => Some((area.top.round(), area.bottom().round())),
                _ => None,
            };
            canvas.shapes.iter().filter_map(rect).collect()
        };
        // Under-confident: accuracy .9, confidence .5. The mark of the gap last.
        assert_eq!(bars(0.5, 0.9, false), [(10.0, 100.0), (10.0, 50.0)]);
        // Over-confident.
        assert_eq!(bars(0.5, 0.2, false), [(80.0, 100.0), (50.0, 80.0)]);
        assert_eq!(bars(0.5, 0.2, true), [], "few examples are an outline");
    }

    #[test]
    fn bins_of_few_examples_are_in_the_legend_where_there_are_any() {
        let panel = ReliabilityPanel { bins: bins(10), ..ReliabilityPanel::default() };
        let mut chart = chart(vec![panel]);
        let svg = |chart: &ReliabilityChart| reliability(chart).expect("it can be drawn").svg;
        assert!(svg(&chart).contains("fewer than 20 examples"));
        chart.panels[0].bins.iter_mut().for_each(|bin| bin.few = false);
        assert!(!svg(&chart).contains("fewer than 20 examples"));
    }

    #[test]
    fn hostile_panels_stay_legible() {
        let odd = |number: f64| ReliabilityBin {
            low: number,
            high: number,
            count: u64::MAX,
            confidence: number,
            accuracy: number,
            few: false,
        };
        let panel = |bins: Vec<ReliabilityBin>| ReliabilityPanel {
            label: "a very long label of a panel that does not fit".into(),
            bins,
            ece: Some(f64::NAN),
        };
        let cases = [
            vec![],
            vec![panel(vec![])],
            vec![panel(vec![odd(f64::NAN), odd(f64::INFINITY), odd(-1.0), odd(2.0)])],
            vec![panel(bins(1)), panel(bins(1000))],
            vec![panel(bins(15)); 21],
        ];
        for panels in cases {
            lay_out(&chart(panels.clone())).assert_legible();
            lay_out(&ReliabilityChart { pairs: true, ..chart(panels) }).assert_legible();
        }
    }
}
