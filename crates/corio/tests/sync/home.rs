//! Where a woken task runs: on its home context, in the batch after the wake.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use corio::sync::{Event, Mutex};
use corio::{Scheduler, block_on, spawn, yield_now};

use crate::support::{Tasks, context_counts};

const WAITS: usize = 100_000;

/// The threads of the scheduler's contexts, which were started.
fn threads(scheduler: &Scheduler) -> Vec<ThreadId> {
    let ask = |context: &corio::Handle| {
        let id = context.submit(async { thread::current().id() });
        id.unwrap().join_blocking().unwrap()
    };
    scheduler.contexts().iter().map(ask).collect()
}

/// Who wakes the waiters of [`wakes_from`].
enum Waker {
    Context(usize),
    Thread,
}

/// Half of the waits on each of two contexts; the thread that each resumed on.
fn wakes_from(waker: Waker) {
    let mut scheduler = Scheduler::new(2);
    scheduler.start().unwrap();
    let homes = threads(&scheduler);
    let event = Arc::new(Event::new());
    let waits: Vec<_> = (0..WAITS)
        .map(|wait| {
            let event = event.clone();
            let waiting = async move {
                let before = thread::current().id();
                event.wait().await;
                (before, thread::current().id())
            };
            (
                wait % 2,
                scheduler.contexts()[wait % 2].submit(waiting).unwrap(),
            )
        })
        .collect();
    match waker {
        Waker::Context(context) => {
            let event = event.clone();
            let set = async move { event.set() };
            let set = scheduler.contexts()[context].submit(set).unwrap();
            assert!(set.join_blocking().unwrap());
        }
        Waker::Thread => assert!(event.set()),
    }
    scheduler.run().unwrap();
    let mut resumed = [0; 2];
    for (home, wait) in waits {
        let (before, after) = wait.join_blocking().unwrap();
        assert_eq!((before, after), (homes[home], homes[home]));
        resumed[home] += 1;
    }
    assert_eq!(resumed, [WAITS / 2; 2]);
}

#[test]
fn at_home_when_a_context_wakes() {
    wakes_from(Waker::Context(0));
    wakes_from(Waker::Context(1));
}

#[test]
fn at_home_when_a_thread_wakes() {
    wakes_from(Waker::Thread);
}

/// A lock that goes around among tasks on all contexts; nearly every one has to wait for it.
#[test]
fn at_home_in_a_relay() {
    const RUNNERS: usize = 100;
    for contexts in context_counts() {
        let mut tasks = Tasks::over(contexts);
        let rounds = Arc::new(Mutex::new(0));
        tasks.add_each(RUNNERS, |_| {
            let rounds = rounds.clone();
            async move {
                let home = thread::current().id();
                for _ in 0..WAITS / RUNNERS {
                    let mut rounds = rounds.lock().await;
                    assert_eq!(thread::current().id(), home);
                    *rounds += 1;
                    yield_now().await;
                }
            }
        });
        tasks.run();
        assert_eq!(*rounds.try_lock().unwrap(), WAITS);
    }
}

/// Nobody runs inside of `set`; all have run when the setter, which lets the others have their turn, comes round again.
#[test]
fn in_the_batch_after_the_wake() {
    const WAITERS: usize = 1_000;
    block_on(async {
        let event = Rc::new(Event::new());
        let order = Rc::new(RefCell::new(Vec::new()));
        let waits: Vec<_> = (0..WAITERS)
            .map(|number| {
                let (event, order) = (event.clone(), order.clone());
                spawn(async move {
                    event.wait().await;
                    order.borrow_mut().push(number);
                })
            })
            .collect();
        yield_now().await;
        event.set();
        assert!(order.borrow().is_empty());
        yield_now().await;
        let expected: Vec<_> = (0..WAITERS).collect();
        assert_eq!(*order.borrow(), expected);
        for wait in waits {
            wait.await.unwrap();
        }
    })
    .unwrap();
}
