//! Receiving into buffers of the context.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::net::datagram::family::DatagramFamily;
use crate::net::datagram::packet::Packet;
use crate::net::datagram::reception::Reception;
use crate::net::datagram::socket::Socket;
use crate::net::standing::Found;

/// The future of [`Datagram::recv`](super::Datagram::recv).
///
/// Cancel-safe: dropping it loses no datagram; what arrives stays with the socket.
#[must_use = "futures do nothing unless polled"]
pub struct RecvPacket<'a, F: DatagramFamily>(Reception<'a, F>);

/// The future of [`Datagram::recv_many`](super::Datagram::recv_many).
///
/// Cancel-safe: dropping it loses no datagram; it takes datagrams only when it resolves.
#[must_use = "futures do nothing unless polled"]
pub struct RecvPackets<'a, F: DatagramFamily> {
    reception: Reception<'a, F>,
    packets: &'a mut Vec<Packet<F::Address>>,
    most: usize,
}

impl<'a, F: DatagramFamily> RecvPacket<'a, F> {
    pub(crate) fn new(socket: &'a Socket<F>) -> Self {
        Self(Reception::new(socket))
    }

    /// Gives the receive up: `ECANCELED`, or the datagram if that was faster.
    ///
    /// Cancel-safe: whether or not the future is dropped, no datagram is lost.
    pub fn cancel(mut self) -> Cancel<Self> {
        self.0.cancel();
        Cancel::new(self)
    }
}

impl<'a, F: DatagramFamily> RecvPackets<'a, F> {
    pub(crate) fn new(
        socket: &'a Socket<F>,
        packets: &'a mut Vec<Packet<F::Address>>,
        most: usize,
    ) -> Self {
        Self {
            reception: Reception::new(socket),
            packets,
            most,
        }
    }

    /// Gives the receive up: `ECANCELED`, or one datagram if that was faster.
    ///
    /// Cancel-safe: whether or not the future is dropped, no datagram is lost.
    pub fn cancel(mut self) -> Cancel<Self> {
        self.reception.cancel();
        Cancel::new(self)
    }

    /// Takes what else has arrived.
    fn take_more(&mut self, cx: &mut Context<'_>) -> usize {
        let mut count = 1;
        let socket = self.reception.socket;
        while count < self.most
            && let Poll::Ready(Found::Arrived(arrived)) = socket.poll_arrived(cx)
        {
            match arrived {
                Ok(Some(packet)) => {
                    self.packets.push(packet);
                    count += 1;
                }
                Ok(None) => {}
                // The next one's, as this one has something to tell.
                Err(error) => {
                    socket.shared.inbound.leave_error(error);
                    break;
                }
            }
        }
        count
    }
}

impl<F: DatagramFamily> Future for RecvPacket<'_, F> {
    type Output = io::Result<Packet<F::Address>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let packet = ready!(self.0.poll(cx));
        self.0.end();
        Poll::Ready(packet)
    }
}

impl<F: DatagramFamily> Future for RecvPackets<'_, F> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.most == 0 {
            return Poll::Ready(Ok(0));
        }
        let first = ready!(this.reception.poll(cx));
        let count = first.map(|packet| {
            this.packets.push(packet);
            this.take_more(cx)
        });
        this.reception.end();
        Poll::Ready(count)
    }
}

impl<F: DatagramFamily> sealed::Sealed for RecvPacket<'_, F> {}

impl<F: DatagramFamily> Cancellable for RecvPacket<'_, F> {
    type Outcome = io::Result<Packet<F::Address>>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let packet = ready!(self.0.poll_cancelled(cx));
        self.0.end();
        Poll::Ready(packet)
    }
}

impl<F: DatagramFamily> sealed::Sealed for RecvPackets<'_, F> {}

impl<F: DatagramFamily> Cancellable for RecvPackets<'_, F> {
    type Outcome = io::Result<usize>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let packet = ready!(self.reception.poll_cancelled(cx));
        self.reception.end();
        Poll::Ready(packet.map(|packet| {
            self.packets.push(packet);
            1
        }))
    }
}

impl<F: DatagramFamily> fmt::Debug for RecvPacket<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvPacket").finish_non_exhaustive()
    }
}

impl<F: DatagramFamily> fmt::Debug for RecvPackets<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvPackets")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
