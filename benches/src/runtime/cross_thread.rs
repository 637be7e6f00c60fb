//! Waking a task of another runtime on another thread, and being woken by it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;

use crate::runtime::subject::Runtime;

/// A flag that one task raises and another awaits: the least that a wake-up needs, and the same under every runtime.
#[derive(Default)]
struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    async fn wait(&self) {
        poll_fn(|context| {
            if self.take() {
                return Poll::Ready(());
            }
            self.waker.register(context.waker());
            // It may have been raised before the waker was there.
            match self.take() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    fn take(&self) -> bool {
        self.raised.load(Ordering::Acquire) && self.raised.swap(false, Ordering::AcqRel)
    }
}

#[derive(Default)]
struct Table {
    ping: Signal,
    pong: Signal,
    over: AtomicBool,
}

/// Plays so many rounds against a second runtime on a thread of its own.
pub(super) async fn cross_thread<R: Runtime>(iterations: u64) -> Duration {
    let table = Arc::new(Table::default());
    let other = thread::spawn({
        let table = Arc::clone(&table);
        move || R::run(answer(table))
    });
    // The first round waits for the other runtime to start.
    table.ping.raise();
    table.pong.wait().await;

    let begin = Instant::now();
    for _ in 0..iterations {
        table.ping.raise();
        table.pong.wait().await;
    }
    let elapsed = begin.elapsed();

    table.over.store(true, Ordering::Release);
    table.ping.raise();
    other.join().expect("the other side does not panic");
    elapsed
}

async fn answer(table: Arc<Table>) {
    loop {
        table.ping.wait().await;
        if table.over.load(Ordering::Acquire) {
            return;
        }
        table.pong.raise();
    }
}
