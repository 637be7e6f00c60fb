//! File operations of the ring that take a path or fill a structure.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use uring_engine::io_uring::{opcode, squeue, types};
use uring_engine::{Completion, Operation};

/// Opens a file, as `openat` with `O_CLOEXEC`. Discarded, it closes what was opened.
pub(crate) struct Open {
    path: CString,
    flags: i32,
    mode: u32,
}

impl Open {
    /// # Errors
    ///
    /// `InvalidInput` if the path holds a zero byte.
    pub(crate) fn new(path: &Path, flags: i32, mode: u32) -> io::Result<Self> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        Ok(Self { path, flags, mode })
    }
}

// SAFETY: the entry points at the path, whose heap memory the value owns.
unsafe impl Operation for Open {
    type Output = io::Result<OwnedFd>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::OpenAt::new(types::Fd(libc::AT_FDCWD), self.path.as_ptr())
            .flags(self.flags | libc::O_CLOEXEC)
            .mode(self.mode)
            .build()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        let fd = completion.into_result()?;
        // SAFETY: the kernel has just opened this descriptor for us, and nobody else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
    }

    fn discard(self, completion: Completion) {
        drop(self.complete(completion));
    }
}

/// Writes a file's data, and its metadata if asked, to the device, as `fsync` or `fdatasync`.
pub(crate) struct Sync {
    pub(crate) fd: RawFd,
    pub(crate) data_only: bool,
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Sync {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let flags = if self.data_only {
            types::FsyncFlags::DATASYNC
        } else {
            types::FsyncFlags::empty()
        };
        opcode::Fsync::new(types::Fd(self.fd)).flags(flags).build()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        completion.into_result().map(drop)
    }
}

/// What is known of a file, as `statx`: of an open one, or of what a path means.
pub(crate) struct Stat {
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

    /// # Errors
    ///
    /// `InvalidInput` if the path holds a zero byte.
    pub(crate) fn of_path(path: &Path) -> io::Result<Self> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        Ok(Self {
            fd: libc::AT_FDCWD,
            path,
            flags: 0,
            answer: Box::new(MaybeUninit::zeroed()),
        })
    }
}

// SAFETY: the entry points at the path and the answer, whose heap memory the value owns.
unsafe impl Operation for Stat {
    type Output = io::Result<libc::statx>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::Statx::new(
            types::Fd(self.fd),
            self.path.as_ptr(),
            self.answer.as_mut_ptr().cast(),
        )
        .flags(self.flags)
        .mask(libc::STATX_BASIC_STATS)
        .build()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        completion.into_result()?;
        // SAFETY: it was zeroed, which is a valid value, and the kernel has filled it.
        Ok(unsafe { self.answer.assume_init_read() })
    }
}
