//! One receive into a caller's buffer, which loses nothing when it is dropped.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::{Engine, Started};

use crate::cancel::cancelled;
use crate::net::incoming::Incoming;
use crate::net::leaving::{Fate, Leaving};
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{Shared, SharedPart, Socket};
use crate::net::transfer::{Kind, Readiness, readiness};

/// Receives once. Dropping it cancels; what arrived all the same goes to the socket.
pub(crate) struct OneShot<I: Incoming> {
    stage: Stage<I>,
    shared: SharedPart,
}

enum Stage<I: Incoming> {
    Receiving(Receive<I>),
    /// There was nothing, and the kernel did not wait for it by itself.
    Waiting(Started<Readiness>, I),
    /// It has ended, or is being dropped.
    Ended,
}

type Receive<I> = Leaving<<I as Incoming>::Operation, SharedPart, RecvBuf>;

impl<I: Incoming> OneShot<I> {
    pub(crate) fn new(socket: &Socket, incoming: I, cx: &Context<'_>) -> Self {
        Self {
            stage: Stage::Receiving(receive(&socket.engine, socket.share(), incoming, cx)),
            shared: socket.share(),
        }
    }
}

fn receive<I: Incoming>(
    engine: &Engine,
    shared: SharedPart,
    incoming: I,
    cx: &Context<'_>,
) -> Receive<I> {
    let fate = Fate {
        inbound: |shared: &Shared| &shared.inbound,
        leave: |shared, output| leave(shared, I::finished(output)),
    };
    let operation = incoming.operation(&shared);
    Leaving::new(engine, shared, operation, fate, cx)
}

/// What is left of a receive that nobody waits for.
fn leave<I: Incoming>(
    shared: &Shared,
    (result, incoming): (io::Result<usize>, I),
) -> io::Result<Option<RecvBuf>> {
    let mut left = incoming.taken(*result.as_ref().unwrap_or(&0));
    // A terminal says that its input has ended only once.
    if matches!(result, Ok(0)) && shared.kind == Kind::Other {
        left = left.or_else(|| Some(RecvBuf::from_heap([])));
    }
    match result {
        Err(error) if !is_nothing(&error) => {
            if let Some(left) = left {
                shared.inbound.leave(left);
            }
            Err(error)
        }
        // The end of a stream is there to be read again.
        _ => Ok(left),
    }
}

impl<I: Incoming> OneShot<I> {
    /// Asks the kernel to end it.
    pub(crate) fn cancel(&mut self) {
        if let Stage::Receiving(op) = &mut self.stage {
            op.cancel();
        }
    }

    /// Waits for the end of a receive that was cancelled.
    pub(crate) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<(io::Result<usize>, I)> {
        if let Stage::Receiving(op) = &mut self.stage {
            let (result, incoming) = I::finished(ready!(Pin::new(op).poll(cx)));
            self.stage = Stage::Ended;
            let result = match result {
                Err(error) if is_nothing(&error) => Err(cancelled()),
                result => result,
            };
            return Poll::Ready((result, incoming));
        }
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Waiting(_, incoming) => Poll::Ready((Err(cancelled()), incoming)),
            _ => panic!("a receive was polled after it had ended"),
        }
    }
}

impl<I: Incoming> Future for OneShot<I> {
    type Output = (io::Result<usize>, I);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let engine = match &mut this.stage {
                Stage::Receiving(op) => {
                    let (result, buffer) = I::finished(ready!(Pin::new(&mut *op).poll(cx)));
                    if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
                        this.stage = Stage::Ended;
                        return Poll::Ready((result, buffer));
                    }
                    let ready = readiness(this.shared.clone(), libc::POLLIN);
                    this.stage = Stage::Waiting(op.engine().start(ready, cx), buffer);
                    continue;
                }
                Stage::Waiting(ready, _) => {
                    let (result, _) = ready!(Pin::new(&mut *ready).poll(cx));
                    let engine = ready.engine().clone();
                    result.map(|_| engine)
                }
                Stage::Ended => panic!("a receive was polled after it had ended"),
            };
            let Stage::Waiting(_, buffer) = std::mem::replace(&mut this.stage, Stage::Ended) else {
                continue;
            };
            match engine {
                Ok(engine) => {
                    this.stage =
                        Stage::Receiving(receive(&engine, this.shared.clone(), buffer, cx));
                }
                Err(error) => return Poll::Ready((Err(error), buffer)),
            }
        }
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<I: Incoming> Unpin for OneShot<I> {}

impl<I: Incoming> Drop for OneShot<I> {
    fn drop(&mut self) {
        // An operation in flight leaves by itself what it comes to.
        if let Stage::Waiting(_, incoming) = &self.stage
            && let Some(left) = incoming.taken(0)
        {
            self.shared.inbound.leave(left);
        }
    }
}

/// An error that says that nothing was read: the thread that read was interrupted, or would have had to wait.
fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}
