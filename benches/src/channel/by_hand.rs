//! The cases that need no executor.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::case::{AUDIENCE, BATCH, BURST};
use crate::memory;

/// Runs `work` so many times, after a warm-up.
pub(super) fn time(iterations: u64, mut work: impl FnMut(u64)) -> Duration {
    (0..iterations / 8 + 1).for_each(&mut work);
    let begin = Instant::now();
    (0..iterations).for_each(work);
    begin.elapsed()
}

/// A message in, a message out.
pub(super) fn time_pair(
    iterations: u64,
    mut send: impl FnMut(u64),
    mut recv: impl FnMut() -> Option<u64>,
) -> Duration {
    time(iterations, |number| {
        send(black_box(number));
        assert_eq!(black_box(recv()), Some(number));
    })
}

/// A batch in, a batch out: `send` and `recv` are called once a batch.
pub(super) fn time_batch(
    iterations: u64,
    mut send: impl FnMut(),
    mut recv: impl FnMut(&mut Vec<u64>),
) -> Duration {
    let mut received = Vec::with_capacity(BATCH);
    time(iterations, |_| {
        send();
        received.clear();
        recv(&mut received);
        assert_eq!(black_box(&received).len(), BATCH);
    })
}

/// A burst in, a burst out, of a channel of its own each time.
pub(super) fn time_burst<S, R>(
    iterations: u64,
    channel: impl Fn() -> (S, R),
    send: impl Fn(&mut S, u64),
    recv: impl Fn(&mut R) -> Option<u64>,
) -> Duration {
    let begin = Instant::now();
    for _ in 0..iterations {
        memory::burst(&channel, |(sender, receiver)| {
            (0..BURST).for_each(|number| send(sender, number));
            (0..BURST).for_each(|number| assert_eq!(recv(receiver), Some(number)));
        });
    }
    begin.elapsed()
}

/// A message in, and out of every receiver.
pub(super) fn time_broadcast<R>(
    iterations: u64,
    mut receivers: Vec<R>,
    mut send: impl FnMut(u64),
    mut recv: impl FnMut(&mut R) -> Option<u64>,
) -> Duration {
    assert_eq!(receivers.len() as u64, AUDIENCE);
    time(iterations, |number| {
        send(black_box(number));
        for receiver in &mut receivers {
            assert_eq!(black_box(recv(receiver)), Some(number));
        }
    })
}
