//! Reading and writing files, pipes and terminals.

use std::io;

use uring_engine::RawEntry;
use uring_engine::io_uring::opcode;

use super::blocking::block;
use super::calls::{AT_POSITION, Call, Progress, checked, is_ready};
use super::connect::set_nonblocking;
use super::descriptors::Direction;
use super::entry::Meaning;

/// The direction of a read or write, and the vectors that it fills or empties.
pub(super) fn vectors(
    entry: &RawEntry,
    single: &mut libc::iovec,
) -> (bool, *const libc::iovec, i32) {
    let kinds = [
        opcode::Read::CODE,
        opcode::ReadFixed::CODE,
        opcode::Readv::CODE,
    ];
    let reads = kinds.contains(&entry.opcode);
    if [opcode::Readv::CODE, opcode::Writev::CODE].contains(&entry.opcode) {
        return (reads, entry.addr as *const libc::iovec, entry.len as i32);
    }
    single.iov_base = entry.addr as *mut libc::c_void;
    single.iov_len = entry.len as usize;
    (reads, std::ptr::from_ref(single), 1)
}

pub(super) fn no_vector() -> libc::iovec {
    libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }
}

/// Reads or writes what can be had without waiting.
///
/// An offset says that it is a file: what is not in the page cache, or only in part, a thread goes for. Anything else is a
/// pipe, a terminal, a socket or a file's position.
#[inline(never)]
pub(super) fn move_bytes(entry: &RawEntry) -> Progress {
    let mut single = no_vector();
    let (reads, vectors, count) = vectors(entry, &mut single);
    // The kernel's ring reads and writes at no offset what has none.
    let has_offset = entry.off != AT_POSITION && !is_stream(entry.fd);
    if has_offset && !reads {
        return Progress::Blocks;
    }
    let offset = if has_offset { entry.off as i64 } else { -1 };
    // SAFETY: the vectors are the entry's, which points at as many bytes as they say until its completion.
    let result = unsafe {
        if reads {
            libc::preadv2(entry.fd, vectors, count, offset, libc::RWF_NOWAIT)
        } else {
            without_sigpipe(|| libc::pwritev2(entry.fd, vectors, count, offset, libc::RWF_NOWAIT))
        }
    };
    let direction = if reads {
        Direction::Read
    } else {
        Direction::Write
    };
    match checked(result) {
        Call::Done(count) if has_offset && count as u32 != entry.length() => Progress::Blocks,
        Call::Done(count) => Progress::Ended(count, 0),
        Call::Again | Call::Failed(libc::EOPNOTSUPP) if has_offset => Progress::Blocks,
        Call::Again => Progress::Wait(entry.fd, direction),
        Call::Failed(libc::EOPNOTSUPP | libc::EINVAL | libc::ENOSYS) => {
            look_and_move(entry, direction)
        }
        Call::Failed(errno) => Progress::Ended(-errno, 0),
    }
}

/// The same where no flag says that the call is not to wait: after a look.
fn look_and_move(entry: &RawEntry, direction: Direction) -> Progress {
    let events = match direction {
        Direction::Read => libc::POLLIN,
        Direction::Write | Direction::Poll(_) => libc::POLLOUT,
    };
    if is_file(entry.fd) {
        Progress::Blocks
    } else if !is_ready(entry.fd, events) {
        Progress::Wait(entry.fd, direction)
    } else if direction == Direction::Write {
        write_anew(entry)
    } else {
        Progress::Ended(block(entry), 0)
    }
}

/// Writes what there is room for, to something that says only whether there is any.
///
/// A terminal's descriptor may be shared with other programs, so its mode stays as it is; one that is opened anew has a mode of its
/// own. Most other things are made when they are opened, a terminal's master among them: their mode is changed for the
/// call.
fn write_anew(entry: &RawEntry) -> Progress {
    let opened = reopen(entry.fd);
    let fd = opened.unwrap_or(entry.fd);
    let was_nonblocking = set_nonblocking(fd, true);
    let mut single = no_vector();
    let (_, vectors, count) = vectors(entry, &mut single);
    // SAFETY: the vectors are the entry's, which points at as many bytes as they say until its completion.
    let call = checked(without_sigpipe(|| unsafe {
        libc::writev(fd, vectors, count)
    }));
    match opened {
        // SAFETY: the descriptor is nobody else's.
        Some(opened) => drop(unsafe { libc::close(opened) }),
        None => drop(set_nonblocking(fd, was_nonblocking)),
    }
    match call {
        Call::Done(count) => Progress::Ended(count, 0),
        Call::Again => Progress::Wait(entry.fd, Direction::Write),
        Call::Failed(errno) => Progress::Ended(-errno, 0),
    }
}

/// Opens a terminal or a named pipe once more, for writing.
fn reopen(fd: i32) -> Option<i32> {
    let mut number: libc::c_int = 0;
    // SAFETY: room for a number, which only the master of a terminal has.
    let is_terminal =
        unsafe { libc::isatty(fd) == 1 && libc::ioctl(fd, libc::TIOCGPTN, &raw mut number) != 0 };
    if !is_terminal && kind(fd) != libc::S_IFIFO {
        return None;
    }
    let path = format!("/proc/self/fd/{fd}\0");
    let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: the path ends with a zero byte.
    let opened = unsafe { libc::open(path.as_ptr().cast(), flags) };
    (opened >= 0).then_some(opened)
}

/// Makes a call that a pipe without a reader answers with an error, and with a signal too. The signal is taken back, where it
/// would not be ignored.
pub(super) fn without_sigpipe(call: impl FnOnce() -> isize) -> isize {
    // SAFETY: zeros are valid for all three structures, which live across the calls; signals are masked on this thread alone, and
    // for this call.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action);
        if action.sa_sigaction == libc::SIG_IGN {
            return call();
        }
        let (mut pipe, mut masked, mut pending): (libc::sigset_t, libc::sigset_t, libc::sigset_t) =
            std::mem::zeroed();
        libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
        libc::sigpending(&raw mut pending);
        let was_pending = libc::sigismember(&raw const pending, libc::SIGPIPE) == 1;
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut masked);
        let result = call();
        let error = io::Error::last_os_error();
        if result < 0 && error.raw_os_error() == Some(libc::EPIPE) && !was_pending {
            let at_once: libc::timespec = std::mem::zeroed();
            libc::sigtimedwait(&raw const pipe, std::ptr::null_mut(), &raw const at_once);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const masked, std::ptr::null_mut());
        *libc::__errno_location() = error.raw_os_error().unwrap_or(0);
        result
    }
}

/// Whether it has no positions: pipes, sockets, terminals.
pub(super) fn is_stream(fd: i32) -> bool {
    // SAFETY: no memory is passed.
    let position = unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) };
    position < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ESPIPE)
}

fn is_file(fd: i32) -> bool {
    [libc::S_IFREG, libc::S_IFDIR, libc::S_IFBLK].contains(&kind(fd))
}

/// Of what kind it is (`S_IFMT`).
pub(super) fn kind(fd: i32) -> libc::mode_t {
    // SAFETY: zeros are a valid answer, which lives across the call.
    unsafe {
        let mut answer: libc::stat = std::mem::zeroed();
        libc::fstat(fd, &raw mut answer);
        answer.st_mode & libc::S_IFMT
    }
}
