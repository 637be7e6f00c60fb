//! Models of the races that [`barrier`](super) names.

use alloc::boxed::Box;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::Barrier;
use crate::testing::poll_once;

/// Parties with a value each, written before they arrive and read by the others after.
struct Meeting<const N: usize> {
    barrier: Barrier,
    values: [UnsafeCell<usize>; N],
}

impl<const N: usize> Meeting<N> {
    fn new() -> Arc<Meeting<N>> {
        Arc::new(Meeting {
            barrier: Barrier::new(N),
            values: core::array::from_fn(|_| UnsafeCell::new(0)),
        })
    }

    /// One round; whether as its leader.
    fn round(&self, party: usize, round: usize) -> bool {
        // SAFETY: nobody else writes it, and the others read it between two rounds alone. Loom checks it.
        self.values[party].with_mut(|value| unsafe { *value = round });
        let is_leader = self.barrier.wait_blocking().is_leader();
        for value in &self.values {
            // SAFETY: it is written again after the next round at the earliest. Loom checks it.
            assert_eq!(value.with(|value| unsafe { *value }), round);
        }
        is_leader
    }
}

#[test]
fn loom_arrive_and_arrive() {
    loom::model(|| {
        let meeting = Meeting::<3>::new();
        let others = [1, 2].map(|party| {
            let meeting = meeting.clone();
            thread::spawn(move || meeting.round(party, 1))
        });
        let mut leaders = usize::from(meeting.round(0, 1));
        for other in others {
            leaders += usize::from(other.join().unwrap());
        }
        assert_eq!(leaders, 1);
    });
}

#[test]
fn loom_reuse() {
    loom::model(|| {
        let meeting = Meeting::<2>::new();
        let rounds = |meeting: &Meeting<2>, party| {
            // Between two rounds of writing nobody is still reading.
            [
                meeting.round(party, 1),
                meeting.barrier.wait_blocking().is_leader(),
                meeting.round(party, 2),
            ]
        };
        let other = {
            let meeting = meeting.clone();
            thread::spawn(move || rounds(&meeting, 1))
        };
        let led = rounds(&meeting, 0);
        let other = other.join().unwrap();
        assert!(led.iter().zip(other).all(|(&led, other)| led != other));
    });
}

#[test]
fn loom_two_come_where_one_is_missing() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let mut first = Box::pin(barrier.wait());
        assert!(poll_once(first.as_mut()).is_pending());
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(barrier.wait());
                poll_once(wait.as_mut()).is_ready()
            })
        };
        let mut wait = Box::pin(barrier.wait());
        let leads = poll_once(wait.as_mut()).is_ready();
        assert_ne!(leads, other.join().unwrap());
        assert!(poll_once(first.as_mut()).is_ready());
        // Whoever came in the next round was not told with the first.
        assert!(leads || poll_once(wait.as_mut()).is_pending());
    });
}

#[test]
fn loom_arrive_and_cancel() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let canceller = {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(barrier.wait());
                poll_once(wait.as_mut()).map(|result| result.is_leader())
            })
        };
        let mut wait = Box::pin(barrier.wait());
        let polled = poll_once(wait.as_mut());
        let left = canceller.join().unwrap();
        // Who found the other there leads. If the other came and left again, nothing of it is left.
        let met = polled.is_ready() || poll_once(wait.as_mut()).is_ready();
        assert!(!met || polled.is_ready() != left.is_ready());
        drop(wait);
        let mut first = Box::pin(barrier.wait());
        assert!(poll_once(first.as_mut()).is_pending());
        assert!(barrier.wait_blocking().is_leader());
        assert!(poll_once(first.as_mut()).is_ready());
    });
}

#[test]
fn loom_cancel_and_cancel() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(3));
        let cancellers = [(); 2].map(|()| {
            let barrier = barrier.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(barrier.wait());
                assert!(poll_once(wait.as_mut()).is_pending());
            })
        });
        for canceller in cancellers {
            canceller.join().unwrap();
        }
        let mut waits = [Box::pin(barrier.wait()), Box::pin(barrier.wait())];
        assert!(
            waits
                .iter_mut()
                .all(|wait| poll_once(wait.as_mut()).is_pending())
        );
        assert!(barrier.wait_blocking().is_leader());
    });
}
