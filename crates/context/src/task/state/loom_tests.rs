//! Models of the races that the page of [`state`](super) names.

use super::{Notify, Shared};
use crate::sync::{AtomicUsize, Ordering};
use loom::{cell::UnsafeCell, sync::Arc, thread};

/// A task reduced to what the word guards: data that notifiers publish, an output, and a "freed" mark that nobody
/// may set twice.
struct Model {
    shared: Shared,
    inbox: AtomicUsize,
    data: [AtomicUsize; 2],
    output: UnsafeCell<Option<u32>>,
    freed: AtomicUsize,
}

impl Model {
    fn new(shared: Shared) -> Arc<Self> {
        Arc::new(Self {
            shared,
            inbox: AtomicUsize::new(0),
            data: [AtomicUsize::new(0), AtomicUsize::new(0)],
            output: UnsafeCell::new(None),
            freed: AtomicUsize::new(0),
        })
    }

    fn free(&self) {
        assert_eq!(self.freed.fetch_add(1, Ordering::AcqRel), 0, "freed twice");
    }

    /// As `free`, with an access that races with whoever still uses the task.
    fn free_memory(&self) {
        self.output.with_mut(|output| unsafe { *output = Some(0) });
        self.free();
    }

    fn push(&self) {
        assert_eq!(
            self.inbox.fetch_add(1, Ordering::AcqRel),
            0,
            "in the inbox twice"
        );
    }

    /// The home thread empties its inbox; true if the task was in it.
    fn drain(&self) -> bool {
        if self.inbox.swap(0, Ordering::AcqRel) == 1 {
            if self.shared.take().last {
                self.free();
            }
            return true;
        }
        false
    }
}

#[test]
fn loom_notify_and_take_lose_no_data() {
    loom::model(|| {
        let task = Model::new(Shared::spawned());
        let threads: Vec<_> = (0..2)
            .map(|n| {
                // A waker that the home thread cloned and counts.
                let task = task.clone();
                thread::spawn(move || {
                    task.data[n].store(1, Ordering::Relaxed);
                    if task.shared.notify() == Notify::Push {
                        task.push();
                    }
                    assert!(!task.shared.release());
                })
            })
            .collect();
        let mut seen = [0; 2];
        for _ in 0..2 {
            if task.drain() {
                for (n, seen) in seen.iter_mut().enumerate() {
                    *seen = task.data[n].load(Ordering::Relaxed);
                }
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
        if task.drain() {
            for (n, seen) in seen.iter_mut().enumerate() {
                *seen = task.data[n].load(Ordering::Relaxed);
            }
        }
        assert_eq!(seen, [1, 1], "a poll missed what its waker published");
        assert!(!task.shared.complete(2));
        assert!(task.shared.release());
    });
}

#[test]
fn loom_complete_races_with_wake_and_drop() {
    loom::model(|| {
        let task = Model::new(Shared::spawned());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let task = task.clone();
                thread::spawn(move || {
                    task.shared.retain();
                    if task.shared.notify() == Notify::Push {
                        task.push();
                    }
                    if task.shared.release() {
                        task.free();
                    }
                    if task.shared.release() {
                        task.free();
                    }
                })
            })
            .collect();
        assert!(!task.shared.complete(2));
        if task.shared.release() {
            task.free();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        task.drain();
        assert_eq!(task.freed.load(Ordering::Acquire), 1, "not freed");
    });
}

/// The end of a task that nobody else seems to hold: another thread was lent a waker, cloned it, and gave the first one
/// back, so the home thread counts none. It must not take the task for its own.
#[test]
fn loom_an_end_without_merging_leaves_nobody_behind() {
    loom::model(|| {
        let task = Model::new(Shared::spawned());
        let given_back = Arc::new(loom::sync::Mutex::new(false));
        let borrower = {
            let (task, given_back) = (task.clone(), given_back.clone());
            thread::spawn(move || {
                task.shared.retain();
                *given_back.lock().unwrap() = true;
                // Its clone keeps the task meanwhile.
                task.output
                    .with(|output| unsafe { assert_eq!(*output, None) });
                if task.shared.release() {
                    task.free_memory();
                }
            })
        };
        // The waker that was lent, counted at home until it is back and dropped.
        let references = if *given_back.lock().unwrap() { 0 } else { 1 };
        if references == 0 && task.shared.is_private() {
            task.free_memory();
        } else {
            assert!(!task.shared.complete(references));
            if task.shared.release() {
                task.free_memory();
            }
        }
        borrower.join().unwrap();
        // Given back after the end, and dropped then.
        if references == 1 && task.shared.release() {
            task.free_memory();
        }
        assert_eq!(task.freed.load(Ordering::Acquire), 1, "not freed");
    });
}

#[test]
fn loom_the_output_is_dropped_or_taken_once() {
    loom::model(|| {
        let task = Model::new(Shared::submitted());
        task.push();
        let handle = {
            let task = task.clone();
            thread::spawn(move || {
                if task.shared.forgo() {
                    let output = task.output.with_mut(|slot| unsafe { (*slot).take() });
                    assert_eq!(output, Some(7));
                }
                if task.shared.release() {
                    task.free();
                }
            })
        };
        assert!(task.drain());
        task.output.with_mut(|slot| unsafe { *slot = Some(7) });
        if !task.shared.complete(0) {
            let output = task.output.with_mut(|slot| unsafe { (*slot).take() });
            assert_eq!(output, Some(7));
        }
        if task.shared.release() {
            task.free();
        }
        handle.join().unwrap();
        assert_eq!(task.freed.load(Ordering::Acquire), 1, "not freed");
        assert_eq!(
            task.output.with(|slot| unsafe { *slot }),
            None,
            "nobody took the output"
        );
    });
}

#[test]
fn loom_abort_reaches_the_home_thread() {
    loom::model(|| {
        let task = Model::new(Shared::spawned());
        let aborter = {
            let task = task.clone();
            thread::spawn(move || {
                if task.shared.abort() == Notify::Push {
                    task.push();
                }
            })
        };
        let waker = {
            let task = task.clone();
            thread::spawn(move || {
                if task.shared.notify() == Notify::Push {
                    task.push();
                }
            })
        };
        let mut aborted = false;
        for _ in 0..3 {
            if task.inbox.swap(0, Ordering::AcqRel) == 1 {
                aborted |= task.shared.take().abort;
            }
            thread::yield_now();
        }
        aborter.join().unwrap();
        waker.join().unwrap();
        if task.inbox.swap(0, Ordering::AcqRel) == 1 {
            aborted |= task.shared.take().abort;
        }
        assert!(aborted, "an abort was lost");
    });
}
