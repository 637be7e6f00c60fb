//! The drawing of a panel: a bar for each subject, its range over it, and the numbers beside it.

use crate::bench::record::Better;
use crate::bench::report::markup::Element;
use crate::bench::report::scale::{Axis, mark, metric, short, times, unit};
use crate::bench::report::view::{Bar, Panel};
use crate::bench::results::Role;

/// The drawing's own width; it is shown about as wide as this, so that its letters have the size of those around it.
pub(super) const WIDTH: f64 = 400.0;

const ROW: f64 = 25.0;
const HEAD: f64 = 18.0;
const FOOT: f64 = 18.0;
/// Where names end and bars begin, for short names and for long ones.
const BARS: [f64; 2] = [64.0, 124.0];
/// Of a letter of a name, on the safe side.
const LETTER: f64 = 6.9;
/// Of a column of ratios.
const COLUMN: f64 = 48.0;
const BAR_HEIGHT: f64 = 13.0;

/// Where things stand from left to right.
struct Columns {
    /// Where bars begin.
    start: f64,
    /// Where bars end.
    end: f64,
    /// The right edges of the values, of the ratios to the reference, and of those to the best peer if that is another.
    values: f64,
    reference: Option<f64>,
    peer: Option<f64>,
}

impl Columns {
    fn new(panel: &Panel<'_>) -> Columns {
        let is_other = panel.best_peer.is_some() && panel.best_peer != panel.reference;
        let mut right = WIDTH - 2.0;
        let mut column = |wanted: bool| {
            let at = right;
            wanted.then(|| {
                right -= COLUMN;
                at
            })
        };
        let peer = column(is_other);
        let reference = column(panel.reference.is_some());
        let letters = panel.bars.iter().map(|bar| bar.subject.chars().count());
        let longest = letters.max().unwrap_or(0) as f64 * LETTER + 10.0;
        Columns {
            start: longest.clamp(BARS[0], BARS[1]),
            end: right - COLUMN - 6.0,
            values: right,
            reference,
            peer,
        }
    }

    fn place(&self, axis: Axis, value: f64) -> f64 {
        self.start + axis.place(value) * (self.end - self.start)
    }
}

/// Draws a panel.
pub(super) fn draw(panel: &Panel<'_>) -> Element {
    let columns = Columns::new(panel);
    let axis = axis(panel);
    let bottom = HEAD + panel.bars.len() as f64 * ROW;
    let height = bottom + FOOT;
    let rows = panel
        .bars
        .iter()
        .enumerate()
        .map(|(index, bar)| row(panel, bar, axis, &columns, HEAD + index as f64 * ROW));
    Element::new("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .class("chart")
        .attr("role", "img")
        .attr("viewBox", format!("0 0 {WIDTH} {height}"))
        .attr("aria-labelledby", format!("{0}-t {0}-d", panel.id))
        .with(
            Element::new("title")
                .attr("id", format!("{}-t", panel.id))
                .text(title(panel)),
        )
        .with(
            Element::new("desc")
                .attr("id", format!("{}-d", panel.id))
                .text(description(panel)),
        )
        .with_all(grid(axis, &columns, bottom))
        .with_all(headings(panel, &columns))
        .with_all(rows)
        .with_all(reference_line(panel, axis, &columns, bottom))
}

/// What a chart is of, in words.
fn title(panel: &Panel<'_>) -> String {
    let (race, case) = (panel.race, panel.case);
    format!(
        "{race}, {case}: {} in {}",
        metric(panel.metric),
        unit(panel.unit)
    )
}

/// What a chart shows, in words.
fn description(panel: &Panel<'_>) -> String {
    let direction = match panel.better {
        Better::Less => "less is better",
        Better::More => "more is better",
    };
    let bars = panel.bars.iter().map(|bar| {
        let role = match bar.role {
            Role::Home => ", which the page is about",
            _ if panel.is_reference(bar) => ", the reference",
            _ => "",
        };
        format!("{}{role}: {}", bar.subject, short(bar.spread.median))
    });
    let bars: Vec<String> = bars.collect();
    format!("Medians, best first; {direction}. {}.", bars.join("; "))
}

/// An axis on which home, the reference and the best peer can be told apart.
fn axis(panel: &Panel<'_>) -> Axis {
    let values: Vec<f64> = panel.bars.iter().map(|bar| bar.spread.max).collect();
    let matters: Vec<f64> = panel
        .bars
        .iter()
        .filter(|bar| {
            let is_best = panel.best_peer == Some(bar.subject);
            bar.role == Role::Home || panel.is_reference(bar) || is_best
        })
        .map(|bar| bar.spread.median)
        .collect();
    Axis::new(&values, &matters)
}

fn text(class: &str, x: f64, y: f64, text: impl std::fmt::Display) -> Element {
    let element = Element::new("text").class(class);
    element.attr("x", tenth(x)).attr("y", tenth(y)).text(text)
}

fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Element {
    Element::new("line")
        .class(class)
        .attr("x1", tenth(from.0))
        .attr("y1", tenth(from.1))
        .attr("x2", tenth(to.0))
        .attr("y2", tenth(to.1))
}

fn rect(class: &str, x: [f64; 2], y: f64, height: f64) -> Element {
    Element::new("rect")
        .class(class)
        .attr("x", tenth(x[0]))
        .attr("y", tenth(y))
        .attr("width", tenth(x[1] - x[0]))
        .attr("height", tenth(height))
}

/// A coordinate to a tenth of a unit: pages with hundreds of charts are large enough.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn grid(axis: Axis, columns: &Columns, bottom: f64) -> Vec<Element> {
    let mut grid = Vec::new();
    for at in axis.marks() {
        let x = columns.place(axis, at);
        grid.push(line("gridline", (x, HEAD), (x, bottom)));
        grid.push(text("mark", x, bottom + 13.0, mark(at)));
    }
    grid
}

