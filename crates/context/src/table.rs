//! The list of a context's live tasks, which any thread may read while the home thread spawns and ends tasks.
//!
//! The home thread changes the list twice for every task, other threads read it now and then, so the lock is biased
//! (after the asymmetric Dekker locks of Dice, Huang and Yang, 2001): the home thread's side is plain stores and a
//! load, and the reader pays for both sides with a `membarrier`.
//!
//! | word | written by | meaning |
//! |------|-----------|---------|
//! | `inside` | home | the home thread is changing the list |
//! | `wanted` | a reader, holding `readers` | a reader is reading or about to |
//! | `readers` | a mutex | readers one after another; also the home thread, when it finds `wanted` |
//!
//! Home: `inside = true`; *light fence*; if `!wanted`, change, `inside = false`. Otherwise `inside = false`, lock `readers`,
//! change, unlock.
//!
//! Reader: lock `readers`; `wanted = true`; *heavy fence*; wait until `!inside`; read; `wanted = false`; unlock.
//!
//! - *home × reader*: the two fences together order each side's store before its load, so at least one sees the
//!   other's store. If home sees `wanted` it waits for the mutex, which the reader holds for as long as it reads. If the
//!   reader sees `inside` it waits for the change, which contains no foreign code and no system call.
//! - The heavy fence is `membarrier(PRIVATE_EXPEDITED)`, which makes every running thread of the process pass a full
//!   barrier; the light fence then is a compiler barrier. Where the kernel refuses `membarrier` both are full fences.

use std::cell::Cell;
use std::sync::OnceLock;

use crate::sync::{AtomicBool, Mutex, Ordering, fence, yield_thread};
use crate::task::TaskPtr;

/// The list; see the module's page.
pub(crate) struct Table {
    lock: BiasedLock,
    head: Cell<Option<TaskPtr>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            lock: BiasedLock::new(heavy_fence_available()),
            head: Cell::new(None),
        }
    }

    /// Lists a task.
    ///
    /// # Safety
    ///
    /// On the home thread; the task is alive and not listed.
    #[inline]
    pub(crate) unsafe fn link(&self, task: TaskPtr) {
        self.lock.change(|| {
            let head = self.head.replace(Some(task));
            // SAFETY: listed tasks are alive, and the lock keeps readers out.
            unsafe {
                let header = task.header();
                header.table_previous.set(None);
                header.table_next.set(head);
                if let Some(head) = head {
                    head.header().table_previous.set(Some(task));
                }
            }
        });
    }

    /// Takes a task off the list.
    ///
    /// # Safety
    ///
    /// On the home thread; the task is listed.
    #[inline]
    pub(crate) unsafe fn unlink(&self, task: TaskPtr) {
        self.lock.change(|| {
            // SAFETY: listed tasks are alive, and the lock keeps readers out.
            unsafe {
                let header = task.header();
                let (previous, next) = (header.table_previous.get(), header.table_next.get());
                match previous {
                    Some(previous) => previous.header().table_next.set(next),
                    None => self.head.set(next),
                }
                if let Some(next) = next {
                    next.header().table_previous.set(previous);
                }
            }
        });
    }

    /// The task listed last.
    ///
    /// # Safety
    ///
    /// On the home thread.
    pub(crate) unsafe fn newest(&self) -> Option<TaskPtr> {
        self.head.get()
    }

    /// Calls `body` while the home thread can neither list nor end a task, and has published what it did before. As for
    /// [`for_each`](Self::for_each).
    pub(crate) fn locked(&self, body: impl FnOnce()) {
        self.lock.read(body);
    }

    /// Calls `visit` with every listed task, newest first, while the home thread can neither list nor end one. From any
    /// thread but the home thread inside a change; `visit` must be short and run no foreign code.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(TaskPtr)) {
        self.locked(|| {
            let mut next = self.head.get();
            while let Some(task) = next {
                visit(task);
                // SAFETY: listed tasks are alive, and the lock keeps the home thread from ending them.
                next = unsafe { task.header() }.table_next.get();
            }
        });
    }
}

/// The lock; see the module's page.
struct BiasedLock {
    inside: AtomicBool,
    wanted: AtomicBool,
    readers: Mutex<()>,
    heavy: bool,
}

impl BiasedLock {
    fn new(heavy: bool) -> Self {
        Self {
            inside: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            readers: Mutex::new(()),
            heavy,
        }
    }

    /// The home thread's side.
    #[inline]
    fn change<R>(&self, change: impl FnOnce() -> R) -> R {
        self.inside.store(true, Ordering::Relaxed);
        self.light_fence();
        // Acquire: pairs with the reader's release of `wanted`, so that its reads are over.
        if !self.wanted.load(Ordering::Acquire) {
            let result = change();
            self.inside.store(false, Ordering::Release);
            return result;
        }
        self.change_slowly(change)
    }

    #[cold]
    fn change_slowly<R>(&self, change: impl FnOnce() -> R) -> R {
        self.inside.store(false, Ordering::Release);
        let _readers = self.readers.lock();
        change()
    }

    /// Any other thread's side.
    fn read<R>(&self, read: impl FnOnce() -> R) -> R {
        let _readers = self.readers.lock();
        self.wanted.store(true, Ordering::Relaxed);
        self.heavy_fence();
        while self.inside.load(Ordering::Acquire) {
            yield_thread();
        }
        let result = read();
        self.wanted.store(false, Ordering::Release);
        result
    }

    #[inline]
    fn light_fence(&self) {
        if self.heavy {
            std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    fn heavy_fence(&self) {
        if !self.heavy || !membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
            fence(Ordering::SeqCst);
        }
    }
}

/// True if this process can use `membarrier`; registers it on the first call.
fn heavy_fence_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    // Loom sees no system call, so its models take the symmetric form.
    *AVAILABLE
        .get_or_init(|| !cfg!(loom) && membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
}

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: the call takes no pointer.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::UnsafeCell;
    use std::sync::Arc;

    struct Shared {
        lock: BiasedLock,
        pair: UnsafeCell<(u64, u64)>,
    }

    // SAFETY: the pair is touched under the lock only.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}

    #[test]
    fn a_reader_never_sees_half_a_change() {
        for heavy in [heavy_fence_available(), false] {
            let shared = Arc::new(Shared {
                lock: BiasedLock::new(heavy),
                pair: UnsafeCell::new((0, 0)),
            });
            let home = {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    for n in 1..=200_000 {
                        shared.lock.change(|| {
                            // SAFETY: inside the lock.
                            let pair = unsafe { &mut *shared.pair.get() };
                            pair.0 = n;
                            pair.1 = n;
                        });
                    }
                })
            };
            while !home.is_finished() {
                // SAFETY: inside the lock.
                let (a, b) = shared.lock.read(|| unsafe { *shared.pair.get() });
                assert_eq!(a, b);
            }
            home.join().unwrap();
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::{cell::UnsafeCell, sync::Arc, thread};

    #[test]
    fn loom_a_change_excludes_a_reader() {
        loom::model(|| {
            let lock = Arc::new((BiasedLock::new(false), UnsafeCell::new(0)));
            let reader = {
                let lock = lock.clone();
                thread::spawn(move || lock.0.read(|| lock.1.with(|value| unsafe { *value })))
            };
            for n in 1..=2 {
                lock.0
                    .change(|| lock.1.with_mut(|value| unsafe { *value = n }));
            }
            assert!(reader.join().unwrap() <= 2);
        });
    }
}
