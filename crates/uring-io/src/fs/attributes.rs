//! What a file is besides its bytes: its length and room, its times, permissions and locks.
//!
//! Length, room and what is known of a file go through the ring. Permissions, times and locks have no operation there: those
//! are set on the blocking pool, through a duplicate of the descriptor.

use std::fs::{FileTimes, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use uring_engine::op;

use crate::fs::blocking::blocking;
use crate::fs::file::File;
use crate::fs::file_op::FileOp;
use crate::fs::set_len::{SetLen, Truncation};
use crate::fs::stat::Stat;
use crate::fs::work::Once;

/// The future of [`File::metadata`].
pub type GetMetadata = FileOp<Once<Stat>>;
/// The future of [`File::allocate`] and [`File::punch_hole`].
pub type Allocate = FileOp<Once<op::Fallocate>>;
/// The future of [`File::advise`].
pub type Advise = FileOp<Once<op::Fadvise>>;
/// The future of [`File::sync_range`].
pub type SyncRange = FileOp<Once<op::SyncRange>>;

/// How a part of a file will be used, for [`File::advise`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing is known.
    #[default]
    Normal,
    /// From the beginning to the end: the kernel reads further ahead.
    Sequential,
    /// In no order: the kernel does not read ahead.
    Random,
    /// Soon: the kernel begins to read it.
    WillNeed,
    /// Not soon: the kernel may drop what it has cached and is on the disk.
    DontNeed,
    /// Once only.
    NoReuse,
}

