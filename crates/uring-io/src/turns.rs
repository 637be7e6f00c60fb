//! Who is next: operations of one direction of one socket, served first in, first out.
//!
//! ```text
//! Absent ── nobody before it ──────────────────────────────▶ Served ── give_back ──▶ Absent
//!    └───── somebody before it ──▶ Queued ── comes first ──────┘
//!                                    └────── give_back (dropped): the next one is told ──▶ Absent
//! ```
//!
//! The first in the queue stays there until it has polled, so nobody who comes in between can overtake it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

/// Whether somebody is served, and who waits.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Somebody is being served.
    taken: Cell<bool>,
    /// Of those that somebody has waited for, which few are.
    queue: OnceCell<Box<Queue>>,
}

/// Those that wait.
#[derive(Debug, Default)]
struct Queue {
    next_ticket: Cell<u32>,
    waiting: RefCell<VecDeque<(Ticket, Option<Waker>)>>,
}

/// One of those that wait. Tickets repeat themselves after 2³² waits, when the first has long left. Not aligned, as every
/// operation has one beside smaller fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(Rust, packed)]
pub(crate) struct Ticket(u32);

/// An operation's place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It has not asked.
    #[default]
    Absent,
    /// It waits, with this ticket.
    Queued(Ticket),
    /// It is the one being served.
    Served,
}

impl Turns {
    /// Whether somebody is being served or waits.
    pub(crate) fn is_busy(&self) -> bool {
        self.taken.get() || self.is_awaited()
    }

    #[inline]
    fn is_awaited(&self) -> bool {
        self.queue
            .get()
            .is_some_and(|queue| !queue.waiting.borrow().is_empty())
    }

    /// Ready once it is the caller's turn, which lasts until [`give_back`](Self::give_back).
    #[inline]
    pub(crate) fn poll_take(&self, turn: &mut Turn, cx: &mut Context<'_>) -> Poll<()> {
        match turn {
            Turn::Served => Poll::Ready(()),
            Turn::Absent if !self.is_busy() => {
                self.taken.set(true);
                *turn = Turn::Served;
                Poll::Ready(())
            }
            Turn::Absent | Turn::Queued(_) => self.poll_queued(turn, cx),
        }
    }

    #[cold]
    fn poll_queued(&self, turn: &mut Turn, cx: &mut Context<'_>) -> Poll<()> {
        // Wakers are foreign code: cloned before the borrow, dropped after it.
        let waker = Some(cx.waker().clone());
        let queue = self.queue.get_or_init(Box::default);
        let Turn::Queued(ticket) = *turn else {
            let next = queue.next_ticket.get();
            queue.next_ticket.set(next.wrapping_add(1));
            let ticket = Ticket(next);
            queue.waiting.borrow_mut().push_back((ticket, waker));
            *turn = Turn::Queued(ticket);
            return Poll::Pending;
        };
        let is_first = queue
            .waiting
            .borrow()
            .front()
            .is_some_and(|(first, _)| *first == ticket);
        if is_first && !self.taken.get() {
            let entry = queue.waiting.borrow_mut().pop_front();
            self.taken.set(true);
            *turn = Turn::Served;
            drop(entry);
            return Poll::Ready(());
        }
        let replaced = {
            let mut waiting = queue.waiting.borrow_mut();
            let entry = waiting.iter_mut().find(|(other, _)| *other == ticket);
            entry.map(|(_, old)| std::mem::replace(old, waker))
        };
        drop(replaced);
        Poll::Pending
    }

