//! A barrier that is used again and again, while others come and leave.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use super::check;
use crate::Barrier;

const PARTIES: usize = 3;
const ROUNDS: usize = 3;

#[test]
fn shuttle_rounds_follow_each_other_while_others_leave() {
    check(|| {
        let barrier = Arc::new(Barrier::new(PARTIES));
        // How often somebody has arrived, those who left it for good not counted.
        let arrivals = Arc::new(AtomicUsize::new(0));
        let leaders = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::new();
        for _ in 0..PARTIES {
            let (barrier, arrivals, leaders) = (barrier.clone(), arrivals.clone(), leaders.clone());
            threads.push(thread::spawn(move || {
                for round in 1..=ROUNDS {
                    arrivals.fetch_add(1, Ordering::SeqCst);
                    let result = block_on(barrier.wait());
                    let arrived = arrivals.load(Ordering::SeqCst);
                    assert!(arrived >= PARTIES * round, "gone on without the others");
                    leaders.fetch_add(result.is_leader().into(), Ordering::SeqCst);
                }
            }));
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(leaders.load(Ordering::SeqCst), ROUNDS);
    });
}

/// Arrives and leaves again; whether the barrier opened for it.
fn come_and_leave(barrier: &Barrier) -> bool {
    let wait = pin!(barrier.wait());
    let polled: Poll<_> = wait.poll(&mut Context::from_waker(Waker::noop()));
    polled.is_ready()
}

#[test]
fn shuttle_whoever_leaves_leaves_nothing() {
    check(|| {
        let barrier = Arc::new(Barrier::new(PARTIES));
        let mut threads = Vec::new();
        // Too few to open it.
        for _ in 1..PARTIES {
            let barrier = barrier.clone();
            threads.push(thread::spawn(move || {
                for _ in 0..ROUNDS {
                    assert!(!come_and_leave(&barrier));
                }
            }));
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(format!("{barrier:?}").contains("arrived: 0"));
    });
}
