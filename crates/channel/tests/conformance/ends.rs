//! Those who wait for the end.

use std::future::Future;

use channel::{Receiver, Sender};

use crate::subject::{Lets, Subject};

/// All, when the channel is closed.
pub(crate) struct Closed(Sender<u8>, Receiver<u8>);

/// All, when it is closed and the last message was received.
pub(crate) struct Complete(Sender<u8>, Receiver<u8>);

impl Subject for Closed {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;
    const MERGES: bool = true;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::bounded(1);
        Closed(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.closed()
    }

    fn notify_one(&self) {
        self.1.close();
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        let _ = (self.0.is_closed(), format!("{:?}", self.0.closed()));
    }
}

impl Subject for Complete {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;
    const MERGES: bool = true;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::bounded(1);
        sender.try_send(7).unwrap();
        Complete(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.1.complete()
    }

    fn notify_one(&self) {
        self.0.close();
        let _ = self.1.try_recv();
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        let _ = (self.0.is_complete(), format!("{:?}", self.1.complete()));
    }
}
