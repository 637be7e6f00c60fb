//! The length of a file, the room it has on its device, and what of it is in memory.

use std::io;

use io_uring::{opcode, squeue};

use crate::completion::Completion;
use crate::operation::Operation;
use crate::target::Target;

/// Sets the length of a file, as `ftruncate`. A kernel before 6.9 refuses with `EINVAL`.
#[derive(Debug)]
pub struct Truncate {
    target: Target,
    len: u64,
}

impl Truncate {
    /// Cuts off what is behind `len` bytes, or appends zeros up to there.
    pub fn new(target: Target, len: u64) -> Truncate {
        Truncate { target, len }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Truncate {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::Ftruncate::new(self.target.number(), self.len).build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Reserves or frees room of a file, as `fallocate`.
#[derive(Debug)]
pub struct Fallocate {
    target: Target,
    mode: i32,
    offset: u64,
    len: u64,
}

impl Fallocate {
    /// Acts on `len` bytes from `offset` on, as the `FALLOC_FL_*` flags of `mode` say.
    pub fn new(target: Target, mode: i32, offset: u64, len: u64) -> Fallocate {
        Fallocate {
            target,
            mode,
            offset,
            len,
        }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Fallocate {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::Fallocate::new(self.target.number(), self.len)
            .offset(self.offset)
            .mode(self.mode)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Tells the kernel how a part of a file will be used, as `posix_fadvise`.
#[derive(Debug)]
pub struct Fadvise {
    target: Target,
    advice: i32,
    offset: u64,
    len: u64,
}

impl Fadvise {
    /// Advises on `len` bytes from `offset` on, 0 meaning up to the end, with a `POSIX_FADV_*` value. The entry holds 32
    /// bits of the length: more is taken as up to the end.
    pub fn new(target: Target, advice: i32, offset: u64, len: u64) -> Fadvise {
        Fadvise {
            target,
            advice,
            offset,
            len,
        }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for Fadvise {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let len = u32::try_from(self.len).map_or(0, libc::off_t::from);
        let entry = opcode::Fadvise::new(self.target.number(), len, self.advice)
            .offset(self.offset)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}

/// Writes a part of what is cached of a file to its device, as `sync_file_range`: no metadata, no cache of the device.
#[derive(Debug)]
pub struct SyncRange {
    target: Target,
    flags: u32,
    offset: u64,
    len: u32,
}

impl SyncRange {
    /// Acts on `len` bytes from `offset` on, 0 meaning up to the end, as the `SYNC_FILE_RANGE_*` flags say.
    pub fn new(target: Target, flags: u32, offset: u64, len: u32) -> SyncRange {
        SyncRange {
            target,
            flags,
            offset,
            len,
        }
    }
}

// SAFETY: the entry points at nothing.
unsafe impl Operation for SyncRange {
    type Output = io::Result<()>;

    fn entry(&mut self) -> squeue::Entry {
        let entry = opcode::SyncFileRange::new(self.target.number(), self.len)
            .offset(self.offset)
            .flags(self.flags)
            .build();
        self.target.mark(entry)
    }

    fn complete(self, completion: Completion) -> io::Result<()> {
        completion.into_result().map(drop)
    }
}
