//! How a file is opened.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use uring_engine::op;

use crate::fs::file::File;

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
    flags: i32,
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
            flags: 0,
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

    /// Further `O_*` flags, such as `O_DIRECT`.
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.flags = flags;
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// What the kernel says; `InvalidInput` for a combination without a meaning and for a path that holds a zero byte.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what was opened. A file that was made or emptied stays so.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let flags = self.access()? | self.creation()? | self.flags;
        let path = CString::new(path.as_ref().as_os_str().as_bytes())?;
        let open = op::OpenAt::new(path, flags).mode(self.mode);
        let engine = context::driver().engine().clone();
        let descriptor = engine.op(open).await?;
        Ok(File::from_descriptor(descriptor, engine))
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
