//! What a channel is, in one thread and without wakers: messages by number, and the line of those who want to send.

use std::collections::{HashMap, VecDeque};

/// The number of a message.
pub(crate) type Id = usize;
/// The number of a wait.
pub(crate) type Number = usize;

/// What one who waits in the line wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Want {
    Message(Id),
    Places(usize),
}

/// How a wait in the line ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    Sent,
    Granted,
    Refused,
    Closed,
}

/// Why something cannot be done at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum No {
    NotNow,
    Never,
    Closed,
}

#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) capacity: usize,
    pub(crate) reserved: usize,
    pub(crate) open: bool,
    pub(crate) buffer: VecDeque<Id>,
    line: VecDeque<(Number, Want)>,
    pub(crate) told: HashMap<Number, Told>,
}

impl Spec {
    pub(crate) fn new(capacity: usize) -> Spec {
        Spec {
            capacity,
            reserved: 0,
            open: true,
            buffer: VecDeque::new(),
            line: VecDeque::new(),
            told: HashMap::new(),
        }
    }

    fn room(&self) -> usize {
        self.capacity
            .saturating_sub(self.buffer.len() + self.reserved)
    }

    pub(crate) fn is_complete(&self) -> bool {
        !self.open && self.buffer.is_empty() && self.reserved == 0
    }

    /// How many messages can be received now, at the least.
    pub(crate) fn to_receive(&self) -> usize {
        let is_offered = matches!(self.line.front(), Some((_, Want::Message(_))));
        self.buffer.len().max(is_offered.into())
    }

    pub(crate) fn stands_in_line(&self, number: Number) -> bool {
        self.line.iter().any(|(other, _)| *other == number)
    }

    pub(crate) fn send(&mut self, id: Id) -> Result<(), No> {
        if !self.open {
            return Err(No::Closed);
        }
        if !self.line.is_empty() || self.room() == 0 {
            return Err(No::NotNow);
        }
        self.buffer.push_back(id);
        Ok(())
    }

    pub(crate) fn reserve(&mut self, places: usize) -> Result<(), No> {
        if !self.open {
            return Err(No::Closed);
        }
        if places > self.capacity || self.capacity == 0 {
            return Err(No::Never);
        }
        if !self.line.is_empty() || self.room() < places {
            return Err(No::NotNow);
        }
        self.reserved += places;
        Ok(())
    }

    pub(crate) fn line_up(&mut self, number: Number, want: Want) {
        self.line.push_back((number, want));
        self.settle();
    }

    pub(crate) fn leave_line(&mut self, number: Number) {
        self.line.retain(|(other, _)| *other != number);
        self.settle();
    }

    pub(crate) fn receive(&mut self) -> Result<Id, No> {
        if let Some(id) = self.buffer.pop_front() {
            self.settle();
            return Ok(id);
        }
        match self.line.front() {
            Some(&(number, Want::Message(id))) => {
                self.line.pop_front();
                self.told.insert(number, Told::Sent);
                self.settle();
                Ok(id)
            }
            _ if self.is_complete() => Err(No::Closed),
            _ => Err(No::NotNow),
        }
    }

    /// The message that was pushed out.
    pub(crate) fn force_send(&mut self, id: Id) -> Result<Option<Id>, No> {
        match self.send(id) {
            Ok(()) => Ok(None),
            Err(No::Closed) => Err(No::Closed),
            Err(_) => match self.buffer.pop_front() {
                Some(oldest) => {
                    self.buffer.push_back(id);
                    Ok(Some(oldest))
                }
                None => Ok(Some(id)),
            },
        }
    }

    pub(crate) fn fill(&mut self, id: Id) {
        self.reserved -= 1;
        self.buffer.push_back(id);
        self.settle();
    }

    pub(crate) fn release(&mut self, places: usize) {
        self.reserved -= places;
        self.settle();
    }

    pub(crate) fn close(&mut self) -> bool {
        for (number, _) in self.line.drain(..) {
            self.told.insert(number, Told::Closed);
        }
        std::mem::replace(&mut self.open, false)
    }

    pub(crate) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.settle();
    }

    /// Whoever is first and can have what it wants has it.
    fn settle(&mut self) {
        while let Some(&(number, want)) = self.line.front() {
            let told = match want {
                Want::Places(places) if places > self.capacity => Told::Refused,
                Want::Places(places) if places <= self.room() => {
                    self.reserved += places;
                    Told::Granted
                }
                Want::Message(id) if self.room() > 0 => {
                    self.buffer.push_back(id);
                    Told::Sent
                }
                _ => return,
            };
            self.line.pop_front();
            self.told.insert(number, told);
        }
    }
}
