//! Those who wait to receive.

use std::future::Future;

use channel::{Channel, Receiver, Sender};
use futures_util::FutureExt;

use crate::subject::{Lets, Subject};

/// One for each message.
pub(crate) struct Recv(Sender<()>, Receiver<()>);

/// The same, beyond the capacity.
pub(crate) struct RecvEager(Recv);

/// The same, in a channel by reference.
pub(crate) struct RecvInPlace(Channel<u8, 256>);

/// All, when the channel is complete.
pub(crate) struct RecvToTheEnd(Sender<u8>, Receiver<u8>);

impl Subject for Recv {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    // What one of many leaves goes to the next.
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::unbounded();
        // Memory for later, which is no matter of those who wait.
        sender.try_send(()).unwrap();
        receiver.try_recv().unwrap();
        Recv(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.1.recv().map(|received| received.unwrap())
    }

    fn notify_one(&self) {
        self.0.try_send(()).unwrap();
    }

    fn notify_all(&self, waiters: usize) {
        let mut messages = vec![(); waiters].into();
        assert_eq!(self.0.try_send_many(&mut messages), Ok(waiters));
    }

    fn look(&self) {
        let _ = (self.1.len(), self.1.is_closed(), self.1.is_complete());
        let _ = format!("{:?} {:?} {:?}", self.0, self.1, self.1.recv());
    }
}

impl Subject for RecvEager {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::eager(1_000);
        RecvEager(Recv(sender, receiver))
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.notify_one();
    }

    fn notify_all(&self, waiters: usize) {
        self.0.notify_all(waiters);
    }

    fn look(&self) {
        self.0.look();
    }
}

impl Subject for RecvInPlace {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    // More than there is room for are one.
    const MERGES: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        RecvInPlace(Channel::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.recv().map(|received| assert_eq!(received, Ok(7)))
    }

    fn notify_one(&self) {
        let _ = self.0.try_send(7);
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        let _ = format!("{:?} {:?}", self.0, self.0.recv());
    }
}

impl Subject for RecvToTheEnd {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;
    const MERGES: bool = true;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::bounded(1);
        RecvToTheEnd(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.1.recv().map(|received| assert!(received.is_err()))
    }

    fn notify_one(&self) {
        self.0.close();
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        let _ = format!("{:?} {:?}", self.1, self.1.ready());
    }
}
