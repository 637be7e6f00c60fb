//! The end of a connection.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};

use crate::close::close;
use crate::net::socket::{Shared, Socket, SocketHandle};
use crate::net::transfer::Kind;

impl SocketHandle {
    /// Ends reading and closes the descriptor.
    pub(crate) async fn close(self) -> io::Result<()> {
        let finished = self.finish_writes().await;
        self.finish_reads().await;
        let engine = self.engine.clone();
        let shared = self.into_share();
        let shared = shared.and_then(|shared| shared.try_unwrap().ok());
        let closed = close(&engine, shared.map(Shared::into_descriptor)).await;
        finished.and(closed)
    }
}

impl Socket {
    /// Waits until every write that was begun has ended, and tells how one ended that nobody waited for.
    pub(crate) async fn finish_writes(&self) -> io::Result<()> {
        let _served = self.writers.take().await;
        self.shared().write_error.take().map_or(Ok(()), Err)
    }

    /// Shuts one or both directions down, the writing one after the writes that were begun.
    pub(crate) async fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Read {
            self.finish_writes().await?;
        }
        self.options().shutdown(how)
    }

    /// Ends the writing direction after the writes that were begun, where a descriptor has several: anything but a socket
    /// ends when it is closed.
    pub(crate) async fn end_writing(&self) -> io::Result<()> {
        match self.shared().kind {
            Kind::Socket => self.shutdown(Shutdown::Write).await,
            Kind::Pipe | Kind::Other => self.finish_writes().await,
        }
    }

    /// Ends the connection now: what was not sent is thrown away, and a TCP peer gets a reset.
    pub(crate) fn abort(&self) {
        let nowhere = libc::sockaddr {
            sa_family: libc::AF_UNSPEC as libc::sa_family_t,
            sa_data: [0; 14],
        };
        // Connecting to nowhere is how a connection is dissolved (connect(2)), with operations in flight or not.
        // SAFETY: the address is valid for the length given, and the kernel only reads it.
        let result = unsafe {
            libc::connect(
                self.as_fd().as_raw_fd(),
                &raw const nowhere,
                size_of::<libc::sockaddr>() as libc::socklen_t,
            )
        };
        // A Unix socket cannot be dissolved, but ended. A TCP socket only fails if there is no connection any more.
        if result < 0 {
            let _ = self.options().shutdown(Shutdown::Both);
        }
    }
}
