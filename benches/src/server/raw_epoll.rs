//! A bare `epoll` loop: one edge-triggered registration, one `recv` and one `send` a request.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use crate::poller::Poller;
use crate::server::Config;
use crate::server::socket::{close, send_all, set_nodelay, unless_transient};

/// Events that one wait takes.
const BATCH: usize = 1024;

/// Serves for the life of the process.
///
/// One buffer serves all connections: an answer is sent before the next request is received.
pub(super) fn serve(config: &Config) -> io::Result<()> {
    let listener = config.stream_listener()?;
    socket2::SockRef::from(&listener).set_nonblocking(true)?;
    let listener = listener.as_raw_fd();
    let mut poller = Poller::new(BATCH)?;
    poller.add(&listener, libc::EPOLLIN, listener as usize)?;
    let mut buffer = vec![0; config.size];
    loop {
        for position in 0..poller.wait(None)? {
            let fd = poller.event(position).token as RawFd;
            if fd == listener {
                accept_all(&poller, listener)?;
            } else if echo(fd, &mut buffer).is_err() {
                close(fd);
            }
        }
    }
}

fn accept_all(poller: &Poller, listener: RawFd) -> io::Result<()> {
    loop {
        // SAFETY: null pointers ask for no address.
        let fd = unsafe {
            libc::accept4(
                listener,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
            )
        };
        if fd < 0 {
            return unless_transient();
        }
        set_nodelay(fd)?;
        poller.add(&fd, libc::EPOLLIN | libc::EPOLLRDHUP, fd as usize)?;
    }
}

/// Echoes what a connection holds.
///
/// # Errors
///
/// The connection has ended or failed.
fn echo(fd: RawFd, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        // SAFETY: the pointer and the length are those of a live slice.
        let received = unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        match usize::try_from(received) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(received) => {
                send_all(fd, &buffer[..received])?;
                // A receive that does not fill the buffer has emptied the socket: the next byte
                // makes a new edge.
                if received < buffer.len() {
                    return Ok(());
                }
            }
            Err(_) => return unless_transient(),
        }
    }
}
