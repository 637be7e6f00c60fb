//! A waker whose `clone`, `wake` and `drop` are closures.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
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
}

impl Hooks {
    /// A waker with these hooks.
    pub(crate) fn waker(self: Arc<Hooks>) -> Waker {
        // SAFETY: the functions of `VTABLE` treat the data as what `raw` makes, and hooks may run on any thread.
        unsafe { Waker::from_raw(raw(self)) }
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
        run(&hooks.clone);
        raw(Arc::clone(&hooks))
    },
    |data| run(&owned(data).wake),
    |data| run(&borrowed(data).wake),
    |data| run(&owned(data).drop),
);

fn run(hook: &Option<Hook>) {
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
