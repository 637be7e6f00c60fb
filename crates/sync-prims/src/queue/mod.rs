//! The queue of waiters under every primitive of this crate.
//!
//! # Who owns what
//!
//! A [`Waiter`] is a node inside a future; registering it links it into a [`Queue`] inside a primitive. Nothing is
//! allocated. The future is pinned while it is linked and unlinks itself on drop, and it borrows (or counts) the
//! primitive, so neither can go away under the other.
//!
//! | part | written by | read by |
//! |------|------------|---------|
//! | [`WaitList`], and of a waiter: links, tag, stored waker | whoever holds the queue's lock | the same |
//! | a waiter's `state` | under the lock; its owner alone once it is notified or was never linked | its owner, with or without the lock |
//! | a waiter's `stored` (which waker it stored last) | its owner | its owner |
//!
//! # States of a waiter
//!
//! ```text
//!           poll: link                 notify: unlink, take waker
//!   idle ───────────────▶ waiting ─────────────────────────────────▶ notified(token)
//!    ▲                       │                                            │
//!    └── drop: unlink ───────┴────────────── poll, drop: take token ──────┘
//! ```
//!
//! A token says what the notification hands over (a lock, a permit, the news that all were told). Whoever takes it from
//! the waiter owns it: a poll returns it, a drop must pass it on. The primitive decides how.
//!
//! # Telling all
//!
//! [`Locked::release_all`] moves every waiter into a second list in one step, which is the moment they are told; what
//! follows takes them from there, [`BATCH`](wake_batch::BATCH) at a time, and wakes them without the lock. Whoever comes
//! later stands in the first list and is not concerned, and a notification of one never meets a waiter that was told
//! already.
//!
//! # Foreign code
//!
//! A waker's `clone` runs before the lock is taken, its `wake` and `drop` after it was released. Under the lock nothing
//! panics and nothing calls back. One waker that panics, or several, do not cost the others their wake; the first panic
//! goes on to the caller.
//!
//! # Races
//!
//! - *Register and notify*: the primitive looks at its word again under the lock, in the `admit` closure of
//!   [`Queue::poll`]; a notifier that finds waiters takes the lock. So the waiter either sees the new word or is found.
//! - *Cancel and notify*: both take the lock. The loser of the two finds `notified`, and the token is passed on; or finds
//!   nobody, and tells the next.
//! - *Poll and notify*: the notifier's last touch of a waiter is the store of `notified` (release), which the owner
//!   loads (acquire) and may then free the node, before the notifier releases the lock.
//! - *A poll with another waker*: the new one is cloned first; under the lock it replaces the old one only if the waiter
//!   is still waiting. The old one is dropped after.
//! - *A repeated poll with the same waker* compares it with `stored` and takes no lock. If the notifier has taken the
//!   stored waker meanwhile, it wakes it after, and that is this same task.
//! - *Two that tell all at once* share the second list; each returns when it has found it empty, and may have woken the
//!   other's waiters. All of them were told before either began to wake.

mod list;
mod quietly;
mod waiter;
mod wake_batch;

#[cfg(all(test, loom))]
mod loom_tests;

use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::sync::{Lock, LockGuard, const_unless_loom};
pub use list::WaitList;
pub(crate) use quietly::quietly;
use waiter::Standing;
pub use waiter::{Token, Waiter};
pub use wake_batch::WakeBatch;

