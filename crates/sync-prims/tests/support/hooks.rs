//! A waker whose `clone`, `wake` and `drop` are closures.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{RawWaker, RawWakerVTable, Waker};

type Hook = Box<dyn Fn() + Send + Sync>;

/// What the wakers made from it do.
#[derive(Default)]
pub(crate) struct Hooks {
    /// Runs at the beginning of each clone of a waker.
    pub(crate) clone: Option<Hook>,
    /// Runs at each wake.
    pub(crate) wake: Option<Hook>,
    /// Runs before a waker goes that was not woken by value.
    pub(crate) drop: Option<Hook>,
    /// How often each of them ran, or would have run.
    pub(crate) calls: Calls,
}

/// How often wakers were cloned, woken and dropped.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    clones: AtomicUsize,
    wakes: AtomicUsize,
    drops: AtomicUsize,
}

impl Hooks {
    /// A waker with these hooks.
    pub(crate) fn waker(self: Arc<Hooks>) -> Waker {
        // SAFETY: the functions of `VTABLE` treat the data as what `raw` makes, and hooks may run on any thread.
        unsafe { Waker::from_raw(raw(self)) }
    }

    /// How often its wakers were cloned.
    pub(crate) fn clones(&self) -> usize {
        self.calls.clones.load(Ordering::SeqCst)
    }

    /// How often its wakers were woken.
    pub(crate) fn wakes(&self) -> usize {
        self.calls.wakes.load(Ordering::SeqCst)
    }

    /// How many of its wakers went without being woken by value.
    pub(crate) fn drops(&self) -> usize {
        self.calls.drops.load(Ordering::SeqCst)
    }

    /// How many wakers of these hooks exist; a test ends with none.
    pub(crate) fn wakers(self: &Arc<Hooks>) -> usize {
        Arc::strong_count(self) - 1
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let hooks = borrowed(data);
        run(&hooks.clone, &hooks.calls.clones);
        raw(Arc::clone(&hooks))
    },
    |data| woken(&owned(data)),
    |data| woken(&borrowed(data)),
    |data| {
        let hooks = owned(data);
        run(&hooks.drop, &hooks.calls.drops);
    },
);

fn woken(hooks: &Hooks) {
    run(&hooks.wake, &hooks.calls.wakes);
}

fn run(hook: &Option<Hook>, calls: &AtomicUsize) {
    calls.fetch_add(1, Ordering::SeqCst);
    if let Some(hook) = hook {
        hook();
    }
}

fn raw(hooks: Arc<Hooks>) -> RawWaker {
    RawWaker::new(Arc::into_raw(hooks).cast(), &VTABLE)
}

/// The count that the waker held, which gives it up.
fn owned(data: *const ()) -> Arc<Hooks> {
    // SAFETY: `data` comes from `raw`, as it does in every waker with this table.
    unsafe { Arc::from_raw(data.cast()) }
}

/// The same, while the waker keeps it.
fn borrowed(data: *const ()) -> ManuallyDrop<Arc<Hooks>> {
    ManuallyDrop::new(owned(data))
}
