//! A storm of cancellations: known data through many connections at once, while operations are dropped at random moments.
//!
//! Every pending operation may be dropped after a few polls, by a timeout of 0–200 µs, or because it lost a
//! race. What has to hold all the same: every byte arrives once and in order, every client is served, files hold
//! what was written, no buffer is used after the operation on it was dropped, and afterwards as many descriptors are open
//! and as much memory is in use as before.
//!
//! `tests/storm.rs` runs a short storm of every part; `program.rs`, which `cargo xtask storm` builds and runs, a long one.
//!
//! A kind of stream is a file here that implements [`streams::Transport`], and a line in [`Part`].
#![allow(dead_code, reason = "the short storm and the long one use a part each")]

mod accepts;
mod actor;
mod board;
mod connects;
mod datagrams;
mod files;
pub(crate) mod guarded;
mod measure;
mod operations;
mod pipes;
mod sockets;
mod streams;

use std::rc::Rc;
use std::sync::Arc;

use uring_io::net::{Tcp, Udp, Unix};

pub(crate) use actor::Storm;
pub(crate) use board::Board;
pub(crate) use measure::{Planted, Usage};

/// What the storm goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Tcp,
    Unix,
    Pipes,
    Udp,
    UnixDatagram,
    Accept,
    Connect,
    Files,
}

impl Part {
    pub(crate) const ALL: [Part; 8] = [
        Part::Tcp,
        Part::Unix,
        Part::Pipes,
        Part::Udp,
        Part::UnixDatagram,
        Part::Accept,
        Part::Connect,
        Part::Files,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Tcp => "tcp",
            Part::Unix => "unix",
            Part::Pipes => "pipes",
            Part::Udp => "udp",
            Part::UnixDatagram => "unix-datagram",
            Part::Accept => "accept",
            Part::Connect => "connect",
            Part::Files => "files",
        }
    }

    async fn run(self, storm: Rc<Storm>) {
        match self {
            Part::Tcp => streams::run::<sockets::Sockets<Tcp>>(storm).await,
            Part::Unix => streams::run::<sockets::Sockets<Unix>>(storm).await,
            Part::Pipes => streams::run::<pipes::Pipes>(storm).await,
            Part::Udp => datagrams::run::<Udp>(storm).await,
            Part::UnixDatagram => datagrams::run::<Unix>(storm).await,
            Part::Accept => accepts::run(storm).await,
            Part::Connect => connects::run(storm).await,
            Part::Files => files::run(storm).await,
        }
    }
}

/// One storm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) part: Part,
    /// What all random choices follow from.
    pub(crate) seed: u64,
    /// Pending operations to drop.
    pub(crate) cancellations: u64,
    /// Connections, acceptors, clients or files at a time.
    pub(crate) connections: u64,
    /// A fault to plant, for a look at whether it is noticed.
    pub(crate) planted: Planted,
}

/// What a storm came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) cancellations: u64,
    /// Bytes that arrived, clients that were served, files' bytes that were compared: what the part counts.
    pub(crate) checked: u64,
    pub(crate) before: Usage,
    pub(crate) after: Usage,
}

/// Runs a storm, after a tenth of it as a warm-up, on a context of its own each.
///
/// # Panics
///
/// As soon as something is wrong; in the end, if descriptors were left open. Memory is for the caller to judge.
pub(crate) fn run(settings: Settings, board: &Arc<Board>) -> Outcome {
    let warm_up = Settings {
        cancellations: settings.cancellations / 10,
        planted: Planted::Nothing,
        ..settings
    };
    storm(warm_up, board);
    let before = Usage::now();
    let (cancellations, checked) = storm(settings, board);
    Outcome {
        cancellations,
        checked,
        before,
        after: Usage::now(),
    }
}

/// Runs a storm on a context that ends with it; says how many cancellations there were, and how much was checked.
fn storm(settings: Settings, board: &Arc<Board>) -> (u64, u64) {
    let checked_before = board.checked();
    let storm = Rc::new(Storm::new(settings, board.clone()));
    let running = storm.clone();
    context::block_on(async move { settings.part.run(running).await })
        .expect("a context runs here");
    guarded::check_all();
    (storm.cancelled(), board.checked() - checked_before)
}
