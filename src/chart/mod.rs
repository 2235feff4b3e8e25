//! Charts: plain numbers in, drawings out.
//!
//! One file per figure ([`sweep()`], [`reliability()`], [`energy_histogram()`],
//! [`curves()`], [`risk_coverage()`], [`training()`], [`samples()`], [`difference()`],
//! [`heat_map()`], [`rows()`]) and one theme. Nothing here knows where numbers come from: no
//! store, no data frame, no spec. A figure lays its marks out on a
//! canvas in pixels; the canvas is then painted twice, as SVG and as PNG at
//! twice the size, so both show the same picture. Painting is deterministic:
//! the same chart gives the same bytes.
//!
//! What cannot be drawn is said, never left out in silence: a trial that
//! diverged is a ×, a value that is not finite is counted in a note, a chart
//! with nothing to show says so.
//!
//! The lettering is DejaVu Sans, embedded, so that no machine needs a font
//! (Bitstream Vera licence, changes in the public domain).

mod axis;
mod canvas;
mod caption;
mod curves;
mod difference;
mod diverged;
mod drawing;
mod energy_histogram;
mod heat_map;
mod lettering;
mod page;
mod paint;
mod plot;
mod reference;
mod reliability;
mod risk_coverage;
mod rows;
mod rows_of_cells;
mod samples;
mod sweep;
mod theme;
mod training;

pub use axis::XScale;
pub use caption::{Better, Caption, Quantity};
pub use curves::{CurvesChart, CurvesPanel, curves};
pub use difference::{DifferenceChart, DifferenceRow, Tone, difference};
pub use drawing::{ChartError, Drawing, for_html};
pub use energy_histogram::{EnergyHistogramChart, EnergyPanel, Histogram, energy_histogram};
pub use heat_map::{HeatCell, HeatMap, heat_map};
pub use reference::Reference;
pub use reliability::{ReliabilityBin, ReliabilityChart, ReliabilityPanel, reliability};
pub use risk_coverage::{RiskCoverageChart, RiskCoverageCurve, RiskCoveragePanel, risk_coverage};
pub use rows::{RowMark, RowsChart, ValueRow, rows};
pub use samples::{SampleGrid, samples};
pub use sweep::{SweepChart, SweepPoint, SweepSeries, sweep};
pub use theme::{Color, GRID, INK, PAPER};
pub use training::{TrainingChart, TrainingLine, TrainingPanel, training};
