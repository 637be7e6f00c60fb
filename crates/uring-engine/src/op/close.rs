//! Closing.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use io_uring::{opcode, squeue, types};

use crate::completion::Completion;
use crate::operation::Operation;

/// Closes a descriptor, and tells how that went. The descriptor is closed in any case, at the latest when the operation
/// is dropped.
#[derive(Debug)]
pub struct Close {
    /// `None` once the kernel has been told.
    descriptor: Option<OwnedFd>,
    fd: i32,
}

impl Close {
    /// Closes a descriptor.
    pub fn new(descriptor: impl Into<OwnedFd>) -> Close {
        let descriptor = descriptor.into();
        let fd = descriptor.as_raw_fd();
        Close {
            descriptor: Some(descriptor),
            fd,
        }
    }

    fn settle(mut self, completion: Completion) -> io::Result<()> {
        let result = completion.into_result().map(drop);
        if completion.result != -libc::ECANCELED {
            // The kernel gave the number up, whatever it says: closing again would hit a stranger.
            self.descriptor
                .take()
                .map(std::os::fd::IntoRawFd::into_raw_fd);
        }
        result
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Close {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::Close::new(types::Fd(self.fd)).build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        self.settle(completion)
    }

    fn discard(self, completion: Completion) {
        let _ = self.settle(completion);
    }
}
