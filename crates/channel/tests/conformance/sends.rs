//! Those who wait for a place, or for a receiver.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use channel::future::{SendFuture, Shared};
use channel::{Receiver, Sender};
use futures_util::FutureExt;
use pin_project_lite::pin_project;

use crate::subject::{Lets, Subject};

/// One for each message that is taken from a full channel, or from its sender.
pub(crate) struct Send<const CAPACITY: usize>(Sender<u8>, Receiver<u8>);

/// All, when the channel is closed.
pub(crate) struct Refused<const CAPACITY: usize>(Send<CAPACITY>);

/// One for each message that is taken from a full channel.
pub(crate) struct Reserve(Sender<u8>, Receiver<u8>);

pin_project! {
    /// A send that lets the next one send if it was sent and nobody has seen it: what is sent cannot be handed on.
    struct PassOn<'s> {
        #[pin]
        send: Option<SendFuture<'s, Shared<u8>>>,
        receiver: &'s Receiver<u8>,
    }

    impl PinnedDrop for PassOn<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(send) = this.send.as_pin_mut()
                && send.cancel().is_none()
            {
                let _ = this.receiver.try_recv();
            }
        }
    }
}

impl Future for PassOn<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let send = this.send.as_mut().as_pin_mut().expect("not polled again");
        ready!(send.poll(cx)).expect("nobody closes it");
        this.send.set(None);
        Poll::Ready(())
    }
}

impl<const CAPACITY: usize> Subject for Send<CAPACITY> {
    const LETS: Lets = Lets::One;
    // Without a place, a receiver that finds nobody leaves nothing.
    const KEEPS: bool = CAPACITY > 0;
    const MERGES: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::bounded(CAPACITY);
        for _ in 0..CAPACITY {
            sender.try_send(0).unwrap();
        }
        Send(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + std::marker::Send {
        PassOn {
            send: Some(self.0.send(7)),
            receiver: &self.1,
        }
    }

    fn notify_one(&self) {
        let _ = self.1.try_recv();
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        let _ = (self.0.try_send(1), self.0.len(), self.0.capacity());
        let _ = format!("{:?} {:?}", self.0, self.0.send(1));
    }
}

impl<const CAPACITY: usize> Subject for Refused<CAPACITY> {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;
    const MERGES: bool = true;

    fn blocked(waiters: usize) -> Self {
        Refused(Send::blocked(waiters))
    }

    fn wait(&self) -> impl Future<Output = ()> + std::marker::Send {
        let sender = &self.0.0;
        sender
            .send(7)
            .map(|sent| assert_eq!(sent.unwrap_err().0, 7))
    }

    fn notify_one(&self) {
        self.0.1.close();
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        self.0.look();
    }
}

impl Subject for Reserve {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    // What one of many leaves goes to the next.
    const TELLS_ALL: bool = false;

    fn blocked(waiters: usize) -> Self {
        let messages = waiters + 20_000;
        let (sender, receiver) = channel::bounded(messages);
        let sent = sender.try_send_many(&mut vec![0; messages].into());
        assert_eq!(sent, Ok(messages));
        Reserve(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + std::marker::Send {
        let reserve = self.0.reserve();
        reserve.map(|permit| std::mem::forget(permit.expect("nobody closes it")))
    }

    fn notify_one(&self) {
        self.1.try_recv().unwrap();
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        drop(self.0.try_reserve());
        let _ = format!("{:?}", self.0.reserve());
    }
}
