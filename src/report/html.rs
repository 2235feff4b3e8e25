//! The report as a page that needs no other file.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, UndefinedBehavior, context};

use super::content::{Check, Content, Figure, Finding, Part, Section, Table, Tile};
use crate::chart::for_html;

/// The templates. Their names say to the engine that what is put in is escaped.
const TEMPLATES: [(&str, &str); 4] = [
    ("report.html", include_str!("template.html")),
    ("comparison.html", include_str!("comparison.html")),
    ("rows.html", include_str!("rows.html")),
    ("style.css", include_str!("style.css")),
];
/// Letters from which on a text in a table is broken over lines.
const LONG: usize = 40;

/// The report as HTML; `tables` are the names of the files in `tables/`.
///
/// # Errors
/// When the template is wrong, which a test holds that it is not.
pub fn html(content: &Content, tables: &[String]) -> Result<String, Error> {
    let environment = environment()?;
    let held = content.held();
    let appendix = content.exceptions.iter().chain([&held]);
    let page = environment.get_template("report.html")?.render(context! {
        title => content.title.clone(),
        name => content.name.clone(),
        question => content.question.clone(),
        failed => all(content.checks.iter().filter(|check| !check.holds), check),
        checked => content.checks.len(),
        notices => content.notices.clone(),
        tiles => all(content.tiles.iter(), tile),
        answer => all(content.answer.iter(), part),
        further => all(content.further.iter(), part),
        facts => all(content.facts.iter(), fact),
        results => all(content.results.iter().filter(|table| !table.rows.is_empty()), table),
        sections => all(content.sections.iter().enumerate(), section),
        appendix => all(appendix.into_iter().filter(|table| !table.rows.is_empty()), table),
        trials => table(&content.trials),
        tables => tables.to_vec(),
    })?;
    Ok(page)
}

/// The engine with every template.
pub(super) fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, template) in TEMPLATES {
        environment.add_template(name, template)?;
    }
    Ok(environment)
}

/// Text whose `λ = 5` and `± 0.1` are not broken over two lines.
pub(super) fn unbroken(text: &str) -> String {
    text.replace(" = ", "\u{a0}=\u{a0}").replace("± ", "±\u{a0}").replace(" %", "\u{a0}%")
}

pub(super) fn all<T>(items: impl Iterator<Item = T>, of: impl Fn(T) -> Value) -> Vec<Value> {
    items.map(of).collect()
}

fn check(check: &Check) -> Value {
    context! {
        name => check.name.clone(),
        found => unbroken(&check.found()),
        source => check.source.clone(),
    }
}

fn tile(tile: &Tile) -> Value {
    context! {
        label => tile.label.clone(),
        value => tile.value.clone(),
        spread => tile.spread.clone(),
        detail => unbroken(&tile.detail),
    }
}

fn part(part: &Part) -> Value {
    context! {
        heading => part.heading.clone(),
        findings => all(part.findings.iter(), finding),
    }
}

fn finding(finding: &Finding) -> Value {
    context! { about => finding.about.clone(), text => unbroken(&finding.text) }
}

pub(super) fn fact((name, value): &(String, String)) -> Value {
    context! { name => name.clone(), value => value.clone() }
}

pub(super) fn table(table: &Table) -> Value {
    // A column of numbers stands at the right.
    let number = |column: usize| {
        let is_number = |cell: &String| {
            let plain = cell.replace('−', "-");
            ["–", "diverged"].contains(&cell.as_str())
                || plain.split([' ', '/']).next().is_some_and(|n| n.parse::<f64>().is_ok())
        };
        table.rows.iter().all(|row| row.get(column).is_some_and(is_number))
    };
    let numbers: Vec<bool> = (0..table.head.len()).map(number).collect();
    let cell = |(text, number): (&String, &bool)| {
        let long = text.chars().count() > LONG;
        context! { text => unbroken(text), number => *number, long }
    };
    let row = |row: &Vec<String>| Value::from(all(row.iter().zip(&numbers), cell));
    context! {
        title => table.title.clone(),
        note => table.note.clone(),
        head => row(&table.head),
        rows => all(table.rows.iter(), row),
    }
}

fn section((number, section): (usize, &Section)) -> Value {
    context! {
        id => format!("section-{number}"),
        title => section.title.clone(),
        notes => section.notes.clone(),
        figures => all(section.figures.iter(), figure),
    }
}

pub(super) fn figure(figure: &Figure) -> Value {
    context! {
        name => figure.name.clone(),
        title => figure.title.clone(),
        caption => unbroken(&figure.caption),
        // Our own charts, which escape what they are given.
        svg => Value::from_safe_string(for_html(&figure.drawing.svg)),
    }
}
