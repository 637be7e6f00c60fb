//! A connection's two directions as values of their own.

use std::io;
use std::net::Shutdown;

use super::{Connection, Receive, Send, SendAll};

/// The half of a [`Connection`] that receives: of [`Connection::split`].
#[derive(Debug)]
pub struct ReceiveHalf(Connection);

/// The half of a [`Connection`] that sends: of [`Connection::split`]. When it is dropped, the peer sees the end of what was sent.
#[derive(Debug)]
pub struct SendHalf(Connection);

impl Connection {
    /// One half for each direction, for two tasks. The connection is closed with the later one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use net_epoll_legacy::{Connection, IoContext};
    /// # let context = IoContext::new()?;
    /// # let handle = context.handle();
    /// # context.block_on(async move {
    /// let (one, other) = Connection::pair(&handle)?;
    /// let (mut receiver, mut sender) = one.split();
    /// handle.spawn(async move {
    ///     sender.send_all(b"all I have to say").await.expect("a peer");
    ///     // Dropped here: the peer sees the end, and may still answer.
    /// });
    /// let mut buffer = [0; 64];
    /// assert_eq!(other.receive(&mut buffer).await?, 17);
    /// assert_eq!(other.receive(&mut buffer).await?, 0);
    /// other.send_all(b"well").await?;
    /// assert_eq!(receiver.receive(&mut buffer).await?, 4);
    /// # std::io::Result::Ok(()) })??;
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn split(self) -> (ReceiveHalf, SendHalf) {
        (ReceiveHalf(self.clone()), SendHalf(self))
    }
}

impl ReceiveHalf {
    /// As [`Connection::receive`], cancel safety included.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn receive<'a>(&'a mut self, buffer: &'a mut [u8]) -> Receive<'a> {
        self.0.receive(buffer)
    }

    /// The whole again, whatever became of the other half.
    #[must_use]
    pub fn into_connection(self) -> Connection {
        self.0
    }
}

impl SendHalf {
    /// As [`Connection::send`], cancel safety included.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<'a>(&'a mut self, bytes: &'a [u8]) -> Send<'a> {
        self.0.send(bytes)
    }

    /// As [`Connection::send_all`], cancel safety included.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_all<'a>(&'a mut self, bytes: &'a [u8]) -> SendAll<'a> {
        self.0.send_all(bytes)
    }

    /// Ends what is sent: the peer receives the end. Dropping the half does that too, but tells of no error.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection is gone.
    pub fn finish(self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

impl Drop for SendHalf {
    fn drop(&mut self) {
        // A connection that is gone needs no end. A second end has no effect.
        let _ = self.0.shutdown(Shutdown::Write);
    }
}
