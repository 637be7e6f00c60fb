//! What an entry means: numbers of `<linux/io_uring.h>`.

use uring_engine::RawEntry;
use uring_engine::io_uring::opcode;

use super::descriptors::Direction;

/// `IOSQE_FIXED_FILE`: the descriptor is an index of a registered file.
const FIXED_FILE: u8 = 1 << 0;
/// `IOSQE_IO_LINK`: the next one follows, if this succeeds.
const LINK: u8 = 1 << 2;
/// `IOSQE_IO_HARDLINK`: the next one follows.
const HARDLINK: u8 = 1 << 3;
/// `IOSQE_BUFFER_SELECT`.
const BUFFER_SELECT: u8 = 1 << 5;
/// `IOSQE_CQE_SKIP_SUCCESS`.
const SKIP_SUCCESS: u8 = 1 << 6;
/// `IORING_RECVSEND_POLL_FIRST`, `IORING_RECV_MULTISHOT`.
const POLL_FIRST: u16 = 1;
const RECV_MULTISHOT: u16 = 1 << 1;
/// `IORING_ACCEPT_MULTISHOT`.
const ACCEPT_MULTISHOT: u16 = 1;
/// `IORING_POLL_ADD_MULTI`.
const POLL_MULTI: u32 = 1;

/// Operations whose call moves bytes, in which fewer than asked for break a chain.
const MOVES: [u8; 8] = [
    opcode::ReadFixed::CODE,
    opcode::WriteFixed::CODE,
    opcode::Read::CODE,
    opcode::Write::CODE,
    opcode::Readv::CODE,
    opcode::Writev::CODE,
    opcode::Splice::CODE,
    opcode::Tee::CODE,
];

/// The same, if they were to wait for all.
const MESSAGES: [u8; 4] = [
    opcode::Recv::CODE,
    opcode::RecvMsg::CODE,
    opcode::Send::CODE,
    opcode::SendMsg::CODE,
];

/// Those that wait for a descriptor to be readable.
const READS: [u8; 7] = [
    opcode::ReadFixed::CODE,
    opcode::Read::CODE,
    opcode::Readv::CODE,
    opcode::Recv::CODE,
    opcode::RecvMsg::CODE,
    opcode::Accept::CODE,
    opcode::ReadMulti::CODE,
];

/// Those that wait for room.
const WRITES: [u8; 7] = [
    opcode::WriteFixed::CODE,
    opcode::Write::CODE,
    opcode::Writev::CODE,
    opcode::Send::CODE,
    opcode::SendZc::CODE,
    opcode::SendMsg::CODE,
    opcode::Connect::CODE,
];

/// Those that a thread runs.
const BLOCKS: [u8; 12] = [
    opcode::OpenAt::CODE,
    opcode::Statx::CODE,
    opcode::Fsync::CODE,
    opcode::Fallocate::CODE,
    opcode::Fadvise::CODE,
    opcode::Ftruncate::CODE,
    opcode::SyncFileRange::CODE,
    opcode::RenameAt::CODE,
    opcode::UnlinkAt::CODE,
    opcode::MkDirAt::CODE,
    opcode::SymlinkAt::CODE,
    opcode::LinkAt::CODE,
];

/// The rest of what can be run.
const OTHERS: [u8; 8] = [
    opcode::Nop::CODE,
    opcode::Timeout::CODE,
    opcode::PollAdd::CODE,
    opcode::AsyncCancel::CODE,
    opcode::Shutdown::CODE,
    opcode::Close::CODE,
    opcode::Splice::CODE,
    opcode::Tee::CODE,
];

pub(super) fn is_known(opcode: u8) -> bool {
    let lists: [&[u8]; 4] = [&READS, &WRITES, &BLOCKS, &OTHERS];
    lists.iter().any(|list| list.contains(&opcode))
}

