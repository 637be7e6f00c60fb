//! What is in flight, for those who show what a program waits for.
//!
//! An operation's slot has no use for the place of its result until there is one, so its opcode and its descriptor are
//! written there when it begins: two loads and a store, and no memory.

use io_uring::squeue;

use crate::completion::Completion;
use crate::engine::Engine;
use crate::opcodes::Opcodes;
use crate::slot::State;
use crate::substitute::RawEntry;
use crate::target::Target;

/// `IOSQE_FIXED_FILE`.
const FIXED_FILE: u32 = 1;

/// An operation in flight whose end somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// Its `IORING_OP_*` number; [`opcode_name`] has the name.
    pub opcode: u8,
    /// What it acts on, if on a descriptor.
    pub target: Option<Target>,
}

impl Waiting {
    /// What a slot keeps of an entry until the operation's result takes its place.
    #[inline]
    pub(crate) fn note(entry: &squeue::Entry) -> Completion {
        let entry = RawEntry::of(entry);
        Completion {
            result: entry.fd,
            flags: u32::from(entry.opcode) | u32::from(entry.flags) << 8,
        }
    }

    fn read(note: Completion) -> Waiting {
        let fixed = note.flags >> 8 & FIXED_FILE != 0;
        let target = match note.result {
            index if fixed => Some(Target::Fixed(index as u32)),
            fd if fd < 0 => None,
            fd => Some(Target::Fd(fd)),
        };
        Waiting {
            opcode: note.flags as u8,
            // Those that have no descriptor leave a zero or a minus one.
            target: target.filter(|_| names_a_descriptor(note.flags as u8)),
        }
    }
}

impl Engine {
    /// Calls `visit` with every operation in flight that somebody waits for, and the waker that its completion will wake. In
    /// no particular order. Takes time in proportion to the most operations that there ever were at once.
    ///
    /// `visit` must not use the engine: a waker that it has woken, or exchanged, would be put back.
    pub fn for_each_waiting(&self, mut visit: impl FnMut(Waiting, &std::task::Waker)) {
        let table = &self.inner().table;
        for index in 0..table.len() {
            let slot = table.slot(index);
            let waits = matches!(slot.state.get(), State::Waiting | State::Stream);
            if !waits || slot.answered.get() {
                continue;
            }
            let waker = slot.waker.take();
            if let Some(waker) = &waker {
                visit(Waiting::read(slot.completion.get()), waker);
            }
            slot.waker.set(waker);
        }
    }
}

/// The kernel's name for an `IORING_OP_*` number, in lower case.
pub fn opcode_name(opcode: u8) -> &'static str {
    Opcodes::name(opcode).unwrap_or("an operation newer than this library")
}

/// Whether the entry's descriptor field is what the operation acts on.
fn names_a_descriptor(opcode: u8) -> bool {
    !matches!(
        opcode_name(opcode),
        "nop"
            | "timeout"
            | "timeout_remove"
            | "link_timeout"
            | "async_cancel"
            | "madvise"
            | "msg_ring"
            | "socket"
            | "futex_wait"
            | "futex_wake"
            | "futex_waitv"
            | "waitid"
            | "provide_buffers"
            | "remove_buffers"
            | "setxattr"
            | "getxattr"
            | "pipe"
            | "files_update"
            | "poll_remove"
    )
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use io_uring::{opcode, types};

    #[test]
    fn the_names_stand_at_the_kernels_numbers() {
        for (code, name) in [
            (opcode::Nop::CODE, "nop"),
            (opcode::Accept::CODE, "accept"),
            (opcode::Read::CODE, "read"),
            (opcode::Recv::CODE, "recv"),
            (opcode::Splice::CODE, "splice"),
            (opcode::Shutdown::CODE, "shutdown"),
            (opcode::LinkAt::CODE, "linkat"),
            (opcode::Socket::CODE, "socket"),
            (opcode::SendZc::CODE, "send_zc"),
            (opcode::FutexWaitV::CODE, "futex_waitv"),
        ] {
            assert_eq!(opcode_name(code), name);
        }
        assert!(opcode_name(255).contains("newer"));
    }

    #[test]
    fn a_note_says_what_the_entry_acts_on() {
        let read = |entry: &squeue::Entry| Waiting::read(Waiting::note(entry));
        let recv = opcode::Recv::new(types::Fd(7), std::ptr::null_mut(), 0).build();
        let noted = read(&recv);
        assert_eq!(noted.opcode, opcode::Recv::CODE);
        assert_eq!(noted.target, Some(Target::Fd(7)));
        let fixed = recv.flags(squeue::Flags::FIXED_FILE);
        assert_eq!(read(&fixed).target, Some(Target::Fixed(7)));
        let nop = opcode::Nop::new().build();
        assert_eq!(read(&nop).target, None);
    }
}
