//! What is known of a file.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is known of a file: of [`File::metadata`](super::File::metadata), [`metadata()`](super::metadata()) and
/// [`symlink_metadata`](super::symlink_metadata).
#[derive(Clone)]
pub struct Metadata(pub(crate) libc::statx);

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// A pipe with a name.
    Fifo,
    /// A socket with a name.
    Socket,
    /// A character device: a terminal, `/dev/null`.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// Something else.
    Other,
}

impl FileType {
    /// Whether it is a regular file.
    pub fn is_file(self) -> bool {
        self == Self::File
    }

    /// Whether it is a directory.
    pub fn is_dir(self) -> bool {
        self == Self::Dir
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(self) -> bool {
        self == Self::Symlink
    }
}

impl From<std::fs::FileType> for FileType {
    fn from(kind: std::fs::FileType) -> Self {
        use std::os::unix::fs::FileTypeExt;
        match kind {
            _ if kind.is_file() => Self::File,
            _ if kind.is_dir() => Self::Dir,
            _ if kind.is_symlink() => Self::Symlink,
            _ if kind.is_fifo() => Self::Fifo,
            _ if kind.is_socket() => Self::Socket,
            _ if kind.is_char_device() => Self::CharDevice,
            _ if kind.is_block_device() => Self::BlockDevice,
            _ => Self::Other,
        }
    }
}

impl Metadata {
    /// Bytes.
    #[allow(clippy::len_without_is_empty, reason = "a size, not a collection")]
    pub fn len(&self) -> u64 {
        self.0.stx_size
    }

    /// What kind of thing it is.
    pub fn file_type(&self) -> FileType {
        match u32::from(self.0.stx_mode) & libc::S_IFMT {
            libc::S_IFREG => FileType::File,
            libc::S_IFDIR => FileType::Dir,
            libc::S_IFLNK => FileType::Symlink,
            libc::S_IFIFO => FileType::Fifo,
            libc::S_IFSOCK => FileType::Socket,
            libc::S_IFCHR => FileType::CharDevice,
            libc::S_IFBLK => FileType::BlockDevice,
            _ => FileType::Other,
        }
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.file_type().is_file()
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type().is_dir()
    }

    /// Whether it is a symbolic link, which only [`symlink_metadata`](super::symlink_metadata) and the metadata of an open
    /// link can be of.
    pub fn is_symlink(&self) -> bool {
        self.file_type().is_symlink()
    }

    /// The permission bits: `0o644` and the like.
    pub fn mode(&self) -> u32 {
        u32::from(self.0.stx_mode) & 0o7777
    }

    /// The user that owns it.
    pub fn uid(&self) -> u32 {
        self.0.stx_uid
    }

    /// The group that owns it.
    pub fn gid(&self) -> u32 {
        self.0.stx_gid
    }

    /// Its number within its file system.
    pub fn ino(&self) -> u64 {
        self.0.stx_ino
    }

    /// Names that it has.
    pub fn nlink(&self) -> u64 {
        self.0.stx_nlink.into()
    }

    /// Room that it takes on the disk, in units of 512 bytes.
    pub fn blocks(&self) -> u64 {
        self.0.stx_blocks
    }

    /// Bytes that reads and writes are best a multiple of.
    pub fn blksize(&self) -> u64 {
        self.0.stx_blksize.into()
    }

    /// The device that it lies on.
    pub fn dev(&self) -> u64 {
        libc::makedev(self.0.stx_dev_major, self.0.stx_dev_minor)
    }

    /// The device that it stands for, if it is one.
    pub fn rdev(&self) -> u64 {
        libc::makedev(self.0.stx_rdev_major, self.0.stx_rdev_minor)
    }

    /// When its contents last changed.
    pub fn modified(&self) -> SystemTime {
        time(&self.0.stx_mtime)
    }

    /// When it was last read, as far as the file system takes note of that.
    pub fn accessed(&self) -> SystemTime {
        time(&self.0.stx_atime)
    }

    /// When its contents, permissions, names or owners last changed.
    pub fn changed(&self) -> SystemTime {
        time(&self.0.stx_ctime)
    }

    /// When it was made; `None` if the file system does not know.
    pub fn created(&self) -> Option<SystemTime> {
        let known = self.0.stx_mask & libc::STATX_BTIME != 0;
        known.then(|| time(&self.0.stx_btime))
    }

    /// Whether both are of one file, under whatever names.
    pub(crate) fn is_same_file(&self, other: &Metadata) -> bool {
        (self.dev(), self.ino()) == (other.dev(), other.ino())
    }
}

fn time(time: &libc::statx_timestamp) -> SystemTime {
    let fraction = Duration::from_nanos(time.tv_nsec.into());
    let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
    if time.tv_sec < 0 {
        UNIX_EPOCH - seconds + fraction
    } else {
        UNIX_EPOCH + seconds + fraction
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("len", &self.len())
            .field("file_type", &self.file_type())
            .field("mode", &format_args!("{:#o}", self.mode()))
            .field("modified", &self.modified())
            .finish_non_exhaustive()
    }
}