/// Questions to an entry.
pub(super) trait Meaning {
    /// The descriptor and the direction in whose queue it waits, if it does.
    fn waits_for(&self) -> Option<(i32, Direction)>;
    /// Whether a thread has to run it.
    fn blocks(&self) -> bool;
    /// Whether another entry belongs behind it.
    fn is_linked(&self) -> bool;
    /// Whether this result keeps those behind it from running.
    fn breaks_chain(&self, result: i32) -> bool;
    fn skips_success(&self) -> bool;
    fn selects_buffer(&self) -> bool;
    fn is_timeout(&self) -> bool;
    /// Whether it completes again and again.
    fn is_multishot(&self) -> bool;
    /// Whether it waits if it finds nothing, as most do (`MSG_DONTWAIT`).
    fn may_wait(&self) -> bool;
    /// Whether it goes on until it has moved all that it was to (`MSG_WAITALL`).
    fn waits_for_all(&self) -> bool;
    /// Whether it is about a registered file, of which there are none here.
    fn is_fixed(&self) -> bool;
    /// Whether its call is not worth a try before there is an event.
    fn waits_first(&self) -> bool;
    /// Bytes that it is to move.
    fn length(&self) -> u32;
}

impl Meaning for RawEntry {
    fn waits_for(&self) -> Option<(i32, Direction)> {
        if self.is_fixed() {
            None
        } else if READS.contains(&self.opcode) {
            Some((self.fd, Direction::Read))
        } else if WRITES.contains(&self.opcode) {
            Some((self.fd, Direction::Write))
        } else {
            None
        }
    }

    fn blocks(&self) -> bool {
        BLOCKS.contains(&self.opcode)
    }

    fn is_linked(&self) -> bool {
        self.flags & (LINK | HARDLINK) != 0
    }

    fn breaks_chain(&self, result: i32) -> bool {
        let counts = MOVES.contains(&self.opcode)
            || (MESSAGES.contains(&self.opcode) && self.waits_for_all());
        let is_short = counts && u32::try_from(result) != Ok(self.length());
        self.flags & HARDLINK == 0 && (result < 0 || is_short)
    }

    fn skips_success(&self) -> bool {
        self.flags & SKIP_SUCCESS != 0
    }

    fn selects_buffer(&self) -> bool {
        self.flags & BUFFER_SELECT != 0
    }

    fn is_timeout(&self) -> bool {
        self.opcode == opcode::Timeout::CODE
    }

    fn is_multishot(&self) -> bool {
        match self.opcode {
            opcode::Accept::CODE => self.ioprio & ACCEPT_MULTISHOT != 0,
            opcode::Recv::CODE | opcode::RecvMsg::CODE => self.ioprio & RECV_MULTISHOT != 0,
            opcode::PollAdd::CODE => self.len & POLL_MULTI != 0,
            opcode::ReadMulti::CODE => true,
            _ => false,
        }
    }

    fn may_wait(&self) -> bool {
        self.op_flags as i32 & libc::MSG_DONTWAIT == 0
    }

    fn waits_for_all(&self) -> bool {
        self.op_flags as i32 & libc::MSG_WAITALL != 0
    }

    fn is_fixed(&self) -> bool {
        self.flags & FIXED_FILE != 0
    }

    fn waits_first(&self) -> bool {
        self.opcode == opcode::Recv::CODE && self.ioprio & POLL_FIRST != 0
    }

    fn length(&self) -> u32 {
        // SAFETY: the entry of a vectored operation points at its vectors, or at a message that does, until its completion.
        let vectors = unsafe {
            match self.opcode {
                opcode::Readv::CODE | opcode::Writev::CODE => {
                    let first = self.addr as *const libc::iovec;
                    std::slice::from_raw_parts(first, self.len as usize)
                }
                opcode::RecvMsg::CODE | opcode::SendMsg::CODE => {
                    let message = self.addr as *const libc::msghdr;
                    std::slice::from_raw_parts((*message).msg_iov, (*message).msg_iovlen)
                }
                _ => return self.len,
            }
        };
        vectors.iter().map(|vector| vector.iov_len).sum::<usize>() as u32
    }
}
