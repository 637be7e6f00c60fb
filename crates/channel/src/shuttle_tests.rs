//! Producers and consumers, too many for loom, under random schedules; some of them give up now and then.
//!
//! `cargo xtask loom` runs them, after the models. `SHUTTLE_ITERATIONS` sets how many schedules each takes. Each program runs
//! under shuttle's random scheduler and under its PCT scheduler: see the programs of `sync-prims`. A lost wake shows as a
//! deadlock, which shuttle reports.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use shuttle::future::block_on;
use shuttle::thread;

use crate::{Receiver, Sender};

const PRODUCERS: usize = 2;
const CONSUMERS: usize = 2;
const EACH: usize = 3;
/// Where a bug needs more preemptions than these at the right places, the random scheduler has to find it.
const PREEMPTIONS: usize = 3;

/// Runs a program under both schedulers.
fn check(program: impl Fn() + Copy + Send + Sync + 'static) {
    let set = std::env::var("SHUTTLE_ITERATIONS").ok();
    let iterations = set.map_or(1_000, |number| {
        number
            .parse()
            .expect("SHUTTLE_ITERATIONS is a number of schedules")
    });
    shuttle::check_random(program, iterations);
    shuttle::check_pct(program, iterations, PREEMPTIONS);
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Sends its messages; every third one is given up if it cannot be sent after a while. Those that were sent.
fn produce(sender: &Sender<usize>, producer: usize) -> Vec<usize> {
    let mut sent = Vec::new();
    for number in producer * EACH..(producer + 1) * EACH {
        let mut send = Box::pin(sender.send(number));
        let was_sent = if number % 3 == 1 {
            let polled = poll_once(send.as_mut());
            thread::yield_now();
            match polled {
                Poll::Ready(sent) => sent.is_ok(),
                Poll::Pending => send.as_mut().cancel().is_none(),
            }
        } else {
            block_on(send).is_ok()
        };
        sent.extend(was_sent.then_some(number));
    }
    sent
}

/// Receives to the end; gives up and begins anew now and then.
fn consume(receiver: &Receiver<usize>) -> Vec<usize> {
    let mut received = Vec::new();
    loop {
        let mut receive = Box::pin(receiver.recv());
        let polled = poll_once(receive.as_mut());
        thread::yield_now();
        drop(receive);
        let message = match polled {
            Poll::Ready(message) => message,
            Poll::Pending => block_on(receiver.recv()),
        };
        match message {
            Ok(message) => received.push(message),
            Err(_) => return received,
        }
    }
}

fn producers_and_consumers(capacity: usize, eager: bool) {
    let (sender, receiver) = if eager {
        crate::eager(capacity)
    } else {
        crate::bounded(capacity)
    };
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let sender = sender.clone();
            thread::spawn(move || produce(&sender, producer))
        })
        .collect();
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || consume(&receiver))
        })
        .collect();
    drop((sender, receiver));
    let mut sent: Vec<_> = producers
        .into_iter()
        .flat_map(|producer| producer.join().unwrap())
        .collect();
    let mut received = Vec::new();
    for consumer in consumers {
        let messages = consumer.join().unwrap();
        for producer in 0..PRODUCERS {
            let of = |message: &&usize| **message / EACH == producer;
            assert!(messages.iter().filter(of).is_sorted());
        }
        received.extend(messages);
    }
    sent.sort_unstable();
    received.sort_unstable();
    assert_eq!(sent, received);
}

#[test]
fn shuttle_producers_and_consumers_without_places() {
    check(|| producers_and_consumers(0, false));
}

#[test]
fn shuttle_producers_and_consumers_with_one_place() {
    check(|| producers_and_consumers(1, false));
}

#[test]
fn shuttle_producers_and_consumers_without_limit() {
    check(|| producers_and_consumers(usize::MAX, false));
}

#[test]
fn shuttle_producers_and_consumers_eager() {
    check(|| producers_and_consumers(0, true));
    check(|| producers_and_consumers(1, true));
}

/// Permits, a capacity that changes, and a close in the middle.
#[test]
fn shuttle_permits_and_resizes_and_close() {
    check(|| {
        let (sender, receiver) = crate::bounded(1);
        let fills = {
            let sender = sender.clone();
            thread::spawn(move || {
                let filled = |number| match block_on(sender.reserve_many(1 + number % 2)) {
                    Ok(mut permit) => {
                        thread::yield_now();
                        permit.send(number);
                        1
                    }
                    Err(_) => 0,
                };
                (0..3).map(filled).sum::<usize>()
            })
        };
        let sends = {
            let sender = sender.clone();
            thread::spawn(move || produce(&sender, 1).len())
        };
        let resizes = thread::spawn(move || {
            for capacity in [0, 2, 1, 2] {
                sender.set_capacity(capacity);
                thread::yield_now();
            }
        });
        let closes = {
            let receiver = receiver.clone();
            thread::spawn(move || {
                let first = block_on(receiver.recv());
                receiver.close();
                usize::from(first.is_ok())
            })
        };
        let received = consume(&receiver).len();
        resizes.join().unwrap();
        let received = received + closes.join().unwrap();
        assert_eq!(fills.join().unwrap() + sends.join().unwrap(), received);
        assert!(receiver.is_complete());
    });
}
