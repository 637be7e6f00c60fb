//! Looking at what has arrived without taking it.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use uring_engine::{BufResult, IoBufMut};

use crate::copy::fill;
use crate::net::receiver::Found;
use crate::net::recv::Recv;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::Socket;

impl Socket {
    /// Waits for bytes, copies them, and leaves them for the next read. What has arrived by then but lies in several buffers
    /// is made one, as far as the caller has room, so that a peek that is repeated sees more once more has come.
    pub(crate) async fn peek<B: IoBufMut>(&self, mut buffer: B) -> BufResult<usize, B> {
        let room = buffer.capacity();
        if room == 0 {
            return (Ok(0), buffer);
        }
        let mut recv = Recv::new(self);
        let arrived = poll_fn(|cx| {
            ready!(self.readers.poll_take(&mut recv.turn, cx));
            let first = ready!(recv.poll_served(cx));
            Poll::Ready(first.map(|first| first.map(|first| self.join(first, room, cx))))
        })
        .await;
        let result = arrived.map(|arrived| match arrived {
            Some(bytes) => {
                let count = fill(&mut buffer, &bytes);
                self.shared.inbound.leave(bytes);
                count
            }
            None => fill(&mut buffer, &[]),
        });
        drop(recv);
        (result, buffer)
    }

    /// Adds what else has arrived, up to `room` bytes or somewhat more.
    fn join(&self, first: RecvBuf, room: usize, cx: &mut Context<'_>) -> RecvBuf {
        let mut whole = Vec::new();
        loop {
            if first.len().max(whole.len()) >= room {
                break;
            }
            if !self.receiver.is_armed() && !self.receiver.arm(self) {
                break;
            }
            match self.poll_arrived(cx) {
                Poll::Ready(Found::Arrived(Ok(Some(next)))) => {
                    if whole.is_empty() {
                        whole.extend_from_slice(&first);
                    }
                    whole.extend_from_slice(&next);
                }
                Poll::Ready(Found::Arrived(Err(error))) => {
                    // It is reported once, and so is for whoever reads behind these bytes.
                    self.shared.inbound.leave_error(error);
                    break;
                }
                // Nothing else yet, or the end, which can be read again.
                _ => break,
            }
        }
        if whole.is_empty() {
            first
        } else {
            RecvBuf::from_heap(whole)
        }
    }
}