/// What [`Queue::poll`] does with a waiter that is not in the queue yet.
pub(crate) enum Admission<R> {
    /// There is no need to wait.
    Enter(R),
    /// There is no need to wait, and all who do are told, in the same step; see [`Locked::release_all`].
    TellAll { value: R, token: Token },
    /// Wait behind all others; `tag` is for the primitive.
    Back { tag: usize },
    /// Wait before all others.
    Front { tag: usize },
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited<R> {
    /// At the first look.
    Entered(R),
    /// By a notification.
    Notified(Token),
}

/// What [`Queue::cancel`] found.
pub(crate) enum Cancelled<'q> {
    /// The waiter was in no queue.
    Idle,
    /// It was waiting and is so no more. The lock is held, so that the primitive can settle what this changes.
    Removed(Locked<'q>),
    /// It was notified, and nobody will poll it: what the token stands for must be passed on.
    Notified(Token),
}

/// Waiters in the order of their arrival.
pub(crate) struct Queue {
    lists: Lock<WaitList>,
}

/// A queue whose lock is held. Dropping it releases the lock.
pub(crate) struct Locked<'q> {
    queue: &'q Queue,
    // Fields are dropped in this order: the waker's destructor is foreign and runs without the lock.
    lists: LockGuard<'q, WaitList>,
    _discarded: Option<Waker>,
}

impl Queue {
    const_unless_loom! {
        pub(crate) const fn new() -> Queue {
            Queue {
                lists: Lock::new(WaitList::new()),
            }
        }
    }

    /// Takes the lock.
    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_> {
        Locked {
            queue: self,
            lists: self.lists.lock(),
            _discarded: None,
        }
    }

    /// Polls a wait in this queue. `admit` decides, under the lock, about a waiter that is not linked yet.
    #[inline]
    pub(crate) fn poll<R>(
        &self,
        waiter: Pin<&mut Waiter>,
        cx: &mut Context<'_>,
        admit: impl FnOnce(&mut Locked<'_>) -> Admission<R>,
    ) -> Poll<Waited<R>> {
        let waiter = waiter.into_ref();
        match waiter.take_standing() {
            Standing::Notified(token) => Poll::Ready(Waited::Notified(token)),
            Standing::Idle => self.register(waiter, cx, admit),
            Standing::Waiting if waiter.has_stored(cx.waker()) => Poll::Pending,
            Standing::Waiting => self.replace_waker(waiter, cx.waker().clone()),
        }
    }

    fn register<R>(
        &self,
        waiter: Pin<&Waiter>,
        cx: &mut Context<'_>,
        admit: impl FnOnce(&mut Locked<'_>) -> Admission<R>,
    ) -> Poll<Waited<R>> {
        // Declared before the lock, so that it is dropped after it if there is no need to wait.
        let mut waker = Some(cx.waker().clone());
        let mut locked = self.lock();
        let (tag, front) = match admit(&mut locked) {
            Admission::Enter(value) => {
                drop(locked);
                return Poll::Ready(Waited::Entered(value));
            }
            Admission::TellAll { value, token } => {
                locked.release_all(token);
                return Poll::Ready(Waited::Entered(value));
            }
            Admission::Back { tag } => (tag, false),
            Admission::Front { tag } => (tag, true),
        };
        // SAFETY: the waiter is pinned, idle, and its owner cancels it before it goes away: see `Waiter::new`.
        unsafe { locked.lists.link(waiter, &mut waker, tag, front) };
        Poll::Pending
    }

    #[cold]
    fn replace_waker<R>(&self, waiter: Pin<&Waiter>, waker: Waker) -> Poll<Waited<R>> {
        // Declared before the lock: holds the new waker, then whichever of the two is not needed, and is dropped last.
        let mut waker = Some(waker);
        let locked = self.lock();
        if let Some(token) = waiter.take_notified() {
            drop(locked);
            return Poll::Ready(Waited::Notified(token));
        }
        // SAFETY: this queue's lock is held, and the waiter is linked into this queue.
        unsafe { waiter.swap_waker(&mut waker) };
        drop(locked);
        Poll::Pending
    }

    /// Ends a wait early. To be called before a waiter that was polled goes away.
    #[inline]
    pub(crate) fn cancel<'q>(&'q self, waiter: Pin<&mut Waiter>) -> Cancelled<'q> {
        let waiter = waiter.into_ref();
        match waiter.take_standing() {
            Standing::Idle => Cancelled::Idle,
            Standing::Notified(token) => Cancelled::Notified(token),
            Standing::Waiting => self.remove(waiter),
        }
    }

