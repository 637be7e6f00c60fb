//! One waker per child, all in one shared block: each says who was woken and passes the first wake of a batch on to
//! the task that waits.
//!
//! A child's waker points at its [`Slot`] in an `Arc<[Slot]>` and counts as one strong reference to it. The slot
//! knows its own place and the length of the slice, which is what it takes to get the `Arc` back. The shared state
//! lives in the first slot, and dies with the slice.
//!
//! Cloning, waking and dropping a child's waker allocates nothing. Polling a child borrows the block's reference
//! instead of counting another one.

use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{RawWaker, RawWakerVTable, Waker};

use atomic_waker::AtomicWaker;

use super::ready::ReadySet;
use crate::task::waker;

/// The wakers of a group of children, and the set of those that were woken.
#[derive(Debug)]
pub(super) struct ChildWakers {
    slots: Arc<[Slot]>,
}

#[derive(Debug)]
struct Slot {
    index: u32,
    count: u32,
    /// Present in the first slot only.
    shared: Option<Box<Shared>>,
}

#[derive(Debug)]
struct Shared {
    woken: ReadySet,
    parent: AtomicWaker,
    /// The id of the task that the parent wakes, 0 if it is none: for those who show what tasks wait on.
    task: AtomicU64,
}

impl ChildWakers {
    /// Wakers for `count` children, at least one.
    ///
    /// # Panics
    ///
    /// If `count` is zero or does not fit into 32 bits.
    pub(super) fn new(count: usize) -> ChildWakers {
        assert!(count > 0, "a group without children needs no wakers");
        let total = u32::try_from(count).expect("a group has fewer than 2^32 children");
        let mut shared = Some(Box::new(Shared {
            woken: ReadySet::new(count),
            parent: AtomicWaker::new(),
            task: AtomicU64::new(0),
        }));
        let slots = (0..total)
            .map(|index| Slot {
                index,
                count: total,
                shared: shared.take(),
            })
            .collect();
        ChildWakers { slots }
    }

    /// Says who waits for the children. To be called before their wakes are taken.
    pub(super) fn register(&self, waker: &Waker) {
        let shared = self.shared();
        shared.task.store(task_of(waker).unwrap_or(0), Relaxed);
        shared.parent.register(waker);
    }

    /// Calls `visit` for each child that was woken since the last call, in ascending order.
    pub(super) fn take_woken(&self, visit: impl FnMut(usize)) {
        self.shared().woken.take(visit);
    }

    /// Calls `body` with the waker of one child.
    pub(super) fn with_waker<R>(&self, index: usize, body: impl FnOnce(&Waker) -> R) -> R {
        let slots = Arc::as_ptr(&self.slots);
        assert!(index < self.slots.len());
        // SAFETY: `index` is within the slice, which keeps the provenance of the whole allocation.
        let slot = unsafe { slots.cast::<Slot>().add(index) };
        // SAFETY: `slot` points into an `Arc<[Slot]>`, as the functions of the table demand. The waker owns no
        // reference, but is never dropped, and `self.slots` outlives it; its clones count their own.
        let waker = unsafe { ManuallyDrop::new(Waker::new(slot.cast(), &VTABLE)) };
        body(&waker)
    }

    fn shared(&self) -> &Shared {
        shared(&self.slots)
    }
}

fn shared(slots: &[Slot]) -> &Shared {
    let first = slots.first().and_then(|slot| slot.shared.as_deref());
    first.expect("the first slot holds the shared state")
}

