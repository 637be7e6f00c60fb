//! An open file: how it comes to be, what concerns it whole, and how it ends.

use std::cell::OnceCell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::rc::Rc;

use uring_engine::{Engine, Operation, Target, op};

use crate::fs::aligned_buf::AlignedBuf;
use crate::fs::attributes::Locking;
use crate::fs::direct::{DirectAlignment, Placement};
use crate::fs::file_op::FileOp;
use crate::fs::open_options::OpenOptions;
use crate::fs::work::{Once, Work};

/// The future of [`File::sync_all`].
pub type SyncAll = FileOp<Once<op::Fsync>>;
/// The future of [`File::sync_data`].
pub type SyncData = FileOp<Once<op::Fsync>>;

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
    pub(super) engine: Engine,
    /// Set if it was opened for direct I/O.
    direct: Option<DirectAlignment>,
    /// Made when it is first locked or cloned.
    locking: OnceCell<Locking>,
}

impl File {
    /// Whether the open file is locked, which its clones share.
    pub(super) fn locking(&self) -> &Locking {
        self.locking.get_or_init(Locking::default)
    }

    /// The descriptor, for operations elsewhere.
    pub(crate) fn shared(&self) -> Rc<OwnedFd> {
        self.descriptor.clone()
    }

    pub(crate) fn from_descriptor(descriptor: OwnedFd, engine: Engine) -> Self {
        Self {
            descriptor: Rc::new(descriptor),
            engine,
            direct: None,
            locking: OnceCell::new(),
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
            locking: self.locking().clone().into(),
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
        self.start(operation, Once::new())
    }

    #[inline]
    pub(super) fn start<W: Work>(&self, operation: W::Operation, work: W) -> FileOp<W> {
        FileOp::new(&self.engine, &self.descriptor, operation, work)
    }

    #[inline]
    pub(super) fn placement(&self, offset: u64, length: usize) -> Placement {
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