    fn remove<'q>(&'q self, waiter: Pin<&Waiter>) -> Cancelled<'q> {
        let mut locked = self.lock();
        if let Some(token) = waiter.take_notified() {
            return Cancelled::Notified(token);
        }
        // SAFETY: the lock is held and the waiter is linked into this queue.
        locked._discarded = unsafe { locked.lists.unlink(waiter) };
        Cancelled::Removed(locked)
    }
}

impl<'q> Locked<'q> {
    /// Whether nobody waits; those who were told already do not count.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.lists.first_tag().is_none()
    }

    /// The tag of the waiter that is next.
    #[inline]
    pub(crate) fn first_tag(&self) -> Option<usize> {
        self.lists.first_tag()
    }

    /// Notifies the waiter that is next, if there is one, and hands out its waker, to be woken without the lock.
    #[inline]
    pub(crate) fn notify_first(&mut self, token: Token) -> Option<Waker> {
        self.lists.notify_first(token)
    }

    /// Notifies the waiter that came last, if there is one, and hands out its waker, to be woken without the lock.
    pub(crate) fn notify_last(&mut self, token: Token) -> Option<Waker> {
        self.lists.notify_last(token)
    }

    /// Notifies from the front for as long as `book` has a token for the waiter that is next, and wakes them without the
    /// lock, a batch at a time.
    ///
    /// `book` runs under the lock. It gets the tag of the waiter that is next, and the token it returns is given to that
    /// waiter: what the token stands for has to be booked before. It gets `None` when nobody waits, and its answer is
    /// ignored then.
    pub(crate) fn notify_while(self, book: impl Fn(Option<usize>) -> Option<Token>) {
        wake_in_batches(self, |locked, batch| locked.notify_batch(batch, &book));
    }

    /// Fills the batch from the front; whether there may be more to notify.
    fn notify_batch(
        &mut self,
        batch: &mut WakeBatch,
        book: &impl Fn(Option<usize>) -> Option<Token>,
    ) -> bool {
        loop {
            let first = self.first_tag();
            if first.is_some() && batch.is_full() {
                return true;
            }
            match book(first) {
                Some(token) if first.is_some() => {
                    if let Some(waker) = self.notify_first(token) {
                        batch.push(waker);
                    }
                }
                _ => return false,
            }
        }
    }

    /// Tells all who wait now, as one step, and wakes them without the lock.
    ///
    /// All calls on one queue have to say the same token.
    pub(crate) fn release_all(mut self, token: Token) {
        self.lists.release_all();
        wake_in_batches(self, |locked, batch| {
            locked.lists.notify_released(token, batch)
        });
    }
}

/// Fills a batch under the lock and wakes it without, for as long as `fill` says that there is more.
///
/// If a waker panics, the others are woken while the panic unwinds.
fn wake_in_batches<F: Fn(&mut Locked<'_>, &mut WakeBatch) -> bool>(locked: Locked<'_>, fill: F) {
    struct Rest<'q, F: Fn(&mut Locked<'_>, &mut WakeBatch) -> bool>(&'q Queue, F);

    impl<F: Fn(&mut Locked<'_>, &mut WakeBatch) -> bool> Drop for Rest<'_, F> {
        fn drop(&mut self) {
            // A turn that ends in a panic as well has woken a batch.
            while !quietly(|| take_turns(self.0.lock(), &self.1)) {}
        }
    }

    let rest = Rest(locked.queue, fill);
    take_turns(locked, &rest.1);
    mem::forget(rest);
}

fn take_turns(mut locked: Locked<'_>, fill: impl Fn(&mut Locked<'_>, &mut WakeBatch) -> bool) {
    let queue = locked.queue;
    loop {
        let mut batch = WakeBatch::new();
        let more = fill(&mut locked, &mut batch);
        drop(locked);
        batch.wake_all();
        if !more {
            return;
        }
        locked = queue.lock();
    }
}
