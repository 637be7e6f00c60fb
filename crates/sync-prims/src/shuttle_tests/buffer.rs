//! A bounded buffer of a mutex and two condition variables: producers, consumers, and some who give up.

use core::pin::pin;
use core::task::{Context, Waker};

use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::thread;

use super::check;
use crate::{CondVar, Mutex};

const PRODUCERS: usize = 2;
const CONSUMERS: usize = 2;
const EACH: usize = 2;

struct Buffer {
    /// One at most, in the order of their making.
    values: Mutex<Vec<usize>>,
    has_room: CondVar,
    has_value: CondVar,
}

impl Buffer {
    fn new(values: Mutex<Vec<usize>>) -> Buffer {
        Buffer {
            values,
            has_room: CondVar::new(),
            has_value: CondVar::new(),
        }
    }

    async fn put(&self, value: usize) {
        let values = self.values.lock().await;
        let full = |values: &mut Vec<_>| !values.is_empty();
        self.has_room.wait_while(values, full).await.push(value);
        self.has_value.notify_one();
    }

    async fn take(&self) -> usize {
        let values = self.values.lock().await;
        let empty = |values: &mut Vec<_>| values.is_empty();
        let mut values = self.has_value.wait_while(values, empty).await;
        let value = values.pop().expect("that was the condition");
        drop(values);
        self.has_room.notify_one();
        value
    }

    /// Is polled so often, and then dropped, wherever it stands.
    fn give_up(&self, polls: usize) {
        let mut wait = pin!(async {
            let values = self.values.lock().await;
            drop(self.has_value.wait(values).await);
        });
        for _ in 0..polls {
            if wait
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
            {
                // It has seen the value that it was told about, and does not want it.
                self.has_value.notify_one();
                return;
            }
            thread::yield_now();
        }
    }
}

fn producers_and_consumers(values: Mutex<Vec<usize>>) {
    let buffer = Arc::new(Buffer::new(values));
    let mut producers = Vec::new();
    for producer in 0..PRODUCERS {
        let buffer = buffer.clone();
        producers.push(thread::spawn(move || {
            for made in 0..EACH {
                block_on(buffer.put(producer * EACH + made));
            }
        }));
    }
    let mut consumers = Vec::new();
    for _ in 0..CONSUMERS {
        let buffer = buffer.clone();
        consumers.push(thread::spawn(move || {
            let take = |_| block_on(buffer.take());
            (0..PRODUCERS * EACH / CONSUMERS)
                .map(take)
                .collect::<Vec<_>>()
        }));
    }
    let gives_up = buffer.clone();
    let gives_up = thread::spawn(move || gives_up.give_up(3));
    let mut taken = Vec::new();
    for consumer in consumers {
        let values = consumer.join().unwrap();
        for producer in 0..PRODUCERS {
            let of = |value: &&usize| *value / EACH == producer;
            assert!(values.iter().filter(of).is_sorted());
        }
        taken.extend(values);
    }
    taken.sort_unstable();
    assert!((0..PRODUCERS * EACH).eq(taken));
    for producer in producers {
        producer.join().unwrap();
    }
    gives_up.join().unwrap();
    assert!(!buffer.values.is_locked());
}

#[test]
fn shuttle_producers_and_consumers() {
    check(|| producers_and_consumers(Mutex::new(Vec::new())));
}

#[test]
fn shuttle_producers_and_consumers_barging() {
    check(|| producers_and_consumers(Mutex::barging(Vec::new())));
}
