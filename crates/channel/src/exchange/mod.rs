//! The one send and receive core under every channel.
//!
//! # The protocol
//!
//! One short lock protects everything a channel knows ([`State`]): its messages, its places, its waiters. Every operation
//! is one transition under that lock, so there is no race inside a channel to reason about; what remains are the waiters'
//! own states, which may be read without the lock. They are those of [`sync_prims::raw::Waiter`].
//!
//! *A message is never with a waiting receiver.* It is with its sender, in the buffer, or returned by a receive that has
//! ended. So a receive can be dropped at any moment, and what it leaves behind is at most a notification, which is passed
//! on. A sender that waits offers its message in its own future; whoever takes it from there does so under the lock and
//! tells the sender in the same step. So a dropped send either had no effect, or its message had entered the channel.
//!
//! | event | under the lock | after it |
//! |---|---|---|
//! | send, there is a place and nobody waits for one | put in, notify the first receiver | wake it |
//! | send, else | link behind the senders, with the offer; if nothing is buffered, notify the first receiver | wake it |
//! | receive, something is buffered | take the oldest; let waiting senders move up | wake them |
//! | receive, nothing is buffered, a sender offers | take it from the sender, notify the sender | wake it |
//! | receive, else | link behind the receivers | |
//! | receive, notified, and another has taken the message | link before the receivers | |
//! | receive, notified, dropped | if there is something to take, notify the next receiver | wake it |
//! | close | no more senders; release all senders | wake all, in batches |
//! | closed, and the last message is taken, the last place given back | release all receivers, and those who wait for it | wake all, in batches |
//!
//! Capacity 0 is no special case: there is never a place, so every message goes from sender to receiver. Where there are
//! places, but all of them are reserved, messages go the same way; an offer behind a sender that wants places is found when
//! it is the first one, so each of these steps ends with a look at that ([`pass_offer_on`](State::pass_offer_on)).
//!
//! An *eager* channel has one more transition: a message may enter without a place when a receiver waits, which is notified by
//! that and waits no more. Until it has looked, there is one place more. Should it be dropped, the message is in the buffer, for
//! others.
//!
//! # What runs without the lock
//!
//! Wakers (`clone`, `wake`, `drop`), destructors of messages, and the making and freeing of memory.
//!
//! # Cost
//!
//! A send or receive that does not wait takes the lock once and has no other atomic read-modify-write.

mod batch;
mod before;
mod buffer;
mod lock;
#[cfg(all(test, loom))]
mod loom_tests;
mod on_panic;
mod permit;
mod ready;
mod recv;
mod send;
mod send_from;
mod slot;
mod state;
mod until;
mod wait;

pub use batch::{RecvManyFuture, SendManyFuture};
pub use before::{RecvBefore, SendBefore};
use buffer::Buffer;
pub use buffer::Resizable;
pub(crate) use buffer::{Array, Heap};
pub(crate) use lock::StateLock;
pub(crate) use lock::Unshared;
pub use lock::{Form, Inline, Local, Shared};
pub use permit::{Permit, ReserveFuture};
pub use ready::ReadyFuture;
pub use recv::RecvFuture;
#[cfg(feature = "futures")]
pub(crate) use send::Offering;
pub use send::SendFuture;
pub use send_from::SendFromFuture;
pub(crate) use slot::Claim;
pub(crate) use state::State;
pub(crate) use until::End;
pub use until::UntilFuture;

use core::task::Waker;

use sync_prims::raw::WakeBatch;

use crate::error::{SendError, TryRecvError, TrySendError};
use on_panic::OnPanic;
use slot::Slot;
use state::{Offered, Taken};

/// A channel without its handles.
pub(crate) struct Exchange<F: Form> {
    lock: F::Lock,
}

/// Why a message cannot be put in.
#[derive(Clone, Copy)]
enum Refused {
    Full,
    Closed,
}

