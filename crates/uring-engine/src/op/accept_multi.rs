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
    one_at_a_time: bool,
}

impl AcceptMulti {
    /// Accepts from a listening socket.
    pub fn new(target: Target) -> AcceptMulti {
        AcceptMulti {
            target,
            flags: 0,
            one_at_a_time: false,
        }
    }

    /// Ends after one connection: for kernels that have nothing else ([`Feature::AcceptMultishot`](crate::Feature)).
    #[must_use]
    pub fn one_at_a_time(mut self, one_at_a_time: bool) -> AcceptMulti {
        self.one_at_a_time = one_at_a_time;
        self
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
        let (target, flags) = (self.target.number(), self.flags | libc::SOCK_CLOEXEC);
        let entry = if self.one_at_a_time {
            let nowhere = std::ptr::null_mut();
            opcode::Accept::new(target, nowhere, nowhere.cast())
                .flags(flags)
                .build()
        } else {
            opcode::AcceptMulti::new(target).flags(flags).build()
        };
        self.target.mark(entry)
    }

    fn item(&mut self, completion: Completion) -> io::Result<OwnedFd> {
        owned_fd(completion)
    }

    fn discard(&mut self, completion: Completion) {
        drop(owned_fd(completion));
    }
}
