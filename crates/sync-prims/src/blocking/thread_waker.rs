//! A waker that unparks a thread, without an allocation: the thread's own handle is the waker's data.

use core::mem::{ManuallyDrop, transmute};
use core::task::{RawWaker, RawWakerVTable, Waker};
use std::thread::{self, Thread};

/// A waker that unparks the calling thread.
pub(super) fn thread_waker() -> Waker {
    // SAFETY: the functions of `VTABLE` treat the data as the `Thread` that it is, which can be used from any thread.
    unsafe { Waker::from_raw(raw(thread::current())) }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| raw(Thread::clone(&borrowed(data))),
    |data| owned(data).unpark(),
    |data| borrowed(data).unpark(),
    |data| drop(owned(data)),
);

fn raw(thread: Thread) -> RawWaker {
    // SAFETY: a handle is moved into a pointer of the same size (or this does not compile), which keeps all of its
    // bytes and what they point to. It is only ever moved back.
    let data = unsafe { transmute::<Thread, *const ()>(thread) };
    RawWaker::new(data, &VTABLE)
}

/// The handle that `raw` moved into the pointer; the caller gives the pointer up.
fn owned(data: *const ()) -> Thread {
    // SAFETY: `data` comes from `raw`, as it does in every waker with this table.
    unsafe { transmute::<*const (), Thread>(data) }
}

/// The same, while the waker keeps it.
fn borrowed(data: *const ()) -> ManuallyDrop<Thread> {
    ManuallyDrop::new(owned(data))
}
