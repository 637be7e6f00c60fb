//! Receives that wait for a message.

use std::future::Future;

use channel::{Channel, Receiver, Sender};
use futures_util::FutureExt;

use crate::subject::{Lets, Subject};

/// A message is a notification, and stays until somebody takes it.
pub(crate) struct Receives(Sender<u32>, Receiver<u32>);

impl Subject for Receives {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let (sender, receiver) = channel::unbounded();
        // Room for the messages is made when they come; it is not the waits' own.
        sender.try_send(7).unwrap();
        receiver.try_recv().unwrap();
        Receives(sender, receiver)
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.1.recv().map(|message| assert_eq!(message, Ok(7)))
    }

    fn notify_one(&self) {
        self.0.try_send(7).unwrap();
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        self.1.len();
        let _ = format!("{:?} {:?}", self.0, self.1);
    }
}

/// With one place, so that a second message that nobody waits for is refused.
#[derive(Default)]
pub(crate) struct ReceivesByReference(Channel<u32, 1>);

impl Subject for ReceivesByReference {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const MERGES: bool = true;
    const HANDS_OVER: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        ReceivesByReference::default()
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.recv().map(|message| assert_eq!(message, Ok(7)))
    }

    fn notify_one(&self) {
        let _ = self.0.try_send(7);
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        self.0.is_empty();
        let _ = format!("{:?}", self.0);
    }
}
