//! An open file.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;

use uring_engine::{BufResult, Engine, IoBuf, IoBufMut, Operation, Slice, Target, op};

use crate::fs::metadata::Metadata;

use crate::fs::open_options::OpenOptions;
use crate::fs::stat::Stat;
use crate::keep::Keep;

/// An open file on the current context. Reads and writes name their offset; there is no position.
///
/// Operations take `&self`, and any number may be in flight; the kernel runs them in no particular order.
///
/// # What dropping a future means
///
/// The operation is cancelled if the kernel has not begun it; a write that has begun is finished. The buffer is freed only
/// once the kernel is done with it.
///
/// # Examples
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("greeting");
/// use uring_io::fs::File;
///
/// # context::block_on(async {
/// let file = File::create(&path).await?;
/// file.write_all_at("hello, world", 0).await.0?;
/// file.sync_all().await?;
/// file.close().await?;
///
/// let file = File::open(&path).await?;
/// let (result, bytes) = file.read_exact_at(vec![0; 5], 7).await;
/// result?;
/// assert_eq!(bytes, b"world");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct File {
    /// Shared with the operations in flight.
    descriptor: Rc<OwnedFd>,
    engine: Engine,
}

impl File {
    pub(crate) fn from_descriptor(descriptor: OwnedFd, engine: Engine) -> Self {
        Self {
            descriptor: Rc::new(descriptor),
            engine,
        }
    }

    /// Takes over a file of the standard library.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(file: std::fs::File) -> Self {
        Self::from_descriptor(file.into(), context::driver().engine().clone())
    }

    /// Opens a file for reading.
    ///
    /// Cancel-safe: dropping the future closes what was opened.
    ///
    /// # Errors
    ///
    /// What the kernel says; `InvalidInput` if the path holds a zero byte.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().read(true).open(path).await
    }

    /// Opens a file for writing; makes it if it does not exist, empties it if it does.
    ///
    /// Cancel-safe: dropping the future closes what was opened, but a file that was made or emptied stays so.
    ///
    /// # Errors
    ///
    /// What the kernel says; `InvalidInput` if the path holds a zero byte.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .await
    }

    /// Reads up to `buffer`'s capacity, from `offset` bytes on. Resolves to the number of bytes, 0 at or behind the end, and the
    /// buffer.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffer comes back.
    pub async fn read_at<B: IoBufMut>(&self, buffer: B, offset: u64) -> BufResult<usize, B> {
        self.run(op::Read::at(self.target(), offset, buffer)).await
    }

    /// Fills `buffer` to its capacity, from `offset` bytes on.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before, with what there was in the buffer; what the kernel says. The buffer comes
    /// back.
    pub async fn read_exact_at<B: IoBufMut>(&self, mut buffer: B, offset: u64) -> BufResult<(), B> {
        let capacity = buffer.capacity();
        let mut filled = 0;
        while filled < capacity {
            let rest = Slice::new(buffer, filled..capacity);
            let (result, rest) = self.read_at(rest, offset + filled as u64).await;
            buffer = rest.into_inner();
            match result {
                Ok(0) => return (Err(io::ErrorKind::UnexpectedEof.into()), buffer),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (Err(error), buffer),
            }
        }
        (Ok(()), buffer)
    }

    /// Writes from the beginning of `buffer`, at `offset` bytes. Resolves to the number of bytes, which may be fewer than
    /// there are, and the buffer. Behind the end, the gap reads as zeros.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says; the buffer comes back.
    pub async fn write_at<B: IoBuf>(&self, buffer: B, offset: u64) -> BufResult<usize, B> {
        self.run(op::Write::at(self.target(), offset, buffer)).await
    }

    /// Writes all of `buffer` at `offset` bytes.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says, after a part was written or none; the buffer comes back.
    pub async fn write_all_at<B: IoBuf>(&self, mut buffer: B, offset: u64) -> BufResult<(), B> {
        let total = buffer.len();
        let mut written = 0;
        while written < total {
            let rest = Slice::new(buffer, written..total);
            let (result, rest) = self.write_at(rest, offset + written as u64).await;
            buffer = rest.into_inner();
            match result {
                Ok(0) => return (Err(io::ErrorKind::WriteZero.into()), buffer),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (Err(error), buffer),
            }
        }
        (Ok(()), buffer)
    }

    /// Writes what is cached of the file to its device, metadata included.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// What the kernel says, errors of earlier writes included.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.run(op::Fsync::new(self.target())).await
    }

    /// Writes what is cached of the file to its device, and of the metadata only what is needed to read it back.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// What the kernel says, errors of earlier writes included.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.run(op::Fsync::data(self.target())).await
    }

    /// What is known of the file.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.run(Stat::of_open(self.as_raw_fd()))
            .await
            .map(Metadata)
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

    /// Closes the file and tells how that went. Dropping it closes it too, once the operations in flight are done.
    ///
    /// Cancel-safe: the file is closed in any case.
    ///
    /// # Errors
    ///
    /// What the kernel says: on some file systems, errors of earlier writes.
    pub async fn close(self) -> io::Result<()> {
        match Rc::try_unwrap(self.descriptor) {
            Ok(descriptor) => self.engine.op(op::Close::new(descriptor)).await,
            // An operation whose future was dropped is still in the kernel; the file is closed after it.
            Err(_) => Ok(()),
        }
    }

    /// Empties it and sets its permissions.
    pub(crate) fn replace(&self, mode: u32) -> io::Result<()> {
        let file = std::fs::File::from(self.descriptor.try_clone()?);
        file.set_len(0)?;
        file.set_permissions(PermissionsExt::from_mode(mode))
    }

    fn target(&self) -> Target {
        Target::of(&*self.descriptor)
    }

    async fn run<O: Operation>(&self, operation: O) -> O::Output {
        let (output, _) = self
            .engine
            .op(Keep::new(operation, self.descriptor.clone()))
            .await;
        output
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}
