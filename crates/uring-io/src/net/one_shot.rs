//! One receive into a caller's buffer, which loses nothing when it is dropped.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use uring_engine::io_uring::squeue;
use uring_engine::{BufResult, Completion, Engine, IoBufMut, Op, Operation, Slice};

use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{Shared, Socket};
use crate::net::transfer::{Input, Kind, Readiness, readiness};

/// Receives once. Dropping it cancels; what arrived all the same goes to the socket.
pub(crate) struct OneShot<B: IoBufMut> {
    stage: Stage<B>,
    shared: Rc<Shared>,
}

enum Stage<B: IoBufMut> {
    Receiving(Op<Receive<B>>),
    /// There was nothing, and the kernel did not wait for it by itself.
    Waiting(Readiness, B),
    /// It has ended, or is being dropped.
    Ended,
}

impl<B: IoBufMut> OneShot<B> {
    pub(crate) fn new(socket: &Socket, buffer: B) -> Self {
        Self {
            stage: Stage::Receiving(receive(&socket.engine, &socket.shared, buffer)),
            shared: socket.shared.clone(),
        }
    }
}

fn receive<B: IoBufMut>(engine: &Engine, shared: &Rc<Shared>, buffer: B) -> Op<Receive<B>> {
    engine.op(Receive {
        input: Input::new(shared, buffer),
        shared: shared.clone(),
    })
}

impl<B: IoBufMut> Future for OneShot<B> {
    type Output = BufResult<usize, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let engine = match &mut this.stage {
                Stage::Receiving(op) => {
                    let (result, buffer) = ready!(Pin::new(&mut *op).poll(cx));
                    if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
                        this.stage = Stage::Ended;
                        return Poll::Ready((result, buffer));
                    }
                    let ready = readiness(op.engine(), &this.shared, libc::POLLIN);
                    this.stage = Stage::Waiting(ready, buffer);
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
                    this.stage = Stage::Receiving(receive(&engine, &this.shared, buffer));
                }
                Err(error) => return Poll::Ready((Err(error), buffer)),
            }
        }
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<B: IoBufMut> Unpin for OneShot<B> {}

impl<B: IoBufMut> Drop for OneShot<B> {
    fn drop(&mut self) {
        if let Stage::Receiving(op) = std::mem::replace(&mut self.stage, Stage::Ended)
            && op.is_submitted()
        {
            self.shared.inbound.abandon();
            drop(op);
        }
    }
}

/// The operation: it shares the socket, so that it can give back what nobody waits for.
struct Receive<B> {
    input: Input<B>,
    shared: Rc<Shared>,
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBufMut> Operation for Receive<B> {
    type Output = BufResult<usize, B>;

    #[inline]
    fn entry(&mut self) -> squeue::Entry {
        self.input.entry()
    }

    #[inline]
    fn complete(self, completion: Completion) -> Self::Output {
        self.input.complete(completion)
    }

    fn discard(self, completion: Completion) {
        let (result, buffer) = self.input.complete(completion);
        let inbound = &self.shared.inbound;
        match result {
            // A terminal says that its input has ended only once.
            Ok(0) if self.shared.kind == Kind::Other => {
                inbound.end(Ok(Some(RecvBuf::from_heap([]))));
            }
            Err(error) if is_nothing(&error) => inbound.end(Ok(None)),
            Ok(count) => self
                .shared
                .inbound
                .give_back(Ok(&Slice::new(buffer, 0..count))),
            Err(error) => self.shared.inbound.give_back(Err::<_, io::Error>(error)),
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
