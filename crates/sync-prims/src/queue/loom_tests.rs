//! Models of the races that [`queue`](super) names.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{Admission, Cancelled, Queue, Token, Waited, Waiter};

const ONE: Token = Token(0);

/// A gate that lets one waiter through each time it is opened, however often that waiter is replaced.
struct Gate {
    open: AtomicBool,
    queue: Queue,
}

impl Gate {
    fn new() -> Gate {
        Gate {
            open: AtomicBool::new(false),
            queue: Queue::new(),
        }
    }

    fn open(&self) {
        let mut locked = self.queue.lock();
        let waker = locked.notify_first(ONE);
        if waker.is_none() {
            self.open.store(true, Ordering::Relaxed);
        }
        drop(locked);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, waiter: Pin<&mut Waiter>, cx: &mut Context<'_>) -> Poll<Waited<()>> {
        self.queue.poll(waiter, cx, |_| {
            if self.open.swap(false, Ordering::Relaxed) {
                Admission::Enter(())
            } else {
                Admission::Back { tag: 0 }
            }
        })
    }

    fn cancel(&self, waiter: Pin<&mut Waiter>) {
        if let Cancelled::Notified(ONE) = self.queue.cancel(waiter) {
            self.open();
        }
    }
}

#[test]
fn loom_a_notification_finds_the_waiter_or_the_next() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let fickle = {
            let gate = gate.clone();
            thread::spawn(move || {
                let mut waiter = Box::pin(Waiter::new());
                let cx = &mut Context::from_waker(Waker::noop());
                let through = gate.poll(waiter.as_mut(), cx).is_ready();
                gate.cancel(waiter.as_mut());
                through
            })
        };
        let opener = {
            let gate = gate.clone();
            thread::spawn(move || gate.open())
        };
        let through = fickle.join().unwrap();
        opener.join().unwrap();
        // Whoever did not go through has left the gate open.
        assert_ne!(through, gate.open.load(Ordering::Relaxed));
    });
}

#[test]
fn loom_a_new_waker_and_a_notification() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let opener = {
            let gate = gate.clone();
            thread::spawn(move || gate.open())
        };
        let mut waiter = Box::pin(Waiter::new());
        let cx = &mut Context::from_waker(Waker::noop());
        if gate.poll(waiter.as_mut(), cx).is_pending() {
            // Another waker from here on; it must be the one that is woken, or find the notification.
            let _ = block_on(poll_fn(|cx| gate.poll(waiter.as_mut(), cx)));
        }
        opener.join().unwrap();
    });
}

#[test]
fn loom_two_that_tell_all_at_once() {
    loom::model(|| {
        let queue = Arc::new(Queue::new());
        let tellers: [_; 2] = core::array::from_fn(|_| {
            let queue = queue.clone();
            thread::spawn(move || queue.lock().release_all(ONE))
        });
        let mut waiter = Box::pin(Waiter::new());
        let cx = &mut Context::from_waker(Waker::noop());
        let polled = queue.poll(waiter.as_mut(), cx, |_| Admission::<()>::Back { tag: 0 });
        assert!(polled.is_pending());
        drop(queue.cancel(waiter.as_mut()));
        for teller in tellers {
            teller.join().unwrap();
        }
        assert!(queue.lock().is_empty());
    });
}
