//! A program on a channel, each step compared with the specification.

use std::collections::VecDeque;

use channel::future::Permit;
use channel::{ReserveError, TryRecvError, TrySendError};

use crate::program::Step;
use crate::spec::{Id, No, Number, Spec};
use crate::subject::{Ledger, Message, Subject};
use crate::wait::{Kind, Wait};

pub(crate) struct Run<'c, S: Subject> {
    pub(crate) subject: &'c S,
    pub(crate) spec: Spec,
    ledger: Ledger,
    pub(crate) waits: Vec<Wait<'c, S>>,
    permits: Vec<Permit<'c, S::Form>>,
    next: Number,
}

impl<'c, S: Subject> Run<'c, S> {
    pub(crate) fn new(subject: &'c S, capacity: usize) -> Run<'c, S> {
        Run {
            subject,
            spec: Spec::new(capacity),
            ledger: Ledger::default(),
            waits: Vec::new(),
            permits: Vec::new(),
            next: 0,
        }
    }

    /// Runs it, then ends all in an orderly way; nothing may be left.
    pub(crate) fn program(mut self, program: Vec<Step>) -> Ledger {
        for step in program {
            self.step(step);
        }
        self.step(Step::Close);
        while let Some(woken) = self
            .waits
            .iter()
            .position(|wait| wait.is_woken() || !wait.was_polled)
        {
            self.step(Step::Poll(woken, false));
        }
        while !self.permits.is_empty() {
            self.step(Step::DropPermit(0));
        }
        while !self.spec.is_complete() {
            self.step(Step::TryReceive);
        }
        while !self.waits.is_empty() {
            self.step(Step::Poll(0, false));
        }
        self.ledger
    }

    fn step(&mut self, step: Step) {
        let number = self.next;
        self.next += 1;
        let subject = self.subject;
        match step {
            Step::Send => {
                let message = self.ledger.message();
                self.waits.push(Wait::send(subject, number, message));
            }
            Step::SendMany(count) => {
                let messages = (0..count).map(|_| self.ledger.message()).collect();
                self.waits.push(Wait::send_many(subject, number, messages));
            }
            Step::Reserve(places) => self.waits.push(Wait::reserve(subject, number, places)),
            Step::Receive => self.waits.push(Wait::receive(subject, number)),
            Step::ReceiveMany(limit) => {
                let into = vec![self.ledger.message()];
                let wait = Wait::receive_many(subject, number, into, limit);
                self.waits.push(wait);
            }
            Step::Ready => self.waits.extend(Wait::until(subject, number, Kind::Ready)),
            Step::UntilClosed => self
                .waits
                .extend(Wait::until(subject, number, Kind::Closed)),
            Step::UntilComplete => {
                let wait = Wait::until(subject, number, Kind::Complete);
                self.waits.extend(wait);
            }
            Step::Poll(i, another_waker) => {
                if let Some(i) = pick(i, &self.waits) {
                    self.poll(i, another_waker);
                }
            }
            Step::PollWoken(i) => {
                let woken = |(_, wait): &(usize, &Wait<'_, S>)| wait.is_woken();
                let woken: Vec<_> = self.waits.iter().enumerate().filter(woken).collect();
                if let Some(i) = pick(i, &woken).map(|i| woken[i].0) {
                    self.poll(i, false);
                }
            }
            Step::Cancel(i) => {
                if let Some(i) = pick(i, &self.waits) {
                    self.cancel(i);
                }
            }
            Step::TrySend => self.try_send(),
            Step::TryReceive => {
                let message = self.subject.try_recv();
                match self.spec.receive() {
                    Ok(id) => assert_eq!(message.map(|message| message.id).ok(), Some(id)),
                    Err(No::Closed) => assert_eq!(message.err(), Some(TryRecvError::Closed)),
                    Err(_) => assert_eq!(message.err(), Some(TryRecvError::Empty)),
                }
            }
            Step::TrySendMany(count) => self.try_send_many(count),
            Step::TryReceiveMany(limit) => self.try_receive_many(limit),
            Step::TryReserve(places) => {
                let reserved = self.subject.try_reserve(places);
                let expected = self.spec.reserve(places);
                self.reserved(reserved, expected, places);
            }
            Step::ForceSend => {
                let message = self.ledger.message();
                let id = message.id;
                let sent = self.subject.force_send(message);
                match self.spec.force_send(id) {
                    Ok(out) => assert_eq!(sent.ok().map(|out| out.map(|out| out.id)), Some(out)),
                    Err(_) => assert_eq!(sent.err().map(|back| back.0.id), Some(id)),
                }
            }
            Step::Fill(i) => {
                let with_places = self.permits.iter_mut().filter(|permit| permit.places() > 0);
                let mut with_places: Vec<_> = with_places.collect();
                if let Some(i) = pick(i, &with_places) {
                    let message = self.ledger.message();
                    self.spec.fill(message.id);
                    with_places[i].send(message);
                }
            }
            Step::DropPermit(i) => {
                if let Some(i) = pick(i, &self.permits) {
                    let permit = self.permits.swap_remove(i);
                    self.spec.release(permit.places());
                    drop(permit);
                }
            }
            Step::Close => assert_eq!(self.subject.close(), self.spec.close()),
            Step::SetCapacity(capacity) => {
                if let Some(extra) = self.subject.extra() {
                    self.spec.set_capacity(capacity);
                    extra.set_capacity(capacity);
                }
            }
        }
        self.compare();
    }

    fn try_send(&mut self) {
        let message = self.ledger.message();
        let id = message.id;
        let sent = self.subject.try_send(message);
        match self.spec.send(id) {
            Ok(()) => assert!(sent.is_ok()),
            Err(No::Closed) => {
                assert!(matches!(sent, Err(TrySendError::Closed(back)) if back.id == id));
            }
            Err(_) => assert!(matches!(sent, Err(TrySendError::Full(back)) if back.id == id)),
        }
    }

    fn try_send_many(&mut self, count: usize) {
        let Some(extra) = self.subject.extra() else {
            return;
        };
        let mut messages: VecDeque<_> = (0..count).map(|_| self.ledger.message()).collect();
        let mut ids = ids(&messages);
        let sent = extra.try_send_many(&mut messages);
        if self.spec.open {
            let count = self.put_many(&mut ids);
            assert_eq!(sent, Ok(count));
        } else {
            assert_eq!(sent, Err(0));
        }
        assert_eq!(self::ids(&messages), ids);
    }

    fn try_receive_many(&mut self, limit: usize) {
        let Some(extra) = self.subject.extra() else {
            return;
        };
        let mut into = vec![self.ledger.message()];
        let received = extra.try_recv_many(&mut into, limit);
        let expected = self.receive_many(limit);
        let ids: Vec<_> = into[1..].iter().map(|message| message.id).collect();
        assert_eq!(ids, expected);
        match received {
            Ok(received) => assert_eq!(received, expected.len()),
            Err(error) => {
                let is_closed = error == TryRecvError::Closed;
                assert_eq!((limit > 0, expected.len()), (true, 0));
                assert_eq!(is_closed, self.spec.is_complete());
            }
        }
    }

    /// Those of the messages that enter at once leave the queue; how many.
    pub(crate) fn put_many(&mut self, ids: &mut VecDeque<Id>) -> usize {
        let before = ids.len();
        while let Some(&first) = ids.front() {
            if self.spec.send(first).is_err() {
                break;
            }
            ids.pop_front();
        }
        before - ids.len()
    }

    pub(crate) fn receive_many(&mut self, limit: usize) -> Vec<Id> {
        let receive = |_| self.spec.receive().ok();
        (0..limit).map_while(receive).collect()
    }

    pub(crate) fn reserved(
        &mut self,
        reserved: Result<Permit<'c, S::Form>, ReserveError>,
        expected: Result<(), No>,
        places: usize,
    ) {
        match expected {
            Ok(()) => {
                let permit = reserved.expect("the specification has places");
                assert_eq!(permit.places(), places);
                self.permits.push(permit);
            }
            Err(No::NotNow) => assert_eq!(reserved.err(), Some(ReserveError::Full)),
            Err(No::Closed) => assert_eq!(reserved.err(), Some(ReserveError::Closed)),
            Err(No::Never) => {
                let capacity = self.spec.capacity;
                let wanted = places;
                let expected = ReserveError::TooMany { wanted, capacity };
                assert_eq!(reserved.err(), Some(expected));
            }
        }
    }

    fn compare(&self) {
        let (subject, spec) = (self.subject, &self.spec);
        assert_eq!(subject.len(), spec.buffer.len());
        assert_eq!(subject.is_closed(), !spec.open);
        assert_eq!(subject.is_complete(), spec.is_complete());
        assert!(spec.buffer.iter().all(|id| !self.ledger.was_dropped(*id)));
        let (mut asleep, mut told) = (0, 0);
        for wait in self.waits.iter().filter(|wait| wait.was_polled) {
            let is_woken = wait.is_woken();
            match wait.kind {
                Kind::Send(_) | Kind::SendMany(..) | Kind::Reserve(_) => {
                    let was_told = spec.told.contains_key(&wait.number);
                    assert_eq!(is_woken, was_told, "{:?} in {spec:?}", wait.number);
                }
                Kind::Receive | Kind::ReceiveMany(_) | Kind::Ready => {
                    asleep += usize::from(!is_woken);
                    told += usize::from(is_woken);
                }
                Kind::Closed => assert_eq!(is_woken, !spec.open),
                Kind::Complete => assert_eq!(is_woken, spec.is_complete()),
            }
        }
        let to_receive = spec.to_receive();
        assert!(
            asleep == 0 || told >= to_receive && !spec.is_complete(),
            "{asleep} sleep and {told} were told, with {to_receive} to receive"
        );
    }
}

pub(crate) fn ids(messages: &VecDeque<Message>) -> VecDeque<Id> {
    messages.iter().map(|message| message.id).collect()
}

fn pick<T>(i: usize, among: &[T]) -> Option<usize> {
    (!among.is_empty()).then(|| i % among.len())
}
