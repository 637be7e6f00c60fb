//! What is done to names rather than to open files: directories, links, renaming, removing.
//!
//! The kernel has no way of doing these without blocking, so it runs each on a thread of its own pool (io-wq).

use std::ffi::CString;
use std::io;

use io_uring::types::Fd;
use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::operation::Operation;

/// Relative paths are relative to the working directory.
const HERE: Fd = Fd(libc::AT_FDCWD);

/// Makes a directory, as `mkdir`.
#[derive(Debug)]
pub struct MkDirAt {
    path: CString,
    mode: u32,
}

impl MkDirAt {
    /// Makes it with these permissions; the process's mask is taken off.
    pub fn new(path: CString, mode: u32) -> MkDirAt {
        MkDirAt { path, mode }
    }
}

// SAFETY: the entry points at the path's heap memory, which the value owns.
unsafe impl Operation for MkDirAt {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::MkDirAt::new(HERE, self.path.as_ptr())
            .mode(self.mode)
            .build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Removes a name, as `unlink` or `rmdir`.
#[derive(Debug)]
pub struct UnlinkAt {
    path: CString,
    flags: i32,
}

impl UnlinkAt {
    /// The name of anything but a directory.
    pub fn file(path: CString) -> UnlinkAt {
        UnlinkAt { path, flags: 0 }
    }

    /// An empty directory.
    pub fn directory(path: CString) -> UnlinkAt {
        UnlinkAt {
            path,
            flags: libc::AT_REMOVEDIR,
        }
    }
}

// SAFETY: the entry points at the path's heap memory, which the value owns.
unsafe impl Operation for UnlinkAt {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::UnlinkAt::new(HERE, self.path.as_ptr())
            .flags(self.flags)
            .build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Gives a file another name, as `renameat2`.
#[derive(Debug)]
pub struct RenameAt {
    from: CString,
    to: CString,
    flags: u32,
}

impl RenameAt {
    /// Renames, with `RENAME_*` flags.
    pub fn new(from: CString, to: CString, flags: u32) -> RenameAt {
        RenameAt { from, to, flags }
    }
}

// SAFETY: the entry points at the paths' heap memory, which the value owns.
unsafe impl Operation for RenameAt {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::RenameAt::new(HERE, self.from.as_ptr(), HERE, self.to.as_ptr())
            .flags(self.flags)
            .build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Gives a file a further name, as `link`: a symbolic link is not followed but gets the name itself.
#[derive(Debug)]
pub struct LinkAt {
    original: CString,
    link: CString,
}

impl LinkAt {
    /// Makes `link` a name of what `original` names.
    pub fn new(original: CString, link: CString) -> LinkAt {
        LinkAt { original, link }
    }
}

// SAFETY: the entry points at the paths' heap memory, which the value owns.
unsafe impl Operation for LinkAt {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::LinkAt::new(HERE, self.original.as_ptr(), HERE, self.link.as_ptr()).build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Makes a symbolic link, as `symlink`.
#[derive(Debug)]
pub struct SymlinkAt {
    target: CString,
    link: CString,
}

impl SymlinkAt {
    /// Makes `link` stand for the text `target`, which need not name anything.
    pub fn new(target: CString, link: CString) -> SymlinkAt {
        SymlinkAt { target, link }
    }
}

// SAFETY: the entry points at the paths' heap memory, which the value owns.
unsafe impl Operation for SymlinkAt {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::SymlinkAt::new(HERE, self.target.as_ptr(), self.link.as_ptr()).build()
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}
