//! What an [`Engine`](crate::Engine) shares with its operations, and how an operation begins and ends.
//!
//! **Invariant:** foreign code (an operation's callbacks, a payload's destructor, a waker's `clone`, `wake` and `drop`)
//! never runs while anything here is borrowed. Borrows of the ring, the table and the queues are leaves: they end
//! before the function returns, and nothing foreign is called under them. Foreign code may therefore use the engine.

use std::cell::{Cell, UnsafeCell};
use std::collections::VecDeque;
use std::task::Waker;

use io_uring::squeue;

use crate::completion::Completion;
use crate::config::{EnterCall, EnterFault};
use crate::fixed::FileTable;
use crate::pool::groups::Groups;
use crate::queue::Backlogged;
use crate::report::SetupReport;
use crate::ring::Ring;
use crate::slot::{NONE, Slot, State, VTable};
use crate::stats::Counters;
use crate::table::{Key, Table};
use crate::unpark::Parking;
use crate::waiting::Waiting;
use crate::withheld::Gate;

/// Marks the user data of a cancellation, which else is that of its target.
pub(crate) const CANCEL: u32 = Key::INTERNAL;
/// User data of the poll on the wake descriptor. No slot has that index.
pub(crate) const WAKE: u32 = u32::MAX;
/// Attempts at cancelling one operation.
const MOST_CANCELS: u8 = 100;

pub(crate) struct Inner {
    ring: UnsafeCell<Option<Ring>>,
    pub(crate) table: Table,
    pub(crate) report: SetupReport,
    pub(crate) counters: Counters,
    pub(crate) parking: Parking,
    pub(crate) groups: Groups,
    pub(crate) files: FileTable,
    /// Operations that the kernel has, or will have at the next submission.
    pub(crate) in_flight: Cell<usize>,
    /// Closed as soon as shutdown begins.
    pub(crate) gate: Cell<Gate>,
    pub(crate) delivering: Cell<bool>,
    pub(crate) enter_fault: Option<fn(EnterCall) -> EnterFault>,
    backlog: UnsafeCell<VecDeque<Backlogged>>,
    wakers: UnsafeCell<VecDeque<Waker>>,
    discards: UnsafeCell<VecDeque<Discard>>,
}

/// A completion nobody waits for, on its way to the operation's `discard`.
pub(crate) struct Discard {
    pub(crate) index: u32,
    pub(crate) completion: Completion,
    pub(crate) last: bool,
}

impl Inner {
    pub(crate) fn new(
        ring: Ring,
        report: SetupReport,
        parking: Parking,
        enter_fault: Option<fn(EnterCall) -> EnterFault>,
    ) -> Inner {
        let gate = report.withheld.gate();
        Inner {
            ring: UnsafeCell::new(Some(ring)),
            table: Table::new(),
            report,
            counters: Counters::default(),
            parking,
            groups: Groups::default(),
            files: FileTable::default(),
            in_flight: Cell::new(0),
            gate: Cell::new(gate),
            delivering: Cell::new(false),
            enter_fault,
            backlog: UnsafeCell::new(VecDeque::new()),
            wakers: UnsafeCell::new(VecDeque::new()),
            discards: UnsafeCell::new(VecDeque::new()),
        }
    }

    /// The ring, until shutdown closes it. The borrow must not outlive the calling leaf.
    #[inline]
    pub(crate) fn ring(&self) -> Option<&Ring> {
        // SAFETY: only `close_ring` makes an exclusive borrow; by the module's invariant no borrow made here is alive
        // then, because whoever holds one calls nothing that could shut the engine down.
        unsafe { (*self.ring.get()).as_ref() }
    }

    /// Closes the ring.
    pub(crate) fn close_ring(&self) {
        // SAFETY: as in `ring`: no borrow of it is alive.
        let ring = unsafe { (*self.ring.get()).take() };
        drop(ring);
    }