/// The id of the task that a waker wakes in the end: a task's own waker, or that of a child, of whatever depth.
pub(crate) fn task_of(waker: &Waker) -> Option<u64> {
    if !ptr::eq(waker.vtable(), &VTABLE) {
        return waker::task_of(waker);
    }
    // SAFETY: a waker with this vtable is one of this module's, and keeps its block.
    let (slots, _) = unsafe { slots_of(waker.data()) };
    // SAFETY: as above; the block is never borrowed mutably.
    let task = shared(unsafe { &*slots }).task.load(Relaxed);
    (task != 0).then_some(task)
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// The slice that a child's waker points into, and the child's place in it.
///
/// # Safety
///
/// `data` must come from [`ChildWakers::with_waker`], and the block must be alive.
unsafe fn slots_of(data: *const ()) -> (*const [Slot], usize) {
    let slot = data.cast::<Slot>();
    // SAFETY: by contract `data` points to a slot of a live block; slots never change.
    let (index, count) = unsafe { ((*slot).index as usize, (*slot).count as usize) };
    // SAFETY: this slot is `index` slots after the first of the same allocation, and `data` was derived from a
    // pointer to the whole slice.
    let first = unsafe { slot.sub(index) };
    (ptr::slice_from_raw_parts(first, count), index)
}

/// # Safety
///
/// As for [`slots_of`].
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the contract is passed on.
    let (slots, _) = unsafe { slots_of(data) };
    // SAFETY: `slots` is what `Arc::into_raw` would return for the block, and the block is alive.
    unsafe { Arc::increment_strong_count(slots) };
    RawWaker::new(data, &VTABLE)
}

/// # Safety
///
/// As for [`slots_of`]; gives up the reference that the waker owns.
unsafe fn wake(data: *const ()) {
    // SAFETY: the contract is passed on, and the reference is given up after its last use. If the parent's wake
    // panics the block leaks, which is harmless.
    unsafe {
        wake_by_ref(data);
        drop_waker(data);
    }
}

/// # Safety
///
/// As for [`slots_of`].
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the contract is passed on.
    let (slots, index) = unsafe { slots_of(data) };
    // SAFETY: the block is alive as long as the waker that is being used, and is never borrowed mutably.
    let shared = shared(unsafe { &*slots });
    if shared.woken.add(index) {
        shared.parent.wake();
    }
}

/// # Safety
///
/// As for [`slots_of`]; gives up the reference that the waker owns.
unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the contract is passed on.
    let (slots, _) = unsafe { slots_of(data) };
    // SAFETY: `slots` is what `Arc::into_raw` would return for the block, and the waker owns a reference.
    unsafe { Arc::decrement_strong_count(slots) };
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::ChildWakers;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Count>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn taken(wakers: &ChildWakers) -> Vec<usize> {
        let mut woken = Vec::new();
        wakers.take_woken(|index| woken.push(index));
        woken
    }

    #[test]
    fn each_waker_names_its_child() {
        let wakers = ChildWakers::new(100);
        let clones: Vec<_> = (0..100)
            .map(|index| wakers.with_waker(index, Waker::clone))
            .collect();
        for (index, waker) in clones.into_iter().enumerate().step_by(7) {
            if index % 2 == 0 {
                waker.wake_by_ref();
            } else {
                waker.wake();
            }
        }
        assert_eq!(taken(&wakers), (0..100).step_by(7).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_wakes_the_parent_once() {
        let count = Arc::new(Count::default());
        let parent = Waker::from(Arc::clone(&count));
        let wakers = ChildWakers::new(3);
        wakers.register(&parent);
        wakers.with_waker(0, Waker::wake_by_ref);
        wakers.with_waker(2, Waker::wake_by_ref);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        wakers.register(&parent);
        assert_eq!(taken(&wakers), [0, 2]);
        wakers.with_waker(1, Waker::wake_by_ref);
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_waker_that_outlives_the_group_is_harmless() {
        let count = Arc::new(Count::default());
        let wakers = ChildWakers::new(2);
        wakers.register(&Waker::from(Arc::clone(&count)));
        let slots = Arc::downgrade(&wakers.slots);
        let waker = wakers.with_waker(1, Waker::clone);
        drop(wakers);
        waker.wake_by_ref();
        assert!(slots.upgrade().is_some());
        drop(waker);
        assert!(slots.upgrade().is_none());
        // The parent's waker went with the block.
        assert_eq!(Arc::strong_count(&count), 1);
    }

    #[test]
    fn wakers_of_one_child_wake_the_same() {
        let wakers = ChildWakers::new(2);
        let first = wakers.with_waker(0, Waker::clone);
        assert!(wakers.with_waker(0, |waker| waker.will_wake(&first)));
        assert!(!wakers.with_waker(1, |waker| waker.will_wake(&first)));
    }
}
