//! Ending the directions of a connection.

use std::io;
use std::net;

use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::operation::Operation;
use crate::target::Target;

/// Shuts one or both directions of a connection down, as `shutdown`.
#[derive(Debug)]
pub struct Shutdown {
    target: Target,
    how: i32,
}

impl Shutdown {
    /// Shuts down what `how` says.
    pub fn new(target: Target, how: net::Shutdown) -> Shutdown {
        let how = match how {
            net::Shutdown::Read => libc::SHUT_RD,
            net::Shutdown::Write => libc::SHUT_WR,
            net::Shutdown::Both => libc::SHUT_RDWR,
        };
        Shutdown { target, how }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Shutdown {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::Shutdown::new(self.target.number(), self.how).build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}
