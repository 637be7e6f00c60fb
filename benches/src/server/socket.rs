//! The few socket calls that the standard library does not offer.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

/// Listens again, with another backlog.
pub(super) fn listen(listener: &impl AsRawFd, backlog: libc::c_int) -> io::Result<()> {
    // SAFETY: `listen` takes no pointer, and the descriptor is open.
    check(unsafe { libc::listen(listener.as_raw_fd(), backlog) })
}

/// Switches Nagle's algorithm off, if the socket has one.
pub(super) fn set_nodelay(fd: RawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is read from a live `c_int` of the length given.
    let set = check(unsafe {
        libc::setsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_NODELAY,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    });
    match set {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(()),
        set => set,
    }
}

/// Sends all of `bytes`, waiting in place for room; with a closed loop there always is room.
pub(super) fn send_all(fd: RawFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of a live slice.
        let sent =
            unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        match usize::try_from(sent) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(_) => {
                unless_transient()?;
                wait_writable(fd)?;
            }
        }
    }
    Ok(())
}

fn wait_writable(fd: RawFd) -> io::Result<()> {
    let mut entry = libc::pollfd {
        fd,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one live entry is passed.
    if unsafe { libc::poll(&mut entry, 1, -1) } < 0 {
        return unless_transient();
    }
    Ok(())
}

/// The error of the last call, unless it asks to try again.
pub(super) fn unless_transient() -> io::Result<()> {
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}

/// Ends both directions of a connection, so that what is in flight on it completes.
pub(super) fn hang_up(fd: RawFd) {
    // SAFETY: no pointer is passed. A connection that is already gone is fine.
    unsafe { libc::shutdown(fd, libc::SHUT_RDWR) };
}

/// Closes a descriptor that nothing else owns.
pub(super) fn close(fd: RawFd) {
    // SAFETY: the bare loops keep descriptors as numbers; each is closed once, when its
    // connection's entry is removed.
    unsafe { libc::close(fd) };
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
