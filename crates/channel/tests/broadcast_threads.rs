//! The channel whose messages go to every receiver, on threads.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::thread;

use channel::broadcast::{self, Overflow, Receiver, RecvError, Sender};
use support::Watchdog;

const EACH: u64 = 5_000;

/// Each message is the number of its sender and its own.
fn send_all(sender: &Sender<Arc<(u64, u64)>>, number: u64) {
    for message in 0..EACH {
        sender.send_blocking(Arc::new((number, message))).unwrap();
    }
}

/// Receives to the end: of each sender its messages in order; how many there were, and how many were missed.
fn receive_all(mut receiver: Receiver<Arc<(u64, u64)>>, senders: u64) -> (u64, u64) {
    let mut next = vec![0; senders as usize];
    let (mut received, mut missed) = (0, 0);
    loop {
        match receiver.recv_blocking() {
            Ok(message) => {
                let (sender, number) = *message;
                let next = &mut next[sender as usize];
                assert!(number >= *next, "in order, and once");
                assert!(missed > 0 || number == *next, "none is missed in silence");
                *next = number + 1;
                received += 1;
            }
            Err(RecvError::Lagged(lag)) => missed += lag,
            Err(RecvError::Closed) => return (received, missed),
        }
    }
}

fn run(overflow: Overflow, senders: u64, receivers: usize, capacity: usize) {
    let _watchdog = Watchdog::new(format!("{overflow:?} {senders} {receivers} {capacity}"));
    let (sender, receiver) = broadcast::channel(capacity, overflow);
    let receiving: Vec<_> = (0..receivers)
        .map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || receive_all(receiver, senders))
        })
        .collect();
    // Some come and go meanwhile.
    let fickle = thread::spawn(move || {
        for _ in 0..1000 {
            let mut passing = receiver.clone();
            let _ = passing.try_recv();
        }
    });
    let sending: Vec<_> = (0..senders)
        .map(|number| {
            let sender = sender.clone();
            thread::spawn(move || send_all(&sender, number))
        })
        .collect();
    drop(sender);
    sending
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    fickle.join().unwrap();
    for thread in receiving {
        let (received, missed) = thread.join().unwrap();
        assert_eq!(received + missed, senders * EACH);
        assert!(overflow == Overflow::Lag || missed == 0);
    }
}

#[test]
fn messages_to_all_with_back_pressure() {
    for (senders, receivers, capacity) in
        [(1, 1, 1), (1, 8, 1), (1, 8, 16), (4, 4, 3), (3, 2, 1024)]
    {
        run(Overflow::Wait, senders, receivers, capacity);
    }
}

#[test]
fn messages_to_all_with_lag() {
    for (senders, receivers, capacity) in
        [(1, 1, 1), (1, 8, 1), (1, 8, 16), (4, 4, 3), (3, 2, 1024)]
    {
        run(Overflow::Lag, senders, receivers, capacity);
    }
}
