//! The waits of a program, each polled by hand with a waker that counts.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use channel::ReserveError;
use channel::future::{Permit, SendFuture};

use crate::spec::{Id, Number};
use crate::subject::{Message, Subject};
use crate::support::{Wakes, poll_with};

/// How a wait ended.
pub(crate) enum Outcome<'c, S: Subject> {
    Sent(Result<(), Message>),
    SentMany(Result<usize, usize>),
    Reserved(Result<Permit<'c, S::Form>, ReserveError>),
    Received(Option<Message>),
    ReceivedMany(Option<usize>, Vec<Message>),
    Ready(bool),
    Ended,
}

/// What is waited for, and what the specification has to know of it.
pub(crate) enum Kind {
    Send(Id),
    /// What is left, of which the first one is offered while this waits.
    SendMany(VecDeque<Id>, usize),
    Reserve(usize),
    Receive,
    ReceiveMany(usize),
    Ready,
    Closed,
    Complete,
}

enum Form<'c, S: Subject> {
    Send(Pin<Box<SendFuture<'c, S::Form>>>),
    Other(Pin<Box<dyn Future<Output = Outcome<'c, S>> + 'c>>),
}

pub(crate) struct Wait<'c, S: Subject> {
    pub(crate) number: Number,
    pub(crate) kind: Kind,
    pub(crate) was_polled: bool,
    future: Form<'c, S>,
    wakes: Arc<Wakes>,
    /// How many wakes there were when it was polled last.
    seen: usize,
    left: Left,
}

/// Where a batch leaves what it has not sent.
type Left = Rc<RefCell<VecDeque<Message>>>;

struct LeaveBehind(VecDeque<Message>, Left);

impl Drop for LeaveBehind {
    fn drop(&mut self) {
        self.1.borrow_mut().append(&mut self.0);
    }
}

impl<'c, S: Subject> Wait<'c, S> {
    fn new(number: Number, kind: Kind, future: Form<'c, S>, left: Left) -> Wait<'c, S> {
        Wait {
            number,
            kind,
            was_polled: false,
            future,
            wakes: Wakes::new(),
            seen: 0,
            left,
        }
    }

    fn other(
        number: Number,
        kind: Kind,
        future: impl Future<Output = Outcome<'c, S>> + 'c,
    ) -> Wait<'c, S> {
        let future = Form::Other(Box::pin(future));
        Wait::new(number, kind, future, Left::default())
    }

    pub(crate) fn send(subject: &'c S, number: Number, message: Message) -> Wait<'c, S> {
        let kind = Kind::Send(message.id);
        let future = Form::Send(Box::pin(subject.send(message)));
        Wait::new(number, kind, future, Left::default())
    }

    pub(crate) fn send_many(
        subject: &'c S,
        number: Number,
        messages: VecDeque<Message>,
    ) -> Wait<'c, S> {
        let ids = messages.iter().map(|message| message.id).collect();
        let left = Left::default();
        let mut from = LeaveBehind(messages, left.clone());
        let future = async move {
            let sent = subject.send_many(&mut from.0).await;
            Outcome::SentMany(sent.map_err(|refused| refused.sent))
        };
        let future = Form::Other(Box::pin(future));
        Wait::new(number, Kind::SendMany(ids, 0), future, left)
    }

    pub(crate) fn reserve(subject: &'c S, number: Number, places: usize) -> Wait<'c, S> {
        let reserve = subject.reserve(places);
        Wait::other(number, Kind::Reserve(places), async {
            Outcome::Reserved(reserve.await)
        })
    }

    pub(crate) fn receive(subject: &'c S, number: Number) -> Wait<'c, S> {
        let receive = subject.recv();
        Wait::other(number, Kind::Receive, async {
            Outcome::Received(receive.await.ok())
        })
    }

    pub(crate) fn receive_many(
        subject: &'c S,
        number: Number,
        into: Vec<Message>,
        limit: usize,
    ) -> Wait<'c, S> {
        Wait::other(number, Kind::ReceiveMany(limit), async move {
            let mut into = into;
            let received = subject.recv_many(&mut into, limit).await;
            Outcome::ReceivedMany(received.ok(), into)
        })
    }

    /// For readiness, the end, or the complete end; if the form has it.
    pub(crate) fn until(subject: &'c S, number: Number, kind: Kind) -> Option<Wait<'c, S>> {
        Some(match kind {
            Kind::Ready => {
                let ready = subject.extra()?.ready();
                Wait::other(number, kind, async { Outcome::Ready(ready.await) })
            }
            Kind::Complete => {
                let complete = subject.extra()?.complete();
                Wait::other(number, kind, async {
                    complete.await;
                    Outcome::Ended
                })
            }
            _ => {
                let closed = subject.closed();
                Wait::other(number, Kind::Closed, async {
                    closed.await;
                    Outcome::Ended
                })
            }
        })
    }

    /// Whether it was woken since it was polled last.
    pub(crate) fn is_woken(&self) -> bool {
        self.wakes.count() > self.seen
    }

    /// Polls it; if that is asked for, with another waker than before.
    pub(crate) fn poll(&mut self, another_waker: bool) -> Poll<Outcome<'c, S>> {
        if another_waker {
            self.wakes = Wakes::new();
        }
        self.seen = self.wakes.count();
        self.was_polled = true;
        let waker = self.wakes.waker();
        match &mut self.future {
            Form::Send(send) => poll_with(send.as_mut(), &waker)
                .map(|sent| Outcome::Sent(sent.map_err(|refused| refused.into_inner()))),
            Form::Other(other) => poll_with(other.as_mut(), &waker),
        }
    }

    /// Ends it: the message of a single send that was not sent, what a batch has left.
    pub(crate) fn cancel(mut self) -> (Option<Message>, VecDeque<Message>) {
        let back = match &mut self.future {
            Form::Send(send) => send.as_mut().cancel(),
            Form::Other(_) => None,
        };
        drop(self.future);
        (back, self.left.take())
    }
}
