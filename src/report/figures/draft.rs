//! Figures before they are drawn, and the drawing of all.

use rayon::prelude::*;

use super::{
    attacks, chain_states, chains, corruptions, energies, generation, maps, purification,
    reliability, rows, samples, scaling, selective, sweeps, training,
};
use crate::chart::{self, Caption, ChartError, Drawing};
use crate::report::content::{Figure, Section, name_apart};
use crate::report::view::{Line, View};
use crate::table::CellResult;

/// Lines drawn on panels of their own; further ones are told by tables alone.
const MOST_LINES: usize = 6;
/// Cells of a line that have panels.
const MOST_PANELS: usize = 36;

/// A figure before it is drawn.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The name of its files.
    pub name: String,
    /// The text under it.
    pub caption: String,
    /// What is drawn.
    pub chart: Chart,
    /// Its data.
    pub csv: String,
}

/// The chart of a figure.
#[derive(Clone, Debug)]
pub enum Chart {
    /// A metric along an axis.
    Sweep(chart::SweepChart),
    /// A metric of cells without an order.
    Rows(chart::RowsChart),
    /// A quantity over two axes.
    Map(chart::HeatMap),
    /// Reliability diagrams.
    Reliability(chart::ReliabilityChart),
    /// Risk–coverage curves.
    RiskCoverage(chart::RiskCoverageChart),
    /// Histograms of energies.
    Energies(chart::EnergyHistogramChart),
    /// Curves by cell.
    Curves(chart::CurvesChart),
    /// Training curves.
    Training(chart::TrainingChart),
    /// A grid of samples.
    Samples(chart::SampleGrid),
}

impl Chart {
    pub(super) fn draw(&self) -> Result<Drawing, ChartError> {
        match self {
            Self::Sweep(chart) => chart::sweep(chart),
            Self::Rows(chart) => chart::rows(chart),
            Self::Map(chart) => chart::heat_map(chart),
            Self::Reliability(chart) => chart::reliability(chart),
            Self::RiskCoverage(chart) => chart::risk_coverage(chart),
            Self::Energies(chart) => chart::energy_histogram(chart),
            Self::Curves(chart) => chart::curves(chart),
            Self::Training(chart) => chart::training(chart),
            Self::Samples(chart) => chart::samples(chart),
        }
    }

    fn title(&self) -> &str {
        let caption = match self {
            Self::Sweep(chart) => &chart.caption,
            Self::Rows(chart) => &chart.caption,
            Self::Map(chart) => &chart.caption,
            Self::Reliability(chart) => &chart.caption,
            Self::RiskCoverage(chart) => &chart.caption,
            Self::Energies(chart) => &chart.caption,
            Self::Curves(chart) => &chart.caption,
            Self::Training(chart) => &chart.caption,
            Self::Samples(chart) => &chart.caption,
        };
        &caption.title
    }
}

/// The figures of a section before they are drawn, and what is not drawn.
#[derive(Clone, Debug, Default)]
pub struct Drafts {
    /// The figures.
    pub figures: Vec<Planned>,
    /// What is not drawn, in words.
    pub notes: Vec<String>,
}

impl Drafts {
    /// These, and after them those of `other`; a note that both have stands once.
    pub fn and(mut self, other: Self) -> Self {
        self.figures.extend(other.figures);
        let new = other.notes.into_iter().filter(|note| !self.notes.contains(note));
        let new: Vec<String> = new.collect();
        self.notes.extend(new);
        self
    }
}

