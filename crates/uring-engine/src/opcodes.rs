//! The names of the ring's operations, and the kernels that brought them.

use std::fmt;
use std::io;

/// `IORING_OP_*` by number: the name behind that, and the kernel that brought it.
const NAMES: [(&str, &str); 63] = [
    ("nop", "5.1"),
    ("readv", "5.1"),
    ("writev", "5.1"),
    ("fsync", "5.1"),
    ("read_fixed", "5.1"),
    ("write_fixed", "5.1"),
    ("poll_add", "5.1"),
    ("poll_remove", "5.1"),
    ("sync_file_range", "5.2"),
    ("sendmsg", "5.3"),
    ("recvmsg", "5.3"),
    ("timeout", "5.4"),
    ("timeout_remove", "5.5"),
    ("accept", "5.5"),
    ("async_cancel", "5.5"),
    ("link_timeout", "5.5"),
    ("connect", "5.5"),
    ("fallocate", "5.6"),
    ("openat", "5.6"),
    ("close", "5.6"),
    ("files_update", "5.6"),
    ("statx", "5.6"),
    ("read", "5.6"),
    ("write", "5.6"),
    ("fadvise", "5.6"),
    ("madvise", "5.6"),
    ("send", "5.6"),
    ("recv", "5.6"),
    ("openat2", "5.6"),
    ("epoll_ctl", "5.6"),
    ("splice", "5.7"),
    ("provide_buffers", "5.7"),
    ("remove_buffers", "5.7"),
    ("tee", "5.8"),
    ("shutdown", "5.11"),
    ("renameat", "5.11"),
    ("unlinkat", "5.11"),
    ("mkdirat", "5.15"),
    ("symlinkat", "5.15"),
    ("linkat", "5.15"),
    ("msg_ring", "5.18"),
    ("fsetxattr", "5.19"),
    ("setxattr", "5.19"),
    ("fgetxattr", "5.19"),
    ("getxattr", "5.19"),
    ("socket", "5.19"),
    ("uring_cmd", "5.19"),
    ("send_zc", "6.0"),
    ("sendmsg_zc", "6.1"),
    ("read_multishot", "6.7"),
    ("waitid", "6.7"),
    ("futex_wait", "6.7"),
    ("futex_wake", "6.7"),
    ("futex_waitv", "6.7"),
    ("fixed_fd_install", "6.8"),
    ("ftruncate", "6.9"),
    ("bind", "6.11"),
    ("listen", "6.11"),
    ("recv_zc", "6.15"),
    ("epoll_wait", "6.15"),
    ("readv_fixed", "6.15"),
    ("writev_fixed", "6.15"),
    ("pipe", "6.16"),
];

/// The last operation that Linux 5.11 has, the first kernel whose rings an engine can use.
const LAST_OF_5_11: u8 = 36;

/// A set of operations of the ring, by their `IORING_OP_*` numbers (`io_uring::opcode::Read::CODE`).
///
/// ```
/// use uring_engine::Opcodes;
/// use uring_engine::io_uring::opcode::{Recv, Send};
///
/// let sockets = Opcodes::EMPTY.with(Recv::CODE).with(Send::CODE);
/// assert!(sockets.contains(Send::CODE));
/// assert_eq!(Opcodes::name(Recv::CODE), Some("recv"));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Opcodes([u64; 4]);

impl Opcodes {
    /// No operation.
    pub const EMPTY: Opcodes = Opcodes([0; 4]);

    /// This set and one more operation.
    #[must_use]
    pub const fn with(mut self, opcode: u8) -> Opcodes {
        self.0[opcode as usize / 64] |= 1 << (opcode % 64);
        self
    }

    /// This set without an operation.
    #[must_use]
    pub const fn without(mut self, opcode: u8) -> Opcodes {
        self.0[opcode as usize / 64] &= !(1 << (opcode % 64));
        self
    }

    /// This set and another one.
    #[must_use]
    pub fn and(self, other: Opcodes) -> Opcodes {
        Opcodes(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Whether the set holds an operation.
    #[inline]
    pub const fn contains(self, opcode: u8) -> bool {
        self.0[opcode as usize / 64] & (1 << (opcode % 64)) != 0
    }

    /// The operations of the set, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&opcode| self.contains(opcode))
    }

    /// The kernel's name for an operation, behind `IORING_OP_` and in lower case; `None` if this crate knows none.
    pub const fn name(opcode: u8) -> Option<&'static str> {
        if (opcode as usize) < NAMES.len() {
            Some(NAMES[opcode as usize].0)
        } else {
            None
        }
    }

