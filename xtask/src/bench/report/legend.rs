//! The words of the page: how to read it, and what each race is.

use crate::bench::report::markup::Element;

/// What a race is of, if it is one of those that this workspace has.
pub(super) fn race(name: &str) -> Option<&'static str> {
    Some(match name {
        "echo" => {
            "TCP echo over the loopback device. A server on one thread and one core; the load comes from another process on \
             another core, which checks every byte. What decides is the processor time of the server for a request; the \
             reference is a bare ring loop, the limit of what a runtime on a ring can reach."
        }
        "http" => {
            "HTTP over the loopback device. A server on one thread and one core; the load comes from another process on \
             another core. What decides is the processor time of the server for a request."
        }
        "runtime" => {
            "Spawning, yielding, timers, wake-ups and joins, inside one process. The no-op through the ring is measured \
             against a bare ring, everything else against the best peer."
        }
        "sync" => {
            "Primitives of synchronisation, polled by hand or used by tasks of the same executor for all; corio's are those of \
             sync-prims. A sample is the least of its run, for what else runs on the machine only adds."
        }
        "channel" => {
            "Channels under tokio, on contexts and between threads. A sample is the least of its run. The ratios are those \
             of the strict channels."
        }
        "net" => {
            "Sockets other than plain TCP echo: Unix streams, datagrams, one way only, many that say little, coming and \
             going. What decides is the processor time of the server, and the memory of idle connections."
        }
        "file" => {
            "Reads and writes of files, through the page cache and past it. What decides is the processor time of the \
             whole process, kernel workers included."
        }
        "kv" => {
            "Stores that speak the protocol of Redis: corio's example and its twin on tokio, one thread on one core each. The \
             load is redis-benchmark on another core; what is stored is checked after each run. What decides is the processor \
             time of the server for a request."
        }
        _ => return None,
    })
}

/// How to read the page.
const HOW_TO_READ: [(&str, &str); 7] = [
    (
        "A bar",
        "is the median of the rounds; the best stands on top. The thin line over it goes from the least to the \
         greatest sample, the thick part holds the middle half. A bar with two strokes through its end goes on beyond the \
         axis: read its number.",
    ),
    (
        "Interleaved and paired",
        "Every round runs all subjects one after the other, in an order that rotates. A ratio is the median of the ratios \
         within rounds, so that a machine which slows down for a while slows both sides of it. A ratio is therefore not \
         exactly the quotient of the two medians.",
    ),
    (
        "Ratios before values",
        "The values drift with the machine from hour to hour. The ratios of a run repeat to a few per cent.",
    ),
    (
        "The reference",
        "is what ratios are taken to: a bare loop on the ring, without a runtime, where a race has one, else the best peer. \
         A dashed line goes through its median. “To ref.” or “to best” is the ratio to it, “to peer” the ratio to the best \
         peer. Bare loops, variants of corio and net-epoll-legacy are no peers.",
    ),
    (
        "Ahead, level, behind",
        "is corio against the best peer of that one chart, whoever that is: level is up to 1.05 times, which is what the \
         machine does to two equals. Where corio is behind it says so, and all of these stand in one list.",
    ),
    (
        "Processor time per request",
        "is that of the server over all of its threads, kernel included, divided by the requests that were answered. On a \
         saturated loopback it is what a request costs; requests per second depend on the load generator as well.",
    ),
    (
        "Beyond noise",
        "Where two runs are compared, series are compared by their ratios to the reference if both runs have it. The rounds \
         are drawn again a thousand times; a change is told if 1 lies outside of what 99 % of the quotients are, and if it \
         is at least 2 %. It takes five rounds on each side. Of a hundred series one or two are told by chance.",
    ),
];

/// The legend: what the colours are, and the terms.
pub(super) fn how_to_read() -> Element {
    let swatch = |class: &str, text: &str| {
        Element::new("li")
            .with(Element::new("span").class(format!("swatch {class}")))
            .text(text)
    };
    let colours = Element::new("ul")
        .class("swatches")
        .with(swatch("home", "corio"))
        .with(swatch("kin", "a variant of corio"))
        .with(swatch("reference", "the reference"))
        .with(swatch("bare", "another bare loop"))
        .with(swatch("peer", "a peer"));
    let terms = HOW_TO_READ.into_iter().map(|(term, text)| {
        Element::new("div")
            .with(Element::new("dt").text(term))
            .with(Element::new("dd").text(text))
    });
    Element::new("section")
        .attr("id", "how")
        .with(Element::new("h2").text("How to read this"))
        .with(colours)
        .with(Element::new("dl").class("terms").with_all(terms))
}
