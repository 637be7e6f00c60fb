//! One receive of bytes and descriptors into a caller's buffer, which loses nothing when it is dropped.

use std::task::Context;

use uring_engine::op::{Control, Received, RecvMsg};
use uring_engine::{BufResult, IoBufMut, Slice};

use crate::net::leaving::{Fate, Leaving};
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{Shared, SharedPart, Socket};

/// Receives bytes and descriptors once. Dropping it cancels; what arrived all the same goes to the socket.
pub(super) type Receiving<B> = Leaving<RecvMsg<B>, SharedPart, RecvBuf>;

pub(super) fn receive<B: IoBufMut>(
    socket: &Socket,
    buffer: B,
    most: usize,
    cx: &Context<'_>,
) -> Receiving<B> {
    let most = most.min(Control::MOST_DESCRIPTORS);
    let room = Control::with_room(Control::room_for_descriptors(most));
    let message = RecvMsg::new(socket.shared().target(), buffer).control(room);
    let fate = Fate {
        inbound: |shared: &Shared| &shared.inbound,
        leave: |shared, output| leave(shared, output),
    };
    Leaving::new(&socket.engine, socket.share(), message, fate, cx)
}

/// What is left of a receive that nobody waits for: its bytes, while the socket keeps its descriptors.
fn leave<B: IoBufMut>(
    shared: &Shared,
    (received, buffer): BufResult<Received, B>,
) -> std::io::Result<Option<RecvBuf>> {
    let received = received?;
    shared.keep(received.descriptors, received.flags);
    let bytes = Slice::new(buffer, 0..received.count);
    // The end of the stream is there to be read again.
    Ok((!bytes.is_empty()).then(|| RecvBuf::from_heap(&*bytes)))
}
