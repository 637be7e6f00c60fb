//! The end of an engine, in an order that never frees memory the kernel may still use.

use std::time::{Duration, Instant};

use crate::completion::Completion;
use crate::feature::Feature;
use crate::inner::Inner;
use crate::ring::Ring;
use crate::slot::State;
use crate::withheld::Gate;

/// How long each attempt at cancelling and collecting takes before it is repeated.
const ROUND: Duration = Duration::from_millis(100);
/// So many operations the kernel may cancel in one call. For each one that it finds, the call looks through those before
/// it once more: with 10,000, that takes a minute.
const FEW: usize = 64;
/// How long the network may keep the pages of zero-copy sends.
const NOTIFICATION_GRACE: Duration = Duration::from_secs(1);

/// Which operations to cancel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    /// Those that nobody has asked the kernel to cancel.
    NotAsked,
    /// Those, and the others once more: one that had not begun when it was asked for was not found.
    All,
}

impl Inner {
    pub(crate) fn shutdown(&self) {
        if self.gate.replace(Gate::Closed) == Gate::Closed {
            return;
        }
        if let Some(ring) = self.ring() {
            self.submit_leftovers(ring);
            self.empty_kernel(ring);
        }
        self.close_ring();
        self.give_up_rest();
        self.deliver();
    }

    fn submit_leftovers(&self, ring: &Ring) {
        loop {
            self.refill(ring);
            if ring.queued() == 0 && self.backlog_len() == 0 {
                return;
            }
            let entered = self.enter(ring, 0, None);
            let progress = self.reap(ring) > 0 || ring.queued() == 0;
            if entered.is_err() {
                return;
            }
            if !progress {
                // Refused, or the submission thread is slow: let something finish.
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    }

    /// Cancels and collects until the kernel has nothing of ours.
    fn empty_kernel(&self, ring: &Ring) {
        let begun = Instant::now();
        let mut whom = Whom::NotAsked;
        while self.in_flight.get() > 0 {
            self.cancel_left(ring, whom);
            whom = Whom::All;
            let asked = Instant::now();
            loop {
                self.reap(ring);
                if self.in_flight.get() == 0 {
                    return;
                }
                if self.only_notifications() && begun.elapsed() > NOTIFICATION_GRACE {
                    return;
                }
                let Some(left) = ROUND.checked_sub(asked.elapsed()) else {
                    break;
                };
                // For all of them: the kernel puts off the rest of what it could report when it is asked for less.
                if self
                    .enter(ring, self.in_flight.get() as u32, Some(left))
                    .is_err()
                {
                    return;
                }
            }
        }
    }

    fn cancel_left(&self, ring: &Ring, whom: Whom) {
        let few = self.in_flight.get() <= FEW && self.report.has(Feature::SyncCancel);
        if !(few && cancel_all(ring)) {
            self.cancel_each(whom);
            self.submit_leftovers(ring);
        }
    }

    /// One cancellation per operation. The newest come first, as a rule: in the kernel's table they stand before the older
    /// ones, which it would have to pass by otherwise.
    fn cancel_each(&self, whom: Whom) {
        for index in (0..self.table.len()).rev() {
            let slot = self.table.slot(index);
            if slot.in_kernel() && (whom == Whom::All || !slot.cancelling.get()) {
                self.push_cancel(index, slot);
            }
        }
    }

    /// Whether all that is left are zero-copy sends whose data the network still holds: only the peer can end those.
    fn only_notifications(&self) -> bool {
        (0..self.table.len()).all(|index| {
            let slot = self.table.slot(index);
            !slot.in_kernel() || slot.answered.get()
        })
    }

    /// What the kernel would not give back keeps its memory for good. Only a send's notification can get here, or a
    /// ring whose enter fails altogether.
    #[cold]
    fn give_up_rest(&self) {
        if self.in_flight.get() == 0 {
            return;
        }
        for index in 0..self.table.len() {
            let slot = self.table.slot(index);
            if slot.in_kernel() {
                self.counters.update(|stats| stats.leaked += 1);
                slot.completion.set(Completion::CANCELLED);
                slot.state.set(State::Leaked);
                drop(slot.waker.take());
            }
        }
        self.in_flight.set(0);
    }
}

/// True if the kernel did it, or had nothing to cancel.
fn cancel_all(ring: &Ring) -> bool {
    match ring.cancel_all(ROUND) {
        Ok(()) => true,
        Err(error) => matches!(
            error.raw_os_error(),
            Some(libc::ENOENT | libc::ETIME | libc::EALREADY | libc::EINTR)
        ),
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown();
    }
}