impl File {
    /// What is known of the file.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn metadata(&self) -> GetMetadata {
        self.once(Stat::of_open(self.as_raw_fd()))
    }

    /// Bytes in the file.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    #[allow(clippy::len_without_is_empty, reason = "a size, not a collection")]
    pub async fn len(&self) -> io::Result<u64> {
        self.metadata().await.map(|metadata| metadata.len())
    }

    /// Cuts off what is behind `len` bytes, or appends zeros up to there, which take no room on the disk.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is not open for writing, or for more bytes than a file can have; `Unsupported` in a
    /// [chain](super::chain()) before Linux 6.9; what else the kernel says.
    pub fn set_len(&self, len: u64) -> SetLen {
        let truncate = op::Truncate::new(self.target(), len);
        self.start(truncate, Truncation::new(self, len))
    }

    /// Makes sure that there is room on the disk for `len` bytes from `offset` on, and that the file is long enough. New
    /// bytes are 0.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// `StorageFull`; `Unsupported` where the file system has no such thing; what else the kernel says.
    pub fn allocate(&self, offset: u64, len: u64) -> Allocate {
        self.once(op::Fallocate::new(self.target(), 0, offset, len))
    }

    /// Frees the room of `len` bytes from `offset` on, which are 0 then. The file stays as long as it is.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// `Unsupported` where the file system has no such thing; what else the kernel says.
    pub fn punch_hole(&self, offset: u64, len: u64) -> Allocate {
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        self.once(op::Fallocate::new(self.target(), mode, offset, len))
    }

    /// Tells the kernel how `len` bytes from `offset` on will be used; 0 means up to the end, and so does more than 4 GiB.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn advise(&self, advice: Advice, offset: u64, len: u64) -> Advise {
        let advice = match advice {
            Advice::Normal => libc::POSIX_FADV_NORMAL,
            Advice::Sequential => libc::POSIX_FADV_SEQUENTIAL,
            Advice::Random => libc::POSIX_FADV_RANDOM,
            Advice::WillNeed => libc::POSIX_FADV_WILLNEED,
            Advice::DontNeed => libc::POSIX_FADV_DONTNEED,
            Advice::NoReuse => libc::POSIX_FADV_NOREUSE,
        };
        self.once(op::Fadvise::new(self.target(), advice, offset, len))
    }

    /// Writes what is cached of `len` bytes from `offset` on to the device, and waits for that; 0 means up to the end, and so
    /// does more than 4 GiB. This bounds what a later sync has to do and is no substitute for one: neither the metadata nor
    /// the device's own cache is written.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// What the kernel says, errors of earlier writes included.
    pub fn sync_range(&self, offset: u64, len: u64) -> SyncRange {
        let flags = libc::SYNC_FILE_RANGE_WAIT_BEFORE
            | libc::SYNC_FILE_RANGE_WRITE
            | libc::SYNC_FILE_RANGE_WAIT_AFTER;
        let len = u32::try_from(len).unwrap_or(0);
        self.once(op::SyncRange::new(self.target(), flags, offset, len))
    }

    /// Sets the permissions.
    ///
    /// Once polled, it happens, dropped or not.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        let file = self.to_std()?;
        blocking(move || file.set_permissions(permissions)).await
    }

    /// Sets when it was last read and changed.
    ///
    /// Once polled, it happens, dropped or not.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        let file = self.to_std()?;
        blocking(move || file.set_times(times)).await
    }

    /// Sets when it was last changed.
    ///
    /// Once polled, it happens, dropped or not.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// Locks the file against every other open file that is locked (`flock`); waits until nobody has a lock. As long as it
    /// waits it holds a thread of the blocking pool. The lock is of the open file, [clones](Self::try_clone) included, and
    /// ends with [`unlock`](Self::unlock) or when all of them are closed.
    ///
    /// Cancel-safe: a lock that comes after the future was dropped is given up at once, unless the file was locked in the
    /// meantime through the same open file, which then has that lock.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn lock(&self) -> io::Result<()> {
        self.lock_with(std::fs::File::lock).await
    }

    /// Locks the file against [`lock`](Self::lock), together with others that do this.
    ///
    /// Cancel-safe: a lock that comes after the future was dropped is given up at once, unless the file was locked in the
    /// meantime through the same open file, which then has that lock.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn lock_shared(&self) -> io::Result<()> {
        self.lock_with(std::fs::File::lock_shared).await
    }

    /// Locks the file as [`lock`](Self::lock) does, if that is possible now; false if somebody has a lock.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn try_lock(&self) -> io::Result<bool> {
        let file = self.to_std()?;
        self.locking().set(|| was_locked(file.try_lock()))
    }

    /// Locks the file as [`lock_shared`](Self::lock_shared) does, if that is possible now; false if somebody else has an
    /// exclusive lock.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn try_lock_shared(&self) -> io::Result<bool> {
        let file = self.to_std()?;
        self.locking().set(|| was_locked(file.try_lock_shared()))
    }

    /// Gives the lock up.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn unlock(&self) -> io::Result<()> {
        let file = self.to_std()?;
        let is_locked = self.locking().set(|| file.unlock().map(|()| false));
        is_locked.map(drop)
    }

    async fn lock_with(&self, lock: fn(&std::fs::File) -> io::Result<()>) -> io::Result<()> {
        let file = self.to_std()?;
        let locking = self.locking().clone();
        let locked = blocking(move || {
            lock(&file)?;
            Ok(Locked {
                file: Some(file),
                locking,
            })
        });
        locked.await?.keep();
        Ok(())
    }

    /// A duplicate, to be used on another thread.
    pub(crate) fn to_std(&self) -> io::Result<std::fs::File> {
        self.descriptor().try_clone().map(Into::into)
    }
}

/// Whether somebody has a lock through this open file. A lock that comes too late must not be given up then: the kernel has
/// one for the open file, and would take away that of whoever was faster.
#[derive(Clone, Debug, Default)]
pub(super) struct Locking(Arc<Mutex<bool>>);

impl Locking {
    /// Tries to change it, and takes note of what came of it.
    fn set(&self, change: impl FnOnce() -> io::Result<bool>) -> io::Result<bool> {
        let mut is_locked = self.get();
        *is_locked = change()?;
        Ok(*is_locked)
    }

    fn get(&self) -> MutexGuard<'_, bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock that nobody has taken over yet.
struct Locked {
    file: Option<std::fs::File>,
    locking: Locking,
}

impl Locked {
    fn keep(mut self) {
        *self.locking.get() = true;
        self.file = None;
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let is_locked = self.locking.get();
        if let Some(file) = self.file.take()
            && !*is_locked
        {
            let _ = file.unlock();
        }
    }
}

fn was_locked(result: Result<(), std::fs::TryLockError>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}
