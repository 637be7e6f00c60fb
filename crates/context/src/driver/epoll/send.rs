//! Sending to sockets.

use std::time::Instant;

use uring_engine::RawEntry;
use uring_engine::io_uring::opcode;

use super::calls::{Call, Progress, checked, is_ready};
use super::descriptors::Direction;
use super::entry::Meaning;
use super::{Operation, RETRY_AFTER};

/// Sends what fits; everything, if it is asked to.
#[inline(never)]
pub(super) fn send(operation: &mut Operation) -> Progress {
    let entry = operation.entry;
    let (flags, whole) = send_flags(&entry);
    loop {
        let at = (entry.addr + u64::from(operation.moved)) as *const libc::c_void;
        let len = (entry.len - operation.moved) as usize;
        let (to, to_len) = destination(&entry);
        // SAFETY: the entry points at as many bytes as it says, and at an address of that length or at none, until its completion.
        let call = checked(unsafe { libc::sendto(entry.fd, at, len, flags, to, to_len) });
        if let Some(progress) = sent(operation, call, whole, entry.len) {
            return progress;
        }
    }
}

/// The same with a message.
#[inline(never)]
pub(super) fn send_message(operation: &mut Operation) -> Progress {
    let entry = operation.entry;
    let (flags, whole) = send_flags(&entry);
    loop {
        // SAFETY: the entry points at a message, which points at its vectors, until its completion.
        let (mut message, vectors) = unsafe {
            let message = *(entry.addr as *const libc::msghdr);
            let count = message.msg_iovlen;
            (message, std::slice::from_raw_parts(message.msg_iov, count))
        };
        let total = vectors.iter().map(|vector| vector.iov_len).sum::<usize>() as u32;
        let mut rest = after(vectors, operation.moved as usize);
        message.msg_iov = rest.as_mut_ptr();
        message.msg_iovlen = rest.len() as _;
        if operation.moved > 0 {
            // What comes with the first byte was sent with it.
            message.msg_controllen = 0;
        }
        // SAFETY: the copy points at the same memory, less what was sent.
        let call = checked(unsafe { libc::sendmsg(entry.fd, &raw const message, flags) });
        if let Some(progress) = sent(operation, call, whole, total) {
            return progress;
        }
    }
}

/// What is left of vectors when so many bytes have gone.
pub(super) fn after(vectors: &[libc::iovec], mut gone: usize) -> Vec<libc::iovec> {
    let mut rest = Vec::with_capacity(vectors.len());
    for vector in vectors {
        let skipped = gone.min(vector.iov_len);
        gone -= skipped;
        if vector.iov_len > skipped || vectors.len() == 1 {
            rest.push(libc::iovec {
                iov_base: vector.iov_base.wrapping_byte_add(skipped),
                iov_len: vector.iov_len - skipped,
            });
        }
    }
    rest
}

/// Whom a send names: nobody, as a rule.
fn destination(entry: &RawEntry) -> (*const libc::sockaddr, libc::socklen_t) {
    let len = entry.file_index as u32 & u32::from(u16::MAX);
    (entry.off as *const libc::sockaddr, len)
}

/// Whether it names its receiver.
fn names_receiver(entry: &RawEntry) -> bool {
    match entry.opcode {
        // SAFETY: the entry points at a message until its completion.
        opcode::SendMsg::CODE => unsafe { (*(entry.addr as *const libc::msghdr)).msg_namelen > 0 },
        _ => destination(entry).1 > 0,
    }
}

fn send_flags(entry: &RawEntry) -> (i32, bool) {
    let flags = entry.op_flags as i32 & !libc::MSG_WAITALL;
    (flags | libc::MSG_DONTWAIT, entry.waits_for_all())
}

/// `None`: it is to be called again.
fn sent(operation: &mut Operation, call: Call, whole: bool, total: u32) -> Option<Progress> {
    Some(match call {
        Call::Done(count) => {
            operation.moved += count as u32;
            if whole && operation.moved < total {
                return None;
            }
            Progress::Ended(operation.moved as i32, 0)
        }
        Call::Again if !operation.entry.may_wait() => match operation.moved {
            0 => Progress::Ended(-libc::EAGAIN, 0),
            moved => Progress::Ended(moved as i32, 0),
        },
        // The socket has room, but the receiver has none, of which no event tells.
        Call::Again
            if names_receiver(&operation.entry) && is_ready(operation.entry.fd, libc::POLLOUT) =>
        {
            Progress::Until(Instant::now() + RETRY_AFTER)
        }
        Call::Again => Progress::Wait(operation.entry.fd, Direction::Write),
        Call::Failed(_) if operation.moved > 0 => Progress::Ended(operation.moved as i32, 0),
        Call::Failed(errno) => Progress::Ended(-errno, 0),
    })
}
