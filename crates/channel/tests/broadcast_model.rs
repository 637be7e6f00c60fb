//! Random programs over a broadcast channel, each step compared with a sequential model.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::collections::VecDeque;
use std::sync::Arc;

use channel::broadcast::{self, Overflow, Receiver, RecvError, SendError, Sender};
use channel::broadcast::{TryRecvError, TrySendError};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, proptest};
use support::Hand;

#[derive(Clone, Debug)]
enum Step {
    TrySend,
    /// Begins a send; it stays if it has to wait.
    Send,
    /// Polls a send that waits.
    PollSend(usize),
    /// Drops a send that waits.
    DropSend(usize),
    TryRecv(usize),
    /// Polls a receive once, and drops it if it waits.
    Recv(usize),
    Subscribe,
    Clone(usize),
    DropReceiver(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::TrySend),
        6 => Just(Step::Send),
        2 => any::<usize>().prop_map(Step::PollSend),
        2 => any::<usize>().prop_map(Step::DropSend),
        12 => any::<usize>().prop_map(Step::TryRecv),
        6 => any::<usize>().prop_map(Step::Recv),
        1 => Just(Step::Subscribe),
        2 => any::<usize>().prop_map(Step::Clone),
        1 => any::<usize>().prop_map(Step::DropReceiver),
        1 => prop_oneof![9 => Just(Step::TrySend), 1 => Just(Step::Close)],
    ]
}

type Message = Arc<u64>;

/// A receiver, and what it is to receive: how many it missed, then these.
struct Reader {
    receiver: Receiver<Message>,
    missed: u64,
    unread: VecDeque<u64>,
}

/// How the model says that a waiting send ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Waits,
    Sent(usize),
    Closed,
    NoReceivers,
}

struct Pending<'s> {
    number: u64,
    fate: Fate,
    send: Hand<broadcast::Send<'s, Message>>,
}

struct Run<'s> {
    sender: &'s Sender<Message>,
    overflow: Overflow,
    capacity: usize,
    is_open: bool,
    next: u64,
    readers: Vec<Reader>,
    pending: Vec<Pending<'s>>,
    /// One more count of every message, to see which still exist.
    messages: Vec<Message>,
}

impl<'s> Run<'s> {
    fn message(&mut self) -> (u64, Message) {
        let message = Arc::new(self.next);
        self.messages.push(message.clone());
        self.next += 1;
        (self.next - 1, message)
    }

    /// How many messages are kept: as the slowest reader has it.
    fn len(&self) -> usize {
        self.readers
            .iter()
            .map(|reader| reader.unread.len())
            .max()
            .unwrap_or(0)
    }

    fn must_wait(&self) -> bool {
        let others_wait = self
            .pending
            .iter()
            .any(|pending| pending.fate == Fate::Waits);
        self.overflow == Overflow::Wait && (self.len() == self.capacity || others_wait)
    }

    /// What becomes of a message that is offered now.
    fn offer(&mut self, number: u64) -> Fate {
        if !self.is_open {
            return Fate::Closed;
        }
        if self.readers.is_empty() {
            return Fate::NoReceivers;
        }
        if self.must_wait() {
            return Fate::Waits;
        }
        self.enter(number);
        Fate::Sent(self.readers.len())
    }

    fn enter(&mut self, number: u64) {
        for reader in &mut self.readers {
            reader.unread.push_back(number);
            if reader.unread.len() > self.capacity {
                reader.unread.pop_front();
                reader.missed += 1;
            }
        }
    }

    /// Lets senders go on that wait, after something has changed.
    fn settle(&mut self) {
        for index in 0..self.pending.len() {
            if self.pending[index].fate != Fate::Waits {
                continue;
            }
            self.pending[index].fate = if !self.is_open {
                Fate::Closed
            } else if self.readers.is_empty() {
                Fate::NoReceivers
            } else if self.len() < self.capacity {
                let number = self.pending[index].number;
                self.enter(number);
                Fate::Sent(self.readers.len())
            } else {
                return;
            };
        }
    }

    fn check_output(number: u64, fate: Fate, output: Result<usize, SendError<Message>>) {
        match output {
            Ok(reached) => assert_eq!(fate, Fate::Sent(reached)),
            Err(SendError::Closed(back)) => assert_eq!((fate, *back), (Fate::Closed, number)),
            // Which of the two it is, is looked up when the sender is polled.
            Err(SendError::NoReceivers(back)) => {
                assert_eq!((fate, *back), (Fate::NoReceivers, number));
            }
        }
    }

    fn send(&mut self) {
        let (number, message) = self.message();
        let fate = self.offer(number);
        let mut send = Hand::new(self.sender.send(message));
        match send.poll() {
            std::task::Poll::Ready(output) => Run::check_output(number, fate, output),
            std::task::Poll::Pending => {
                assert_eq!(fate, Fate::Waits);
                self.pending.push(Pending { number, fate, send });
            }
        }
    }

