//! What a broadcast channel's lock protects, and every transition of it.
//!
//! Nothing here takes the lock, wakes, allocates, or drops a message: see the page of the module above.

use alloc::boxed::Box;
use core::ptr::{self, NonNull};

use sync_prims::raw::{Token, WaitList, WakeBatch};

use super::Overflow;
use super::node::{Claims, Node};

/// A receiver was notified: it is to look.
const LOOK: Token = Token(0);
/// A sender was notified: its message is still its own, and nobody will take it.
pub(super) const REFUSED: Token = Token(0);

/// A sender was notified: its message was sent to so many.
const fn sent(receivers: usize) -> Token {
    Token(receivers)
}

/// A kept message. Its claims, except for one of each receiver that is at it, are gone or on the way.
struct Slot<T> {
    node: NonNull<Node<T>>,
    /// How many receivers have not come to it yet: so many claims are the slot's.
    unread: usize,
}

/// The whole state of a broadcast channel.
pub(super) struct State<T> {
    /// A power of two of them; the message of position `p` stands at `p` modulo their number.
    slots: Box<[Slot<T>]>,
    capacity: u64,
    overflow: Overflow,
    /// Messages at the positions `head..tail` are kept. Not all receivers have come to the first of them.
    head: u64,
    tail: u64,
    pub(super) open: bool,
    pub(super) senders: usize,
    pub(super) receivers: usize,
    /// Receivers that wait for a message.
    pub(super) until_message: WaitList,
    /// Senders that wait for room, each linked with the address of the node that it offers.
    pub(super) until_room: WaitList,
}

// SAFETY: the nodes are shared with, and messages cloned and dropped by, any thread that has a handle.
unsafe impl<T: Send + Sync> Send for State<T> {}

/// Why a message was not put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Closed,
    NoReceivers,
}

/// What putting a message in has done.
pub(super) struct Put<T> {
    /// To how many receivers it goes.
    pub(super) receivers: usize,
    /// What was overwritten: claims to be dropped without the lock.
    pub(super) overwritten: Option<Claims<T>>,
}

/// Why there is nothing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    Empty,
    Lagged(u64),
    Closed,
}

impl<T> State<T> {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> State<T> {
        let empty = || Slot {
            node: NonNull::dangling(),
            unread: 0,
        };
        State {
            slots: (0..capacity.next_power_of_two()).map(|_| empty()).collect(),
            capacity: capacity as u64,
            overflow,
            head: 0,
            tail: 0,
            open: true,
            senders: 1,
            receivers: 1,
            until_message: WaitList::new(),
            until_room: WaitList::new(),
        }
    }

    /// The position of the next message.
    pub(super) fn tail(&self) -> u64 {
        self.tail
    }

    /// How many messages are kept.
    pub(super) fn len(&self) -> usize {
        (self.tail - self.head) as usize
    }

    /// How many messages are kept for a receiver at this position.
    pub(super) fn len_from(&self, next: u64) -> usize {
        (self.tail - next.max(self.head)) as usize
    }

    #[inline]
    fn slot(&mut self, position: u64) -> &mut Slot<T> {
        let index = position as usize & (self.slots.len() - 1);
        &mut self.slots[index]
    }

    /// Takes a sender's message, unless it has to wait, or nobody will take it.
    #[inline]
    pub(super) fn put(&mut self, node: NonNull<Node<T>>) -> Result<Put<T>, Refused> {
        if !self.open {
            return Err(Refused::Closed);
        }
        if self.receivers == 0 {
            return Err(Refused::NoReceivers);
        }
        let is_full = self.tail - self.head == self.capacity;
        let overwritten = match self.overflow {
            Overflow::Lag => is_full.then(|| self.overwrite()),
            Overflow::Wait if is_full || !self.until_room.is_empty() => return Err(Refused::Full),
            Overflow::Wait => None,
        };
        self.append(node);
        Ok(Put {
            receivers: self.receivers,
            overwritten,
        })
    }

