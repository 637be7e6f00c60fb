//! An open file.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::rc::Rc;

use uring_engine::{
    Engine, FixedBuf, IoBuf, IoBufMut, IoVecBuf, IoVecBufMut, Operation, Target, op,
};

use crate::fs::aligned_buf::AlignedBuf;
use crate::fs::direct::{DirectAlignment, Placement};
use crate::fs::file_op::{self, Drain, FileOp, Fill, Once, Progress, Transfer, Work};
use crate::fs::opcode::Opcode;
use crate::fs::open_options::OpenOptions;

/// The future of [`File::read_at`].
pub type ReadAt<B> = FileOp<Transfer<op::Read<B>>>;
/// The future of [`File::read_exact_at`].
pub type ReadExactAt<B> = FileOp<Fill<B>>;
/// The future of [`File::read_fixed_at`].
pub type ReadFixedAt = FileOp<Transfer<op::ReadFixed>>;
/// The future of [`File::write_at`].
pub type WriteAt<B> = FileOp<Transfer<op::Write<B>>>;
/// The future of [`File::write_all_at`].
pub type WriteAllAt<B> = FileOp<Drain<B>>;
/// The future of [`File::write_fixed_at`].
pub type WriteFixedAt = FileOp<Transfer<op::WriteFixed>>;
/// The future of [`File::sync_all`].
pub type SyncAll = FileOp<Once<op::Fsync>>;
/// The future of [`File::sync_data`].
pub type SyncData = FileOp<Once<op::Fsync>>;
/// The future of [`File::read_vectored_at`].
pub type ReadVectoredAt<V> = FileOp<Transfer<op::ReadV<V>>>;
/// The future of [`File::write_vectored_at`].
pub type WriteVectoredAt<V> = FileOp<Transfer<op::WriteV<V>>>;

/// An open file on the current context. Reads and writes name their offset; a [`FileCursor`](super::FileCursor) has a
/// position.
///
/// Operations take `&self`, and any number may be in flight; the kernel runs them in no particular order, unless they are
/// [chained](super::chain()).
///
/// # What dropping a future means
///
/// The operation is cancelled if the kernel has not begun it; a write that has begun is finished. The buffer is freed only
/// once the kernel is done with it. [`FileOp::cancel`] gives it back.
///
/// On a pipe or a terminal, which this can be too, a dropped read may have taken bytes that nobody sees then. Their own types
/// lose none.
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
///
/// The buffer of an operation that is given up comes back:
///
/// ```
/// # context::block_on(async {
/// let file = uring_io::fs::File::open("/proc/version").await?;
/// let reading = file.read_at(vec![0; 64], 0);
/// let (result, buffer) = reading.cancel().await;
/// assert!(result.is_err(), "it was never polled");
/// assert_eq!(buffer.len(), 64);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct File {
    /// Shared with the operations in flight.
    descriptor: Rc<OwnedFd>,
    engine: Engine,
    /// Set if it was opened for direct I/O.
    direct: Option<DirectAlignment>,
}

impl File {
    /// The descriptor, for operations elsewhere.
    pub(crate) fn shared(&self) -> Rc<OwnedFd> {
        self.descriptor.clone()
    }

    pub(crate) fn from_descriptor(descriptor: OwnedFd, engine: Engine) -> Self {
        Self {
            descriptor: Rc::new(descriptor),
            engine,
            direct: None,
        }
    }