fn headings(panel: &Panel<'_>, columns: &Columns) -> Vec<Element> {
    let reference_is_best = panel.best_peer == panel.reference;
    let mut headings = vec![text("head", columns.values, 11.0, "median")];
    if let Some(x) = columns.reference {
        let heading = if reference_is_best {
            "to best"
        } else {
            "to ref."
        };
        headings.push(text("head", x, 11.0, heading));
    }
    if let Some(x) = columns.peer {
        headings.push(text("head", x, 11.0, "to peer"));
    }
    headings
}

/// The reference's median as a line through all rows.
fn reference_line(
    panel: &Panel<'_>,
    axis: Axis,
    columns: &Columns,
    bottom: f64,
) -> Option<Element> {
    let median = panel.bar(panel.reference?)?.spread.median;
    let x = columns.place(axis, median);
    Some(line("reference-line", (x, HEAD - 2.0), (x, bottom + 2.0)))
}

fn row(panel: &Panel<'_>, bar: &Bar<'_>, axis: Axis, columns: &Columns, top: f64) -> Element {
    let spread = bar.spread;
    let middle = top + ROW / 2.0;
    let base = middle + 4.0;
    let place = |value: f64| columns.place(axis, value);
    let start = columns.start;
    let ends = [start, place(spread.median).max(start + 2.0)];
    let is_cut = axis.cuts(spread.median);
    let numbers = [
        (Some(columns.values), Some(short(spread.median)), "value"),
        (columns.reference, bar.to_reference.map(times), "ratio"),
        (columns.peer, bar.to_best_peer.map(times), "ratio"),
    ];
    let numbers = numbers
        .into_iter()
        .filter_map(|(x, number, class)| Some(text(class, x?, base, number?)));
    Element::new("g")
        .class(format!("row {}", role_class(panel, bar)))
        .with(Element::new("title").text(tooltip(panel, bar)))
        .with(rect("ground", [0.0, WIDTH], top, ROW))
        .with(name(bar.subject, base, start - 8.0))
        .with(rect("bar", ends, middle - BAR_HEIGHT / 2.0, BAR_HEIGHT).attr("rx", 2))
        .with_all(is_cut.then(|| cut(ends[1], middle)))
        .with_all((!is_cut && bar.rounds > 1).then(|| range(bar, place, middle)))
        .with_all(numbers)
}

/// A subject's name, squeezed if it is a little too long and shortened if it is much too long.
fn name(subject: &str, base: f64, room: f64) -> Element {
    const LETTERS: usize = 22;
    let letters = subject.chars().count();
    let shown = match letters > LETTERS {
        true => subject.chars().take(LETTERS - 1).chain(['…']).collect(),
        false => subject.to_owned(),
    };
    let element = text("name", 2.0, base, shown);
    match letters as f64 * LETTER > room {
        true => element
            .attr("textLength", room)
            .attr("lengthAdjust", "spacingAndGlyphs"),
        false => element,
    }
}

/// The least to the greatest sample as a thin line, the middle half of them as a thick one.
fn range(bar: &Bar<'_>, place: impl Fn(f64) -> f64, middle: f64) -> Element {
    let spread = bar.spread;
    let [low, high] = spread.quartiles.map(&place);
    let [min, max] = [spread.min, spread.max].map(&place);
    Element::new("g")
        .class("range")
        .with(line("whisker", (min, middle), (max, middle)))
        .with(rect("half", [low, high.max(low + 1.0)], middle - 2.5, 5.0).attr("rx", 1))
}

/// Two slanted strokes through the end of a bar that goes on beyond the axis.
fn cut(end: f64, middle: f64) -> Element {
    let stroke = |x: f64| line("cut", (x - 3.0, middle + 9.0), (x + 3.0, middle - 9.0));
    Element::new("g")
        .class("beyond")
        .with_all([stroke(end - 14.0), stroke(end - 9.0)])
}

fn role_class(panel: &Panel<'_>, bar: &Bar<'_>) -> &'static str {
    match bar.role {
        Role::Home => "home",
        Role::Kin => "kin",
        Role::Bare | Role::Peer if panel.is_reference(bar) => "reference",
        Role::Bare => "bare",
        Role::Peer => "peer",
    }
}

fn tooltip(panel: &Panel<'_>, bar: &Bar<'_>) -> String {
    let spread = bar.spread;
    let [low, high] = spread.quartiles.map(short);
    let mut text = format!(
        "{}: median {} {}, middle half {low} to {high}, all {} to {}, {} rounds",
        bar.subject,
        short(spread.median),
        unit(panel.unit),
        short(spread.min),
        short(spread.max),
        bar.rounds
    );
    for (ratio, other) in [
        (bar.to_reference, panel.reference),
        (
            bar.to_best_peer,
            panel
                .best_peer
                .filter(|_| panel.best_peer != panel.reference),
        ),
    ] {
        if let (Some(ratio), Some(other)) = (ratio, other) {
            text += &format!(", {} {other}", times(ratio));
        }
    }
    if let Some(change) = bar.change {
        text += &format!(", {} than before", change.describe());
    }
    text
}
