//! A channel that has one value: the latest.
//!
//! ```
//! use channel::watch;
//!
//! # sync_prims::blocking::block_on(async {
//! let (sender, mut receiver) = watch::channel("starting");
//! assert_eq!(*receiver.borrow(), "starting");
//! sender.send("ready")?;
//! receiver.changed().await.unwrap();
//! assert_eq!(*receiver.borrow_and_update(), "ready");
//! # Ok::<(), channel::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! Receivers see that there is another value than the one they have seen, not every value in between. What comes after the
//! value of [`channel`] is sent while there is a receiver; a sender can [`subscribe`](Sender::subscribe) more of them. When
//! the last sender is gone, receivers still have the last value, and are told that there will be no other.
//!
//! # What a borrow blocks
//!
//! Nothing. A value stands in an [`Arc`]: [`borrow`](Receiver::borrow) counts one more owner of it, and a send puts
//! another value in its place. So a [`Ref`] may be kept for as long as one likes, over an `await` too; it just does not
//! change any more. The price is one allocation for each value that is sent, and that [`Sender::send_modify`]
//! works on a clone.
//!
//! # The protocol
//!
//! One short lock protects the place of the value, the handles' counts and the waiters; every operation is one transition
//! under it. A word beside it says which version the value has, and whether it is the last one. It is written under the lock,
//! and read without.
//!
//! | event | under the lock | after it |
//! |---|---|---|
//! | send | exchange the value, next version; release all receivers that wait | wake them; drop the old value |
//! | modify | the same, if the version still is that of the value that was cloned; else again from the beginning | |
//! | wait for a change, the version is another one | – (no lock) | |
//! | wait for a change, else | look at the version again; link | |
//! | the last sender goes | mark the version as the last one; release all receivers | wake them |
//! | the last receiver goes | release all senders that wait for that | wake them |
//!
//! Races: *wait and send*: the version is looked at again under the lock, in which the send exchanges it and releases those
//! who wait. *Two that modify*: the second one to come finds another version, and works on the value of the first one.
//! *Look without the lock*: the version is written after the value was made (release), and read before anything else
//! (acquire), so that what was done before a send is visible after [`changed`](Receiver::changed).
//!
//! No foreign code runs under the lock: no predicate, no closure, no waker, no clone and no destructor of a value.
//!
//! # Cost
//!
//! A send makes one allocation and takes the lock once. A [`changed`](Receiver::changed) that finds a change is one load. A
//! borrow takes the lock once, and is two atomic read-modify-writes beside it: one more owner, and one less.

mod changed;
mod closed;
mod receiver;
mod sender;

#[cfg(all(test, loom))]
mod loom_tests;

pub use changed::{Changed, WaitFor};
pub use closed::Closed;
pub use receiver::{Receiver, Ref};
pub use sender::Sender;

use alloc::sync::Arc;
use core::fmt;

use sync_prims::raw::{Lock, LockGuard, Token, WaitList, WakeBatch};

use crate::sync::{AtomicUsize, Ordering};

/// All are told the same: look.
const LOOK: Token = Token(0);

/// Makes a channel with its first value, which the receiver has seen already; its first two handles.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        version: AtomicUsize::new(Version::default().0),
        lock: Lock::new(State {
            value: Arc::new(value),
            version: Version::default(),
            senders: 1,
            receivers: 1,
            until_changed: WaitList::new(),
            until_closed: WaitList::new(),
        }),
    });
    (
        Sender::new(shared.clone()),
        Receiver::new(shared, Version::default()),
    )
}

/// Which value it is; in its lowest bit, whether it is the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Version(usize);

impl Version {
    const LAST: usize = 1;
    const STEP: usize = 2;

    fn next(self) -> Version {
        Version(self.0.wrapping_add(Version::STEP))
    }

    fn previous(self) -> Version {
        Version(self.0.wrapping_sub(Version::STEP))
    }

    /// Of the same value, when there will be no other.
    fn last(self) -> Version {
        Version(self.0 | Version::LAST)
    }

    fn is_last(self) -> bool {
        self.0 & Version::LAST != 0
    }

    /// Whether both are of the same value.
    fn is_of_same(self, other: Version) -> bool {
        self.last() == other.last()
    }
}

/// What the handles of a channel share.
struct Shared<T> {
    /// A copy of the state's, to be looked at without the lock.
    version: AtomicUsize,
    lock: Lock<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    version: Version,
    senders: usize,
    receivers: usize,
    /// Receivers that wait for another value.
    until_changed: WaitList,
    /// Senders that wait until there is no receiver.
    until_closed: WaitList,
}

impl<T> Shared<T> {
    fn lock(&self) -> LockGuard<'_, State<T>> {
        self.lock.lock()
    }

    #[inline]
    fn version(&self) -> Version {
        Version(self.version.load(Ordering::Acquire))
    }

    /// Puts another value in place of the one there is, if `may` says so of the state; hands out the one that
    /// is not needed any more.
    fn replace(
        &self,
        value: Arc<T>,
        may: impl FnOnce(&State<T>) -> bool,
    ) -> Result<Arc<T>, Arc<T>> {
        let mut state = self.lock();
        if !may(&state) {
            return Err(value);
        }
        let old = core::mem::replace(&mut state.value, value);
        let next = state.version.next();
        self.set_version(&mut state, next);
        state.until_changed.release_all();
        self.wake_released(state);
        Ok(old)
    }

    #[inline]
    fn set_version(&self, state: &mut State<T>, version: Version) {
        state.version = version;
        self.version.store(version.0, Ordering::Release);
    }

    /// The value, and which it is.
    fn get(&self) -> (Arc<T>, Version) {
        let state = self.lock();
        (state.value.clone(), state.version)
    }

    /// Releases the lock, and wakes all who were released, to the last: if a waker panics, the rest is woken while the panic
    /// unwinds.
    fn wake_released<'s>(&'s self, mut state: LockGuard<'s, State<T>>) {
        struct OnPanic<'s, T>(&'s Shared<T>);

        impl<T> Drop for OnPanic<'_, T> {
            fn drop(&mut self) {
                self.0.wake_released(self.0.lock());
            }
        }

        let mut wakes = WakeBatch::new();
        while state.until_changed.notify_released(LOOK, &mut wakes)
            || state.until_closed.notify_released(LOOK, &mut wakes)
        {
            drop(state);
            let on_panic = OnPanic(self);
            wakes.wake_all();
            core::mem::forget(on_panic);
            state = self.lock();
        }
        drop(state);
        wakes.wake_all();
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, _) = self.get();
        f.debug_struct("Channel")
            .field("value", &value)
            .finish_non_exhaustive()
    }
}
