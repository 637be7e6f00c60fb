//! What is known of a file.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is known of a file: of [`File::metadata`](super::File::metadata) and [`metadata`](super::metadata).
#[derive(Clone)]
pub struct Metadata(pub(crate) libc::statx);

impl Metadata {
    /// Bytes.
    #[allow(clippy::len_without_is_empty, reason = "a size, not a collection")]
    pub fn len(&self) -> u64 {
        self.0.stx_size
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind() == libc::S_IFREG
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind() == libc::S_IFDIR
    }

    /// Whether it is a symbolic link, which only the metadata of an open link can be.
    pub fn is_symlink(&self) -> bool {
        self.kind() == libc::S_IFLNK
    }

    /// The permission bits: `0o644` and the like.
    pub fn mode(&self) -> u32 {
        u32::from(self.0.stx_mode) & 0o7777
    }

    /// When its contents last changed.
    pub fn modified(&self) -> SystemTime {
        let time = &self.0.stx_mtime;
        let fraction = Duration::from_nanos(time.tv_nsec.into());
        let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
        if time.tv_sec < 0 {
            UNIX_EPOCH - seconds + fraction
        } else {
            UNIX_EPOCH + seconds + fraction
        }
    }

    /// Whether both are of one file, under whatever names.
    pub(crate) fn is_same_file(&self, other: &Metadata) -> bool {
        let id = |file: &libc::statx| (file.stx_dev_major, file.stx_dev_minor, file.stx_ino);
        id(&self.0) == id(&other.0)
    }

    fn kind(&self) -> libc::mode_t {
        libc::mode_t::from(self.0.stx_mode) & libc::S_IFMT
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("len", &self.len())
            .field("is_file", &self.is_file())
            .field("is_dir", &self.is_dir())
            .field("mode", &format_args!("{:#o}", self.mode()))
            .field("modified", &self.modified())
            .finish()
    }
}
