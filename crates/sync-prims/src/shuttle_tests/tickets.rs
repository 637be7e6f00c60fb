//! The ticket counter of [`WaitQueue`]'s page, with more threads than loom can do, some of which give up.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use shuttle::future::block_on;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use super::check;
use crate::WaitQueue;

const TAKERS: usize = 3;
const EACH: usize = 2;

#[derive(Default)]
struct Tickets {
    left: AtomicUsize,
    queue: WaitQueue,
}

impl Tickets {
    fn put(&self) {
        self.left.fetch_add(1, Ordering::SeqCst);
        self.queue.notify_one();
    }

    async fn take(&self) {
        let take = || {
            self.left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .ok()
        };
        self.queue.wait_until(take).await;
    }

    /// Stands in line and leaves it again.
    fn give_up(&self) {
        let wait = pin!(self.queue.wait());
        let _: Poll<()> = wait.poll(&mut Context::from_waker(Waker::noop()));
    }
}

#[test]
fn shuttle_tickets_reach_those_who_stay_in_line() {
    check(|| {
        let tickets = Arc::new(Tickets::default());
        let mut threads = Vec::new();
        for _ in 0..TAKERS {
            let tickets = tickets.clone();
            threads.push(thread::spawn(move || {
                for _ in 0..EACH {
                    block_on(tickets.take());
                }
            }));
        }
        for _ in 0..2 {
            let tickets = tickets.clone();
            threads.push(thread::spawn(move || tickets.give_up()));
        }
        for _ in 0..TAKERS * EACH {
            tickets.put();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(tickets.left.load(Ordering::SeqCst), 0);
        assert!(tickets.queue.is_empty());
    });
}