/// Draws all figures, in parallel. `footer` stands under each.
///
/// # Errors
/// When a figure is too large to paint.
pub fn sections(view: &View<'_>, footer: &str) -> Result<Vec<Section>, ChartError> {
    let drafts = [
        ("Maps over both axes", maps::drafts(view, footer)),
        (
            "Accuracy and calibration",
            sweeps::calibration(view, footer).and(rows::calibration(view, footer)),
        ),
        ("Calibration in detail", reliability::drafts(view, footer)),
        ("Calibration after temperature scaling", scaling::drafts(view, footer)),
        ("Corrupted images", corruptions::drafts(view, footer)),
        (
            "Out-of-distribution detection",
            sweeps::detection(view, footer).and(rows::detection(view, footer)),
        ),
        (
            "Energy as a predictor of reliability",
            sweeps::errors(view, footer).and(rows::errors(view, footer)),
        ),
        ("Selective classification", selective::drafts(view, footer)),
        ("Energies", energies::drafts(view, footer)),
        ("Adversarial attacks", attacks::drafts(view, footer)),
        ("Purification under attack", purification::drafts(view, footer)),
        ("Training", training::drafts(view, footer)),
        ("Long chains", chains::drafts(view, footer).and(chain_states::drafts(view, footer))),
        ("Samples out of the replay buffer", samples::drafts(view, footer)),
        ("Samples made anew and of each class", generation::drafts(view, footer)),
    ];
    let drawn: Result<Vec<Section>, ChartError> = drafts
        .into_par_iter()
        .map(|(title, Drafts { figures, notes })| {
            let figures = figures.into_par_iter().map(draw).collect::<Result<_, _>>()?;
            Ok(Section { title: title.to_owned(), notes, figures })
        })
        .collect();
    let mut drawn = drawn?;
    name_apart(drawn.iter_mut().flat_map(|section| &mut section.figures));
    let some = |section: &Section| !(section.figures.is_empty() && section.notes.is_empty());
    Ok(drawn.into_iter().filter(some).collect())
}

fn draw(planned: Planned) -> Result<Figure, ChartError> {
    Ok(Figure {
        drawing: planned.chart.draw()?,
        title: planned.chart.title().to_owned(),
        name: planned.name,
        caption: planned.caption,
        csv: planned.csv,
    })
}

/// A caption; an empty subtitle is none.
pub fn caption(title: String, subtitle: String, footer: &str) -> Caption {
    let subtitle = Some(subtitle).filter(|text| !text.is_empty());
    Caption { title, subtitle, footer: Some(footer.to_owned()) }
}

/// The cells of one figure, with the name of its files and the end of its
/// title.
pub struct Paneled<'v, 'a> {
    /// The name of its files.
    pub name: String,
    /// The end of its title, such as `, steps = 20`.
    pub of: String,
    /// The cells, each with a panel, a row or a colour of its own.
    pub cells: &'v [&'a CellResult],
}

/// The lines with figures of their own; what is left out is noted.
pub fn paneled<'v, 'a>(
    view: &'v View<'a>,
    name: &str,
    notes: &mut Vec<String>,
) -> Vec<Paneled<'v, 'a>> {
    let mut left_out = |shown: usize, all: usize, what: &str| {
        if all > shown {
            notes
                .push(format!("Drawn for the first {shown} of {all} {what}; the tables have all."));
        }
    };
    left_out(MOST_LINES, view.lines.len(), "combinations of the other values");
    let longest = view.lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    left_out(MOST_PANELS, longest, "cells");
    let several = view.lines.len() > 1;
    let figure = |(number, line): (usize, &'v Line<'a>)| {
        let (name, of) = match several {
            true => (format!("{name}-{}", number + 1), format!(", {}", line.label)),
            false => (name.to_owned(), String::new()),
        };
        Paneled { name, of, cells: &line.cells[..line.cells.len().min(MOST_PANELS)] }
    };
    view.lines.iter().enumerate().take(MOST_LINES).map(figure).collect()
}

/// A figure for each line, as `planned` has it, and what is left out; where no
/// line has a figure nothing is left out either.
pub fn by_line<'v, 'a>(
    view: &'v View<'a>,
    name: &str,
    planned: impl Fn(Paneled<'v, 'a>) -> Option<Planned>,
) -> Drafts {
    let mut notes = Vec::new();
    let lines = paneled(view, name, &mut notes);
    let figures: Vec<Planned> = lines.into_iter().filter_map(planned).collect();
    if figures.is_empty() {
        notes.clear();
    }
    Drafts { figures, notes }
}

/// `No panel for λ = 10: none of its trials finished.`, where there is such a
/// cell.
pub fn absent(view: &View<'_>, cells: &[&CellResult], what: &str) -> String {
    let labels: Vec<String> = cells.iter().map(|cell| view.label_in_line(cell)).collect();
    match labels.is_empty() {
        true => String::new(),
        false => {
            format!(
                " No {what} for {}: no finished trial has any.",
                crate::report::number::listed(&labels)
            )
        }
    }
}
