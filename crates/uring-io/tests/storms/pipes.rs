//! Pipes: two of them make a connection.

use std::os::fd::AsRawFd;

use uring_io::net::{Read, Recv, Write, WriteAll};
use uring_io::pipe::{Receiver, Sender, pipe};

use super::actor::{Actor, Limited};
use super::guarded::Guarded;
use super::operations::{Reads, Writes, receive, send, settle};
use super::streams::{Reader, Transport, Writer};

pub(crate) struct Pipes;

impl Transport for Pipes {
    type Reader = Receiver;
    type Writer = Sender;

    async fn pair(actor: &mut Actor) -> [(Self::Reader, Self::Writer); 2] {
        let ((there, from_here), (back, from_there)) = (actor.expect(pipe()), actor.expect(pipe()));
        for sender in [&there, &back] {
            // Room for a page only, so that writes wait.
            if actor.below(2) == 0 {
                // SAFETY: the descriptor is open, and the call takes a number.
                unsafe { libc::fcntl(sender.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) };
            }
        }
        [(from_there, there), (from_here, back)]
    }
}

impl Reads for Receiver {
    fn read(&self, buffer: Guarded) -> Read<'_, Guarded> {
        Receiver::read(self, buffer)
    }

    fn recv(&self) -> Recv<'_> {
        Receiver::recv(self)
    }
}

impl Reader for Receiver {
    async fn receive(&self, actor: &mut Actor) -> Option<Vec<u8>> {
        receive(self, actor).await
    }

    async fn end(self, _actor: &mut Actor) {}
}

impl Writes for Sender {
    fn write(&self, buffer: Guarded) -> Write<'_, Guarded> {
        Sender::write(self, buffer)
    }

    fn write_all(&self, buffer: Guarded) -> WriteAll<'_, Guarded> {
        Sender::write_all(self, buffer)
    }
}

impl Writer for Sender {
    async fn send(&self, actor: &mut Actor, bytes: Guarded) -> usize {
        send(self, actor, bytes).await
    }

    async fn settle(&self, actor: &mut Actor) {
        settle(self, actor).await;
    }

    async fn end(self, actor: &mut Actor) {
        // Dropped in the middle of it or not, what was begun is written, and then the pipe ends.
        if actor.below(2) == 0
            && let Limited::Ended(closed) = actor.limited(self.close()).await
        {
            actor.expect(closed);
        }
    }
}
