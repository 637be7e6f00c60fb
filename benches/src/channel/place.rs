//! Who runs senders and receivers, and for how long.

use std::future::Future;
use std::pin::Pin;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use context::Scheduler;
use sync_prims::blocking::block_on;

use super::case::Place;
use crate::sync::executor::{self, Threads};

/// A sender or a receiver, with the number of messages it has received as its output. Boxed, so that each executor is compiled
/// once and not for every kind of channel; that costs an indirect call a poll, for all the same.
pub(super) type Task = Pin<Box<dyn Future<Output = u64> + Send>>;

/// Runs all tasks; the sum of their outputs, and what they took.
pub(super) fn time_tasks(
    place: Place,
    sending: Vec<Task>,
    receiving: Vec<Task>,
) -> (u64, Duration) {
    match place {
        Place::TokioOne => on_tokio(Threads::One, sending, receiving),
        Place::TokioTwo => on_tokio(Threads::Two, sending, receiving),
        Place::CorioOne => on_one_context(sending, receiving),
        Place::CorioTwo => on_two_contexts(sending, receiving),
        Place::Threads => unreachable!("threads run closures"),
    }
}

fn on_tokio(threads: Threads, sending: Vec<Task>, receiving: Vec<Task>) -> (u64, Duration) {
    executor::run(threads, async move {
        let begin = Instant::now();
        let receiving: Vec<_> = receiving.into_iter().map(executor::spawn).collect();
        let sending: Vec<_> = sending.into_iter().map(executor::spawn).collect();
        let mut sum = 0;
        for task in receiving.into_iter().chain(sending) {
            sum += task.await.expect("the cases do not panic");
        }
        (sum, begin.elapsed())
    })
}

fn on_one_context(sending: Vec<Task>, receiving: Vec<Task>) -> (u64, Duration) {
    let all = async move {
        let begin = Instant::now();
        let receiving: Vec<_> = receiving.into_iter().map(context::spawn).collect();
        let sending: Vec<_> = sending.into_iter().map(context::spawn).collect();
        let mut sum = 0;
        for task in receiving.into_iter().chain(sending) {
            sum += task.await.expect("the cases do not panic");
        }
        (sum, begin.elapsed())
    };
    context::block_on(all).expect("a ring can be set up")
}

fn on_two_contexts(sending: Vec<Task>, receiving: Vec<Task>) -> (u64, Duration) {
    let mut scheduler = Scheduler::builder().contexts(2).pin_to_cpus(true).build();
    scheduler.start().expect("rings can be set up");
    let contexts = scheduler.contexts().to_vec();
    let begin = Instant::now();
    let refused = "a context that runs takes tasks";
    let receiving: Vec<_> = receiving
        .into_iter()
        .map(|task| contexts[1].submit(task).expect(refused))
        .collect();
    let sending: Vec<_> = sending
        .into_iter()
        .map(|task| contexts[0].submit(task).expect(refused))
        .collect();
    let mut sum = 0;
    for task in receiving.into_iter().chain(sending) {
        sum += block_on(task).expect("the cases do not panic");
    }
    let taken = begin.elapsed();
    scheduler.join().expect("the cases do not panic");
    (sum, taken)
}

/// Runs all closures, each on a thread; the sum of their outputs, and what they took, the last steps of their start included.
pub(super) fn time_threads<S, R>(sending: Vec<S>, receiving: Vec<R>) -> (u64, Duration)
where
    S: FnOnce() -> u64 + Send,
    R: FnOnce() -> u64 + Send,
{
    let start = Barrier::new(sending.len() + receiving.len() + 1);
    thread::scope(|threads| {
        let start = &start;
        let receiving: Vec<_> = receiving
            .into_iter()
            .map(|work| threads.spawn(move || (start.wait(), work()).1))
            .collect();
        let sending: Vec<_> = sending
            .into_iter()
            .map(|work| threads.spawn(move || (start.wait(), work()).1))
            .collect();
        // Before the wait: after it, the others may have run to their ends already.
        let begin = Instant::now();
        start.wait();
        let mut sum = 0;
        for thread in receiving.into_iter().chain(sending) {
            sum += thread.join().expect("the cases do not panic");
        }
        (sum, begin.elapsed())
    })
}
