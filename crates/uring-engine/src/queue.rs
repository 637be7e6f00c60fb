//! The way of an entry to the kernel: into the submission queue, or into the backlog when that is full.
//!
//! Order is kept throughout: while the backlog holds anything, new entries go behind it.

use io_uring::squeue;

use crate::feature::Feature;
use crate::inner::{CANCEL, Inner};
use crate::ring::Ring;
use crate::slot::{NONE, Slot, State};
use crate::table::Key;

/// An entry that did not fit the queue.
pub(crate) struct Backlogged {
    entry: squeue::Entry,
    /// The next entry belongs to the same chain.
    linked: bool,
}

impl Inner {
    /// Queues an entry behind all earlier ones. Never fails: what does not fit waits in the backlog.
    #[inline]
    pub(crate) fn push(&self, entry: &squeue::Entry) {
        let Some(ring) = self.ring() else { return };
        // SAFETY: the entry's operation vouches for its memory, and the slot keeps it until the last completion.
        if self.backlog_len() == 0 && unsafe { ring.push(entry) } {
            return;
        }
        self.push_slow(ring, entry);
    }

    #[cold]
    fn push_slow(&self, ring: &Ring, entry: &squeue::Entry) {
        if self.backlog_len() == 0 {
            self.counters.update(|stats| stats.queue_full += 1);
            // A refusal is not this operation's affair: the next turn meets it again.
            let _ = self.enter(ring, 0, None);
            // SAFETY: as in `push`.
            if unsafe { ring.push(entry) } {
                return;
            }
        }
        self.counters.update(|stats| stats.backlogged += 1);
        self.with_backlog(|backlog| {
            backlog.push_back(Backlogged {
                entry: entry.clone(),
                linked: false,
            });
        });
    }

    /// Queues the entries of a chain, of which there are `len`, so that one enter submits them all.
    pub(crate) fn push_linked<'e>(
        &self,
        len: usize,
        entries: impl Iterator<Item = &'e squeue::Entry>,
    ) {
        let Some(ring) = self.ring() else { return };
        if self.backlog_len() == 0 && ring.room() < len {
            self.counters.update(|stats| stats.queue_full += 1);
            // A refusal is not this chain's affair: the next turn meets it again.
            let _ = self.enter(ring, 0, None);
        }
        if self.backlog_len() == 0 && ring.room() >= len {
            for entry in entries {
                // SAFETY: as in `push`.
                unsafe { ring.push(entry) };
            }
            return;
        }
        let backlogged = entries.enumerate().map(|(at, entry)| Backlogged {
            entry: entry.clone(),
            linked: at + 1 < len,
        });
        self.with_backlog(|backlog| backlog.extend(backlogged));
        self.counters.update(|stats| stats.backlogged += len as u64);
    }

    #[inline]
    pub(crate) fn backlog_len(&self) -> usize {
        self.with_backlog(|backlog| backlog.len())
    }

    /// Moves entries from the backlog to the queue while there is room, a chain as a whole.
    pub(crate) fn refill(&self, ring: &Ring) {
        self.with_backlog(|backlog| {
            while !backlog.is_empty() {
                let linked = backlog.iter().take_while(|entry| entry.linked).count();
                let len = (linked + 1).min(backlog.len());
                if ring.room() < len {
                    break;
                }
                for entry in backlog.drain(..len) {
                    // SAFETY: as in `push`.
                    unsafe { ring.push(&entry.entry) };
                }
            }
        });
    }

    /// Asks the kernel to cancel a slot's operation, once.
    pub(crate) fn cancel(&self, index: u32) {
        let slot = self.table.slot(index);
        if self.is_closed() || slot.cancelling.replace(true) {
            return;
        }
        self.counters.update(|stats| stats.cancels += 1);
        self.push_cancel(index, slot);
    }

    pub(crate) fn push_cancel(&self, index: u32, slot: &Slot) {
        let target = Key {
            index,
            generation: slot.generation.get(),
        };
        slot.cancels.set(slot.cancels.get().saturating_add(1));
        let mut entry = io_uring::opcode::AsyncCancel::new(target.user_data())
            .build()
            .user_data(target.user_data() | u64::from(CANCEL));
        if self.report.has(Feature::CqeSkip) {
            entry = entry.flags(squeue::Flags::SKIP_SUCCESS);
        }
        self.push(&entry);
    }

    /// Asks the kernel to end the operation in a slot, if it is one and the kernel has it.
    pub(crate) fn cancel_started(&self, index: u32) {
        if index != NONE && self.table.slot(index).in_kernel() {
            self.cancel(index);
        }
    }

    /// Lets go of a slot whose handle is dropped before the last completion.
    pub(crate) fn abandon(&self, index: u32) {
        let slot = self.table.slot(index);
        let state = match slot.state.get() {
            State::Waiting => State::Abandoned,
            State::Stream => State::AbandonedStream,
            _ => return,
        };
        slot.state.set(state);
        let waker = slot.waker.take();
        self.cancel(index);
        drop(waker);
    }
}
