//! A datagram socket on its way from one context to another.
//!
//! As with streams, what is in flight has to end first, and what was received until then comes along.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::net::datagram::{Datagram, DatagramFamily, Packet};
use crate::net::recv_buf::RecvBuf;
use crate::net::standing::Found;

/// A datagram socket that belongs to no context: it can be sent to another thread, and become a [`Datagram`] of the context
/// there.
///
/// It comes from [`Datagram::into_detached`], and has with it the datagrams that had arrived and were not received. Dropping
/// it closes the socket.
///
/// # Examples
///
/// ```
/// use uring_io::net::UnixDatagram;
///
/// # context::block_on(async {
/// let (here, there) = UnixDatagram::pair()?;
/// here.send("hello").await.0?;
/// let detached = there.into_detached().await?;
/// let reader = std::thread::spawn(|| {
///     context::block_on(async {
///         let there = detached.attach();
///         there.recv().await.map(|hello| hello.bytes.to_vec())
///     })
/// });
/// assert_eq!(reader.join().unwrap().unwrap()?, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[must_use = "dropping it closes the socket"]
pub struct DetachedDatagram<F: DatagramFamily> {
    descriptor: OwnedFd,
    most_descriptors: usize,
    left: VecDeque<io::Result<Left<F::Address>>>,
}

/// A datagram that nobody has received.
struct Left<A> {
    bytes: Box<[u8]>,
    from: A,
    length: usize,
    descriptors: Vec<OwnedFd>,
    descriptors_missing: bool,
}

impl<F: DatagramFamily> Datagram<F> {
    /// Takes the socket off its context, so that it can be sent to another one: a [`DetachedDatagram`] is `Send`.
    ///
    /// Gathers what has arrived and was not received; nothing is lost.
    ///
    /// # Errors
    ///
    /// That of an earlier send that was dropped; the socket is closed then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does what dropping the socket does.
    pub async fn into_detached(self) -> io::Result<DetachedDatagram<F>> {
        self.socket.finish_writes().await?;
        let left = self.gather().await;
        let most_descriptors = self.socket.shared.most_descriptors.get();
        let descriptor = match self.socket.into_descriptor() {
            Ok(descriptor) => descriptor,
            // An operation that has ended may not have been taken out of its slot yet.
            Err(shared) => shared.as_fd().try_clone_to_owned()?,
        };
        Ok(DetachedDatagram {
            descriptor,
            most_descriptors,
            left,
        })
    }

    async fn gather(&self) -> VecDeque<io::Result<Left<F::Address>>> {
        let socket = &self.socket;
        let _served = socket.readers.take().await;
        socket.stop_receiving();
        let mut left = VecDeque::new();
        loop {
            match poll_fn(|cx| socket.poll_arrived(cx)).await {
                Found::Arrived(Ok(Some(packet))) => left.push_back(Ok(Left {
                    bytes: packet.bytes.to_vec().into(),
                    from: packet.from,
                    length: packet.length,
                    descriptors: packet.descriptors,
                    descriptors_missing: packet.descriptors_missing,
                })),
                Found::Arrived(Ok(None)) => {}
                // The kernel reports it once only.
                Found::Arrived(Err(error)) => left.push_back(Err(error)),
                Found::Unarmed | Found::NoBuffer => return left,
            }
        }
    }
}

impl<F: DatagramFamily> DetachedDatagram<F> {
    /// Makes a socket of the current context. Its first receives return what had arrived before.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn attach(self) -> Datagram<F> {
        let engine = context::driver().engine().clone();
        let most_descriptors = self.most_descriptors;
        let packet = |left: Left<F::Address>| Packet {
            bytes: RecvBuf::from_heap(left.bytes),
            from: left.from,
            length: left.length,
            descriptors: left.descriptors,
            descriptors_missing: left.descriptors_missing,
        };
        let mut datagram = Datagram::from_descriptor(self.descriptor, engine);
        let left = self.left.into_iter().map(|left| left.map(packet));
        datagram.socket.bring(left.collect());
        datagram
            .socket
            .shared
            .most_descriptors
            .set(most_descriptors);
        datagram
    }

    /// How many datagrams had arrived and were not received.
    pub fn received(&self) -> usize {
        self.left.iter().filter(|left| left.is_ok()).count()
    }

    /// The standard library's socket, in blocking mode. What had arrived and was not received is thrown away.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn into_std(self) -> io::Result<F::StdSocket> {
        socket2::SockRef::from(&self.descriptor).set_nonblocking(false)?;
        Ok(self.descriptor.into())
    }
}

impl<F: DatagramFamily> AsFd for DetachedDatagram<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl<F: DatagramFamily> fmt::Debug for DetachedDatagram<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedDatagram")
            .field("fd", &self.descriptor.as_raw_fd())
            .field("received", &self.received())
            .finish_non_exhaustive()
    }
}
