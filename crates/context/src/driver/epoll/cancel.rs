//! Ending operations before their time: one that was cancelled, and those whose descriptor is closed.

use std::time::Instant;

use super::{EpollRing, Operation, RETRY_AFTER, Stage, blocking};

impl EpollRing {
    /// Ends an operation early. What the cancellation itself results in.
    pub(super) fn cancel(&mut self, target: u64) -> i32 {
        let Some(&key) = self.keys.get(&target) else {
            return -libc::ENOENT;
        };
        let operation = &mut self.operations[key];
        match operation.stage {
            Stage::Away => {
                let ticket = operation.ticket.as_ref();
                if ticket.is_some_and(|ticket| self.threads.give_up(ticket)) {
                    self.end(key, -libc::ECANCELED, 0);
                    return 0;
                }
                self.release(key);
                -libc::EALREADY
            }
            Stage::Released(_) => -libc::EALREADY,
            Stage::Delayed => {
                operation.cancelled = true;
                -libc::EALREADY
            }
            stage @ (Stage::Running | Stage::Waiting(..) | Stage::Timer(_)) => {
                let moved = operation.moved as i32;
                let result = if moved > 0 { moved } else { -libc::ECANCELED };
                self.end(key, result, 0);
                if let Stage::Waiting(fd, direction) = stage {
                    // Those behind it have not been tried since the last event.
                    self.descriptors.pause(fd, direction);
                }
                0
            }
        }
    }

    /// Makes a thread end that opens a named pipe and waits for its other end. It may be just about to wait, so this is repeated until
    /// the operation has ended. While others wait for the same pipe, they would be taken in too: then it has to wait for them.
    pub(super) fn release(&mut self, key: usize) {
        if self.is_shared(key) || blocking::release(&self.operations[key].entry) {
            let at = Instant::now() + RETRY_AFTER;
            self.put(key, Stage::Released(at));
            self.timers.insert((at, key));
        }
    }

    /// Whether another thread opens the same name, for an operation that nobody has cancelled.
    fn is_shared(&self, key: usize) -> bool {
        let entry = &self.operations[key].entry;
        let opens_same = |(other, operation): (usize, &Operation)| {
            other != key
                && operation.stage == Stage::Away
                && blocking::open_the_same(entry, &operation.entry)
        };
        self.threads.away() > 1 && self.operations.iter().any(opens_same)
    }

    /// Ends those who wait for a descriptor that is about to be closed: its number may come to mean another file.
    pub(super) fn forget(&mut self, fd: i32) {
        for key in self.descriptors.forget(fd) {
            let is_still = |operation: &Operation| matches!(operation.stage, Stage::Waiting(at, _) if at == fd);
            if self.operations.get(key).is_some_and(is_still) {
                self.end(key, -libc::ECANCELED, 0);
            }
        }
    }
}
