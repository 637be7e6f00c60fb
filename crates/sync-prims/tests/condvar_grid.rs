//! The acceptance grid of the condition variable: alternation, order, producers and consumers (requirement 27).
//!
//! Each runs on plain threads and as tasks on a pool of two threads; only 100,000 waiters are tasks alone.

mod support;

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;

use sync_prims::blocking::block_on;
use sync_prims::{CondVar, Mutex};

use support::pool::Pool;
use support::{Hand, Watchdog};

/// With both kinds of mutex.
fn each<T>(value: impl Fn() -> T, test: impl Fn(Mutex<T>)) {
    test(Mutex::new(value()));
    test(Mutex::barging(value()));
}

/// One of two players, who write down their numbers in turn.
async fn play(own: usize, turns: usize, written: &Mutex<Vec<usize>>, turned: &CondVar) {
    for _ in 0..turns {
        let written = written.lock().await;
        let not_mine = |written: &mut Vec<usize>| written.len() % 2 != own;
        turned.wait_while(written, not_mine).await.push(own);
        turned.notify_one();
    }
}

fn alternate(turns: usize, run: impl Fn([(usize, &Mutex<Vec<usize>>, &CondVar); 2])) {
    each(Vec::new, |written| {
        let turned = CondVar::new();
        run([(0, &written, &turned), (1, &written, &turned)]);
        let written = written.into_inner();
        let wanted = (0..2 * turns).map(|turn| turn % 2);
        assert!(wanted.eq(written));
    });
}

#[test]
fn strict_alternation_of_threads() {
    let _watchdog = Watchdog::new("strict_alternation_of_threads");
    for turns in [100, 1_000, 10_000] {
        alternate(turns, |players| {
            thread::scope(|threads| {
                for (own, written, turned) in players {
                    threads.spawn(move || block_on(play(own, turns, written, turned)));
                }
            });
        });
    }
}

#[test]
fn strict_alternation_of_tasks() {
    let _watchdog = Watchdog::new("strict_alternation_of_tasks");
    for turns in [100, 1_000, 10_000] {
        alternate(turns, |players| {
            let mut pool = Pool::default();
            for (own, written, turned) in players {
                pool.spawn(play(own, turns, written, turned));
            }
            pool.run(2);
        });
    }
}

/// Those who are notified together come through in the order they came, on one thread that runs them in the order they are
/// woken.
#[test]
fn all_come_through_in_order() {
    let _watchdog = Watchdog::new("all_come_through_in_order");
    async fn come_through(number: usize, through: &Mutex<Vec<usize>>, begun: &CondVar) {
        let through = through.lock().await;
        begun.wait(through).await.push(number);
    }

    for waiters in [2, 10, 100, 1_000, 10_000] {
        each(Vec::new, |through| {
            let begun = CondVar::new();
            let mut pool = Pool::default();
            for number in 0..waiters {
                let mut waiter = Hand::pending(come_through(number, &through, &begun));
                pool.spawn(std::future::poll_fn(move |cx| waiter.poll_with(cx.waker())));
            }
            pool.spawn(async { begun.notify_all() });
            pool.run(1);
            assert!((0..waiters).eq(through.into_inner()));
        });
    }
}

