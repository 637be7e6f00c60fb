//! The lists that a queue's lock protects: those who wait, and those who were told but not woken yet.
//!
//! Both are intrusive and doubly linked. A list does not move its nodes and does not own them.

use core::fmt;
use core::pin::Pin;
use core::ptr;
use core::task::Waker;

use super::waiter::{Links, Token, Waiter, identity_of};
use super::wake_batch::WakeBatch;

/// Waiters in the order of their arrival, to be kept under a lock of one's own.
///
/// It does not own its waiters, does no locking and wakes nobody: it hands out wakers, to be woken when the lock was
/// released. Who waits stands in a first list; [`release_all`](WaitList::release_all) moves all of them to a second one, whose
/// waiters were told but are not woken yet.
pub struct WaitList {
    waiting: List,
    released: List,
}

#[derive(Clone, Copy)]
struct List {
    first: *const Waiter,
    last: *const Waiter,
}

// SAFETY: the pointers are to waiters that are pinned while they are linked, and are followed under the lock alone.
unsafe impl Send for WaitList {}

impl List {
    const EMPTY: List = List {
        first: ptr::null(),
        last: ptr::null(),
    };
}

impl WaitList {
    /// A list of nobody.
    pub const fn new() -> WaitList {
        WaitList {
            waiting: List::EMPTY,
            released: List::EMPTY,
        }
    }

    /// Lets an idle waiter wait, before or behind the others; takes the waker. `tag` is the caller's.
    ///
    /// # Safety
    ///
    /// - The waiter is in no list, and stays pinned and alive until it is notified or unlinked from this one.
    /// - Until then this list stays where it is, and is used by one thread at a time.
    pub unsafe fn link(
        &mut self,
        waiter: Pin<&Waiter>,
        waker: &mut Option<Waker>,
        tag: usize,
        front: bool,
    ) {
        let new: *const Waiter = waiter.get_ref();
        let stored = identity_of(waker);
        let (previous, next) = if front {
            (ptr::null(), self.waiting.first)
        } else {
            (self.waiting.last, ptr::null())
        };
        let links = Links {
            previous,
            next,
            tag,
            waker: waker.take(),
        };
        // SAFETY: the caller promises an idle waiter, and has the list.
        unsafe { Waiter::write(new, links) };
        match node(previous) {
            Some(previous) => edit(previous, |links| links.next = new),
            None => self.waiting.first = new,
        }
        match node(next) {
            Some(next) => edit(next, |links| links.previous = new),
            None => self.waiting.last = new,
        }
        waiter.set_waiting(stored);
    }

    /// Takes a waiter out of whichever list it is in, for its owner; hands out its waker.
    ///
    /// # Safety
    ///
    /// The waiter was linked into this list and not notified since.
    pub unsafe fn unlink(&mut self, waiter: Pin<&Waiter>) -> Option<Waker> {
        let waker = self.take_out(waiter.get_ref());
        waiter.set_idle();
        waker
    }

    /// Whether nobody waits; those who were told already do not count.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.waiting.first.is_null()
    }

    /// Of those who wait, what the first was linked with.
    #[inline]
    pub fn first_tag(&self) -> Option<usize> {
        node(self.waiting.first).map(|first| edit(first, |links| links.tag))
    }

    /// Notifies the first of those who wait; hands out its waker.
    #[inline]
    pub fn notify_first(&mut self, token: Token) -> Option<Waker> {
        let first = node(self.waiting.first)?;
        self.notify(first, token)
    }

    /// Notifies the last of those who wait; hands out its waker.
    pub fn notify_last(&mut self, token: Token) -> Option<Waker> {
        let last = node(self.waiting.last)?;
        self.notify(last, token)
    }

    /// Moves all who wait behind those who were told. What follows is [`notify_released`](WaitList::notify_released), until
    /// nobody is left.
    pub fn release_all(&mut self) {
        let Some(first) = node(self.waiting.first) else {
            return;
        };
        match node(self.released.last) {
            Some(last) => {
                edit(last, |links| links.next = first);
                edit(first, |links| links.previous = last);
                self.released.last = self.waiting.last;
            }
            None => self.released = self.waiting,
        }
        self.waiting = List::EMPTY;
    }

    /// Notifies some of those who were told, as many as the batch has room for; whether there are more.
    pub fn notify_released(&mut self, token: Token, batch: &mut WakeBatch) -> bool {
        while let Some(first) = node(self.released.first) {
            if batch.is_full() {
                return true;
            }
            if let Some(waker) = self.notify(first, token) {
                batch.push(waker);
            }
        }
        false
    }

    #[inline]
    fn notify(&mut self, told: *const Waiter, token: Token) -> Option<Waker> {
        let waker = self.take_out(told);
        // SAFETY: `told` was linked until the line above, under the lock that is still held.
        unsafe { Waiter::notify(told, token) };
        waker
    }

    #[inline]
    fn take_out(&mut self, leaving: *const Waiter) -> Option<Waker> {
        // SAFETY: whoever is in a list is alive, and was linked until now.
        let Links {
            previous,
            next,
            waker,
            ..
        } = unsafe { Waiter::take(leaving) };
        match node(previous) {
            Some(previous) => edit(previous, |links| links.next = next),
            None if self.waiting.first == leaving => self.waiting.first = next,
            None => self.released.first = next,
        }
        match node(next) {
            Some(next) => edit(next, |links| links.previous = previous),
            None if self.waiting.last == leaving => self.waiting.last = previous,
            None => self.released.last = previous,
        }
        waker
    }
}

impl Default for WaitList {
    fn default() -> WaitList {
        WaitList::new()
    }
}

impl fmt::Debug for WaitList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitList")
            .field("is_empty", &self.is_empty())
            .finish_non_exhaustive()
    }
}

/// `None` for the pointer of a list's end.
#[inline]
fn node(pointer: *const Waiter) -> Option<*const Waiter> {
    (!pointer.is_null()).then_some(pointer)
}

/// Works on the links of a node that is in a list.
#[inline]
fn edit<R>(waiter: *const Waiter, work: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: every pointer in a list is to a waiter that is pinned and alive until it is taken out, and the caller
    // holds the lock (it has the `WaitList`), so this is the only access to the links.
    unsafe { Waiter::edit(waiter, work) }
}
