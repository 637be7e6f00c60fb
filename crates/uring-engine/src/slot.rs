//! One in-flight operation: its payload, its waker, its state.
//!
//! A slot is two cache lines. The payload lies in it when it fits [`INLINE_SIZE`] bytes, else behind a box; either way
//! its address stays the same while the kernel may use it, because slots never move.
//!
//! ```text
//! Free ── start ──> Waiting ── last completion ──> Done ── poll or drop of the handle ──> Free
//!                      └── drop of the handle ──> Abandoned ── last completion, discard ──> Free
//! Free ── start ──> Stream ── last completion ──> Ended ── drop of the handle ──> Free
//!                      └── drop of the handle ──> AbandonedStream ── last completion, discard ──> Free
//! ```
//!
//! **Invariant:** the payload is initialised in every state but `Free`. While the state is `Waiting`, `Stream`,
//! `Abandoned` or `AbandonedStream` the kernel may use what it points at, and it is only reached through `&mut` by the
//! operation's own callbacks.

use std::cell::{Cell, UnsafeCell};
use std::mem::{MaybeUninit, align_of, size_of};
use std::task::Waker;

use crate::completion::Completion;

/// Largest payload that needs no box.
pub(crate) const INLINE_SIZE: usize = 80;
const INLINE_ALIGN: usize = 16;

/// "No slot" or "no node" in a list.
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// In the free list.
    Free,
    /// Submitted; the handle waits for the one result.
    Waiting,
    /// The last completion came; the handle has not looked yet.
    Done,
    /// The handle is gone; the last completion has not come.
    Abandoned,
    /// As `Waiting`, for a multishot operation.
    Stream,
    /// As `Done`, for a multishot operation; items may still be queued.
    Ended,
    /// As `Abandoned`, for a multishot operation.
    AbandonedStream,
    /// Shutdown could not get it back from the kernel; its payload is never touched again.
    Leaked,
}

/// What the engine may do with a payload whose type it does not know.
pub(crate) struct VTable {
    /// Hands a completion nobody waits for to the operation; for the last one, the payload is gone afterwards.
    pub(crate) discard: unsafe fn(&Slot, Completion, last: bool),
}

#[repr(C, align(64))]
pub(crate) struct Slot {
    pub(crate) generation: Cell<u32>,
    /// `Free`: the next free slot. Multishot: the first queued completion.
    pub(crate) link: Cell<u32>,
    /// Multishot: the last queued completion. In a chain: the slot of the next operation.
    pub(crate) tail: Cell<u32>,
    pub(crate) state: Cell<State>,
    /// A cancellation was asked for.
    pub(crate) cancelling: Cell<bool>,
    /// Cancellations sent to the kernel.
    pub(crate) cancels: Cell<u8>,
    /// The first completion came, and its result is in `completion`.
    pub(crate) answered: Cell<bool>,
    /// The result, once it is known; before that what [`Waiting`](crate::Waiting) notes of the operation.
    pub(crate) completion: Cell<Completion>,
    pub(crate) vtable: Cell<Option<&'static VTable>>,
    pub(crate) waker: Cell<Option<Waker>>,
    payload: UnsafeCell<MaybeUninit<Payload>>,
}

#[repr(C, align(16))]
struct Payload([u8; INLINE_SIZE]);

const _: () = assert!(size_of::<Slot>() == 128 && size_of::<Payload>() == INLINE_SIZE);

impl Slot {
    pub(crate) fn empty() -> Slot {
        Slot {
            generation: Cell::new(0),
            link: Cell::new(NONE),
            tail: Cell::new(NONE),
            state: Cell::new(State::Free),
            cancelling: Cell::new(false),
            cancels: Cell::new(0),
            answered: Cell::new(false),
            completion: Cell::new(Completion {
                result: 0,
                flags: 0,
            }),
            vtable: Cell::new(None),
            waker: Cell::new(None),
            payload: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    const fn fits<T>() -> bool {
        size_of::<T>() <= INLINE_SIZE && align_of::<T>() <= INLINE_ALIGN
    }

    /// Stores a payload.
    ///
    /// # Safety
    ///
    /// The slot holds none.
    #[inline]
    pub(crate) unsafe fn put<T>(&self, value: T) {
        let place = self.payload.get();
        if const { Slot::fits::<T>() } {
            // SAFETY: the place is large and aligned enough, and holds nothing that would have to be dropped.
            unsafe { place.cast::<T>().write(value) };
        } else {
            // SAFETY: a pointer fits; as above.
            unsafe { place.cast::<*mut T>().write(Box::into_raw(Box::new(value))) };
        }
    }

    /// Where the payload is.
    ///
    /// # Safety
    ///
    /// The slot holds a payload of type `T`.
    #[inline]
    pub(crate) unsafe fn payload<T>(&self) -> *mut T {
        let place = self.payload.get();
        if const { Slot::fits::<T>() } {
            place.cast::<T>()
        } else {
            // SAFETY: `put` stored the box's pointer there.
            unsafe { place.cast::<*mut T>().read() }
        }
    }

    /// Takes the payload out.
    ///
    /// # Safety
    ///
    /// The slot holds a payload of type `T`, which it no longer does afterwards, and the kernel is done with it.
    #[inline]
    pub(crate) unsafe fn take<T>(&self) -> T {
        let place = self.payload.get();
        if const { Slot::fits::<T>() } {
            // SAFETY: passed on to the caller.
            unsafe { place.cast::<T>().read() }
        } else {
            // SAFETY: `put` stored the pointer of a box there, which is made whole again once.
            *unsafe { Box::from_raw(place.cast::<*mut T>().read()) }
        }
    }

    /// Whether the kernel may still use the payload.
    pub(crate) fn in_kernel(&self) -> bool {
        matches!(
            self.state.get(),
            State::Waiting | State::Stream | State::Abandoned | State::AbandonedStream
        )
    }

    /// Stores a waker and returns the one it replaces, which the caller drops when no borrow is held. A waker that
    /// would wake the same task is kept.
    #[inline]
    #[must_use]
    pub(crate) fn set_waker(&self, waker: &Waker) -> Option<Waker> {
        match self.waker.take() {
            Some(old) if old.will_wake(waker) => {
                self.waker.set(Some(old));
                None
            }
            None => {
                self.replace_waker(waker);
                None
            }
            old => {
                self.replace_other_waker(waker);
                old
            }
        }
    }

    #[inline]
    fn replace_waker(&self, waker: &Waker) {
        // The clone is foreign code: it runs while the cell is empty and nothing is borrowed.
        let replacement = waker.clone();
        let meanwhile = self.waker.replace(Some(replacement));
        drop(meanwhile);
    }

    /// Of an operation that another task polled before. Never inlined, so that a call stack tells that this is the engine's.
    #[cold]
    #[inline(never)]
    fn replace_other_waker(&self, waker: &Waker) {
        self.replace_waker(waker);
    }
}