/// 100,000 at once: neither the notification nor what follows recurses.
#[test]
fn a_hundred_thousand() {
    const WAITERS: usize = 100_000;
    let _watchdog = Watchdog::new("a_hundred_thousand");
    each(
        || (0, false),
        |state| {
            let begun = CondVar::new();
            let mut pool = Pool::default();
            for _ in 0..WAITERS {
                let mut waiter = Hand::pending(async {
                    let state = state.lock().await;
                    begun.wait_while(state, |(_, begun)| !*begun).await.0 += 1;
                });
                pool.spawn(std::future::poll_fn(move |cx| waiter.poll_with(cx.waker())));
            }
            pool.spawn(async {
                state.lock().await.1 = true;
                begun.notify_all();
            });
            pool.run(2);
            assert_eq!(state.into_inner().0, WAITERS);
        },
    );
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
    /// Puts down `each` values, one at a time if it is to be `fine`, else as many as there is room for.
    async fn produce(&self, producer: usize, each: usize, fine: bool) {
        let mut made = 0;
        while made < each {
            let full = |state: &mut State| state.values.len() == self.capacity;
            let state = self.state.lock().await;
            let mut state = self.has_room.wait_while(state, full).await;
            loop {
                state.values.push_back((producer, made));
                made += 1;
                if fine || made == each || state.values.len() == self.capacity {
                    break;
                }
            }
            self.has_values.notify_one();
            if state.values.len() < self.capacity {
                self.has_room.notify_one();
            }
        }
    }

    /// Takes them, until nothing is left to come.
    async fn consume(&self, fine: bool) {
        loop {
            let empty = |state: &mut State| state.values.is_empty() && state.left > 0;
            let state = self.state.lock().await;
            let mut state = self.has_values.wait_while(state, empty).await;
            while let Some((producer, value)) = state.values.pop_front() {
                assert_eq!(value, state.next[producer], "in order");
                state.next[producer] += 1;
                state.left -= 1;
                if fine {
                    break;
                }
            }
            if state.left == 0 {
                self.has_values.notify_all();
                return;
            }
            self.has_room.notify_one();
            if !state.values.is_empty() {
                self.has_values.notify_one();
            }
        }
    }
}

/// Producers, consumers, capacity, values of each producer.
#[derive(Clone, Copy, Debug)]
struct Size(usize, usize, usize, usize);

fn exchange(Size(producers, consumers, capacity, each_makes): Size, on_threads: bool, fine: bool) {
    let state = || State {
        values: VecDeque::with_capacity(capacity),
        next: vec![0; producers],
        left: producers * each_makes,
    };
    each(state, |state| {
        let buffer = Arc::new(Buffer {
            state,
            capacity,
            has_room: CondVar::new(),
            has_values: CondVar::new(),
        });
        if on_threads {
            thread::scope(|threads| {
                for _ in 0..consumers {
                    threads.spawn(|| block_on(buffer.consume(fine)));
                }
                for producer in 0..producers {
                    let buffer = &buffer;
                    threads.spawn(move || block_on(buffer.produce(producer, each_makes, fine)));
                }
            });
        } else {
            let mut pool = Pool::default();
            for _ in 0..consumers {
                pool.spawn(buffer.consume(fine));
            }
            for producer in 0..producers {
                pool.spawn(buffer.produce(producer, each_makes, fine));
            }
            pool.run(2);
        }
        let state = buffer.state.try_lock().expect("nobody is left");
        assert!(state.values.is_empty());
        assert!(state.next.iter().all(|next| *next == each_makes));
        assert!(!buffer.has_room.notify_one());
        assert!(!buffer.has_values.notify_one());
    });
}

const SIZES: [Size; 9] = [
    Size(1, 1, 1, 1),
    Size(1, 1, 1, 10_000),
    Size(1, 1, 100, 10_000),
    Size(1, 10, 1, 1_000),
    Size(10, 1, 1, 1_000),
    Size(10, 10, 10, 1_000),
    Size(1, 1_000, 1, 1_000),
    Size(1_000, 1, 1, 10),
    Size(100, 100, 10, 1_000),
];

#[test]
fn producers_and_consumers_that_are_tasks() {
    let _watchdog = Watchdog::new("producers_and_consumers_that_are_tasks");
    for size in SIZES {
        exchange(size, false, true);
        exchange(size, false, false);
    }
}

#[test]
fn producers_and_consumers_that_are_threads() {
    let _watchdog = Watchdog::new("producers_and_consumers_that_are_threads");
    for size in SIZES {
        exchange(size, true, false);
    }
}

/// A thousand of each.
const CROWD: Size = Size(1_000, 1_000, 100, 10_000);

#[test]
fn a_crowd_of_tasks() {
    let _watchdog = Watchdog::new("a_crowd_of_tasks");
    exchange(CROWD, false, false);
}

#[test]
fn a_crowd_of_threads() {
    let _watchdog = Watchdog::new("a_crowd_of_threads");
    exchange(CROWD, true, false);
}
