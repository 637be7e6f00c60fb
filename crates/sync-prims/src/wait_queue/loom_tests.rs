//! Models of the races that [`wait_queue`](super) names.

use core::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::WaitQueue;
use crate::testing::poll_once;

/// A count of tickets over the queue, as on its page.
#[derive(Default)]
struct Tickets {
    left: AtomicUsize,
    queue: WaitQueue,
}

impl Tickets {
    fn put(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
        self.queue.notify_one();
    }

    async fn take(&self) {
        let take = || {
            let n = self.left.load(Ordering::Relaxed);
            if n == 0 {
                return None;
            }
            self.left
                .compare_exchange(n, n - 1, Ordering::Relaxed, Ordering::Relaxed)
                .ok()
        };
        self.queue.wait_until(take).await;
    }
}

#[test]
fn loom_register_and_notify() {
    loom::model(|| {
        let tickets = Arc::new(Tickets::default());
        let putter = {
            let tickets = tickets.clone();
            thread::spawn(move || tickets.put())
        };
        block_on(tickets.take());
        putter.join().unwrap();
    });
}

#[test]
fn loom_cancel_and_notify() {
    loom::model(|| {
        let tickets = Arc::new(Tickets::default());
        let canceller = {
            let tickets = tickets.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(tickets.queue.wait());
                let _: Poll<()> = poll_once(wait.as_mut());
            })
        };
        let putter = {
            let tickets = tickets.clone();
            thread::spawn(move || tickets.put())
        };
        block_on(tickets.take());
        canceller.join().unwrap();
        putter.join().unwrap();
        assert!(tickets.queue.is_empty());
    });
}

#[test]
fn loom_notify_all_and_a_dropped_waiter() {
    loom::model(|| {
        let tickets = Arc::new(Tickets::default());
        let canceller = {
            let tickets = tickets.clone();
            thread::spawn(move || {
                let mut wait = Box::pin(tickets.queue.wait());
                let _: Poll<()> = poll_once(wait.as_mut());
            })
        };
        let waiter = {
            let tickets = tickets.clone();
            thread::spawn(move || block_on(tickets.take()))
        };
        tickets.left.fetch_add(1, Ordering::Relaxed);
        tickets.queue.notify_all();
        canceller.join().unwrap();
        waiter.join().unwrap();
    });
}
