//! Datagram sockets, of whatever address family.

mod bind_options;
mod descriptors;
mod detached;
mod family;
mod open;
mod options;
mod packet;
mod reception;
mod recv;
mod recv_from;
mod send;
mod socket;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use uring_engine::{Engine, IoBuf, IoBufMut};

use crate::close::close;
pub use crate::net::datagram::bind_options::BindOptions;
pub use crate::net::datagram::detached::DetachedDatagram;
use crate::net::datagram::family::sealed::Convert;
pub use crate::net::datagram::family::{DatagramFamily, ToAddress, Udp};
pub use crate::net::datagram::packet::{Packet, PacketInfo};
pub use crate::net::datagram::recv::{RecvPacket, RecvPackets};
use crate::net::datagram::recv_from::AndThen;
pub use crate::net::datagram::recv_from::RecvFrom;
use crate::net::datagram::send::Destination;
pub use crate::net::datagram::send::SendTo;
use crate::net::datagram::socket::Socket;
use crate::net::family::Unix;

/// A datagram socket on the current context: a [`UdpSocket`] or a [`UnixDatagram`].
///
/// It belongs to its context's thread. Every operation takes `&self`, so tasks may share it in an `Rc`, one receiving while
/// another sends, or several doing the same: operations of one direction are served in the order of their first polls.
///
/// # Receiving
///
/// While nothing arrives the socket holds no buffer. The first receive makes the kernel receive for this socket from then
/// on, into buffers that all datagram sockets of the context share: what arrives is kept in order until somebody takes it.
/// When the context's buffers are all taken, the kernel's own buffer fills up, and then it drops what arrives over UDP, and
/// holds up who sends to a Unix socket.
///
/// # What dropping a future means
///
/// A dropped receive loses no datagram: the next one returns it, whole and in order. A datagram whose send is dropped is sent
/// whole or not at all, and in order.
///
/// # Errors that come later
///
/// The network may answer a datagram with an error: nobody listens there, or there is no way. A connected UDP socket reports
/// it once, as `ConnectionRefused`, `HostUnreachable` and the like, from the next operation: the next receive, if the socket
/// has received before, else whichever comes first. The socket stays usable.
///
/// # Examples
///
/// What does not depend on the kind of socket is written once:
///
/// ```
/// use uring_io::net::{Datagram, DatagramFamily};
///
/// /// Sends every datagram back to where it came from.
/// async fn echo<F: DatagramFamily>(socket: Datagram<F>) -> std::io::Result<()> {
///     loop {
///         let packet = socket.recv().await?;
///         socket.send_to(packet.bytes, packet.from).await.0?;
///     }
/// }
/// ```
pub struct Datagram<F: DatagramFamily> {
    socket: Socket<F>,
}

/// A UDP socket on the current context.
///
/// # Examples
///
/// ```
/// use uring_io::net::UdpSocket;
///
/// # context::block_on(async {
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.connect(server.local_addr()?).await?;
///
/// client.send("hello").await.0?;
/// let hello = server.recv().await?;
/// assert_eq!(*hello.bytes, *b"hello");
/// server.send_to("a long answer", hello.from).await.0?;
///
/// let (answer, buffer) = client.recv_from([0; 6]).await;
/// assert_eq!(&buffer, b"a long");
/// assert!(answer?.is_truncated());
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub type UdpSocket = Datagram<Udp>;

/// A socket for datagrams between processes of this machine, on the current context. No datagram is lost on the way, and
/// they arrive in order; who sends to a socket that is full waits. Datagrams of up to 255 KiB are received whole.
///
/// # Examples
///
/// ```
/// use uring_io::net::UnixDatagram;
///
/// # context::block_on(async {
/// let (a, b) = UnixDatagram::pair()?;
/// a.send("ping").await.0?;
/// let packet = b.recv().await?;
/// assert_eq!(*packet.bytes, *b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub type UnixDatagram = Datagram<Unix>;

impl<F: DatagramFamily> Datagram<F> {
    pub(crate) fn from_descriptor(descriptor: OwnedFd, engine: Engine) -> Self {
        Self {
            socket: Socket::new(descriptor, engine),
        }
    }

