//! Receiving into a caller's buffer.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBufMut};

use crate::cancel::{Cancel, Cancellable, sealed};
use crate::copy::fill;
use crate::net::datagram::family::DatagramFamily;
use crate::net::datagram::packet::{Packet, PacketInfo};
use crate::net::datagram::reception::Reception;
use crate::net::datagram::socket::Socket;

/// The future of [`Datagram::recv_from`](super::Datagram::recv_from) and [`Datagram::peek_from`](super::Datagram::peek_from).
///
/// Cancel-safe: dropping it loses no datagram; what arrives stays with the socket, whole.
#[must_use = "futures do nothing unless polled"]
pub struct RecvFrom<'a, F: DatagramFamily, B: IoBufMut> {
    reception: Reception<'a, F>,
    and_then: AndThen,
    /// `None` once it has ended.
    buffer: Option<B>,
}

/// What becomes of a datagram that was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AndThen {
    Drop,
    Leave,
}

// Nothing is pinned: no operation works on the buffer.
impl<F: DatagramFamily, B: IoBufMut> Unpin for RecvFrom<'_, F, B> {}

impl<'a, F: DatagramFamily, B: IoBufMut> RecvFrom<'a, F, B> {
    pub(crate) fn new(socket: &'a Socket<F>, buffer: B, and_then: AndThen) -> Self {
        Self {
            reception: Reception::new(socket),
            and_then,
            buffer: Some(buffer),
        }
    }

    /// Ends it, and gives the buffer back: with `ECANCELED`, or with the datagram if that was faster.
    pub fn cancel(mut self) -> Cancel<Self> {
        self.reception.cancel();
        Cancel::new(self)
    }

    fn finish(
        &mut self,
        packet: io::Result<Packet<F::Address>>,
    ) -> BufResult<PacketInfo<F::Address>, B> {
        let Some(mut buffer) = self.buffer.take() else {
            panic!("a receive was polled after it had ended");
        };
        let result = packet.map(|packet| {
            let info = PacketInfo {
                count: fill(&mut buffer, &packet.bytes),
                length: packet.length,
                from: packet.from.clone(),
            };
            if self.and_then == AndThen::Leave {
                self.reception.socket.shared.inbound.leave(packet);
            }
            info
        });
        self.reception.end();
        (result, buffer)
    }
}

impl<F: DatagramFamily, B: IoBufMut> Future for RecvFrom<'_, F, B> {
    type Output = BufResult<PacketInfo<F::Address>, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let packet = ready!(self.reception.poll(cx));
        Poll::Ready(self.finish(packet))
    }
}

impl<F: DatagramFamily, B: IoBufMut> Cancellable for RecvFrom<'_, F, B> {
    type Outcome = BufResult<PacketInfo<F::Address>, B>;

    fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Self::Outcome> {
        let packet = ready!(self.reception.poll_cancelled(cx));
        Poll::Ready(self.finish(packet))
    }
}

impl<F: DatagramFamily, B: IoBufMut> sealed::Sealed for RecvFrom<'_, F, B> {}

impl<F: DatagramFamily, B: IoBufMut> fmt::Debug for RecvFrom<'_, F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFrom")
            .field("and_then", &self.and_then)
            .finish_non_exhaustive()
    }
}
