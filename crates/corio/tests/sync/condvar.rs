//! The grid of the condition variable: alternation, order, producers and consumers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio::sync::{CondVar, Mutex};
use corio::{block_on, spawn, yield_now};

use crate::support::{Tasks, context_counts};

/// Two take turns, 100, 1,000 and 10,000 times each.
#[test]
fn strict_alternation() {
    for contexts in context_counts() {
        for turns in [100, 1_000, 10_000] {
            let mut tasks = Tasks::over(contexts);
            let shared = Arc::new((Mutex::new(Vec::new()), CondVar::new()));
            for own in 0..2 {
                let shared = shared.clone();
                tasks.add(async move {
                    let (taken, turned) = &*shared;
                    for _ in 0..turns {
                        let taken = taken.lock().await;
                        let not_mine = |taken: &mut Vec<usize>| taken.len() % 2 != own;
                        turned.wait_while(taken, not_mine).await.push(own);
                        turned.notify_one();
                    }
                });
            }
            tasks.run();
            let taken = shared.0.try_lock().unwrap();
            assert!(
                (0..2 * turns)
                    .map(|turn| turn % 2)
                    .eq(taken.iter().copied())
            );
        }
    }
}

/// Those who are notified together come through in the order in which they came.
#[test]
fn all_in_order() {
    for waiters in [2, 10, 100, 1_000, 10_000] {
        let shared = Arc::new((Mutex::new(Vec::new()), CondVar::new()));
        block_on(async {
            let waits: Vec<_> = (0..waiters)
                .map(|number| {
                    let shared = shared.clone();
                    spawn(async move {
                        let (through, begun) = &*shared;
                        let through = through.lock().await;
                        begun.wait(through).await.push(number);
                    })
                })
                .collect();
            yield_now().await;
            shared.1.notify_all();
            for wait in waits {
                wait.await.unwrap();
            }
        })
        .unwrap();
        let through = shared.0.try_lock().unwrap();
        assert!((0..waiters).eq(through.iter().copied()));
    }
}

/// All who wait on all contexts are reached.
#[test]
fn all_on_all_contexts() {
    let [_, contexts] = context_counts();
    for waiters in [2, 100, 10_000, 100_000] {
        let mut tasks = Tasks::over(contexts);
        let shared = Arc::new((Mutex::new((0, false)), CondVar::new()));
        tasks.add_each(waiters, |_| {
            let shared = shared.clone();
            async move {
                let (state, begun) = &*shared;
                let mut state = state.lock().await;
                state.0 += 1;
                begun.wait_while(state, |(_, begun)| !*begun).await.0 -= 1;
            }
        });
        let starter = shared.clone();
        tasks.add(async move {
            let (state, begun) = &*starter;
            loop {
                let mut state = state.lock().await;
                if state.0 == waiters {
                    state.1 = true;
                    break;
                }
                drop(state);
                yield_now().await;
            }
            begun.notify_all();
        });
        tasks.run();
        assert_eq!(shared.0.try_lock().unwrap().0, 0);
    }
}

/// A bounded buffer of values: each is the number of its producer, and which one of the producer's it is.
struct Buffer {
    state: Mutex<State>,
    capacity: usize,
    has_room: CondVar,
    has_values: CondVar,
}

struct State {
    values: VecDeque<(usize, usize)>,
    /// What comes next of each producer.
    next: Vec<usize>,
    /// How many have not been taken yet.
    left: usize,
}

impl Buffer {
    /// Puts down `each` values, as many at a time as there is room for.
    async fn produce(&self, producer: usize, each: usize) {
        let mut made = 0;
        while made < each {
            let full = |state: &mut State| state.values.len() == self.capacity;
            let state = self.state.lock().await;
            let mut state = self.has_room.wait_while(state, full).await;
            while made < each && state.values.len() < self.capacity {
                state.values.push_back((producer, made));
                made += 1;
            }
            self.has_values.notify_one();
            if state.values.len() < self.capacity {
                self.has_room.notify_one();
            }
        }
    }

    /// Takes what there is until nothing is left to come; how many it took.
    async fn consume(&self) -> usize {
        let mut taken = 0;
        loop {
            let empty = |state: &mut State| state.values.is_empty() && state.left > 0;
            let state = self.state.lock().await;
            let mut state = self.has_values.wait_while(state, empty).await;
            if state.left == 0 {
                self.has_values.notify_all();
                return taken;
            }
            while let Some((producer, value)) = state.values.pop_front() {
                assert_eq!(value, state.next[producer]);
                state.next[producer] += 1;
                state.left -= 1;
                taken += 1;
            }
            self.has_room.notify_one();
        }
    }
}

fn produced_and_consumed((producers, consumers, capacity, each): (usize, usize, usize, usize)) {
    for contexts in context_counts() {
        let mut tasks = Tasks::over(contexts);
        let buffer = Arc::new(Buffer {
            state: Mutex::new(State {
                values: VecDeque::with_capacity(capacity),
                next: vec![0; producers],
                left: producers * each,
            }),
            capacity,
            has_room: CondVar::new(),
            has_values: CondVar::new(),
        });
        let taken = Arc::new(AtomicUsize::new(0));
        tasks.add_each(consumers, |_| {
            let (buffer, taken) = (buffer.clone(), taken.clone());
            async move {
                let count = buffer.consume().await;
                taken.fetch_add(count, Ordering::Relaxed);
            }
        });
        tasks.add_each(producers, |producer| {
            let buffer = buffer.clone();
            async move { buffer.produce(producer, each).await }
        });
        tasks.run();
        assert_eq!(taken.load(Ordering::Relaxed), producers * each);
        let state = buffer.state.try_lock().unwrap();
        assert!(state.next.iter().all(|next| *next == each));
    }
}

/// Tuples of producers, consumers, capacity, values of each producer.
#[test]
fn producers_and_consumers() {
    const SIZES: [(usize, usize, usize, usize); 9] = [
        (1, 1, 1, 1),
        (1, 1, 1, 10_000),
        (1, 1, 100, 10_000),
        (1, 10, 1, 1_000),
        (10, 1, 1, 1_000),
        (10, 10, 10, 1_000),
        (1, 1_000, 1, 1_000),
        (1_000, 1, 1, 10),
        (100, 100, 10, 1_000),
    ];
    SIZES.into_iter().for_each(produced_and_consumed);
}

#[test]
fn a_thousand_producers_and_consumers() {
    produced_and_consumed((1_000, 1_000, 100, 10_000));
}