    /// Takes over a socket of the standard library, in blocking or non-blocking mode alike.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(socket: F::StdSocket) -> Self {
        Self::from_descriptor(socket.into(), context::driver().engine().clone())
    }

    /// Receives a datagram into a buffer of the context.
    ///
    /// # Errors
    ///
    /// On a connected socket `ConnectionRefused` and the like, as an answer to what was sent; see
    /// [above](Datagram#errors-that-come-later).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[inline]
    pub fn recv(&self) -> RecvPacket<'_, F> {
        RecvPacket::new(&self.socket)
    }

    /// Waits for a datagram, and takes it and those that have arrived with it, `most` in all, in order: puts them at the end
    /// of `packets` and says how many.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), when nothing has arrived before the error; else the next receive reports it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram and leaves `packets` as it was.
    #[inline]
    pub fn recv_many<'a>(
        &'a self,
        packets: &'a mut Vec<Packet<F::Address>>,
        most: usize,
    ) -> RecvPackets<'a, F> {
        RecvPackets::new(&self.socket, packets, most)
    }

    /// Receives a datagram into `buffer`, from its beginning. Resolves to what is known of it, and the buffer.
    ///
    /// What does not fit is gone; [`PacketInfo::is_truncated`] tells. A datagram of no bytes is one.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); the buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[inline]
    pub fn recv_from<B: IoBufMut>(&self, buffer: B) -> RecvFrom<'_, F, B> {
        RecvFrom::new(&self.socket, buffer, AndThen::Drop)
    }

    /// As [`recv_from`](Self::recv_from), but the next receive returns the same datagram again, whole.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); the buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[inline]
    pub fn peek_from<B: IoBufMut>(&self, buffer: B) -> RecvFrom<'_, F, B> {
        RecvFrom::new(&self.socket, buffer, AndThen::Leave)
    }

    /// Sends a datagram to the peer that the socket is connected to, and gives the buffer back.
    ///
    /// # Errors
    ///
    /// `NotConnected` or `EDESTADDRREQ` without a peer, `EMSGSIZE` if the datagram is too long, `ENOBUFS` if the network
    /// card's queue is full, `NetworkUnreachable`, `ConnectionRefused` and the like; also those of an earlier send that was
    /// dropped. The buffer comes back, and the datagram was not sent.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the datagram is sent whole or not at all; [`cancel`](SendTo::cancel) tells which.
    #[inline]
    pub fn send<B: IoBuf>(&self, buffer: B) -> SendTo<'_, F, B> {
        SendTo::new(&self.socket, buffer, Destination::Peer)
    }

    /// Sends a datagram to an address, and gives the buffer back.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); `InvalidInput` if nobody can have that address; for Unix sockets `NotFound` if there is no such
    /// path, `ConnectionRefused` if nobody has it open.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the datagram is sent whole or not at all; [`cancel`](SendTo::cancel) tells which.
    #[inline]
    pub fn send_to<B: IoBuf>(&self, buffer: B, address: impl ToAddress<F>) -> SendTo<'_, F, B> {
        let destination = match Convert::convert(address) {
            Ok(address) => Destination::Address(address),
            Err(error) => Destination::Invalid(error),
        };
        SendTo::new(&self.socket, buffer, destination)
    }

    /// Closes the socket after the sends that were begun, and tells how they and the closing went. What has arrived and was
    /// not received is thrown away.
    ///
    /// # Errors
    ///
    /// That of an earlier send that was dropped, else that of closing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does what dropping the socket does.
    pub async fn close(self) -> io::Result<()> {
        let finished = self.socket.finish_writes().await;
        self.socket.finish_reads().await;
        let engine = self.socket.engine.clone();
        let descriptor = self.socket.into_descriptor().ok();
        let closed = close(&engine, descriptor).await;
        finished.and(closed)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn local_addr(&self) -> io::Result<F::Address> {
        F::address(&self.socket.options().local_addr()?)
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// `NotConnected` if there is none.
    pub fn peer_addr(&self) -> io::Result<F::Address> {
        F::address(&self.socket.options().peer_addr()?)
    }

    pub(crate) fn socket(&self) -> &Socket<F> {
        &self.socket
    }
}

impl<F: DatagramFamily> AsFd for Datagram<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.shared.as_fd()
    }
}

impl<F: DatagramFamily> AsRawFd for Datagram<F> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<F: DatagramFamily> fmt::Debug for Datagram<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(F::NAME)
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}
