//! All cases of a race in one drawing: a dot for each, to the left where home is ahead of the best peer.

use crate::bench::report::chart::WIDTH;
use crate::bench::report::markup::Element;
use crate::bench::report::scale::{metric, times};
use crate::bench::report::view::{LEVEL, Panel, Standing};

/// Ratios beyond this, or its inverse, stand at the edge.
const EDGE: f64 = 4.0;

/// Ratios with a mark.
const MARKS: [(f64, &str); 5] = [
    (0.25, "¼"),
    (0.5, "½"),
    (1.0, "1"),
    (2.0, "2×"),
    (4.0, "4×"),
];

const MARGIN: f64 = 14.0;
/// The greatest distance from dot to dot.
const PITCH: f64 = 9.0;
/// The greatest height of a heap of dots.
const HEAP: f64 = 96.0;

/// Draws the dots of all panels in which home stands somewhere.
pub(super) fn draw(race: &str, id: &str, panels: &[&Panel<'_>]) -> Element {
    let standings = panels
        .iter()
        .filter_map(|panel| Some((*panel, panel.standing()?)));
    let mut dots: Vec<(&Panel<'_>, Standing)> = standings.collect();
    dots.sort_by(|(_, left), (_, right)| left.times_worse.total_cmp(&right.times_worse));
    let heaps = heaps(dots.iter().map(|(_, standing)| standing.times_worse));
    let greatest = heaps
        .iter()
        .map(|(_, height)| height + 1)
        .max()
        .unwrap_or(1);
    let pitch = PITCH.min(HEAP / greatest as f64);
    let floor = greatest as f64 * pitch + 8.0;
    let drawn = dots
        .iter()
        .zip(heaps)
        .map(|((panel, standing), (column, height))| {
            let x = MARGIN + (column as f64 + 0.5) * PITCH;
            let y = floor - (height as f64 + 0.5) * pitch;
            dot(panel, *standing, (x, y), (pitch / 2.0 - 0.6).max(1.2))
        });
    let counted = |wanted: &str| {
        let same = dots
            .iter()
            .filter(|(_, standing)| standing.verdict.word() == wanted);
        same.count()
    };
    let description = format!(
        "A dot for each case, by its ratio to the best peer: {} ahead, {} level, {} behind.",
        counted("ahead"),
        counted("level"),
        counted("behind")
    );
    Element::new("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .class("overview")
        .attr("role", "img")
        .attr("viewBox", format!("0 0 {WIDTH} {}", floor + 18.0))
        .attr("aria-labelledby", format!("{id}-ot {id}-od"))
        .with(
            Element::new("title")
                .attr("id", format!("{id}-ot"))
                .text(format!("{race}: all cases at a glance")),
        )
        .with(
            Element::new("desc")
                .attr("id", format!("{id}-od"))
                .text(description),
        )
        .with_all(ground(floor))
        .with_all(drawn)
}

/// How far along a ratio is, from 0 to 1, each doubling as wide as the next.
fn place(times_worse: f64) -> f64 {
    let place = (times_worse.log2() / EDGE.log2() + 1.0) / 2.0;
    if place.is_nan() {
        0.5
    } else {
        place.clamp(0.0, 1.0)
    }
}

/// The column of each dot, and how many lie under it.
fn heaps(ratios: impl Iterator<Item = f64>) -> Vec<(usize, usize)> {
    let columns = ((WIDTH - 2.0 * MARGIN) / PITCH) as usize;
    let mut heights = vec![0; columns];
    ratios
        .map(|ratio| {
            let column = ((place(ratio) * columns as f64) as usize).min(columns - 1);
            heights[column] += 1;
            (column, heights[column] - 1)
        })
        .collect()
}

fn x_of(times_worse: f64) -> f64 {
    MARGIN + place(times_worse) * (WIDTH - 2.0 * MARGIN)
}

/// The zone of what is level, the floor and its marks.
fn ground(floor: f64) -> Vec<Element> {
    let [from, to] = [1.0 / LEVEL, LEVEL].map(x_of);
    let mut ground = vec![
        Element::new("rect")
            .class("zone")
            .attr("x", format!("{from:.1}"))
            .attr("y", 0)
            .attr("width", format!("{:.1}", to - from))
            .attr("height", format!("{floor:.1}")),
        Element::new("line")
            .class("floor")
            .attr("x1", MARGIN)
            .attr("y1", floor)
            .attr("x2", WIDTH - MARGIN)
            .attr("y2", floor),
    ];
    for (ratio, label) in MARKS {
        ground.push(
            Element::new("text")
                .class("mark")
                .attr("x", format!("{:.1}", x_of(ratio)))
                .attr("y", format!("{:.1}", floor + 13.0))
                .text(label),
        );
    }
    ground
}

fn dot(panel: &Panel<'_>, standing: Standing, (x, y): (f64, f64), radius: f64) -> Element {
    let verdict = standing.verdict.word();
    let tooltip = format!(
        "{}, {}: {} ({verdict})",
        panel.case,
        metric(panel.metric),
        times(standing.times_worse)
    );
    let circle = Element::new("circle")
        .class(format!("dot {verdict}"))
        .attr("cx", format!("{x:.1}"))
        .attr("cy", format!("{y:.1}"))
        .attr("r", format!("{radius:.1}"))
        .with(Element::new("title").text(tooltip));
    Element::new("a")
        .attr("href", format!("#{}", panel.id))
        .attr("tabindex", "-1")
        .with(circle)
}

#[cfg(test)]
mod tests {
    use super::{heaps, place};

    #[test]
    fn ratios_stand_by_their_doublings_and_never_outside() {
        assert_eq!(place(1.0), 0.5);
        assert_eq!(place(2.0), 0.75);
        for ratio in [0.0, 1e-30, 1e30, f64::INFINITY, f64::NAN, -1.0] {
            assert!((0.0..=1.0).contains(&place(ratio)), "{ratio}");
        }
    }

    #[test]
    fn equal_ratios_are_heaped_up() {
        let heaps = heaps([1.0, 1.0, 9.0, 1e9].into_iter());
        assert_eq!(heaps[0].0, heaps[1].0);
        assert_eq!([heaps[0].1, heaps[1].1], [0, 1]);
        assert_eq!(heaps[2].0, heaps[3].0, "both are beyond the edge");
    }
}
