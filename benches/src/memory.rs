//! An allocator that counts: how often something allocates, and what it keeps.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};

static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static KEPT: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator, counting while it is asked to. Otherwise it costs a load of a flag that is never written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

// SAFETY: everything is the system's allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize, 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize, 1);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize, 1);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize), 0);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[inline]
fn count(bytes: isize, allocations: u64) {
    if COUNTS.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Ordering::Relaxed);
        LIVE.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// How often all threads together allocate while `work` runs; 0 in a program whose allocator is another.
pub(crate) fn allocations_during(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    counting(work);
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Runs a burst through a channel that `make` makes, and notes what the channel has more than before it.
pub(crate) fn burst<C>(make: impl FnOnce() -> C, burst: impl FnOnce(&mut C)) {
    let mut channel = make();
    let before = LIVE.load(Ordering::Relaxed);
    counting(|| burst(&mut channel));
    KEPT.store(LIVE.load(Ordering::Relaxed) - before, Ordering::Relaxed);
}

/// What the last burst left, in bytes; 0 in a program whose allocator is another.
pub(crate) fn kept() -> f64 {
    KEPT.load(Ordering::Relaxed) as f64
}

fn counting<T>(work: impl FnOnce() -> T) -> T {
    COUNTS.store(true, Ordering::Relaxed);
    let output = work();
    COUNTS.store(false, Ordering::Relaxed);
    output
}
