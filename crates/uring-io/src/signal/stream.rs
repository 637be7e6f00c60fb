//! Signals as a stream.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};

use crate::signal::{Arrival, Signal};

/// The signals of a kind; made by [`Signal::into_stream`].
///
/// Those that come before it is polled count as one. It has no end but that of its context, of which it tells by the error
/// `ECANCELED`; after any error it is over, and says `None` as often as it is asked.
///
/// # Cancel safety
///
/// A `next()` that is dropped loses no signal.
///
/// # Examples
///
/// ```no_run
/// use futures_util::StreamExt;
/// use uring_io::signal::{SignalKind, signal};
///
/// # context::block_on(async {
/// let mut hangups = signal(SignalKind::hangup())?.into_stream();
/// while let Some(received) = hangups.next().await {
///     received?;
///     println!("reading the configuration again");
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct SignalStream {
    signal: Signal,
    arrival: Option<Arrival>,
    is_over: bool,
}

impl Signal {
    /// The signals as a stream.
    pub fn into_stream(self) -> SignalStream {
        SignalStream {
            signal: self,
            arrival: None,
            is_over: false,
        }
    }
}

impl SignalStream {
    /// The listener. No signal is lost.
    pub fn into_inner(self) -> Signal {
        self.signal
    }

    fn poll_received(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(received) = self.signal.take() {
                return Poll::Ready(received);
            }
            let arrival = self.arrival.get_or_insert_with(|| self.signal.arrival());
            // May be that of a signal which was taken since.
            let (arrived, _) = ready!(Pin::new(arrival).poll(cx));
            self.arrival = None;
            if let Err(error) = arrived {
                return Poll::Ready(Err(error));
            }
        }
    }
}

impl Stream for SignalStream {
    type Item = io::Result<()>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let received = ready!(self.poll_received(cx));
        self.is_over = received.is_err();
        Poll::Ready(Some(received))
    }
}

impl FusedStream for SignalStream {
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}

impl fmt::Debug for SignalStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignalStream").field(&self.signal).finish()
    }
}
