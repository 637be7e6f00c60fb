//! Waiting for a time, in the kernel.

use std::io;
use std::time::Duration;

use io_uring::types::Timespec;
use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::mapped::timespec;
use crate::operation::Operation;

/// Resolves after a duration on the monotonic clock. Durations beyond the kernel's range become about 136 years.
#[derive(Debug)]
pub struct Timeout {
    duration: Timespec,
}

impl Timeout {
    /// A timeout that begins when the operation is submitted.
    pub fn new(duration: Duration) -> Timeout {
        Timeout {
            duration: timespec(duration),
        }
    }
}

// SAFETY: the entry points at the duration, a field of the value.
unsafe impl Operation for Timeout {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::Timeout::new(&self.duration).build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        if completion.result == -libc::ETIME {
            return Ok(());
        }
        completion.into_result().map(drop)
    }
}
