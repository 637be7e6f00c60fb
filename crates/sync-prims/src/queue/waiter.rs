//! The node of one wait.

use core::cell::Cell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;
use core::task::{RawWakerVTable, Waker};

use crate::sync::{AtomicUsize, Ordering, UnsafeCell, const_unless_loom};

const IDLE: usize = 0;
const WAITING: usize = 1;
/// Every greater value is a notification with the token `state - NOTIFIED`.
const NOTIFIED: usize = 2;

/// What a notification hands over. Its values are the primitive's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(pub(crate) usize);

/// One wait, as a node in a future.
pub(crate) struct Waiter {
    state: AtomicUsize,
    stored: Cell<Identity>,
    pub(super) links: UnsafeCell<Links>,
    _pinned: PhantomPinned,
}

/// What the lock of the queue protects.
pub(super) struct Links {
    pub(super) previous: *const Waiter,
    pub(super) next: *const Waiter,
    pub(super) tag: usize,
    pub(super) waker: Option<Waker>,
}

type Identity = (*const (), *const RawWakerVTable);

// SAFETY: the links are touched under the queue's lock; `stored` is touched by the owner of the pinned waiter alone, and
// is compared, not followed.
unsafe impl Send for Waiter {}
// SAFETY: as above; nothing of a shared `Waiter` can be reached from outside the crate.
unsafe impl Sync for Waiter {}

impl Waiter {
    const_unless_loom! {
        /// A waiter in no queue.
        ///
        /// Whoever polls it in a queue calls [`Queue::cancel`](super::Queue::cancel) on that queue before it is dropped.
        pub(crate) const fn new() -> Waiter {
            Waiter {
                state: AtomicUsize::new(IDLE),
                stored: Cell::new((ptr::null(), ptr::null())),
                links: UnsafeCell::new(Links {
                    previous: ptr::null(),
                    next: ptr::null(),
                    tag: 0,
                    waker: None,
                }),
                _pinned: PhantomPinned,
            }
        }
    }

    /// For its owner, who alone leaves and enters this state.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.state.load(Ordering::Relaxed) == IDLE
    }

    /// For its owner: takes the notification, if there is one, and is idle then.
    #[inline]
    pub(super) fn take_notified(&self) -> Option<Token> {
        let state = self.state.load(Ordering::Acquire);
        if state < NOTIFIED {
            return None;
        }
        self.state.store(IDLE, Ordering::Relaxed);
        Some(Token(state - NOTIFIED))
    }

    /// Whether the waker stored last would wake the same task; for the owner.
    #[inline]
    pub(super) fn has_stored(&self, waker: &Waker) -> bool {
        self.stored.get() == identity(waker)
    }

    #[inline]
    pub(super) fn remember_stored(&self, waker: &Waker) {
        self.stored.set(identity(waker));
    }

    /// Notes that the waiter is linked; under the lock.
    #[inline]
    pub(super) fn set_waiting(&self) {
        self.state.store(WAITING, Ordering::Relaxed);
    }

    /// Notes that the waiter is in no queue any more; under the lock, by its owner.
    #[inline]
    pub(super) fn set_idle(&self) {
        self.state.store(IDLE, Ordering::Relaxed);
    }

    /// Exchanges the stored waker.
    ///
    /// # Safety
    ///
    /// The lock of the queue that the waiter is linked into is held.
    #[inline]
    pub(super) unsafe fn swap_waker(self: Pin<&Self>, waker: &mut Option<Waker>) {
        // SAFETY: the caller holds the lock that protects the links.
        self.links
            .with_mut(|links| unsafe { core::mem::swap(&mut (*links).waker, waker) });
    }

    /// The last touch of a waiter that is no longer linked: its owner may free it at once.
    ///
    /// # Safety
    ///
    /// `waiter` was linked until now, and the lock is held since.
    #[inline]
    pub(super) unsafe fn notify(waiter: *const Waiter, token: Token) {
        // SAFETY: the owner cannot free the waiter before it has seen this store, or without the lock.
        unsafe { &(*waiter).state }.store(NOTIFIED + token.0, Ordering::Release);
    }
}

#[inline]
fn identity(waker: &Waker) -> Identity {
    (waker.data(), waker.vtable())
}