    /// Takes over a file of the standard library.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(file: std::fs::File) -> Self {
        let mut file = Self::from_descriptor(file.into(), context::driver().engine().clone());
        // SAFETY: it takes no pointer, and the descriptor is open.
        let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
        if flags & libc::O_DIRECT != 0 {
            file.set_direct(DirectAlignment::default());
        }
        file
    }

    /// A file of the standard library. Where operations are still in flight, whose futures were dropped, it is a duplicate
    /// of the descriptor.
    ///
    /// # Errors
    ///
    /// `EMFILE` if a duplicate is needed and there are too many descriptors.
    pub fn into_std(self) -> io::Result<std::fs::File> {
        match Rc::try_unwrap(self.descriptor) {
            Ok(descriptor) => Ok(descriptor.into()),
            Err(shared) => shared.try_clone().map(Into::into),
        }
    }

    /// A further descriptor of the same open file.
    ///
    /// # Errors
    ///
    /// `EMFILE` if there are too many.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            descriptor: Rc::new(self.descriptor.try_clone()?),
            engine: self.engine.clone(),
            direct: self.direct,
        })
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
    #[inline]
    pub fn read_at<B: IoBufMut>(&self, buffer: B, offset: u64) -> ReadAt<B> {
        let placement = self.placement(offset, buffer.capacity());
        let operation = op::Read::at(self.target(), file_op::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }

    /// Fills `buffer` to its capacity, from `offset` bytes on.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before, with what there was in the buffer; what the kernel says. The buffer comes
    /// back.
    pub fn read_exact_at<B: IoBufMut>(&self, buffer: B, offset: u64) -> ReadExactAt<B> {
        let total = buffer.capacity();
        let progress = Progress::new(offset, total, self.placement(offset, total));
        let operation = op::Read::at(self.target(), progress.offset(), progress.rest(buffer));
        self.start(operation, Fill::new(progress))
    }

    /// As [`read_at`](Self::read_at), into several buffers, one after the other.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffers come back.
    pub fn read_vectored_at<V: IoVecBufMut>(
        &self,
        mut buffers: V,
        offset: u64,
    ) -> ReadVectoredAt<V> {
        let placement = self.placement(offset, buffers.total_capacity());
        let operation = op::ReadV::at(self.target(), file_op::offset(offset), buffers);
        self.start(operation, Transfer::new(placement))
    }

    /// As [`read_at`](Self::read_at), into a [registered buffer](super::FixedBuffers), whose memory the kernel need not look
    /// up.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// What the kernel says, `EFAULT` for a buffer of another context; the buffer comes back.
    pub fn read_fixed_at(&self, buffer: FixedBuf, offset: u64) -> ReadFixedAt {
        let placement = self.placement(offset, buffer.capacity());
        let operation = op::ReadFixed::at(self.target(), file_op::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }

    /// Writes from the beginning of `buffer`, at `offset` bytes. Resolves to the number of bytes, which may be fewer than
    /// there are, and the buffer. Behind the end, the gap reads as zeros.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says; the buffer comes back.
    #[inline]
    pub fn write_at<B: IoBuf>(&self, buffer: B, offset: u64) -> WriteAt<B> {
        let placement = self.placement(offset, buffer.len());
        let operation = op::Write::at(self.target(), file_op::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }

    /// Writes all of `buffer` at `offset` bytes. [`then_sync_data`](FileOp::then_sync_data) has it on the disk too, with one
    /// submission.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says, after a part was written or none; the buffer comes back.
    pub fn write_all_at<B: IoBuf>(&self, buffer: B, offset: u64) -> WriteAllAt<B> {
        let total = buffer.len();
        let progress = Progress::new(offset, total, self.placement(offset, total));
        let operation = op::Write::at(self.target(), progress.offset(), progress.rest(buffer));
        self.start(operation, Drain::new(progress))
    }

    /// As [`write_at`](Self::write_at), from several buffers, one after the other.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says; the buffers come back.
    pub fn write_vectored_at<V: IoVecBuf>(&self, buffers: V, offset: u64) -> WriteVectoredAt<V> {
        let placement = self.placement(offset, buffers.total_len());
        let operation = op::WriteV::at(self.target(), file_op::offset(offset), buffers);
        self.start(operation, Transfer::new(placement))
    }

    /// As [`write_at`](Self::write_at), from a [registered buffer](super::FixedBuffers), whose memory the kernel need not
    /// look up.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says, `EFAULT` for a buffer of another context; the buffer comes back.
    pub fn write_fixed_at(&self, buffer: FixedBuf, offset: u64) -> WriteFixedAt {
        let placement = self.placement(offset, IoBuf::len(&buffer));
        let operation = op::WriteFixed::at(self.target(), file_op::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }

    /// Writes what is cached of the file to its device, metadata included.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// What the kernel says, errors of earlier writes included.
    pub fn sync_all(&self) -> SyncAll {
        self.once(op::Fsync::new(self.target()))
    }

    /// Writes what is cached of the file to its device, and of the metadata only what is needed to read it back.
    ///
    /// When it is dropped, it may or may not happen.
    ///
    /// # Errors
    ///
    /// What the kernel says, errors of earlier writes included.
    pub fn sync_data(&self) -> SyncData {
        self.once(op::Fsync::data(self.target()))
    }

    /// What direct I/O on the file demands, if it was opened [for that](super::OpenOptions::direct).
    pub fn direct_alignment(&self) -> Option<DirectAlignment> {
        self.direct
    }

    /// A buffer for direct I/O on this file, of length 0 and at least this capacity.
    ///
    /// # Panics
    ///
    /// For a capacity of more than half the address space.
    pub fn aligned_buf(&self, capacity: usize) -> AlignedBuf {
        AlignedBuf::new(capacity, self.direct.unwrap_or_default().larger())
    }

    /// Closes the file and tells how that went. Dropping it closes it too, once the operations in flight are done. The future
    /// of an operation keeps the file open: where there still is one, the file is closed after it, and nobody is told how.
    ///
    /// Cancel-safe: the file is closed in any case.
    ///
    /// # Errors
    ///
    /// What the kernel says: on some file systems, errors of earlier writes.
    pub async fn close(self) -> io::Result<()> {
        match Rc::try_unwrap(self.descriptor) {
            Ok(descriptor) => self.engine.op(op::Close::new(descriptor)).await,
            // A future still has a share, or an operation whose future was dropped; the file is closed after it.
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn set_direct(&mut self, alignment: DirectAlignment) {
        self.direct = Some(alignment);
    }

    pub(crate) fn descriptor(&self) -> &Rc<OwnedFd> {
        &self.descriptor
    }

    pub(crate) fn target(&self) -> Target {
        Target::of(&*self.descriptor)
    }

    /// An operation with one step, which every kernel has.
    pub(crate) fn once<O, T>(&self, operation: O) -> FileOp<Once<O>>
    where
        O: Operation<Output = io::Result<T>>,
    {
        self.start(operation, Once::new(None))
    }

    /// An operation with one step, which young kernels have.
    pub(crate) fn once_since<O, T>(&self, opcode: Opcode, operation: O) -> FileOp<Once<O>>
    where
        O: Operation<Output = io::Result<T>>,
    {
        self.start(operation, Once::new(opcode.missing_on(&self.engine)))
    }

    #[inline]
    fn start<W: Work>(&self, operation: W::Operation, work: W) -> FileOp<W> {
        FileOp::new(&self.engine, &self.descriptor, operation, work)
    }

    #[inline]
    fn placement(&self, offset: u64, length: usize) -> Placement {
        Placement::new(self.direct, offset, length)
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
