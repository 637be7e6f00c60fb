//! A turn's dealings with the kernel: submit, wait, collect.

use std::io;
use std::time::Duration;

use io_uring::EnterFlags;

use crate::config::{EnterCall, EnterFault};
use crate::engine::{Turn, Wait};
use crate::error::TurnError;
use crate::feature::Feature;
use crate::inner::{Inner, WAKE};
use crate::ring::Ring;
use crate::withheld::Gate;

/// How an enter ended, apart from errors that retrying does not cure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It went through and took this many entries.
    Took(u32),
    /// `ETIME`: the wait's time was over.
    TimedOut,
    /// `EINTR`.
    Interrupted,
    /// `EAGAIN` or `EBUSY`: the kernel wants completions collected first, or has no memory right now.
    Refused,
}

impl Inner {
    /// Submits, waits if asked, collects. Wakers and discards are left for `deliver`.
    #[inline]
    pub(crate) fn drive(&self, wait: Wait, turn: &mut Turn) -> Result<(), TurnError> {
        let Some(ring) = self.ring() else {
            return Err(TurnError::Closed);
        };
        self.counters.update(|stats| stats.turns += 1);
        if self.backlog_len() > 0 {
            self.drive_backlog(ring, turn)?;
        }
        let wait = match wait {
            Wait::Until(limit)
                if turn.completed == 0 && !ring.completions_ready() && !self.undelivered() =>
            {
                if limit == Some(Duration::ZERO) {
                    None
                } else {
                    Some(limit)
                }
            }
            _ => None,
        };
        let outcome = match wait {
            Some(limit) => self.drive_waiting(ring, limit, turn),
            None if ring.publish() > 0 || ring.kernel_has_more() || self.must_be_asked(ring) => {
                self.drive_once(ring, 0, None, turn)
            }
            None => Ok(()),
        };
        turn.completed += self.reap(ring);
        while ring.overflowed() && outcome.is_ok() {
            // The queue was full and there is more inside the kernel: fetch it, or the next turn would not see it.
            self.counters.update(|stats| stats.overflows += 1);
            self.drive_once(ring, 0, None, turn)?;
            let reaped = self.reap(ring);
            turn.completed += reaped;
            if reaped == 0 {
                break;
            }
        }
        outcome
    }

    /// One enter that sleeps, unless somebody has called in the meantime.
    fn drive_waiting(
        &self,
        ring: &Ring,
        limit: Option<Duration>,
        turn: &mut Turn,
    ) -> Result<(), TurnError> {
        if self.report.has(Feature::IoPoll) && self.in_flight.get() == 0 {
            self.wait_outside(limit, turn);
            return Ok(());
        }
        let by_caller = self.parking.is_parked();
        let mut called = false;
        if !self.report.has(Feature::IoPoll) && self.arm_wake() {
            // Arming may have swallowed the write of whoever called since the caller parked.
            called = by_caller && self.parking.is_called();
        }
        let asleep = !called && (by_caller || !self.parking.issued() || self.parking.begin());
        let outcome = self.drive_once(ring, u32::from(asleep), limit, turn);
        if !by_caller {
            self.parking.end();
        }
        outcome
    }

    /// Queues the entry that has the ring wake for a call. False if it stands already, or nobody can call.
    pub(crate) fn arm_wake(&self) -> bool {
        let Some(mut entry) = self.parking.arm() else {
            return false;
        };
        if self.gate.get() == Gate::Masked {
            self.report.withheld.mask(&mut entry);
        }
        self.push(&entry.user_data(u64::from(WAKE)));
        true
    }

    /// A ring that polls has nothing to sleep on when nothing is in flight: sleep on the wake descriptor itself.
    #[cold]
    fn wait_outside(&self, limit: Option<Duration>, turn: &mut Turn) {
        let by_caller = self.parking.is_parked();
        if by_caller || self.parking.begin() {
            let mut descriptor = libc::pollfd {
                fd: self.parking.eventfd(),
                events: libc::POLLIN,
                revents: 0,
            };
            let limit = limit.map(|limit| libc::timespec {
                tv_sec: limit.as_secs().min(u64::from(u32::MAX)) as libc::time_t,
                tv_nsec: limit.subsec_nanos().into(),
            });
            let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
            self.counters.update(|stats| stats.waits += 1);
            // SAFETY: one descriptor, and both structures live across the call.
            match unsafe { libc::ppoll(&mut descriptor, 1, limit, std::ptr::null()) } {
                0 => turn.timed_out = true,
                1 => self.counters.update(|stats| stats.unparks += 1),
                _ => turn.interrupted = true,
            }
        }
        self.parking.drain();
        if !by_caller {
            self.parking.end();
        }
    }

    /// Submits the backlog in queue-sized batches, until it fits the queue or the kernel refuses.
    #[cold]
    fn drive_backlog(&self, ring: &Ring, turn: &mut Turn) -> Result<(), TurnError> {
        loop {
            self.refill(ring);
            if self.backlog_len() == 0 {
                return Ok(());
            }
            let before = turn.submitted;
            self.drive_once(ring, 0, None, turn)?;
            turn.completed += self.reap(ring);
            if turn.submitted == before && turn.completed == 0 {
                return Ok(());
            }
        }
    }

