//! An executor of a few threads and one queue, first come, first served.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

type Work<'t> = Pin<Box<dyn Future<Output = ()> + Send + 't>>;

/// What is to be run, gathered before it is.
#[derive(Default)]
pub(crate) struct Pool<'t> {
    tasks: Vec<Work<'t>>,
}

struct Shared {
    ready: Mutex<Ready>,
    changed: Condvar,
}

struct Ready {
    queue: VecDeque<Arc<Task>>,
    left: usize,
}

struct Task {
    /// Taken while it is polled, and for good when it is done.
    work: Mutex<Option<Work<'static>>>,
    queued: AtomicBool,
    shared: Arc<Shared>,
}

impl<'t> Pool<'t> {
    pub(crate) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 't) {
        self.tasks.push(Box::pin(work));
    }

    /// Runs all to the end on so many threads, beginning in the order in which they were spawned.
    pub(crate) fn run(self, threads: usize) {
        let shared = Arc::new(Shared {
            ready: Mutex::new(Ready {
                queue: VecDeque::new(),
                left: self.tasks.len(),
            }),
            changed: Condvar::new(),
        });
        for work in self.tasks {
            // SAFETY: the threads below end when every task is done and dropped, and are joined in this function; a
            // waker that outlives it finds no work in its task.
            let work = unsafe { std::mem::transmute::<Work<'t>, Work<'static>>(work) };
            let task = Arc::new(Task {
                work: Mutex::new(Some(work)),
                queued: AtomicBool::new(false),
                shared: shared.clone(),
            });
            task.wake();
        }
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| shared.work());
            }
        });
    }
}

impl Shared {
    fn work(&self) {
        let _on_panic = EndsOnPanic(self);
        loop {
            let mut ready = self.ready.lock().unwrap();
            let task = loop {
                if ready.left == 0 {
                    return;
                }
                match ready.queue.pop_front() {
                    Some(task) => break task,
                    None => ready = self.changed.wait(ready).unwrap(),
                }
            };
            drop(ready);
            task.run();
        }
    }
}

/// Ends the run when a task panics, so that the test fails instead of waiting for the rest.
struct EndsOnPanic<'s>(&'s Shared);

impl Drop for EndsOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.ready.lock().unwrap().left = 0;
            self.0.changed.notify_all();
        }
    }
}

impl Task {
    fn run(self: Arc<Task>) {
        let waker = Waker::from(self.clone());
        let mut work = self.work.lock().unwrap();
        self.queued.store(false, Ordering::SeqCst);
        let Some(future) = work.as_mut() else {
            return;
        };
        if let Poll::Ready(()) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            *work = None;
            let mut ready = self.shared.ready.lock().unwrap();
            ready.left -= 1;
            if ready.left == 0 {
                self.shared.changed.notify_all();
            }
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::SeqCst) {
            return;
        }
        let shared = self.shared.clone();
        shared.ready.lock().unwrap().queue.push_back(self);
        shared.changed.notify_one();
    }
}

/// Lets the others go first, once.
pub(crate) async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(|cx| {
        if gave {
            return Poll::Ready(());
        }
        gave = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
