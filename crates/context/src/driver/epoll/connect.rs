//! Accepting and making connections.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use uring_engine::{Completion, RawEntry};

use super::calls::{Call, Progress, at_once, checked, is_ready};
use super::descriptors::Direction;
use super::entry::Meaning;
use super::{MORE, Operation, RETRY_AFTER};

/// Connections accepted in a row before others come in between.
const MOST_ACCEPTS: usize = 32;

/// Accepts one connection, or all that wait.
#[inline(never)]
pub(super) fn accept(
    operation: &mut Operation,
    completions: &mut VecDeque<(u64, Completion)>,
) -> Progress {
    let entry = operation.entry;
    if !operation.begun {
        // Between a look and the call somebody else may take the connection.
        set_nonblocking(entry.fd, true);
        operation.begun = true;
    }
    for _ in 0..MOST_ACCEPTS {
        let (address, len) = (
            entry.addr as *mut libc::sockaddr,
            entry.off as *mut libc::socklen_t,
        );
        // SAFETY: the entry points at room for an address, or at nothing.
        let result = unsafe { libc::accept4(entry.fd, address, len, entry.op_flags as i32) };
        match checked(result as isize) {
            Call::Done(result) if entry.is_multishot() => {
                let flags = MORE;
                completions.push_back((entry.user_data, Completion { result, flags }));
            }
            Call::Done(result) => return Progress::Ended(result, 0),
            Call::Again => return Progress::Wait(entry.fd, Direction::Read),
            Call::Failed(errno) => return Progress::Ended(-errno, 0),
        }
    }
    Progress::Paused(entry.fd, Direction::Read)
}

/// Says whether it was so before. The errno stays as it is.
pub(super) fn set_nonblocking(fd: i32, nonblocking: bool) -> bool {
    // SAFETY: no memory is passed.
    unsafe {
        let errno = *libc::__errno_location();
        let flags = libc::fcntl(fd, libc::F_GETFL);
        let was = flags & libc::O_NONBLOCK != 0;
        if flags >= 0 && was != nonblocking {
            libc::fcntl(fd, libc::F_SETFL, flags ^ libc::O_NONBLOCK);
        }
        *libc::__errno_location() = errno;
        was
    }
}

#[inline(never)]
pub(super) fn connect(operation: &mut Operation) -> Progress {
    let entry = operation.entry;
    if operation.begun {
        return connected(&entry);
    }
    let was_nonblocking = set_nonblocking(entry.fd, true);
    let (address, len) = (
        entry.addr as *const libc::sockaddr,
        entry.off as libc::socklen_t,
    );
    // SAFETY: the entry points at an address of that length.
    let result = unsafe { libc::connect(entry.fd, address, len) };
    let errno = io::Error::last_os_error().raw_os_error();
    set_nonblocking(entry.fd, was_nonblocking);
    match errno {
        _ if result == 0 => Progress::Ended(0, 0),
        Some(libc::EINPROGRESS | libc::EINTR) => {
            operation.begun = true;
            Progress::Wait(entry.fd, Direction::Write)
        }
        // The queue of a Unix listener is full, of which no event tells when it has room.
        Some(libc::EAGAIN) => Progress::Until(Instant::now() + RETRY_AFTER),
        Some(errno) => Progress::Ended(-errno, 0),
        None => Progress::Ended(-libc::EIO, 0),
    }
}

/// Whether a connection that was begun has been made.
fn connected(entry: &RawEntry) -> Progress {
    if !is_ready(entry.fd, libc::POLLOUT) {
        return Progress::Wait(entry.fd, Direction::Write);
    }
    let mut errno: i32 = 0;
    let mut len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the answer is an integer, which lives across the call.
    let asked = unsafe {
        let answer = (&raw mut errno).cast();
        libc::getsockopt(
            entry.fd,
            libc::SOL_SOCKET,
            libc::SO_ERROR,
            answer,
            &raw mut len,
        )
    };
    match at_once(asked) {
        Progress::Ended(0, _) => Progress::Ended(-errno, 0),
        failed => failed,
    }
}
