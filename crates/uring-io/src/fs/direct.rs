//! Direct I/O: what it demands of buffers, offsets and lengths, and how a violation is explained.
//!
//! The kernel says `EINVAL` to a misaligned read or write and not which of the three was wrong. Offset and length are known
//! here, so it can be told; if both are right, it was the address.

use std::io;

use thiserror::Error;

/// What is assumed where the kernel does not tell: no device in use has larger blocks.
const USUAL: u32 = 4096;

/// What direct I/O on a file demands, in bytes: of [`File::direct_alignment`](super::File::direct_alignment).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectAlignment {
    /// The address of a buffer is a multiple of this.
    pub memory: usize,
    /// Offsets and lengths are multiples of this.
    pub offset: usize,
}

impl DirectAlignment {
    /// As the kernel tells (`STATX_DIOALIGN`, 6.1), or else what suits every device.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the kernel says that there is no direct I/O on the file.
    pub(crate) fn of(known: &libc::statx) -> io::Result<Self> {
        let (memory, offset) = if known.stx_mask & libc::STATX_DIOALIGN == 0 {
            (USUAL, USUAL)
        } else {
            (known.stx_dio_mem_align, known.stx_dio_offset_align)
        };
        if memory == 0 || offset == 0 {
            return Err(unsupported(io::Error::from_raw_os_error(libc::EINVAL)));
        }
        Ok(Self {
            memory: memory as usize,
            offset: offset as usize,
        })
    }

    /// One that suits both.
    pub(crate) fn larger(self) -> usize {
        self.memory.max(self.offset)
    }
}

impl Default for DirectAlignment {
    /// What suits every device in use: 4096 bytes.
    fn default() -> Self {
        Self {
            memory: USUAL as usize,
            offset: USUAL as usize,
        }
    }
}

/// Where a read or write goes, if it is a direct one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    alignment: Option<DirectAlignment>,
    offset: u64,
    length: usize,
}

impl Placement {
    #[inline]
    pub(crate) fn new(alignment: Option<DirectAlignment>, offset: u64, length: usize) -> Self {
        Self {
            alignment,
            offset,
            length,
        }
    }

    /// Whether it goes through the page cache, as far as is known.
    #[inline]
    pub(crate) fn is_cached(&self) -> bool {
        self.alignment.is_none()
    }

    /// Says what was wrong, if it was the alignment.
    #[inline]
    pub(crate) fn explain(&self, error: io::Error) -> io::Error {
        match self.alignment {
            Some(alignment) if error.raw_os_error() == Some(libc::EINVAL) => {
                self.misaligned(alignment, error)
            }
            _ => error,
        }
    }

    #[cold]
    fn misaligned(&self, alignment: DirectAlignment, source: io::Error) -> io::Error {
        let DirectAlignment { memory, offset } = alignment;
        let message = if !self.offset.is_multiple_of(offset as u64) {
            format!(
                "the offset {} of direct I/O is not a multiple of {offset}",
                self.offset
            )
        } else if !self.length.is_multiple_of(offset) {
            format!(
                "the length {} of direct I/O is not a multiple of {offset}",
                self.length
            )
        } else {
            format!(
                "the buffer of direct I/O does not begin at a multiple of {memory} bytes, or has a part that is not a \
                 multiple of {offset} bytes long: use `File::aligned_buf`"
            )
        };
        io::Error::new(io::ErrorKind::InvalidInput, Explained { message, source })
    }
}

/// Direct I/O that the file system has not.
pub(crate) fn unsupported(source: io::Error) -> io::Error {
    let message = "the file system has no direct I/O for this file".to_owned();
    io::Error::new(io::ErrorKind::Unsupported, Explained { message, source })
}

/// What the kernel said, and what it meant.
#[derive(Debug, Error)]
#[error("{message} ({source})")]
struct Explained {
    message: String,
    source: io::Error,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io;

    use super::{DirectAlignment, Placement};

    #[test]
    fn what_was_wrong_is_said() {
        let alignment = Some(DirectAlignment::default());
        let explain = |alignment, offset, length, errno| {
            let error = io::Error::from_raw_os_error(errno);
            Placement::new(alignment, offset, length).explain(error)
        };
        for (offset, length, what) in [
            (100, 100, "the offset 100 "),
            (4096, 100, "the length 100 "),
            (4096, 8192, "the buffer "),
        ] {
            let error = explain(alignment, offset, length, libc::EINVAL);
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(what), "{error}");
        }
        // Neither another error nor that of a file that is not direct is touched.
        for (alignment, errno) in [(alignment, libc::EIO), (None, libc::EINVAL)] {
            let error = explain(alignment, 100, 100, errno);
            assert_eq!(error.raw_os_error(), Some(errno));
        }
    }
}
