//! A storm, and those who take part in it: each has random numbers of its own and a place to fail at.

use std::cell::Cell;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use context::{OneOf2, when_any};

use super::{Board, Settings};
use crate::support::{Random, bytes_at, poll_at_most};

/// How long an operation that is dropped after some polls waits for them.
const PATIENCE: Duration = Duration::from_millis(1);

/// What all actors share.
pub(crate) struct Storm {
    pub(crate) settings: Settings,
    board: Arc<Board>,
    cancelled: Cell<u64>,
}

/// What became of an operation under a limit.
pub(crate) enum Limited<T> {
    /// It came to its end.
    Ended(T),
    /// It was pending, and was dropped.
    Cancelled,
    /// It was dropped before it was polled.
    NeverPolled,
}

impl<T> Limited<T> {
    /// Changes what it ended with, if it did.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Limited<U> {
        match self {
            Limited::Ended(output) => Limited::Ended(change(output)),
            Limited::Cancelled => Limited::Cancelled,
            Limited::NeverPolled => Limited::NeverPolled,
        }
    }

    /// What it ended with, if it did.
    pub(crate) fn ended(self) -> Option<T> {
        match self {
            Limited::Ended(output) => Some(output),
            Limited::Cancelled | Limited::NeverPolled => None,
        }
    }
}

impl Storm {
    pub(crate) fn new(settings: Settings, board: Arc<Board>) -> Self {
        Self {
            settings,
            board,
            cancelled: Cell::new(0),
        }
    }

    pub(crate) fn cancelled(&self) -> u64 {
        self.cancelled.get()
    }

    /// Whether enough was cancelled.
    pub(crate) fn is_over(&self) -> bool {
        self.cancelled.get() >= self.settings.cancellations
    }

    /// Something was seen to be right.
    pub(crate) fn count_checked(&self, count: u64) {
        self.board.count_checked(count);
    }

    fn count_cancellation(&self) {
        self.cancelled.set(self.cancelled.get() + 1);
        self.board.count_cancellation();
        self.settings.planted.leak(self.cancelled.get());
    }
}

/// Somebody who does one thing after the other.
pub(crate) struct Actor {
    storm: Rc<Storm>,
    pub(crate) random: Random,
    connection: u64,
    role: usize,
    position: u64,
}

impl Actor {
    /// The `role` is a number below [`super::board::ROLES`].
    pub(crate) fn new(storm: &Rc<Storm>, connection: u64, role: usize) -> Self {
        let part = storm.settings.part as u64;
        let mixed = [part, connection, role as u64]
            .iter()
            .fold(storm.settings.seed, |mixed, number| {
                mix(mixed ^ mix(number + 1))
            });
        Self {
            storm: storm.clone(),
            random: Random(mixed | 1),
            connection,
            role,
            position: 0,
        }
    }

    pub(crate) fn storm(&self) -> &Rc<Storm> {
        &self.storm
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn set_position(&mut self, position: u64) {
        self.position = position;
        self.storm.board.note(self.connection, self.role, position);
    }

    /// Ends the storm.
    pub(crate) fn fail(&self, what: impl AsRef<str>) -> ! {
        let Settings { part, seed, .. } = self.storm.settings;
        panic!(
            "seed {seed}, part {}, connection {}, role {}, position {}: {}",
            part.name(),
            self.connection,
            self.role,
            self.position,
            what.as_ref()
        );
    }

    /// What an operation that must not fail resolved to.
    pub(crate) fn expect<T, E: Debug>(&self, result: Result<T, E>) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(format!("{error:?}")),
        }
    }

    /// Checks that `bytes` are what a stream goes on with, and goes on.
    pub(crate) fn check(&mut self, stream: u64, bytes: &[u8]) {
        let right = bytes_at(stream, self.position, bytes.len());
        if let Some(wrong) = (0..bytes.len()).find(|at| bytes[*at] != right[*at]) {
            self.fail(format!(
                "of {} bytes that arrived, those from {wrong} on are {:?}.. and should be {:?}..",
                bytes.len(),
                &bytes[wrong..bytes.len().min(wrong + 8)],
                &right[wrong..right.len().min(wrong + 8)],
            ));
        }
        self.storm.count_checked(bytes.len() as u64);
        self.set_position(self.position + bytes.len() as u64);
    }

    /// Runs an operation that may be dropped at any moment: after some polls, after a time, or as the loser of a race.
    pub(crate) async fn limited<F: Future>(&mut self, operation: F) -> Limited<F::Output> {
        let was_polled = Cell::new(false);
        let polled = &was_polled;
        let watched = async move {
            polled.set(true);
            operation.await
        };
        let time = Duration::from_micros(self.below(201));
        let output = match self.below(6) {
            0 | 1 => context::timeout(time, watched).await.ok(),
            // What is polled only once it is woken may never be polled again.
            2 => {
                let polls = self.below(4) as usize;
                let polled = context::timeout(PATIENCE, poll_at_most(polls, watched));
                polled.await.ok().flatten()
            }
            3 => first(when_any((watched, context::sleep(time))).await),
            4 => second(when_any((context::sleep(time), watched)).await),
            _ => {
                let times = self.below(3);
                let others = async {
                    for _ in 0..times {
                        context::yield_now().await;
                    }
                };
                first(when_any((watched, others)).await)
            }
        };
        match output {
            Some(output) => Limited::Ended(output),
            None if was_polled.get() => {
                self.storm.count_cancellation();
                Limited::Cancelled
            }
            None => Limited::NeverPolled,
        }
    }

    /// Sometimes lets others go on, or time pass.
    pub(crate) async fn pause(&mut self) {
        match self.below(16) {
            0 | 1 => context::sleep(Duration::from_micros(self.below(300))).await,
            2..=4 => context::yield_now().await,
            _ => {}
        }
    }
}

fn first<A, B>(one: OneOf2<A, B>) -> Option<A> {
    match one {
        OneOf2::First(output) => Some(output),
        OneOf2::Second(_) => None,
    }
}

fn second<A, B>(one: OneOf2<A, B>) -> Option<B> {
    match one {
        OneOf2::First(_) => None,
        OneOf2::Second(output) => Some(output),
    }
}

/// Mixes the bits of a number (the last step of splitmix64, Steele, Lea and Flood 2014).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
