//! Files: opening and syncing.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;

use io_uring::types::{Fd, FsyncFlags};
use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::op::net::owned_fd;
use crate::operation::Operation;
use crate::target::Target;

/// Opens a file, as `openat` with `O_CLOEXEC`. Resolves to its descriptor.
///
/// When the future is dropped although the file had been opened, it is closed.
#[derive(Debug)]
pub struct OpenAt {
    directory: i32,
    path: CString,
    flags: i32,
    mode: u32,
}

impl OpenAt {
    /// Opens a path with `O_*` flags, relative to the working directory.
    pub fn new(path: CString, flags: i32) -> OpenAt {
        OpenAt {
            directory: libc::AT_FDCWD,
            path,
            flags,
            mode: 0o666,
        }
    }

    /// Takes relative paths as relative to this directory.
    #[must_use]
    pub fn directory(mut self, directory: std::os::fd::RawFd) -> OpenAt {
        self.directory = directory;
        self
    }

    /// Sets the permissions of a file that is created; the process's mask is taken off. Default: 0o666.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> OpenAt {
        self.mode = mode;
        self
    }
}

// SAFETY: the entry points at the path's heap memory, which the value owns.
unsafe impl Operation for OpenAt {
    type Output = io::Result<OwnedFd>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::OpenAt::new(Fd(self.directory), self.path.as_ptr())
            .flags(self.flags | libc::O_CLOEXEC)
            .mode(self.mode)
            .build()
    }

    fn complete(self, completion: Completion) -> io::Result<OwnedFd> {
        owned_fd(completion)
    }

    fn discard(self, completion: Completion) {
        drop(owned_fd(completion));
    }
}

/// Brings a file's data to the disk, as `fsync`.
#[derive(Debug)]
pub struct Fsync {
    target: Target,
    data_only: bool,
}

impl Fsync {
    /// Data and all metadata.
    pub fn new(target: Target) -> Fsync {
        Fsync {
            target,
            data_only: false,
        }
    }

    /// Data and what is needed to read it back, as `fdatasync`.
    pub fn data(target: Target) -> Fsync {
        Fsync {
            target,
            data_only: true,
        }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Fsync {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let flags = if self.data_only {
            FsyncFlags::DATASYNC
        } else {
            FsyncFlags::empty()
        };
        let entry = opcode::Fsync::new(self.target.number())
            .flags(flags)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}