    /// The kernel that brought an operation; `None` if this crate does not know it.
    pub const fn since(opcode: u8) -> Option<&'static str> {
        if (opcode as usize) < NAMES.len() {
            Some(NAMES[opcode as usize].1)
        } else {
            None
        }
    }

    /// The number of a name, as [`name`](Opcodes::name) gives it.
    pub fn by_name(name: &str) -> Option<u8> {
        let at = NAMES.iter().position(|(known, _)| *known == name)?;
        u8::try_from(at).ok()
    }

    /// What every kernel has whose rings an engine can use.
    pub(crate) fn oldest() -> Opcodes {
        (0..=LAST_OF_5_11).collect()
    }

    /// Those that another set does not hold.
    pub(crate) fn beyond(self, other: Opcodes) -> Opcodes {
        Opcodes(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }
}

impl FromIterator<u8> for Opcodes {
    fn from_iter<I: IntoIterator<Item = u8>>(opcodes: I) -> Self {
        opcodes.into_iter().fold(Opcodes::EMPTY, Opcodes::with)
    }
}

impl fmt::Debug for Opcodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What an operation's refusal means that the ring does not know.
#[cold]
pub(crate) fn explain(opcode: u8, error: io::Error) -> io::Error {
    let (name, since) = (Opcodes::name(opcode), Opcodes::since(opcode));
    let message = match (name, since) {
        (Some(name), Some(since)) => {
            let name = name.to_uppercase();
            format!(
                "this needs IORING_OP_{name}, which Linux has since {since} and this ring has not: do it \
                 another way, or on the epoll driver ({error})"
            )
        }
        _ => format!("this ring has no operation {opcode} ({error})"),
    };
    io::Error::new(io::ErrorKind::Unsupported, message)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use io_uring::opcode;

    use super::Opcodes;

    #[test]
    fn names_stand_at_their_numbers() {
        let known = [
            (opcode::Nop::CODE, "nop"),
            (opcode::RecvMsg::CODE, "recvmsg"),
            (opcode::AsyncCancel::CODE, "async_cancel"),
            (opcode::Connect::CODE, "connect"),
            (opcode::Statx::CODE, "statx"),
            (opcode::Recv::CODE, "recv"),
            (opcode::Splice::CODE, "splice"),
            (opcode::UnlinkAt::CODE, "unlinkat"),
            (opcode::MkDirAt::CODE, "mkdirat"),
            (opcode::Socket::CODE, "socket"),
            (opcode::SendZc::CODE, "send_zc"),
            (opcode::ReadMulti::CODE, "read_multishot"),
            (opcode::Ftruncate::CODE, "ftruncate"),
            (opcode::RecvZc::CODE, "recv_zc"),
            (opcode::WritevFixed::CODE, "writev_fixed"),
            (opcode::Pipe::CODE, "pipe"),
        ];
        for (code, name) in known {
            assert_eq!(Opcodes::name(code), Some(name));
            assert_eq!(Opcodes::by_name(name), Some(code));
        }
        assert_eq!(Opcodes::name(u8::MAX), None);
        assert_eq!(Opcodes::by_name("future"), None);
    }

    #[test]
    fn the_oldest_usable_kernel_has_what_came_up_to_it() {
        let oldest = Opcodes::oldest();
        for code in 0..=u8::MAX {
            let Some(since) = Opcodes::since(code) else {
                assert!(!oldest.contains(code));
                continue;
            };
            let mut parts = since.split('.').map(|part| part.parse::<u32>().unwrap());
            let since = (parts.next().unwrap(), parts.next().unwrap());
            assert_eq!(oldest.contains(code), since <= (5, 11), "{code}");
        }
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set = Opcodes::EMPTY.with(0).with(63).with(64).with(255);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 255]);
        assert_eq!(set.without(64).iter().count(), 3);
        assert_eq!(set.beyond(Opcodes::EMPTY.with(63)), set.without(63));
    }
}
