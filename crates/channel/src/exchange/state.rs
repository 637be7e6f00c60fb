//! What a channel's lock protects, and every transition of it.
//!
//! Nothing here takes the lock, wakes, allocates, or drops a message: see the page of the module above.

use core::task::Waker;

use sync_prims::raw::{Token, WaitList, WakeBatch};

use super::buffer::Buffer;
use super::slot::{ContestedSlot, Want};

/// A receiver was notified: there may be something to take, or nothing will ever be again.
pub(crate) const LOOK: Token = Token(0);
/// A receiver was notified: a message was let in for it, beyond the capacity. As [`LOOK`], and it says that it has looked.
pub(crate) const PROMISED: Token = Token(6);
/// A sender was notified: its value is in the channel, or with a receiver.
pub(crate) const SENT: Token = Token(1);
/// A sender was notified: the places it asked for are its own.
pub(crate) const GRANTED: Token = Token(2);
/// A sender was notified: the channel is closed, and what it offers is still its own.
pub(crate) const CLOSED: Token = Token(3);
/// A sender was notified: what it asked for can never be had.
pub(crate) const REFUSED: Token = Token(4);
/// A sender that offers in several places was notified: it was decided elsewhere, so nothing was taken here.
pub(crate) const LOST: Token = Token(5);

/// What [`State::take`] found.
pub(crate) enum Taken<T> {
    Value(T),
    /// Nothing now.
    Empty,
    /// Nothing, for good: closed, and all was taken.
    Complete,
}

/// What [`State::take_offered`] found.
pub(crate) enum Offered<T> {
    /// A message, and the sender it came from, to be woken.
    Message(T, Option<Waker>),
    /// The message was sent elsewhere meanwhile; its sender is to be woken. There may be others.
    Lost(Option<Waker>),
    /// None.
    Nothing,
}

/// The whole state of a channel.
pub struct State<B: Buffer> {
    pub(crate) buffer: B,
    /// Places that were given away and not filled yet.
    pub(crate) reserved: usize,
    /// Whether there were places once, though the capacity is 0 now.
    pub(crate) had_places: bool,
    pub(crate) open: bool,
    /// Whether nobody is left to receive.
    pub(crate) abandoned: bool,
    /// Whether a message may enter without a place when a receiver waits for it.
    is_eager: bool,
    /// How many receivers were notified by such a message and have not looked: so many places there are more.
    promised: usize,
    pub(crate) receivers: WaitList,
    /// Each linked with the tag of what it wants: see [`Want`].
    pub(crate) senders: WaitList,
    /// Those who wait for the channel to be closed.
    pub(crate) until_closed: WaitList,
    /// Those who wait for it to be complete.
    pub(crate) until_complete: WaitList,
}

impl<B: Buffer> State<B> {
    pub(crate) const fn new(buffer: B) -> State<B> {
        State {
            buffer,
            reserved: 0,
            had_places: false,
            open: true,
            abandoned: false,
            is_eager: false,
            promised: 0,
            receivers: WaitList::new(),
            senders: WaitList::new(),
            until_closed: WaitList::new(),
            until_complete: WaitList::new(),
        }
    }

    /// The same, where a message may enter without a place when a receiver waits.
    pub(crate) fn eager(buffer: B) -> State<B> {
        let mut state = State::new(buffer);
        state.is_eager = true;
        state
    }

