//! What an operation acts on.

use std::os::fd::{AsRawFd, RawFd};

use io_uring::{squeue, types};

/// A plain descriptor, or an index into the engine's table of registered files.
///
/// Whoever makes an operation keeps the descriptor open until the operation has resolved, or the operation acts on
/// whatever the number means then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A file descriptor.
    Fd(RawFd),
    /// An index into the table of registered files.
    Fixed(u32),
}

impl Target {
    /// The target of anything that has a descriptor.
    pub fn of(descriptor: &impl AsRawFd) -> Target {
        Target::Fd(descriptor.as_raw_fd())
    }
}

impl From<RawFd> for Target {
    fn from(fd: RawFd) -> Target {
        Target::Fd(fd)
    }
}

impl Target {
    /// The number for the entry's descriptor field; [`mark`](Target::mark) says which kind it is.
    #[inline]
    pub(crate) fn number(self) -> types::Fd {
        match self {
            Target::Fd(fd) => types::Fd(fd),
            Target::Fixed(index) => types::Fd(index as i32),
        }
    }

    #[inline]
    pub(crate) fn mark(self, entry: squeue::Entry) -> squeue::Entry {
        match self {
            Target::Fd(_) => entry,
            Target::Fixed(_) => entry.flags(squeue::Flags::FIXED_FILE),
        }
    }
}
