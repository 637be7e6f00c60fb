//! Waiting for readiness.

use std::io;

use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::operation::Operation;
use crate::target::Target;

/// Waits until a descriptor is ready, as `poll`. Resolves to the `POLL*` events that are there.
#[derive(Debug)]
pub struct PollAdd {
    target: Target,
    events: u32,
}

impl PollAdd {
    /// Waits for any of the `POLL*` events; `POLLERR` and `POLLHUP` are always among them.
    pub fn new(target: Target, events: u32) -> PollAdd {
        PollAdd { target, events }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for PollAdd {
    type Output = io::Result<u32>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::PollAdd::new(self.target.number(), self.events).build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<u32> {
        completion.into_result()
    }
}