    /// Lets every receiver have a message for which there is room.
    #[inline]
    fn append(&mut self, node: NonNull<Node<T>>) {
        let receivers = self.receivers;
        Claims::set(node, receivers);
        *self.slot(self.tail) = Slot {
            node,
            unread: receivers,
        };
        self.tail += 1;
        self.until_message.release_all();
    }

    /// Takes the oldest message away from those who have not come to it.
    fn overwrite(&mut self) -> Claims<T> {
        let &mut Slot { node, unread } = self.slot(self.head);
        debug_assert!(
            unread > 0,
            "the first message that is kept is kept for somebody"
        );
        self.head += 1;
        self.skip_read();
        // SAFETY: the slot is not used any more, so its claims are given away once; a kept message has at least one.
        unsafe { Claims::new(node, unread) }
    }

    /// Keeps no longer what all receivers have come to. That need not be in order: what a receiver leaves behind that is
    /// dropped is taken in several steps, and meanwhile others read messages that it never had a claim to.
    fn skip_read(&mut self) {
        while self.head < self.tail && self.slot(self.head).unread == 0 {
            self.head += 1;
        }
    }

    /// Takes a receiver's claim to the message at its position, and moves it on.
    #[inline]
    pub(super) fn take(&mut self, next: &mut u64) -> Result<Claims<T>, Nothing> {
        if *next < self.head {
            let missed = self.head - *next;
            *next = self.head;
            return Err(Nothing::Lagged(missed));
        }
        if *next == self.tail {
            return Err(if self.open {
                Nothing::Empty
            } else {
                Nothing::Closed
            });
        }
        let slot = self.slot(*next);
        slot.unread -= 1;
        let (node, is_last) = (slot.node, slot.unread == 0);
        if is_last && *next == self.head {
            self.skip_read();
        }
        *next += 1;
        // SAFETY: the receiver had not come to this message yet, so one of the slot's claims was for it.
        Ok(unsafe { Claims::new(node, 1) })
    }

    /// One more receiver that begins where another one is.
    pub(super) fn add_receiver(&mut self, next: u64) {
        self.receivers += 1;
        for position in next.max(self.head)..self.tail {
            let slot = self.slot(position);
            slot.unread += 1;
            Claims::add(slot.node);
        }
    }

    /// One receiver less. What it has not read is to be taken after that, up to the position that is returned.
    pub(super) fn remove_receiver(&mut self) -> u64 {
        self.receivers -= 1;
        if self.receivers == 0 {
            self.until_room.release_all();
        }
        self.tail
    }

    /// No message may enter any more. `false` if it was closed before.
    pub(super) fn close(&mut self) -> bool {
        if !core::mem::replace(&mut self.open, false) {
            return false;
        }
        self.until_room.release_all();
        self.until_message.release_all();
        true
    }

    /// Whether [`settle`](State::settle) has something to do.
    #[inline]
    pub(super) fn is_unsettled(&self) -> bool {
        !self.until_room.is_empty()
    }

    /// Lets senders that wait have the room that there is, in order. `false` if it has to be called again, after the wakes
    /// were sent.
    pub(super) fn settle(&mut self, wakes: &mut WakeBatch) -> bool {
        while self.tail - self.head < self.capacity
            && let Some(address) = self.until_room.first_tag()
        {
            if wakes.is_full() {
                return false;
            }
            let node = ptr::with_exposed_provenance_mut::<Node<T>>(address);
            let node = NonNull::new(node).expect("a sender that waits offers a message");
            self.append(node);
            wakes.push_some(self.until_room.notify_first(sent(self.receivers)));
        }
        true
    }

    /// Notifies some of those who were released, as many as the batch has room for; whether there are more.
    #[inline]
    pub(super) fn notify_released(&mut self, wakes: &mut WakeBatch) -> bool {
        self.until_message.notify_released(LOOK, wakes)
            || self.until_room.notify_released(REFUSED, wakes)
    }
}
