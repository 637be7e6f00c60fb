//! The node of one wait.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr;
use core::task::{RawWakerVTable, Waker};

use crate::sync::{AtomicUsize, Ordering, UnsafeCell, const_unless_loom};

const IDLE: usize = 0;
const WAITING: usize = 1;
/// Every greater value is a notification with the token `state - NOTIFIED`.
const NOTIFIED: usize = 2;

/// What a notification hands over: a number of the caller's, less than [`usize::MAX`] - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub usize);

/// One wait, as a node in a future: idle, waiting in a [`WaitList`](super::WaitList), or notified.
///
/// Its methods are for its owner, the future that holds it pinned.
pub struct Waiter {
    state: AtomicUsize,
    stored: Cell<Identity>,
    /// There while the waiter is linked: a future that is ready at once neither writes them nor has them to drop.
    links: UnsafeCell<MaybeUninit<Links>>,
    _pinned: PhantomPinned,
}

/// What a waiter is at, to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Idle,
    Waiting,
    Notified(Token),
}

/// What the lock of the queue protects.
pub(super) struct Links {
    pub(super) previous: *const Waiter,
    pub(super) next: *const Waiter,
    pub(super) tag: usize,
    pub(super) waker: Option<Waker>,
}

/// Of the waker that is stored. It may differ from that of the waker it was cloned from, which may be gone, and its address
/// somebody else's, while the clone lives.
pub(super) type Identity = (*const (), *const RawWakerVTable);

// SAFETY: the links are touched under the queue's lock; `stored` is touched by the owner of the pinned waiter alone, and
// is compared, not followed.
unsafe impl Send for Waiter {}
// SAFETY: as above; nothing of a shared `Waiter` can be reached from outside the crate.
unsafe impl Sync for Waiter {}

impl Waiter {
    const_unless_loom! {
        /// A waiter in no queue.
        ///
        /// Whoever lets it wait takes it out again before it is dropped.
        pub const fn new() -> Waiter {
            Waiter {
                state: AtomicUsize::new(IDLE),
                stored: Cell::new((ptr::null(), ptr::null())),
                links: UnsafeCell::new(MaybeUninit::uninit()),
                _pinned: PhantomPinned,
            }
        }
    }

    /// Whether it neither waits nor holds a notification.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.state.load(Ordering::Relaxed) == IDLE
    }

    /// What it is at; a notification is taken by that, and it is idle then. Needs no lock.
    #[inline]
    pub(crate) fn take_standing(&self) -> Standing {
        match self.state.load(Ordering::Acquire) {
            IDLE => Standing::Idle,
            WAITING => Standing::Waiting,
            state => {
                self.state.store(IDLE, Ordering::Relaxed);
                Standing::Notified(Token(state - NOTIFIED))
            }
        }
    }

    /// Takes the notification, if there is one, and is idle then. Needs no lock.
    #[inline]
    pub fn take_notified(&self) -> Option<Token> {
        match self.take_standing() {
            Standing::Notified(token) => Some(token),
            Standing::Idle | Standing::Waiting => None,
        }
    }

    /// Whether the waker stored last would wake the same task. Needs no lock: while the waiter waits, that waker is stored
    /// still, or is being woken.
    #[inline]
    pub fn has_stored(&self, waker: &Waker) -> bool {
        self.stored.get() == identity(waker)
    }

    /// Notes that the waiter is linked, with this waker; under the lock, by its owner.
    #[inline]
    pub(super) fn set_waiting(&self, stored: Identity) {
        self.stored.set(stored);
        self.state.store(WAITING, Ordering::Relaxed);
    }

    /// Notes that the waiter is in no queue any more; under the lock, by its owner.
    #[inline]
    pub(super) fn set_idle(&self) {
        self.state.store(IDLE, Ordering::Relaxed);
    }

    /// Exchanges the stored waker, for the owner.
    ///
    /// # Safety
    ///
    /// The waiter waits, and the lock of its list is held.
    #[inline]
    pub unsafe fn swap_waker(self: Pin<&Self>, waker: &mut Option<Waker>) {
        self.stored.set(identity_of(waker));
        // SAFETY: the waiter is linked, and the caller holds the lock that protects its links.
        unsafe { Waiter::edit(&*self, |links| core::mem::swap(&mut links.waker, waker)) };
    }

    /// Makes the links of a waiter that is about to be linked.
    ///
    /// # Safety
    ///
    /// The waiter is alive and not linked, and the lock of its list is held.
    #[inline]
    pub(super) unsafe fn write(waiter: *const Waiter, new: Links) {
        // SAFETY: the caller promises that the waiter is alive; nobody else touches the links without the lock.
        unsafe { (*waiter).links.with_mut(|links| (*links).write(new)) };
    }

    /// Takes the links of a waiter that was linked until now.
    ///
    /// # Safety
    ///
    /// The waiter is alive and was linked, the links were not taken since, and the lock of its list is held.
    #[inline]
    pub(super) unsafe fn take(waiter: *const Waiter) -> Links {
        // SAFETY: as in `edit`; and the caller promises that they are taken once.
        unsafe {
            (*waiter)
                .links
                .with_mut(|links| (*links).assume_init_read())
        }
    }

    /// Works on the links of a waiter that is linked.
    ///
    /// # Safety
    ///
    /// The waiter is alive and linked, and the lock of its list is held.
    #[inline]
    pub(super) unsafe fn edit<R>(waiter: *const Waiter, work: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: the caller promises that the waiter is alive, and linked, since when its links are there; nobody else
        // touches them without the lock.
        unsafe {
            (*waiter)
                .links
                .with_mut(|links| work((*links).assume_init_mut()))
        }
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

impl Default for Waiter {
    fn default() -> Waiter {
        Waiter::new()
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("is_idle", &self.is_idle())
            .finish_non_exhaustive()
    }
}

/// The identity of a waker that is to be stored; of none, one that no waker has.
#[inline]
pub(super) fn identity_of(waker: &Option<Waker>) -> Identity {
    waker.as_ref().map_or((ptr::null(), ptr::null()), identity)
}

#[inline]
fn identity(waker: &Waker) -> Identity {
    (waker.data(), waker.vtable())
}
