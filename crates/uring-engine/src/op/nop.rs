//! Nothing, through the ring and back.

use std::io;

use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::operation::Operation;

/// Does nothing. Useful to measure, and to let the ring come round once.
#[derive(Debug, Default)]
pub struct Nop(());

impl Nop {
    /// A no-op.
    pub fn new() -> Nop {
        Nop(())
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Nop {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::Nop::new().build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}