    #[inline]
    pub(crate) fn with_backlog<R>(&self, leaf: impl FnOnce(&mut VecDeque<Backlogged>) -> R) -> R {
        // SAFETY: leaves do not nest and call nothing foreign.
        leaf(unsafe { &mut *self.backlog.get() })
    }

    #[inline]
    pub(crate) fn with_wakers<R>(&self, leaf: impl FnOnce(&mut VecDeque<Waker>) -> R) -> R {
        // SAFETY: leaves do not nest and call nothing foreign.
        leaf(unsafe { &mut *self.wakers.get() })
    }

    #[inline]
    pub(crate) fn with_discards<R>(&self, leaf: impl FnOnce(&mut VecDeque<Discard>) -> R) -> R {
        // SAFETY: leaves do not nest and call nothing foreign.
        leaf(unsafe { &mut *self.discards.get() })
    }

    /// Puts an operation into a slot and queues its entry. `build` gets the payload at its final address.
    #[inline]
    pub(crate) fn start<T>(
        &self,
        payload: T,
        waker: Waker,
        state: State,
        vtable: &'static VTable,
        build: impl FnOnce(&mut T) -> squeue::Entry,
    ) -> u32 {
        let (index, entry) = self.prepare(payload, waker, state, vtable, build);
        if self.gate.get() == Gate::Open {
            self.push(&entry);
        } else {
            self.start_slow(index, entry);
        }
        index
    }

    /// The gate is not open.
    #[cold]
    fn start_slow(&self, index: u32, mut entry: squeue::Entry) {
        if self.is_closed() {
            self.finish_unsubmitted(index);
        } else {
            self.report.withheld.mask(&mut entry);
            self.push(&entry);
        }
    }

