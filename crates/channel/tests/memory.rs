//! What a channel needs of the allocator: nothing for a wait, nothing for a message once it has memory, and it gives back
//! what a burst has taken.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;

use channel::{Channel, Receiver, Sender};
use support::{Wakes, poll_with};

/// Counts, for each thread, the allocations and the bytes that are in use.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static IN_USE: Cell<isize> = const { Cell::new(0) };
}

fn count(allocations: usize, bytes: isize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    IN_USE.set(IN_USE.get() + bytes);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: passed on to the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn messages_and_waits_allocate_nothing_in_the_steady_state() {
    assert!(allocations(|| drop(Box::new(1))) > 0, "the counter counts");
    for capacity in [0, 1, 16, 1024, usize::MAX] {
        let (sender, receiver) = channel::bounded(capacity);
        let work = || exchange(&sender, &receiver, capacity.min(64));
        work();
        assert_eq!(
            allocations(|| (0..100).for_each(|_| work())),
            0,
            "{capacity}"
        );
    }
    let in_place = Channel::<u64, 16>::new();
    let work = || {
        (0..16).for_each(|number| in_place.try_send(number).unwrap());
        (0..16).for_each(|number| assert_eq!(in_place.try_recv(), Ok(number)));
    };
    assert_eq!(allocations(work), 0);
}

/// Fills it, with one that waits on either side.
fn exchange(sender: &Sender<u64>, receiver: &Receiver<u64>, messages: usize) {
    let wakes = WAKES.with(Clone::clone);
    let waker = wakes.waker();
    {
        let mut receive = pin!(receiver.recv());
        assert!(poll_with(receive.as_mut(), &waker).is_pending());
        let mut given_up = pin!(receiver.recv());
        assert!(poll_with(given_up.as_mut(), &waker).is_pending());
        let mut send = pin!(sender.send(7));
        let _ = poll_with(send.as_mut(), &waker);
        assert!(poll_with(receive.as_mut(), &waker).is_ready());
    }
    (0..messages).for_each(|number| sender.try_send(number as u64).unwrap());
    if sender.capacity() == messages {
        let mut reserve = pin!(sender.reserve());
        let _ = poll_with(reserve.as_mut(), &waker);
        let mut send = pin!(sender.send(7));
        assert!(poll_with(send.as_mut(), &waker).is_pending());
    }
    assert_eq!(receiver.try_iter().count(), messages);
}

thread_local! {
    static WAKES: std::sync::Arc<Wakes> = Wakes::new();
}

#[test]
fn memory_comes_back_after_a_burst() {
    const BURST: usize = 1_000_000;
    let (sender, receiver) = channel::unbounded();
    let before = IN_USE.get();
    for round in 0..2 {
        (0..BURST).for_each(|number| sender.try_send(number).unwrap());
        let taken = IN_USE.get() - before;
        assert!(taken >= (BURST * size_of::<usize>()) as isize, "{taken}");
        (0..BURST).for_each(|number| assert_eq!(receiver.try_recv(), Ok(number)));
        let kept = IN_USE.get() - before;
        let allowed = 1024 * size_of::<usize>();
        assert!(
            kept <= allowed as isize,
            "{kept} bytes are kept after burst {round}"
        );
    }
}

/// The same when it is taken in batches, and when the channel is closed meanwhile.
#[test]
fn memory_comes_back_after_a_batch() {
    const BURST: usize = 100_000;
    let (sender, receiver) = channel::bounded(BURST);
    let before = IN_USE.get();
    let mut batch = (0..BURST).collect();
    assert_eq!(sender.try_send_many(&mut batch), Ok(BURST));
    drop(batch);
    let mut into = Vec::new();
    assert_eq!(receiver.try_recv_many(&mut into, BURST), Ok(BURST));
    drop(into);
    assert!(IN_USE.get() - before <= (1024 * size_of::<usize>()) as isize);
}
