//! Accepting connection after connection with one entry.

use std::io;
use std::os::fd::OwnedFd;

use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::op::net::owned_fd;
use crate::operation::Multishot;
use crate::target::Target;

/// Accepts connections until it is dropped or the kernel ends it, with `SOCK_CLOEXEC`. Items are descriptors; an error is
/// the last item. Connections that nobody takes are closed.
#[derive(Debug)]
pub struct AcceptMulti {
    target: Target,
    flags: i32,
}

impl AcceptMulti {
    /// Accepts from a listening socket.
    pub fn new(target: Target) -> AcceptMulti {
        AcceptMulti { target, flags: 0 }
    }

    /// Sets `SOCK_*` flags of the new descriptors, besides `SOCK_CLOEXEC`.
    #[must_use]
    pub fn flags(mut self, flags: i32) -> AcceptMulti {
        self.flags = flags;
        self
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Multishot for AcceptMulti {
    type Item = io::Result<OwnedFd>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::AcceptMulti::new(self.target.number())
            .flags(self.flags | libc::SOCK_CLOEXEC)
            .build();
        self.target.mark(entry)
    }

    fn item(&mut self, completion: Completion) -> io::Result<OwnedFd> {
        owned_fd(completion)
    }

    fn discard(&mut self, completion: Completion) {
        drop(owned_fd(completion));
    }
}