    fn poll_send(&mut self, index: usize) {
        let index = index % self.pending.len();
        let pending = &mut self.pending[index];
        assert_eq!(pending.send.is_woken(), pending.fate != Fate::Waits);
        match pending.send.poll() {
            std::task::Poll::Pending => assert_eq!(pending.fate, Fate::Waits),
            std::task::Poll::Ready(output) => {
                let pending = self.pending.remove(index);
                // A refusal says how things are now.
                let fate = match pending.fate {
                    Fate::NoReceivers if !self.is_open => Fate::Closed,
                    fate => fate,
                };
                Run::check_output(pending.number, fate, output);
            }
        }
    }

    fn receive(&mut self, index: usize, waits: bool) {
        let index = index % self.readers.len();
        let reader = &mut self.readers[index];
        let missed = std::mem::take(&mut reader.missed);
        let expected = if missed > 0 {
            Err(TryRecvError::Lagged(missed))
        } else {
            match reader.unread.pop_front() {
                Some(number) => Ok(number),
                None if self.is_open => Err(TryRecvError::Empty),
                None => Err(TryRecvError::Closed),
            }
        };
        let received = if waits {
            let mut receive = Hand::new(reader.receiver.recv());
            match receive.poll() {
                std::task::Poll::Ready(Ok(message)) => Ok(message),
                std::task::Poll::Ready(Err(RecvError::Lagged(missed))) => {
                    Err(TryRecvError::Lagged(missed))
                }
                std::task::Poll::Ready(Err(RecvError::Closed)) => Err(TryRecvError::Closed),
                std::task::Poll::Pending => Err(TryRecvError::Empty),
            }
        } else {
            reader.receiver.try_recv()
        };
        assert_eq!(received.map(|message| *message), expected);
        self.settle();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::TrySend => {
                let (number, message) = self.message();
                let fate = self.offer(number);
                match self.sender.try_send(message) {
                    Ok(reached) => assert_eq!(fate, Fate::Sent(reached)),
                    Err(TrySendError::Full(_)) => assert_eq!(fate, Fate::Waits),
                    Err(TrySendError::Closed(_)) => assert_eq!(fate, Fate::Closed),
                    Err(TrySendError::NoReceivers(_)) => assert_eq!(fate, Fate::NoReceivers),
                }
            }
            Step::Send => self.send(),
            Step::PollSend(index) if !self.pending.is_empty() => self.poll_send(index),
            Step::DropSend(index) if !self.pending.is_empty() => {
                drop(self.pending.remove(index % self.pending.len()));
                self.settle();
            }
            Step::TryRecv(index) if !self.readers.is_empty() => self.receive(index, false),
            Step::Recv(index) if !self.readers.is_empty() => self.receive(index, true),
            Step::Subscribe => self.readers.push(Reader {
                receiver: self.sender.subscribe(),
                missed: 0,
                unread: VecDeque::new(),
            }),
            Step::Clone(index) if !self.readers.is_empty() && self.readers.len() < 6 => {
                let original = &self.readers[index % self.readers.len()];
                let clone = Reader {
                    receiver: original.receiver.clone(),
                    missed: original.missed,
                    unread: original.unread.clone(),
                };
                self.readers.push(clone);
            }
            Step::DropReceiver(index) if !self.readers.is_empty() => {
                drop(self.readers.swap_remove(index % self.readers.len()));
                self.settle();
            }
            Step::Close => {
                assert_eq!(self.sender.close(), self.is_open);
                self.is_open = false;
                self.settle();
            }
            _ => {}
        }
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.sender.len(), self.len());
        assert!(self.len() <= self.capacity);
        assert_eq!(self.sender.receiver_count(), self.readers.len());
        for reader in &self.readers {
            assert_eq!(reader.receiver.len(), reader.unread.len());
        }
        // A message exists where it can still be received, or with its sender.
        for (number, message) in self.messages.iter().enumerate() {
            let number = number as u64;
            let is_kept = self
                .readers
                .iter()
                .any(|reader| reader.unread.contains(&number));
            let waits = |pending: &Pending<'_>| {
                pending.number == number && !matches!(pending.fate, Fate::Sent(_))
            };
            let is_pending = self.pending.iter().any(waits);
            assert_eq!(
                Arc::strong_count(message) > 1,
                is_kept || is_pending,
                "{number}"
            );
        }
    }
}

fn run(capacity: usize, overflow: Overflow, steps: Vec<Step>) {
    let (sender, receiver) = broadcast::channel(capacity, overflow);
    let mut run = Run {
        sender: &sender,
        overflow,
        capacity,
        is_open: true,
        next: 0,
        readers: vec![Reader {
            receiver,
            missed: 0,
            unread: VecDeque::new(),
        }],
        pending: Vec::new(),
        messages: Vec::new(),
    };
    steps.into_iter().for_each(|step| run.step(step));
    run.readers.clear();
    run.pending.clear();
    assert!(
        run.messages
            .iter()
            .all(|message| Arc::strong_count(message) == 1)
    );
}

proptest! {
    #[test]
    fn a_broadcast_channel_does_as_its_model(
        capacity in 1usize..6,
        waits in any::<bool>(),
        steps in collection::vec(step(), 1..120),
    ) {
        let overflow = if waits { Overflow::Wait } else { Overflow::Lag };
        run(capacity, overflow, steps);
    }
}