    /// Whether shutdown has begun: nothing new starts.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.gate.get() == Gate::Closed
    }

    /// Puts an operation into a slot, as in flight, and returns its entry, which the caller must queue.
    #[inline]
    pub(crate) fn prepare<T>(
        &self,
        payload: T,
        waker: Waker,
        state: State,
        vtable: &'static VTable,
        build: impl FnOnce(&mut T) -> squeue::Entry,
    ) -> (u32, squeue::Entry) {
        struct Unwind<'a, T>(&'a Inner, u32, std::marker::PhantomData<T>);
        impl<T> Drop for Unwind<'_, T> {
            #[cold]
            fn drop(&mut self) {
                let slot = self.0.table.slot(self.1);
                // SAFETY: `prepare` put a `T` there, and no entry was queued, so the kernel knows nothing of it.
                let payload = unsafe { slot.take::<T>() };
                self.0.table.release(self.1);
                drop(payload);
            }
        }
        let (index, slot) = self.table.reserve();
        // SAFETY: a reserved slot holds no payload.
        unsafe { slot.put(payload) };
        let unwind = Unwind::<T>(self, index, std::marker::PhantomData);
        // SAFETY: the payload was just put there, and nobody else knows the slot yet.
        let mut entry = build(unsafe { &mut *slot.payload::<T>() });
        std::mem::forget(unwind);
        slot.state.set(state);
        slot.vtable.set(Some(vtable));
        slot.waker.set(Some(waker));
        slot.completion.set(Waiting::note(&entry));
        entry.set_user_data(
            Key {
                index,
                generation: slot.generation.get(),
            }
            .user_data(),
        );
        self.in_flight.set(self.in_flight.get() + 1);
        (index, entry)
    }

    /// Ends an operation that never reached the queue, because the engine closed while its entry was built.
    #[cold]
    pub(crate) fn finish_unsubmitted(&self, index: u32) {
        self.on_last(index, self.table.slot(index), Completion::CANCELLED);
    }

    /// Takes note of one completion. No foreign code runs here.
    #[inline]
    pub(crate) fn on_completion(&self, user_data: u64, completion: Completion) {
        let key = Key::from_user_data(user_data);
        if key.index & Key::INTERNAL != 0 {
            self.on_internal(key, completion);
            return;
        }
        let Some(slot) = self.table.find(key) else {
            self.counters.update(|stats| stats.stale += 1);
            return;
        };
        self.counters.update(|stats| stats.completed += 1);
        match slot.state.get() {
            State::Waiting | State::Abandoned => {
                // The first completion has the result; a zero-copy send's second one only ends it.
                let result = if slot.answered.get() {
                    slot.completion.get()
                } else {
                    completion
                };
                if completion.more() {
                    slot.answered.set(true);
                    slot.completion.set(result);
                } else {
                    self.on_last(key.index, slot, result);
                }
            }
            State::Stream => {
                self.table.enqueue(slot, completion);
                if !completion.more() {
                    slot.state.set(State::Ended);
                    self.left_kernel(slot, completion);
                }
                if let Some(waker) = slot.waker.take() {
                    self.with_wakers(|wakers| wakers.push_back(waker));
                }
            }
            State::AbandonedStream => {
                let last = !completion.more();
                if last {
                    self.left_kernel(slot, completion);
                }
                self.queue_discard(key.index, completion, last);
            }
            State::Free | State::Done | State::Ended | State::Leaked => {
                self.counters.update(|stats| stats.stale += 1);
            }
        }
    }

    /// Takes note of a one-shot operation's last completion, or ends a multishot one that never began.
    #[inline]
    fn on_last(&self, index: u32, slot: &Slot, result: Completion) {
        self.left_kernel(slot, result);
        match slot.state.get() {
            State::Abandoned | State::AbandonedStream => {
                self.queue_discard(index, result, true);
                self.cancel_next_in_chain(slot.tail.get());
            }
            State::Stream => {
                self.table.enqueue(slot, result);
                slot.state.set(State::Ended);
            }
            _ => {
                slot.completion.set(result);
                slot.state.set(State::Done);
            }
        }
        if let Some(waker) = slot.waker.take() {
            self.with_wakers(|wakers| wakers.push_back(waker));
        }
    }

    /// The kernel finds no operation to cancel that has not begun. When an abandoned chain's operation ends, the next one
    /// may begin: cancel it again.
    #[inline]
    fn cancel_next_in_chain(&self, next: u32) {
        if next == NONE || self.is_closed() {
            return;
        }
        let slot = self.table.slot(next);
        if slot.state.get() == State::Abandoned {
            self.push_cancel(next, slot);
        }
    }

    #[inline]
    fn left_kernel(&self, slot: &Slot, completion: Completion) {
        self.in_flight.set(self.in_flight.get() - 1);
        if slot.cancelling.get() {
            let won = completion.result == -libc::ECANCELED;
            self.counters.update(|stats| {
                stats.cancels_won += u64::from(won);
                stats.cancels_lost += u64::from(!won);
            });
        }
    }

    fn queue_discard(&self, index: u32, completion: Completion, last: bool) {
        self.with_discards(|discards| {
            discards.push_back(Discard {
                index,
                completion,
                last,
            });
        });
    }

    #[cold]
    fn on_internal(&self, key: Key, completion: Completion) {
        if key.index == WAKE {
            self.counters
                .update(|stats| stats.unparks += u64::from(completion.result >= 0));
            self.parking.on_wake(completion);
        } else if completion.result == -libc::ENOENT {
            self.cancel_again(Key {
                index: key.index & !CANCEL,
                ..key
            });
        }
    }

    /// The kernel finds no operation that it is just about to go on with: one whose descriptor was ready at once. It would
    /// go on to its end, which for one that is to move all of its bytes may be never. But it also finds none that cannot be
    /// cancelled at all, such as a read that waits for a disk; so there is a limit.
    fn cancel_again(&self, target: Key) {
        let Some(slot) = self.table.find(target) else {
            return;
        };
        if slot.in_kernel() && slot.cancels.get() < MOST_CANCELS && !self.is_closed() {
            self.push_cancel(target.index, slot);
        }
    }
}