    /// How many messages may still enter.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        let used = self.buffer.len() + self.reserved;
        let places = self.buffer.capacity().saturating_add(self.promised);
        places.saturating_sub(used)
    }

    /// Whether places can be given to a newcomer: nobody is overtaken by that.
    #[inline]
    pub(crate) fn may_reserve(&self, places: usize) -> bool {
        self.room() >= places && self.senders.is_empty()
    }

    /// Whether a message can be taken from a newcomer: nobody is overtaken by that.
    #[inline]
    pub(crate) fn may_enter(&self) -> bool {
        let has_place = self.room() > 0 || self.is_eager && !self.receivers.is_empty();
        has_place && self.senders.is_empty()
    }

    /// Puts a message in, for which there is room and memory; hands out the waker of the receiver that is to look.
    #[inline]
    pub(crate) fn put(&mut self, value: B::Item) -> Option<Waker> {
        self.buffer.push(value);
        self.notify_receiver()
    }

    /// Notifies the first receiver of a message that is in the buffer.
    #[inline]
    fn notify_receiver(&mut self) -> Option<Waker> {
        if !self.is_eager {
            return self.receivers.notify_first(LOOK);
        }
        let receiver = self.receivers.notify_first(PROMISED);
        self.promised += usize::from(receiver.is_some());
        receiver
    }

    /// Notifies the first receiver, if there is something for it.
    pub(crate) fn notify_of_rest(&mut self) -> Option<Waker> {
        if self.buffer.len() > 0 {
            self.notify_receiver()
        } else if self.has_message() {
            self.receivers.notify_first(LOOK)
        } else {
            None
        }
    }

    /// A receiver that was told this has looked, or never will.
    pub(crate) fn keep_promise(&mut self, token: Token) {
        self.promised -= usize::from(token == PROMISED);
    }

    /// Why there is nothing to take.
    #[inline]
    pub(crate) fn nothing(&self) -> Taken<B::Item> {
        if self.is_complete() {
            Taken::Complete
        } else {
            Taken::Empty
        }
    }

    /// Whether a receiver that looks now finds something.
    pub(crate) fn has_message(&self) -> bool {
        let offered = || {
            matches!(
                self.first_want(),
                Some(Want::Message(_) | Want::Contested(_))
            )
        };
        self.buffer.len() > 0 || offered()
    }

    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        !self.open && self.buffer.len() == 0 && self.reserved == 0
    }

    /// Lets waiting senders have what there is room for, in order. `false` if it has to be called again, after the wakes
    /// were sent or memory was added.
    pub(crate) fn settle(&mut self, wakes: &mut WakeBatch) -> bool {
        while let Some(want) = self.first_want() {
            let places = match want {
                Want::Message(_) | Want::Contested(_) => 1,
                Want::Places(places) => places,
            };
            let can_never_be = places > self.buffer.capacity() && matches!(want, Want::Places(_));
            if self.room() < places && !can_never_be {
                break;
            }
            let needs_memory = !matches!(want, Want::Places(_)) && self.buffer.spare() == 0;
            if wakes.room() < 2 || needs_memory {
                return false;
            }
            let token = match want {
                Want::Places(_) if can_never_be => REFUSED,
                Want::Places(places) => {
                    self.reserved += places;
                    GRANTED
                }
                Want::Contested(contested) if !contested.claim() => LOST,
                Want::Message(slot) | Want::Contested(ContestedSlot { slot, .. }) => {
                    // SAFETY: the slot of a linked waiter has a message, which is taken once: the waiter is told so below.
                    let message = unsafe { slot.take() };
                    wakes.push_some(self.put(message));
                    SENT
                }
            };
            wakes.push_some(self.senders.notify_first(token));
        }
        if wakes.is_full() {
            return false;
        }
        wakes.push_some(self.pass_offer_on());
        true
    }

    /// An offer that was not announced when it came may be the first one now, because the one before it wanted places,
    /// or something was buffered: hands out the waker of the receiver that is to look, if the offer waits for it.
    fn pass_offer_on(&mut self) -> Option<Waker> {
        let is_offered = self.buffer.len() == 0 && self.room() == 0 && self.has_message();
        if is_offered && self.may_have_missed_offers() {
            self.receivers.notify_first(LOOK)
        } else {
            None
        }
    }

    /// Whether those in line may have lined up behind something else than an offer. Where there never are places, none
    /// has, and each was announced when it came.
    #[inline]
    pub(crate) fn may_have_missed_offers(&self) -> bool {
        self.buffer.capacity() > 0 || self.had_places || self.is_eager
    }

    /// Notifies some of those who were released, as many as the batch has room for; whether there are more.
    pub(crate) fn notify_released(&mut self, wakes: &mut WakeBatch) -> bool {
        self.senders.notify_released(CLOSED, wakes)
            || self.receivers.notify_released(LOOK, wakes)
            || self.until_closed.notify_released(CLOSED, wakes)
            || self.until_complete.notify_released(CLOSED, wakes)
    }

    /// Whether a message that was taken may let others go on: senders that wait, those who wait for the end, memory that
    /// has become idle.
    #[inline]
    pub(crate) fn has_changed_much(&self) -> bool {
        let was_last = !self.open && self.buffer.len() == 0;
        was_last || !self.senders.is_empty() || self.buffer.has_idle_memory()
    }

    /// Of a channel that holds nothing: takes the message that the first sender offers, straight from it.
    pub(crate) fn take_offered(&mut self) -> Offered<B::Item> {
        let slot = match self.first_want() {
            None | Some(Want::Places(_)) => return Offered::Nothing,
            Some(Want::Contested(contested)) if !contested.claim() => {
                return Offered::Lost(self.senders.notify_first(LOST));
            }
            Some(Want::Message(slot) | Want::Contested(ContestedSlot { slot, .. })) => slot,
        };
        // SAFETY: the slot of a linked waiter has a message, which is taken once: the waiter is told so below.
        let message = unsafe { slot.take() };
        Offered::Message(message, self.senders.notify_first(SENT))
    }

    /// What the first of the waiting senders wants. To be used before that sender is told anything.
    #[inline]
    fn first_want<'s>(&self) -> Option<Want<'s, B::Item>> {
        let tag = self.senders.first_tag()?;
        // SAFETY: senders are linked with tags of that module, and whoever has this state holds the lock.
        Some(unsafe { Want::from_tag(tag) })
    }
}
