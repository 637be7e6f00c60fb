//! Counted handles: when the last one of a side goes, the channel is closed.

mod count;
mod iter;
mod permit;
mod receiver;
mod sender;
#[cfg(feature = "futures")]
mod sink;
#[cfg(feature = "futures")]
mod stream;
mod weak;

pub use count::Counted;
pub use iter::TryIter;
#[cfg(feature = "std")]
pub use iter::{IntoIter, Iter};
pub use permit::OwnedPermit;
pub use receiver::Receiver;
pub use sender::Sender;
#[cfg(feature = "futures")]
pub use sink::{SendSink, SinkError};
#[cfg(feature = "futures")]
pub use stream::RecvStream;
pub use weak::{WeakReceiver, WeakSender};

use crate::exchange::{Exchange, Heap, State};
use count::HandleCount;

/// What the handles of a channel share.
pub struct Inner<F: Counted> {
    exchange: Exchange<F>,
    senders: F::Count,
    receivers: F::Count,
}

/// Makes a channel for so many messages; its first two handles.
pub(crate) fn channel<T, F: Counted<Item = T, Buffer = Heap<T>>>(
    limit: usize,
) -> (Sender<T, F>, Receiver<T, F>) {
    handles(State::new(Heap::new(limit)))
}

/// The same, for an eager channel.
pub(crate) fn eager<T, F: Counted<Item = T, Buffer = Heap<T>>>(
    limit: usize,
) -> (Sender<T, F>, Receiver<T, F>) {
    handles(State::eager(Heap::new(limit)))
}

fn handles<T, F: Counted<Item = T>>(state: State<F::Buffer>) -> (Sender<T, F>, Receiver<T, F>) {
    let inner = F::pointer(Inner {
        exchange: Exchange::new(F::lock(state)),
        senders: F::Count::one(),
        receivers: F::Count::one(),
    });
    (Sender::new(inner.clone()), Receiver::new(inner))
}