    /// Waits for the caller's turn, which lasts until the guard is dropped.
    pub(crate) async fn take(&self) -> Served<'_> {
        let mut served = Served {
            turns: self,
            turn: Turn::Absent,
        };
        std::future::poll_fn(|cx| self.poll_take(&mut served.turn, cx)).await;
        served
    }

    /// Ends a turn, or a wait for it. Whoever is next is woken.
    #[inline]
    pub(crate) fn give_back(&self, turn: &mut Turn) {
        match std::mem::take(turn) {
            Turn::Absent => {}
            Turn::Served => {
                self.taken.set(false);
                if self.is_awaited() {
                    self.wake_first();
                }
            }
            Turn::Queued(ticket) => self.leave(ticket),
        }
    }

    #[cold]
    fn leave(&self, ticket: Ticket) {
        let entry = self.queue.get().and_then(|queue| {
            let mut waiting = queue.waiting.borrow_mut();
            let at = waiting.iter().position(|(other, _)| *other == ticket);
            at.and_then(|at| waiting.remove(at))
        });
        drop(entry);
        // It may have been the one that was told.
        if !self.taken.get() {
            self.wake_first();
        }
    }

    #[cold]
    fn wake_first(&self) {
        // Taken out rather than cloned under the borrow; its owner leaves a new one when it polls.
        let waker = self.queue.get().and_then(|queue| {
            let mut waiting = queue.waiting.borrow_mut();
            waiting.front_mut().and_then(|(_, waker)| waker.take())
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A turn that ends when this is dropped.
pub(crate) struct Served<'a> {
    turns: &'a Turns,
    turn: Turn,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.turns.give_back(&mut self.turn);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::{Turn, Turns};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A place in the queue and the wake-ups it got.
    struct Waiter(Turn, Arc<Count>);

    impl Waiter {
        fn new() -> Self {
            Self(Turn::Absent, Arc::default())
        }

        fn poll(&mut self, turns: &Turns) -> Poll<()> {
            let waker = Waker::from(self.1.clone());
            turns.poll_take(&mut self.0, &mut Context::from_waker(&waker))
        }

        fn woken(&self) -> usize {
            self.1.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn turns_come_in_the_order_of_the_first_polls() {
        let turns = Turns::default();
        let mut waiters: Vec<_> = (0..5).map(|_| Waiter::new()).collect();
        assert!(waiters[0].poll(&turns).is_ready());
        for waiter in &mut waiters[1..] {
            assert!(waiter.poll(&turns).is_pending());
        }
        for at in 0..4 {
            turns.give_back(&mut waiters[at].0);
            assert_eq!(waiters[at + 1].woken(), 1);
            for late in &mut waiters[at + 2..] {
                assert!(late.poll(&turns).is_pending());
            }
            assert!(waiters[at + 1].poll(&turns).is_ready());
        }
        turns.give_back(&mut waiters[4].0);
        assert!(!turns.is_busy());
    }

    #[test]
    fn nobody_overtakes_the_one_that_was_told() {
        let turns = Turns::default();
        let (mut first, mut second, mut third) = (Waiter::new(), Waiter::new(), Waiter::new());
        assert!(first.poll(&turns).is_ready());
        assert!(second.poll(&turns).is_pending());
        turns.give_back(&mut first.0);
        assert!(third.poll(&turns).is_pending());
        assert!(second.poll(&turns).is_ready());
    }

    #[test]
    fn one_that_was_told_and_leaves_tells_the_next() {
        let turns = Turns::default();
        let (mut first, mut second, mut third) = (Waiter::new(), Waiter::new(), Waiter::new());
        assert!(first.poll(&turns).is_ready());
        assert!(second.poll(&turns).is_pending());
        assert!(third.poll(&turns).is_pending());
        turns.give_back(&mut first.0);
        turns.give_back(&mut second.0);
        assert_eq!(third.woken(), 1);
        assert!(third.poll(&turns).is_ready());
    }

    #[test]
    fn one_that_leaves_from_the_middle_is_forgotten() {
        let turns = Turns::default();
        let (mut first, mut second, mut third) = (Waiter::new(), Waiter::new(), Waiter::new());
        assert!(first.poll(&turns).is_ready());
        assert!(second.poll(&turns).is_pending());
        assert!(third.poll(&turns).is_pending());
        turns.give_back(&mut second.0);
        assert_eq!(third.woken(), 0);
        turns.give_back(&mut first.0);
        assert_eq!((second.woken(), third.woken()), (0, 1));
    }
}
