//! What the process has in use: descriptors, memory from the allocator, memory from the kernel.
//!
//! The allocator counts, so that a leak of one small allocation in a million cancellations shows. Memory mapped by other
//! means, as the buffers of a context, shows in what is resident; that can only be compared roughly.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::support::open_descriptors;

/// Bytes more than before that are no leak: what the standard library keeps for threads and output.
const ALLOCATED_TOLERANCE: i64 = 4096;

/// As for what is resident: free memory that the allocator cannot give back because something next to it is in use. A
/// leak of 16 bytes for each of a million cancellations is 15 MiB.
const RESIDENT_TOLERANCE: i64 = 4 << 20;

/// A fault on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// Every hundredth cancellation leaks as many bytes.
    Memory(usize),
    /// Every thousandth cancellation leaks a descriptor.
    Descriptors,
}

impl Planted {
    pub(crate) fn leak(self, cancellations: u64) {
        match self {
            Planted::Memory(bytes) if cancellations.is_multiple_of(100) => {
                // Where a search for lost memory finds it: it is not what such a search is for.
                static LEAKED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
                let mut leaked = LEAKED.lock().unwrap_or_else(PoisonError::into_inner);
                leaked.push(vec![1; bytes]);
            }
            Planted::Descriptors if cancellations.is_multiple_of(1000) => {
                std::mem::forget(std::fs::File::open("/dev/null").expect("it is there"));
            }
            _ => {}
        }
    }
}

/// What is in use at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) descriptors: usize,
    /// Bytes that were allocated and not freed.
    pub(crate) allocated: i64,
    /// Bytes of physical memory.
    pub(crate) resident: i64,
}

impl Usage {
    /// What is in use now, after the allocator gave back what it could.
    pub(crate) fn now() -> Self {
        // SAFETY: glibc's function has no requirements.
        unsafe { libc::malloc_trim(0) };
        Self {
            descriptors: open_descriptors(),
            allocated: ALLOCATED.load(Relaxed),
            resident: resident(),
        }
    }

    /// Says what is in use that was not before.
    pub(crate) fn leaks(self, before: Self) -> Vec<String> {
        let mut leaks = Vec::new();
        if self.descriptors != before.descriptors {
            leaks.push(format!(
                "{} descriptors are open, {} were before",
                self.descriptors, before.descriptors
            ));
        }
        if self.allocated - before.allocated > ALLOCATED_TOLERANCE {
            leaks.push(format!(
                "{} bytes are allocated, {} were before, and at most {ALLOCATED_TOLERANCE} more are no leak",
                self.allocated, before.allocated
            ));
        }
        leaks
    }

    /// As [`leaks`](Self::leaks), resident memory included: for a process that does nothing else.
    pub(crate) fn leaks_of_process(self, before: Self) -> Vec<String> {
        let mut leaks = self.leaks(before);
        if self.resident - before.resident > RESIDENT_TOLERANCE {
            leaks.push(format!(
                "{} bytes are resident, {} were before, and at most {RESIDENT_TOLERANCE} more are no leak",
                self.resident, before.resident
            ));
        }
        leaks
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} descriptors, {} bytes allocated, {} KiB resident",
            self.descriptors,
            self.allocated,
            self.resident / 1024
        )
    }
}

fn resident() -> i64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<i64>().ok())
        .expect("/proc/self/statm has the resident pages");
    // SAFETY: a question without arguments that could be wrong.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

/// The system's allocator, with a count.
struct Counting;

static ALLOCATED: AtomicI64 = AtomicI64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as i64, Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as i64, Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as i64, Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size as i64 - layout.size() as i64, Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { System.realloc(memory, layout, size) }
    }
}