/// Wakes whoever a transition under the lock, which is released by now, has notified.
#[inline]
fn wake_some(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

type Guard<'c, F> = <<F as Form>::Lock as StateLock<State<<F as Form>::Buffer>>>::Guard<'c>;

impl<F: Form> Exchange<F> {
    pub(crate) const fn new(lock: F::Lock) -> Exchange<F> {
        Exchange { lock }
    }

    #[inline(always)]
    fn lock(&self) -> Guard<'_, F> {
        self.lock.lock()
    }

    /// Sends if that needs no wait.
    #[inline(always)]
    pub(crate) fn try_send(&self, message: F::Item) -> Result<(), TrySendError<F::Item>> {
        let slot = Slot::full(message);
        // SAFETY: the slot is full, and nobody else knows it; it is looked into again only if the message stayed there.
        unsafe {
            match self.put_from(&slot) {
                Ok(receiver) => {
                    wake_some(receiver);
                    Ok(())
                }
                Err(Refused::Full) => Err(TrySendError::Full(slot.take())),
                Err(Refused::Closed) => Err(TrySendError::Closed(slot.take())),
            }
        }
    }

    /// Puts the message of a slot in, if nobody is overtaken by that; else it stays there. The receiver that is to look is
    /// to be woken by the caller, once it has taken note: a waker may panic.
    ///
    /// # Safety
    ///
    /// There is a message in the slot, and it belongs to the caller.
    #[inline(always)]
    unsafe fn put_from(&self, slot: &Slot<F::Item>) -> Result<Option<Waker>, Refused> {
        loop {
            let mut state = self.lock();
            if !state.open {
                return Err(Refused::Closed);
            }
            if !state.may_enter() {
                return Err(Refused::Full);
            }
            if state.buffer.spare() == 0 {
                drop(state);
                self.make_memory(1);
                continue;
            }
            // SAFETY: the message is the caller's, and after `Ok` the caller does not touch it.
            return Ok(state.put(unsafe { slot.take() }));
        }
    }

    /// Takes a message if that needs no wait.
    #[inline(always)]
    pub(crate) fn try_recv(&self) -> Result<F::Item, TryRecvError> {
        match self.take() {
            Taken::Value(value) => Ok(value),
            Taken::Empty => Err(TryRecvError::Empty),
            Taken::Complete => Err(TryRecvError::Closed),
        }
    }

    #[inline(always)]
    fn take(&self) -> Taken<F::Item> {
        loop {
            if let Some(taken) = self.take_from(self.lock()) {
                return taken;
            }
        }
    }

    /// Takes the oldest message, and wakes whom that concerns. `None`: it is worth another try.
    #[inline(always)]
    fn take_from<'c>(&'c self, mut state: Guard<'c, F>) -> Option<Taken<F::Item>> {
        if let Some(value) = state.buffer.pop() {
            if state.has_changed_much() {
                self.settle(state);
            }
            return Some(Taken::Value(value));
        }
        if state.senders.is_empty() {
            return Some(state.nothing());
        }
        self.take_offered(state)
    }

    /// Takes what a waiting sender offers, from a channel that holds nothing. `None`: that message was sent elsewhere.
    #[inline(never)]
    fn take_offered<'c>(&'c self, mut state: Guard<'c, F>) -> Option<Taken<F::Item>> {
        let (taken, sender) = match state.take_offered() {
            Offered::Message(message, sender) => (Some(Taken::Value(message)), sender),
            Offered::Lost(sender) => (None, sender),
            Offered::Nothing => return Some(state.nothing()),
        };
        if state.may_have_missed_offers() {
            let mut wakes = WakeBatch::new();
            wakes.push_some(sender);
            self.settle_and_wake(state, wakes);
        } else {
            drop(state);
            wake_some(sender);
        }
        taken
    }

    /// Lets others have what the last transition made possible, releases the lock and wakes them.
    #[inline(never)]
    fn settle<'c>(&'c self, state: Guard<'c, F>) {
        self.settle_and_wake(state, WakeBatch::new());
    }

    /// The same, when some are to be woken already. If a waker panics, the rest is done while the panic unwinds.
    fn settle_and_wake<'c>(&'c self, mut state: Guard<'c, F>, mut wakes: WakeBatch) {
        loop {
            let settled = state.settle(&mut wakes);
            let complete = settled && state.is_complete();
            if complete {
                state.receivers.release_all();
                state.until_complete.release_all();
            }
            let memory_is_idle = settled && state.buffer.has_idle_memory();
            let needs_memory = !settled && state.buffer.spare() == 0;
            drop(state);
            let on_panic = OnPanic(self, |exchange| exchange.settle(exchange.lock()));
            wakes.wake_all();
            if complete {
                self.wake_released();
            }
            if memory_is_idle || needs_memory {
                self.add_memory(needs_memory.into());
            }
            core::mem::forget(on_panic);
            if settled {
                return;
            }
            state = self.lock();
        }
    }

    /// Makes memory for more messages, as many of them as there is room for, or gives idle memory back; without the lock.
    #[cold]
    fn add_memory(&self, more: usize) {
        let room = self.lock().room();
        self.make_memory(more.min(room.max(1)));
    }

    /// The same, however much room there is.
    #[cold]
    fn make_memory(&self, more: usize) {
        let wanted = self.lock().buffer.wants_memory(more);
        let mut memory = F::Buffer::allocate(wanted);
        self.lock().buffer.exchange(&mut memory);
    }

    /// No message may enter any more. `false` if it was closed before.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.lock();
        if !core::mem::replace(&mut state.open, false) {
            return false;
        }
        state.senders.release_all();
        state.until_closed.release_all();
        if state.is_complete() {
            state.receivers.release_all();
            state.until_complete.release_all();
        }
        drop(state);
        self.wake_released();
        true
    }

    /// Closes, and drops what is buffered, and what is sent into reserved places after: nobody is left to receive it.
    pub(crate) fn abandon(&self) {
        self.close();
        self.lock().abandoned = true;
        while let Taken::Value(value) = self.take() {
            drop(value);
        }
    }

    /// Wakes all who were released, to the last: if a waker panics, the rest is woken while the panic unwinds.
    fn wake_released(&self) {
        let on_panic = OnPanic(self, Exchange::wake_released);
        let mut batch = WakeBatch::new();
        loop {
            let more = self.lock().notify_released(&mut batch);
            batch.wake_all();
            if !more {
                break;
            }
        }
        core::mem::forget(on_panic);
    }

    /// Puts a message in even if that pushes the oldest one out, which is handed back; at capacity 0 that is the message
    /// itself.
    pub(crate) fn force_send(&self, value: F::Item) -> Result<Option<F::Item>, SendError<F::Item>> {
        let mut value = value;
        loop {
            match self.try_send(value) {
                Ok(()) => return Ok(None),
                Err(TrySendError::Closed(value)) => return Err(SendError(value)),
                Err(TrySendError::Full(back)) => value = back,
            }
            let mut state = self.lock();
            if !state.open || state.room() > 0 && state.senders.is_empty() {
                continue;
            }
            if !state.buffer.can_replace() {
                drop(state);
                self.make_memory(1);
                continue;
            }
            let Some(oldest) = state.buffer.pop() else {
                return Ok(Some(value));
            };
            // Its place goes to the new message before anybody who waits: nothing that was sent is overtaken, because
            // those who wait have not sent.
            let receiver = state.put(value);
            let memory_is_idle = state.buffer.has_idle_memory();
            drop(state);
            if memory_is_idle {
                self.make_memory(0);
            }
            if let Some(receiver) = receiver {
                receiver.wake();
            }
            return Ok(Some(oldest));
        }
    }

    /// Changes how many messages may be buffered, and lets those who wait have what that changes for them.
    pub(crate) fn set_capacity(&self, capacity: usize)
    where
        F::Buffer: Resizable,
    {
        let mut state = self.lock();
        state.had_places |= state.buffer.capacity() > 0;
        state.buffer.set_capacity(capacity);
        self.settle(state);
    }

    pub(crate) fn is_closed(&self) -> bool {
        !self.lock().open
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.lock().is_complete()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().buffer.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.lock().buffer.capacity()
    }
}

impl<F: Form> core::fmt::Debug for Exchange<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let state = self.lock();
        let (len, capacity, is_closed) = (state.buffer.len(), state.buffer.capacity(), !state.open);
        drop(state);
        f.debug_struct("Channel")
            .field("len", &len)
            .field("capacity", &capacity)
            .field("is_closed", &is_closed)
            .finish()
    }
}
