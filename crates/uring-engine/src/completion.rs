//! One completion, as the kernel reported it.

use std::io;

use io_uring::cqueue;

/// The kernel's answer to an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The result: a count or descriptor when not negative, else a negated errno.
    pub result: i32,
    /// The `IORING_CQE_F_*` flags.
    pub flags: u32,
}

impl Completion {
    /// A completion that reports an errno, as the kernel would.
    pub const fn from_errno(errno: i32) -> Completion {
        Completion {
            result: -errno,
            flags: 0,
        }
    }

    /// What an operation gets that was never submitted because the engine was shut down.
    pub const CANCELLED: Completion = Completion::from_errno(libc::ECANCELED);

    /// The result as a count or an error.
    ///
    /// # Errors
    ///
    /// The errno that the kernel reported.
    #[inline]
    pub fn into_result(self) -> io::Result<u32> {
        u32::try_from(self.result).map_err(|_| io::Error::from_raw_os_error(-self.result))
    }

    /// Whether further completions of the same operation follow.
    #[inline]
    pub fn more(self) -> bool {
        cqueue::more(self.flags)
    }

    /// Whether this is the notification that ends a zero-copy send.
    #[inline]
    pub fn notification(self) -> bool {
        cqueue::notif(self.flags)
    }

    /// The buffer that the kernel picked from a buffer ring.
    #[inline]
    pub fn buffer_id(self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }

    /// Whether the socket has more to read at once.
    #[inline]
    pub fn sock_nonempty(self) -> bool {
        cqueue::sock_nonempty(self.flags)
    }
}
