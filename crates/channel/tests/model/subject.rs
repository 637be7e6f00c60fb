//! The forms of a channel behind one interface, and the messages of the programs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use channel::future::{
    Counted, Form, Inline, Permit, ReadyFuture, RecvFuture, RecvManyFuture, ReserveFuture,
    SendFuture, SendManyFuture, UntilFuture,
};
use channel::{Channel, Receiver, ReserveError, SendError, Sender, TryRecvError, TrySendError};

use crate::spec::Id;

/// Which messages were dropped.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Rc<RefCell<Vec<bool>>>);

impl Ledger {
    pub(crate) fn message(&self) -> Message {
        let mut dropped = self.0.borrow_mut();
        dropped.push(false);
        Message {
            id: dropped.len() - 1,
            ledger: self.clone(),
        }
    }

    pub(crate) fn was_dropped(&self, id: Id) -> bool {
        self.0.borrow()[id]
    }

    pub(crate) fn all_were_dropped(&self) -> bool {
        self.0.borrow().iter().all(|dropped| *dropped)
    }
}

pub(crate) struct Message {
    pub(crate) id: Id,
    ledger: Ledger,
}

impl Drop for Message {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut self.ledger.0.borrow_mut()[self.id], true);
        assert!(!before, "message {} was dropped twice", self.id);
    }
}

/// A channel of any form.
pub(crate) trait Subject {
    type Form: Form<Item = Message>;

    fn send(&self, message: Message) -> SendFuture<'_, Self::Form>;
    fn try_send(&self, message: Message) -> Result<(), TrySendError<Message>>;
    fn force_send(&self, message: Message) -> Result<Option<Message>, SendError<Message>>;
    fn send_many<'c>(&'c self, from: &'c mut VecDeque<Message>) -> SendManyFuture<'c, Self::Form>;
    fn reserve(&self, places: usize) -> ReserveFuture<'_, Self::Form>;
    fn try_reserve(&self, places: usize) -> Result<Permit<'_, Self::Form>, ReserveError>;
    fn recv(&self) -> RecvFuture<'_, Self::Form>;
    fn try_recv(&self) -> Result<Message, TryRecvError>;
    fn recv_many<'c>(
        &'c self,
        into: &'c mut Vec<Message>,
        limit: usize,
    ) -> RecvManyFuture<'c, Self::Form>;
    fn close(&self) -> bool;
    fn closed(&self) -> UntilFuture<'_, Self::Form>;
    fn len(&self) -> usize;
    fn is_closed(&self) -> bool;
    fn is_complete(&self) -> bool;
    /// What only handles have: a wait for readiness, a wait for the end that does not close, another capacity, batches
    /// that do not wait.
    fn extra(&self) -> Option<&dyn Extra<Self::Form>>;
}

pub(crate) trait Extra<F: Form> {
    fn ready(&self) -> ReadyFuture<'_, F>;
    fn complete(&self) -> UntilFuture<'_, F>;
    fn set_capacity(&self, capacity: usize);
    fn try_send_many(&self, from: &mut VecDeque<Message>) -> Result<usize, usize>;
    fn try_recv_many(&self, into: &mut Vec<Message>, limit: usize) -> Result<usize, TryRecvError>;
}

/// Both handles of a channel.
pub(crate) struct Handles<F: Counted<Item = Message>>(
    pub(crate) Sender<Message, F>,
    pub(crate) Receiver<Message, F>,
);

impl<F> Extra<F> for Handles<F>
where
    F: Counted<Item = Message>,
    F::Buffer: channel::future::Resizable,
{
    fn ready(&self) -> ReadyFuture<'_, F> {
        self.1.ready()
    }

    fn complete(&self) -> UntilFuture<'_, F> {
        self.1.complete()
    }

    fn set_capacity(&self, capacity: usize) {
        self.0.set_capacity(capacity);
    }

    fn try_send_many(&self, from: &mut VecDeque<Message>) -> Result<usize, usize> {
        self.0.try_send_many(from).map_err(|refused| refused.sent)
    }

    fn try_recv_many(&self, into: &mut Vec<Message>, limit: usize) -> Result<usize, TryRecvError> {
        self.1.try_recv_many(into, limit)
    }
}

impl<F> Subject for Handles<F>
where
    F: Counted<Item = Message>,
    F::Buffer: channel::future::Resizable,
{
    type Form = F;

    fn send(&self, message: Message) -> SendFuture<'_, F> {
        self.0.send(message)
    }

    fn try_send(&self, message: Message) -> Result<(), TrySendError<Message>> {
        self.0.try_send(message)
    }

    fn force_send(&self, message: Message) -> Result<Option<Message>, SendError<Message>> {
        self.0.force_send(message)
    }

    fn send_many<'c>(&'c self, from: &'c mut VecDeque<Message>) -> SendManyFuture<'c, F> {
        self.0.send_many(from)
    }

    fn reserve(&self, places: usize) -> ReserveFuture<'_, F> {
        self.0.reserve_many(places)
    }

    fn try_reserve(&self, places: usize) -> Result<Permit<'_, F>, ReserveError> {
        self.0.try_reserve_many(places)
    }

    fn recv(&self) -> RecvFuture<'_, F> {
        self.1.recv()
    }

    fn try_recv(&self) -> Result<Message, TryRecvError> {
        self.1.try_recv()
    }

    fn recv_many<'c>(&'c self, into: &'c mut Vec<Message>, limit: usize) -> RecvManyFuture<'c, F> {
        self.1.recv_many(into, limit)
    }

    fn close(&self) -> bool {
        self.1.close()
    }

    fn closed(&self) -> UntilFuture<'_, F> {
        self.0.closed()
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn is_complete(&self) -> bool {
        self.1.is_complete()
    }

    fn extra(&self) -> Option<&dyn Extra<F>> {
        Some(self)
    }
}

impl<const N: usize> Subject for Channel<Message, N> {
    type Form = Inline<Message, N>;

    fn send(&self, message: Message) -> SendFuture<'_, Self::Form> {
        self.send(message)
    }

    fn try_send(&self, message: Message) -> Result<(), TrySendError<Message>> {
        self.try_send(message)
    }

    fn force_send(&self, message: Message) -> Result<Option<Message>, SendError<Message>> {
        self.force_send(message)
    }

    fn send_many<'c>(&'c self, from: &'c mut VecDeque<Message>) -> SendManyFuture<'c, Self::Form> {
        self.send_many(from)
    }

    fn reserve(&self, places: usize) -> ReserveFuture<'_, Self::Form> {
        self.reserve_many(places)
    }

    fn try_reserve(&self, places: usize) -> Result<Permit<'_, Self::Form>, ReserveError> {
        self.try_reserve_many(places)
    }

    fn recv(&self) -> RecvFuture<'_, Self::Form> {
        self.recv()
    }

    fn try_recv(&self) -> Result<Message, TryRecvError> {
        self.try_recv()
    }

    fn recv_many<'c>(
        &'c self,
        into: &'c mut Vec<Message>,
        limit: usize,
    ) -> RecvManyFuture<'c, Self::Form> {
        self.recv_many(into, limit)
    }

    fn close(&self) -> bool {
        self.close()
    }

    fn closed(&self) -> UntilFuture<'_, Self::Form> {
        self.closed()
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn is_complete(&self) -> bool {
        self.is_complete()
    }

    fn extra(&self) -> Option<&dyn Extra<Self::Form>> {
        None
    }
}
