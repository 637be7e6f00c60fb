//! Moving bytes inside the kernel.

use std::time::Instant;

use uring_engine::RawEntry;
use uring_engine::io_uring::opcode;

use super::RETRY_AFTER;
use super::calls::{Call, Progress, checked, is_ready};
use super::connect::set_nonblocking;
use super::descriptors::Direction;
use super::move_bytes::{kind, without_sigpipe};

/// Moves bytes between a pipe and something else, or copies them between pipes.
///
/// The flag that says not to wait is about the pipes. Anything else waits as its own mode says, a socket for room for
/// all of the bytes, so it is in non-blocking mode for the call.
#[inline(never)]
pub(super) fn splice(entry: &RawEntry) -> Progress {
    let (from, to) = (entry.file_index, entry.fd);
    let result = if entry.opcode == opcode::Tee::CODE {
        call(entry)
    } else {
        let _modes = [NonBlocking::new(from), NonBlocking::new(to)];
        call(entry)
    };
    match checked(result) {
        Call::Done(count) => Progress::Ended(count, 0),
        Call::Failed(errno) => Progress::Ended(-errno, 0),
        Call::Again if !is_ready(from, libc::POLLIN) => {
            Progress::Wait(from, Direction::Poll(false))
        }
        Call::Again if !is_ready(to, libc::POLLOUT) => Progress::Wait(to, Direction::Poll(true)),
        Call::Again => Progress::Until(Instant::now() + RETRY_AFTER),
    }
}

/// The errno is that of the call, whatever was done since.
fn call(entry: &RawEntry) -> isize {
    let (from, to) = (entry.file_index, entry.fd);
    let flags = entry.op_flags | libc::SPLICE_F_NONBLOCK;
    let (mut from_offset, mut to_offset) = (entry.addr as i64, entry.off as i64);
    let offset = |offset: &mut i64| match *offset {
        -1 => std::ptr::null_mut(),
        _ => std::ptr::from_mut(offset),
    };
    // SAFETY: the offsets live across the call.
    without_sigpipe(|| unsafe {
        if entry.opcode == opcode::Tee::CODE {
            libc::tee(from, to, entry.len as usize, flags)
        } else {
            let (before, after) = (offset(&mut from_offset), offset(&mut to_offset));
            libc::splice(from, before, to, after, entry.len as usize, flags)
        }
    })
}

/// A descriptor in non-blocking mode, until dropped. Pipes and files stay as they are.
struct NonBlocking(Option<i32>);

impl NonBlocking {
    fn new(fd: i32) -> Self {
        let heeds_flag = [libc::S_IFIFO, libc::S_IFREG, libc::S_IFBLK];
        let is_set_here = !heeds_flag.contains(&kind(fd)) && !set_nonblocking(fd, true);
        Self(is_set_here.then_some(fd))
    }
}

impl Drop for NonBlocking {
    fn drop(&mut self) {
        if let Some(fd) = self.0 {
            set_nonblocking(fd, false);
        }
    }
}
