//! Asking the kernel what it knows of a file.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

use uring_engine::io_uring::{opcode, squeue, types};
use uring_engine::{Completion, Operation};

use crate::fs::metadata::Metadata;

/// What is known of a file, as `statx`: of an open one, or of what a path means.
pub struct Stat {
    fd: RawFd,
    path: CString,
    flags: i32,
    answer: Box<MaybeUninit<libc::statx>>,
}

impl Stat {
    pub(crate) fn of_open(fd: RawFd) -> Self {
        Self {
            fd,
            path: CString::default(),
            flags: libc::AT_EMPTY_PATH,
            answer: Box::new(MaybeUninit::zeroed()),
        }
    }

    /// With `AT_*` flags.
    pub(crate) fn of_path(path: CString, flags: i32) -> Self {
        Self {
            fd: libc::AT_FDCWD,
            path,
            flags,
            answer: Box::new(MaybeUninit::zeroed()),
        }
    }
}

// SAFETY: the entry points at the path and the answer, whose heap memory the value owns.
unsafe impl Operation for Stat {
    type Output = io::Result<Metadata>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::Statx::new(
            types::Fd(self.fd),
            self.path.as_ptr(),
            self.answer.as_mut_ptr().cast(),
        )
        .flags(self.flags)
        // What a file system does not know it leaves out.
        .mask(libc::STATX_BASIC_STATS | libc::STATX_BTIME | libc::STATX_DIOALIGN)
        .build()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        completion.into_result()?;
        // SAFETY: it was zeroed, which is a valid value, and the kernel has filled it.
        Ok(Metadata(unsafe { self.answer.assume_init_read() }))
    }
}
