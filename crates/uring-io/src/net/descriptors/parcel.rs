//! One buffer on its way out, with descriptors.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

use uring_engine::io_uring::squeue;
use uring_engine::op::{Control, SendMsg};
use uring_engine::{BufResult, Completion, IoBuf, Operation, Slice, op};

use crate::keep::Keep;
use crate::net::outgoing::Outgoing;
use crate::net::socket::{Shared, SharedPart};

/// One buffer, and descriptors that travel with its first byte.
pub(crate) struct Parcel<B> {
    /// What is left of it.
    buffer: Slice<B>,
    descriptors: Vec<OwnedFd>,
}

impl<B: IoBuf> Parcel<B> {
    /// Why it cannot be sent.
    fn refusal(&self) -> Option<io::Error> {
        let message = match self.descriptors.len() {
            0 => return None,
            _ if self.total() == 0 => String::from(
                "descriptors travel with a byte: send at least one, which the peer reads to get them",
            ),
            count if count > Control::MOST_DESCRIPTORS => format!(
                "{count} descriptors are too many for one message, which takes {}: send several",
                Control::MOST_DESCRIPTORS
            ),
            _ => return None,
        };
        Some(io::Error::new(io::ErrorKind::InvalidInput, message))
    }
}

impl<B: IoBuf> Outgoing for Parcel<B> {
    type Buffer = (B, Vec<OwnedFd>);
    type Operation = Keep<SendParcel<B>, SharedPart>;

    fn new((buffer, descriptors): Self::Buffer) -> Self {
        let total = buffer.len();
        Self {
            buffer: Slice::new(buffer, 0..total),
            descriptors,
        }
    }

    fn into_buffer(self) -> Self::Buffer {
        (self.buffer.into_inner(), self.descriptors)
    }

    fn total(&self) -> usize {
        self.buffer.get_ref().len()
    }

    fn send_now(&self, shared: &Shared) -> io::Result<usize> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None if self.descriptors.is_empty() => shared.send_now(&self.buffer),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn operation(self, shared: SharedPart, sent: usize) -> Self::Operation {
        let refusal = self.refusal();
        let control = Control::descriptors(&self.descriptors);
        let (buffer, descriptors) = self.into_buffer();
        let total = buffer.len();
        let (target, rest) = (shared.target(), Slice::new(buffer, sent..total));
        let stage = match refusal {
            Some(refusal) => Stage::Refused(op::Nop::new(), refusal, rest),
            None if sent == 0 => {
                Stage::First(Box::new(SendMsg::new(target, rest).control(control)))
            }
            None => Stage::Rest(op::Send::new(target, rest)),
        };
        Keep::new(SendParcel { stage, descriptors }, shared)
    }

    fn finished(
        ((result, parcel), _): (BufResult<usize, Self>, SharedPart),
    ) -> (io::Result<usize>, Self) {
        (result, parcel)
    }
}

/// Sends a parcel, or what is left of it. Keeps the descriptors open meanwhile.
pub(crate) struct SendParcel<B> {
    stage: Stage<B>,
    descriptors: Vec<OwnedFd>,
}

enum Stage<B> {
    First(Box<SendMsg<Slice<B>>>),
    Rest(op::Send<Slice<B>>),
    Refused(op::Nop, io::Error, Slice<B>),
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBuf> Operation for SendParcel<B> {
    type Output = BufResult<usize, Parcel<B>>;

    fn entry(&mut self) -> squeue::Entry {
        match &mut self.stage {
            Stage::First(send) => send.entry(),
            Stage::Rest(send) => send.entry(),
            Stage::Refused(nop, ..) => nop.entry(),
        }
    }

    fn complete(self, completion: Completion) -> Self::Output {
        let (result, buffer) = match self.stage {
            Stage::First(send) => send.complete(completion),
            Stage::Rest(send) => send.complete(completion),
            Stage::Refused(_, refusal, buffer) => (Err(refusal), buffer),
        };
        let descriptors = self.descriptors;
        (
            result,
            Parcel {
                buffer,
                descriptors,
            },
        )
    }
}

impl<B> fmt::Debug for Parcel<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("descriptors", &self.descriptors)
            .finish_non_exhaustive()
    }
}
