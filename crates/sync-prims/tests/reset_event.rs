//! `ResetEvent`: set and reset by hand, and reset by whoever passes.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::prelude::{Strategy, any, proptest};
use proptest::{collection, prop_oneof};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::grid::{GRID, GRID_OF_THREADS, released_in_order, released_on_threads};
use support::{Hand, Watchdog, forget};
use sync_prims::ResetEvent;
use sync_prims::reset_event::Wait;

assert_impl_all!(ResetEvent: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(Wait<'static>: Send, Sync, std::fmt::Debug);
assert_not_impl_any!(Wait<'static>: Unpin);

#[test]
fn a_manual_event_lets_all_through_until_it_is_reset() {
    let event = ResetEvent::manual();
    assert!(!event.try_wait());
    assert!(event.set());
    assert!(!event.set());
    assert!(event.try_wait());
    event.wait_blocking();
    event.wait_blocking();
    assert!(event.reset());
    assert!(!event.reset());
    assert!(!event.try_wait());
}

#[test]
fn an_automatic_event_lets_one_through() {
    let event = ResetEvent::automatic();
    assert!(event.set());
    assert!(!event.set());
    event.wait_blocking();
    assert!(!event.is_set());
    assert!(event.set());
    assert!(event.try_wait());
    assert!(!event.try_wait());
    assert!(event.set());
    assert!(event.reset());
    assert!(!event.try_wait());
}

#[test]
fn it_can_be_a_static() {
    static DOOR: ResetEvent = ResetEvent::manual();
    static TICKET: ResetEvent = ResetEvent::automatic();
    let setter = thread::spawn(|| DOOR.set() && TICKET.set());
    DOOR.wait_blocking();
    TICKET.wait_blocking();
    assert!(setter.join().unwrap());
}

#[test]
fn who_was_in_line_is_through_even_if_the_reset_follows_at_once() {
    let event = ResetEvent::manual();
    let mut before: Vec<_> = (0..100).map(|_| Hand::pending(event.wait())).collect();
    event.set();
    event.reset();
    let mut after = Hand::pending(event.wait());
    for wait in &mut before {
        assert_eq!(wait.wakes(), 1);
        assert!(wait.poll().is_ready());
        // Polled again, it waits again.
        assert!(wait.poll().is_pending());
    }
    assert!(after.poll().is_pending());
    event.set();
    assert!(after.poll().is_ready());
}

#[test]
fn each_set_lets_the_next_in_line_through() {
    let event = ResetEvent::automatic();
    let mut waits: Vec<_> = (0..3).map(|_| Hand::pending(event.wait())).collect();
    for served in 1..=3 {
        assert!(event.set());
        let woken: Vec<_> = waits.iter().map(Hand::wakes).collect();
        assert_eq!(woken.iter().sum::<usize>(), served);
        assert_eq!(woken[served - 1], 1);
        // The signal is with the one in line: nobody who comes now gets it.
        assert!(!event.try_wait());
        assert!(waits[served - 1].poll().is_ready());
    }
    assert!(event.set());
    assert!(event.is_set());
}

#[test]
fn the_signal_of_a_dropped_waiter_goes_to_the_next_or_stays() {
    let event = ResetEvent::automatic();
    let first = Hand::pending(event.wait());
    let second = Hand::pending(event.wait());
    event.set();
    drop(first);
    assert_eq!(second.wakes(), 1);
    drop(second);
    assert!(event.is_set());
    assert!(event.try_wait());
}

#[test]
fn a_forgotten_waiter_keeps_its_signal_and_its_place() {
    let event = ResetEvent::automatic();
    forget(Hand::pending(event.wait()));
    assert!(event.set());
    let mut second = Hand::pending(event.wait());
    assert!(event.set());
    assert!(second.poll().is_ready());
    // One that is forgotten in line is let through when it is its turn.
    forget(Hand::pending(event.wait()));
    event.set();
    assert!(!event.is_set());
}

#[test]
fn all_are_woken_in_the_order_they_came() {
    for counts in GRID {
        let event = ResetEvent::manual();
        let set = || {
            event.set();
        };
        released_in_order(counts, || event.wait(), set);
    }
}

#[test]
fn as_many_are_let_through_as_there_are_signals() {
    for (setters, waiters) in GRID {
        let event = ResetEvent::automatic();
        let mut waits: Vec<_> = (0..waiters).map(|_| Hand::pending(event.wait())).collect();
        // One is left for the end.
        let left = AtomicUsize::new(waiters - 1);
        let set = || {
            let next = |left: usize| left.checked_sub(1);
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
                .is_ok()
            {
                assert!(event.set());
            }
        };
        released_on_threads((setters, 0), || (), set);
        let mut last = waits.pop().unwrap();
        for wait in &mut waits {
            assert_eq!(wait.wakes(), 1);
            assert!(wait.poll().is_ready());
        }
        assert!(last.poll().is_pending());
        event.set();
        assert!(last.poll().is_ready());
        assert!(!event.is_set());
    }
}

#[test]
fn threads_wait_and_set() {
    let _watchdog = Watchdog::new("threads_wait_and_set");
    for (setters, waiters) in GRID_OF_THREADS {
        let event = ResetEvent::manual();
        let work = AtomicUsize::new(0);
        let wait = || {
            event.wait_blocking();
            assert!(work.load(Ordering::Relaxed) > 0);
        };
        let set = || {
            work.fetch_add(1, Ordering::Relaxed);
            event.set();
        };
        released_on_threads((setters, waiters), wait, set);
    }
}

#[test]
fn a_consumer_misses_no_work() {
    const EACH: usize = 10_000;
    let _watchdog = Watchdog::new("a_consumer_misses_no_work");
    for producers in [1, 4] {
        for manual in [true, false] {
            let event = if manual {
                ResetEvent::manual()
            } else {
                ResetEvent::automatic()
            };
            let work = AtomicUsize::new(0);
            thread::scope(|threads| {
                for _ in 0..producers {
                    threads.spawn(|| {
                        for _ in 0..EACH {
                            work.fetch_add(1, Ordering::Relaxed);
                            event.set();
                        }
                    });
                }
                let mut done = 0;
                while done < producers * EACH {
                    event.wait_blocking();
                    if manual {
                        event.reset();
                    }
                    done += work.swap(0, Ordering::Relaxed);
                }
            });
        }
    }
}

#[test]
fn a_ball_goes_back_and_forth() {
    const ROUNDS: usize = 5_000;
    let _watchdog = Watchdog::new("a_ball_goes_back_and_forth");
    let (ping, pong) = (ResetEvent::automatic(), ResetEvent::automatic());
    let rounds = AtomicUsize::new(0);
    thread::scope(|threads| {
        threads.spawn(|| {
            for _ in 0..ROUNDS {
                ping.wait_blocking();
                rounds.fetch_add(1, Ordering::Relaxed);
                assert!(pong.set());
            }
        });
        for round in 1..=ROUNDS {
            assert!(ping.set());
            pong.wait_blocking();
            assert_eq!(rounds.load(Ordering::Relaxed), round);
        }
    });
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Set,
    Reset,
    Try,
    Begin,
    Poll(usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..1u8).prop_map(|_| Step::Set),
        1 => (0..1u8).prop_map(|_| Step::Reset),
        1 => (0..1u8).prop_map(|_| Step::Try),
        3 => (0..1u8).prop_map(|_| Step::Begin),
        3 => any::<usize>().prop_map(Step::Poll),
        2 => any::<usize>().prop_map(Step::Drop),
    ]
}

proptest! {
    /// Against the event as one would write it down without threads: a flag, and a line of waiters, told or not.
    #[test]
    fn it_is_a_flag_and_a_line(automatic in any::<bool>(), steps in collection::vec(step(), 1..60)) {
        check(automatic, &steps);
    }
}

fn check(automatic: bool, steps: &[Step]) {
    let event = Arc::new(if automatic {
        ResetEvent::automatic()
    } else {
        ResetEvent::manual()
    });
    let mut set = false;
    // In line; with whether it was told.
    let mut line = Vec::new();
    let tell = |line: &mut Vec<(_, bool)>, set: &mut bool| {
        let mut untold = line.iter_mut().filter(|(_, told)| !told).peekable();
        match (automatic, untold.peek().is_some()) {
            (true, true) => untold.next().unwrap().1 = true,
            (true, false) => *set = true,
            (false, _) => {
                *set = true;
                untold.for_each(|(_, told)| *told = true);
            }
        }
    };
    for &step in steps {
        match step {
            Step::Set => {
                let was_set = set;
                tell(&mut line, &mut set);
                assert_eq!(event.set(), !was_set);
            }
            Step::Reset => assert_eq!(event.reset(), std::mem::take(&mut set)),
            Step::Try => {
                assert_eq!(event.try_wait(), set);
                set &= !automatic;
            }
            Step::Begin => {
                let owner = event.clone();
                let mut wait = Hand::new(async move { owner.wait().await });
                let passes = wait.poll().is_ready();
                assert_eq!(passes, set);
                set &= !automatic;
                if !passes {
                    line.push((wait, false));
                }
            }
            Step::Poll(which) if !line.is_empty() => {
                let which = which % line.len();
                let (wait, told) = &mut line[which];
                assert_eq!(wait.poll().is_ready(), *told);
                if *told {
                    line.remove(which);
                }
            }
            Step::Drop(which) if !line.is_empty() => {
                let (wait, told) = line.remove(which % line.len());
                drop(wait);
                if told && automatic {
                    tell(&mut line, &mut set);
                }
            }
            Step::Poll(_) | Step::Drop(_) => {}
        }
        assert_eq!(event.is_set(), set);
        for (wait, told) in &line {
            assert_eq!(wait.wakes(), usize::from(*told));
        }
    }
}

#[test]
fn it_says_what_it_is() {
    let event = ResetEvent::automatic();
    assert_eq!(
        format!("{:?}", event.wait()),
        "Wait { event: ResetEvent { reset: Automatic, is_set: false, .. } }"
    );
    event.set();
    assert_eq!(
        format!("{event:?}"),
        "ResetEvent { reset: Automatic, is_set: true, .. }"
    );
}
