//! How a file is opened.

use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use uring_engine::op;

use crate::fs::direct::{DirectAlignment, unsupported};
use crate::fs::file::File;
use crate::fs::path::text;
use crate::keep::Keep;

/// How a file is opened; as [`std::fs::OpenOptions`], which see for what combinations mean.
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("log");
/// use uring_io::fs::OpenOptions;
///
/// # context::block_on(async {
/// let log = OpenOptions::new().append(true).create(true).open(path).await?;
/// log.write_all_at("started\n", 0).await.0?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    read: bool,
    write: bool,
    append: bool,
    truncate: bool,
    create: bool,
    create_new: bool,
    mode: u32,
    /// Those with a setter of their own.
    named: i32,
    custom: i32,
}

impl OpenOptions {
    /// Nothing set; permissions of a new file `0o666`, less the umask.
    pub fn new() -> Self {
        Self {
            read: false,
            write: false,
            append: false,
            truncate: false,
            create: false,
            create_new: false,
            mode: 0o666,
            named: 0,
            custom: 0,
        }
    }

    /// For reading.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.read = read;
        self
    }

    /// For writing.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.write = write;
        self
    }

    /// For writing at the end: the offset of every write is ignored.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.append = append;
        self
    }

    /// Empties it.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.truncate = truncate;
        self
    }

    /// Makes it if it does not exist.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.create = create;
        self
    }

    /// Makes it, and fails if it exists.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.create_new = create_new;
        self
    }

    /// The permissions of a new file, less the umask.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = mode;
        self
    }

    /// Past the page cache (`O_DIRECT`), straight between the buffers and the device: for programs that cache for
    /// themselves. Addresses of buffers, offsets and lengths have to be aligned then, as
    /// [`File::direct_alignment`] tells; [`File::aligned_buf`] makes such buffers.
    ///
    /// ```
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("data");
    /// # context::block_on(async {
    /// let file = uring_io::fs::OpenOptions::new()
    ///     .write(true)
    ///     .create(true)
    ///     .direct(true)
    ///     .open(path)
    ///     .await?;
    /// let mut block = file.aligned_buf(4096);
    /// block.fill_up();
    /// block[..5].copy_from_slice(b"hello");
    /// file.write_all_at(block, 0).await.0?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn direct(&mut self, direct: bool) -> &mut Self {
        self.flag(libc::O_DIRECT, direct)
    }

    /// Fails with `FilesystemLoop` if the path is a symbolic link (`O_NOFOLLOW`). Links on the way there are followed.
    pub fn nofollow(&mut self, nofollow: bool) -> &mut Self {
        self.flag(libc::O_NOFOLLOW, nofollow)
    }

    /// Every write ends when its data and metadata are on the device (`O_SYNC`), as if [`File::sync_all`] followed.
    pub fn sync(&mut self, sync: bool) -> &mut Self {
        // The bits of `O_DSYNC` are part of `O_SYNC`: taking them away would take both.
        self.flag(libc::O_SYNC & !libc::O_DSYNC, sync);
        self.flag(libc::O_DSYNC, sync)
    }

    /// Every write ends when its data is on the device (`O_DSYNC`), as if [`File::sync_data`] followed.
    pub fn dsync(&mut self, dsync: bool) -> &mut Self {
        self.flag(libc::O_DSYNC, dsync)
    }

    /// Further `O_*` flags.
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.custom = flags;
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// What the kernel says; `InvalidInput` for a combination without a meaning and for a path that holds a zero byte;
    /// `Unsupported` if it is to be [direct](Self::direct) and the file system has no such thing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what was opened. A file that was made or emptied stays so.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let open = self.operation(path.as_ref(), self.access()? | self.creation()?)?;
        self.finish(context::driver().engine().op(open).await).await
    }

    /// Opens a file whose path, if it is relative, begins at an open directory and not at the working directory. A
    /// directory is opened as a file, for reading.
    ///
    /// ```
    /// # let temporary = tempfile::tempdir().unwrap();
    /// # let path = temporary.path();
    /// use uring_io::fs::{File, OpenOptions};
    ///
    /// # context::block_on(async {
    /// let directory = File::open(path).await?;
    /// let file = OpenOptions::new().write(true).create(true).open_at(&directory, "new").await?;
    /// assert!(uring_io::fs::exists(path.join("new")).await);
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `NotADirectory`; those of [`open`](Self::open).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what was opened. A file that was made or emptied stays so.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn open_at(&self, directory: &File, path: impl AsRef<Path>) -> io::Result<File> {
        let open = self
            .operation(path.as_ref(), self.access()? | self.creation()?)?
            .directory(directory.as_raw_fd());
        let open = Keep::new(open, directory.descriptor().clone());
        let (opened, _) = context::driver().engine().op(open).await;
        self.finish(opened).await
    }

    /// Makes a file without a name (`O_TMPFILE`), on the file system of `directory`. It is gone when it is closed. Of the
    /// options, writing has to be set; those of making and emptying mean nothing here.
    ///
    /// # Errors
    ///
    /// `Unsupported` where the file system has no such thing; those of [`open`](Self::open).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what was opened.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn open_unnamed(&self, directory: impl AsRef<Path>) -> io::Result<File> {
        if !self.write {
            return Err(invalid("a file without a name is opened for writing"));
        }
        let open = self.operation(directory.as_ref(), self.access()? | libc::O_TMPFILE)?;
        self.finish(context::driver().engine().op(open).await).await
    }

    fn flag(&mut self, flag: i32, set: bool) -> &mut Self {
        self.named = if set {
            self.named | flag
        } else {
            self.named & !flag
        };
        self
    }

    fn flags(&self) -> i32 {
        self.named | self.custom
    }

    fn operation(&self, path: &Path, flags: i32) -> io::Result<op::OpenAt> {
        Ok(op::OpenAt::new(text(path)?, flags | self.flags()).mode(self.mode))
    }

    /// Makes a file of what was opened, and asks what direct I/O demands.
    async fn finish(&self, opened: io::Result<std::os::fd::OwnedFd>) -> io::Result<File> {
        let is_direct = self.flags() & libc::O_DIRECT != 0;
        let descriptor = match opened {
            Err(error) if is_direct && error.raw_os_error() == Some(libc::EINVAL) => {
                return Err(unsupported(error));
            }
            opened => opened?,
        };
        let engine = context::driver().engine().clone();
        let mut file = File::from_descriptor(descriptor, engine);
        if is_direct {
            let known = file.metadata().await?;
            file.set_direct(DirectAlignment::of(&known.0)?);
        }
        Ok(file)
    }

    fn access(&self) -> io::Result<i32> {
        match (self.read, self.write, self.append) {
            (true, false, false) => Ok(libc::O_RDONLY),
            (false, true, false) => Ok(libc::O_WRONLY),
            (true, true, false) => Ok(libc::O_RDWR),
            (false, _, true) => Ok(libc::O_WRONLY | libc::O_APPEND),
            (true, _, true) => Ok(libc::O_RDWR | libc::O_APPEND),
            (false, false, false) => Err(invalid("open a file for reading, writing or appending")),
        }
    }

    fn creation(&self) -> io::Result<i32> {
        let writes = self.write || self.append;
        if !writes && (self.truncate || self.create || self.create_new) {
            return Err(invalid(
                "only a file that is opened for writing can be made or emptied",
            ));
        }
        if self.append && self.truncate && !self.create_new {
            return Err(invalid("a file is either emptied or appended to"));
        }
        Ok(match (self.create, self.truncate, self.create_new) {
            (false, false, false) => 0,
            (true, false, false) => libc::O_CREAT,
            (false, true, false) => libc::O_TRUNC,
            (true, true, false) => libc::O_CREAT | libc::O_TRUNC,
            (_, _, true) => libc::O_CREAT | libc::O_EXCL,
        })
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