    /// One enter, with its outcome noted in `turn`.
    fn drive_once(
        &self,
        ring: &Ring,
        min_complete: u32,
        limit: Option<Duration>,
        turn: &mut Turn,
    ) -> Result<(), TurnError> {
        match self.enter(ring, min_complete, limit) {
            Ok(Entered::Took(taken)) => turn.submitted += taken,
            Ok(Entered::TimedOut) => turn.timed_out = true,
            Ok(Entered::Interrupted) => turn.interrupted = true,
            Ok(Entered::Refused) => {
                // Waiting would not submit what was refused, but what is in flight will make room.
                if min_complete > 0 && self.reap(ring).max(u32::from(self.undelivered())) == 0 {
                    self.wait_only(ring, limit, turn);
                }
            }
            Err(error) => {
                turn.completed += self.reap(ring);
                return Err(match error.raw_os_error() {
                    Some(libc::EBADR) => TurnError::CompletionsLost,
                    _ => TurnError::Enter { source: error },
                });
            }
        }
        Ok(())
    }

    /// Waits without submitting, after a refusal; a short time at most, because what was refused is tried again then.
    #[cold]
    fn wait_only(&self, ring: &Ring, limit: Option<Duration>, turn: &mut Turn) {
        const RETRY_AFTER: Duration = Duration::from_millis(1);
        let limit = limit.map_or(RETRY_AFTER, |limit| limit.min(RETRY_AFTER));
        let flags = self.enter_flags(1);
        self.counters.update(|stats| stats.enters += 1);
        if let Err(error) = ring.enter(0, 1, flags, Some(limit)) {
            turn.interrupted |= error.raw_os_error() == Some(libc::EINTR);
        }
    }

    /// The raw call: publishes the queue, makes one `io_uring_enter`, sorts its errors.
    pub(crate) fn enter(
        &self,
        ring: &Ring,
        min_complete: u32,
        limit: Option<Duration>,
    ) -> io::Result<Entered> {
        let mut to_submit = ring.publish() as u32;
        let mut flags = self.enter_flags(min_complete);
        let polled = self.report.has(Feature::SqPoll);
        if polled {
            if ring.needs_wakeup() {
                flags |= EnterFlags::SQ_WAKEUP;
            } else if min_complete == 0 && !ring.kernel_has_more() {
                return Ok(self.take_over(ring, to_submit));
            }
        }
        if let Some(fault) = self.enter_fault {
            match fault(EnterCall {
                to_submit,
                min_complete,
            }) {
                EnterFault::None => {}
                EnterFault::Errno(errno) => {
                    return self.sort_error(io::Error::from_raw_os_error(errno));
                }
                EnterFault::SubmitAtMost(most) => to_submit = to_submit.min(most),
            }
        }
        self.counters.update(|stats| {
            stats.enters += 1;
            stats.waits += u64::from(min_complete > 0);
        });
        match ring.enter(to_submit, min_complete, flags, limit) {
            Ok(taken) => {
                let left = ring.publish();
                let taken = taken as u32;
                self.counters.update(|stats| {
                    stats.submitted += u64::from(taken);
                    stats.partial_submits += u64::from(left > 0 && !polled);
                });
                Ok(Entered::Took(taken))
            }
            Err(error) => {
                ring.publish();
                self.sort_error(error)
            }
        }
    }

    /// The submission thread is awake and takes the entries by itself; a full queue waits for it to make room.
    fn take_over(&self, ring: &Ring, offered: u32) -> Entered {
        self.counters
            .update(|stats| stats.submitted += u64::from(offered));
        if ring.queued() == ring.capacity() {
            self.counters.update(|stats| stats.enters += 1);
            let _ = ring.enter(0, 0, EnterFlags::SQ_WAIT, None);
            ring.publish();
        }
        Entered::Took(offered)
    }

    #[cold]
    fn sort_error(&self, error: io::Error) -> io::Result<Entered> {
        match error.raw_os_error() {
            Some(libc::ETIME) => Ok(Entered::TimedOut),
            Some(libc::EINTR) => {
                self.counters.update(|stats| stats.interrupted += 1);
                Ok(Entered::Interrupted)
            }
            Some(libc::EAGAIN | libc::EBUSY) => {
                self.counters.update(|stats| stats.refused += 1);
                Ok(Entered::Refused)
            }
            _ => Err(error),
        }
    }

    /// Collecting is asked for in every call: it costs nothing when there is nothing, and finishes what was deferred.
    #[inline]
    fn enter_flags(&self, min_complete: u32) -> EnterFlags {
        let mut flags = EnterFlags::GETEVENTS;
        if min_complete > 0 && self.report.has(Feature::NoIowait) {
            flags |= EnterFlags::NO_IOWAIT;
        }
        flags
    }

    /// Takes all completions in the queue.
    #[inline]
    pub(crate) fn reap(&self, ring: &Ring) -> u32 {
        ring.reap(|user_data, completion| self.on_completion(user_data, completion))
    }

    /// Whether nothing but an enter tells of completions, on whatever there is instead of a ring too.
    #[inline]
    fn must_be_asked(&self, ring: &Ring) -> bool {
        self.must_always_enter() || ring.has_to_be_asked()
    }

    /// Whether only an enter can make completions appear.
    #[inline]
    fn must_always_enter(&self) -> bool {
        self.report.has(Feature::IoPoll) && self.in_flight.get() > 0
    }

    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        let Some(ring) = self.ring() else {
            return self.undelivered();
        };
        ring.completions_ready()
            || ring.kernel_has_more()
            || self.must_always_enter()
            || self.undelivered()
    }

    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.ring().map_or(0, Ring::queued) + self.backlog_len()
    }
}
