//! For each operation: its call that does not block, or that a thread makes it.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use uring_engine::io_uring::opcode;
use uring_engine::{Completion, RawEntry};

use super::buffers::Groups;
use super::connect::{accept, connect};
use super::descriptors::Direction;
use super::entry::Meaning;
use super::move_bytes::move_bytes;
use super::receive::receive;
use super::send::{send, send_message};
use super::splice::splice;
use super::{MORE, Operation};

/// An offset that means the file position, or that there is none.
pub(super) const AT_POSITION: u64 = u64::MAX;

/// As far as a timeout can be.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What became of an operation.
pub(super) enum Progress {
    /// Its last completion: the result and the flags.
    Ended(i32, u32),
    /// It goes on when there is something for it.
    Wait(i32, Direction),
    /// It has taken all that there was to read, and goes on with the next event.
    Drained(i32),
    /// It could go on, and does after others.
    Paused(i32, Direction),
    /// It goes on at that time.
    Until(Instant),
    /// It ends another one.
    Cancel(u64),
    /// A thread goes on with it.
    Blocks,
}

/// What became of a system call.
pub(super) enum Call {
    /// Its result.
    Done(i32),
    Again,
    /// Its errno.
    Failed(i32),
}

/// The result of a system call.
pub(super) fn checked(result: isize) -> Call {
    if result >= 0 {
        return Call::Done(result as i32);
    }
    match io::Error::last_os_error().raw_os_error() {
        Some(libc::EAGAIN | libc::EINTR) => Call::Again,
        Some(errno) => Call::Failed(errno),
        None => Call::Failed(libc::EIO),
    }
}

/// An error as a completion has it.
pub(super) fn failed(error: &io::Error) -> i32 {
    -error.raw_os_error().unwrap_or(libc::EIO)
}

/// Makes an operation's call.
pub(super) fn attempt(
    operation: &mut Operation,
    groups: &mut Groups,
    completions: &mut VecDeque<(u64, Completion)>,
) -> Progress {
    let entry = operation.entry;
    if entry.is_fixed() {
        return Progress::Ended(-libc::EBADF, 0);
    }
    match entry.opcode {
        opcode::Nop::CODE => Progress::Ended(0, 0),
        opcode::Recv::CODE | opcode::RecvMsg::CODE | opcode::ReadMulti::CODE => {
            receive(operation, groups, completions)
        }
        opcode::Read::CODE
        | opcode::ReadFixed::CODE
        | opcode::Write::CODE
        | opcode::WriteFixed::CODE
        | opcode::Readv::CODE
        | opcode::Writev::CODE => move_bytes(&entry),
        opcode::Send::CODE | opcode::SendZc::CODE => send(operation),
        opcode::SendMsg::CODE => send_message(operation),
        opcode::Accept::CODE => accept(operation, completions),
        opcode::Connect::CODE => connect(operation),
        opcode::PollAdd::CODE => poll(&entry, completions),
        opcode::Splice::CODE | opcode::Tee::CODE => splice(&entry),
        opcode::Timeout::CODE => Progress::Until(deadline(&entry)),
        opcode::AsyncCancel::CODE => Progress::Cancel(entry.addr),
        // SAFETY: the descriptor is the operation's.
        opcode::Shutdown::CODE => at_once(unsafe { libc::shutdown(entry.fd, entry.len as i32) }),
        // SAFETY: as above; it owns the descriptor.
        opcode::Close::CODE => at_once(unsafe { libc::close(entry.fd) }),
        _ if entry.blocks() => Progress::Blocks,
        _ => Progress::Ended(-libc::EINVAL, 0),
    }
}

pub(super) fn at_once(result: i32) -> Progress {
    match checked(result as isize) {
        Call::Done(result) => Progress::Ended(result, 0),
        Call::Again => Progress::Ended(-libc::EINTR, 0),
        Call::Failed(errno) => Progress::Ended(-errno, 0),
    }
}

/// Whether a descriptor is ready, by its own word.
pub(super) fn is_ready(fd: i32, events: i16) -> bool {
    revents(fd, events) != 0
}

fn revents(fd: i32, events: i16) -> i16 {
    let revents = 0;
    let mut asked = libc::pollfd {
        fd,
        events,
        revents,
    };
    // SAFETY: one descriptor, whose structure lives across the call.
    unsafe { libc::poll(&raw mut asked, 1, 0) };
    asked.revents
}

#[inline(never)]
fn poll(entry: &RawEntry, completions: &mut VecDeque<(u64, Completion)>) -> Progress {
    let events = entry.op_flags as i16;
    let waits = Progress::Wait(entry.fd, Direction::Poll(events & libc::POLLOUT != 0));
    let revents = revents(entry.fd, events);
    if revents & libc::POLLNVAL != 0 {
        return Progress::Ended(-libc::EBADF, 0);
    }
    if revents == 0 {
        return waits;
    }
    let result = i32::from(revents);
    if !entry.is_multishot() {
        return Progress::Ended(result, 0);
    }
    let flags = MORE;
    completions.push_back((entry.user_data, Completion { result, flags }));
    waits
}

#[inline(never)]
fn deadline(entry: &RawEntry) -> Instant {
    // SAFETY: the entry points at two words, the seconds and the nanoseconds (`struct __kernel_timespec`).
    let [seconds, nanos] = unsafe { *(entry.addr as *const [i64; 2]) };
    let time =
        Duration::from_secs(seconds.max(0) as u64) + Duration::from_nanos(nanos.max(0) as u64);
    Instant::now() + time.min(FAR)
}
