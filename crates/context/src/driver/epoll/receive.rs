//! Receiving: once or again and again, into the caller's memory or into a buffer of a ring.

use std::collections::VecDeque;

use uring_engine::io_uring::opcode;
use uring_engine::{Completion, RawEntry};

use super::buffers::{Groups, Taken};
use super::calls::{Call, Progress, checked, is_ready};
use super::descriptors::Direction;
use super::entry::Meaning;
use super::send::after;
use super::{MORE, Operation};

/// Receives in a row before others come in between.
const MOST: usize = 32;

/// `struct io_uring_recvmsg_out`: what stands before a datagram in its buffer.
#[repr(C)]
struct Head {
    name_len: u32,
    control_len: u32,
    payload_len: u32,
    flags: u32,
}

/// Receives as an entry says.
pub(super) fn receive(
    operation: &mut Operation,
    groups: &mut Groups,
    completions: &mut VecDeque<(u64, Completion)>,
) -> Progress {
    let entry = operation.entry;
    if entry.waits_first()
        && !std::mem::replace(&mut operation.begun, true)
        && !is_ready(entry.fd, libc::POLLIN)
    {
        return Progress::Wait(entry.fd, Direction::Read);
    }
    if !entry.selects_buffer() {
        return into_memory(operation);
    }
    for _ in 0..MOST {
        let Some(buffer) = groups.next(entry.buf, 0) else {
            return match groups.lent().buffers {
                0 => Progress::Ended(-libc::ENOBUFS, 0),
                // Whoever gets these may give one back.
                _ => Progress::Paused(entry.fd, Direction::Read),
            };
        };
        let second = match operation.fills {
            true => groups.next(entry.buf, 1),
            false => None,
        };
        let count = match into_buffers(&entry, buffer, second) {
            Call::Done(count) => count,
            Call::Again if !entry.may_wait() => return Progress::Ended(-libc::EAGAIN, 0),
            Call::Again => return Progress::Wait(entry.fd, Direction::Read),
            Call::Failed(errno) => return Progress::Ended(-errno, 0),
        };
        let room = buffer.len as i32;
        groups.keep(entry.buf, count.min(room));
        let is_end = count == 0 && entry.opcode != opcode::RecvMsg::CODE;
        if is_end || !entry.is_multishot() {
            return Progress::Ended(count, buffer.flags());
        }
        let mut complete = |result, buffer: Taken| {
            let flags = buffer.flags() | MORE;
            completions.push_back((entry.user_data, Completion { result, flags }));
        };
        complete(count.min(room), buffer);
        let all = room + second.map_or(0, |second| second.len as i32);
        if let Some(second) = second
            && count > room
        {
            groups.keep(entry.buf, count - room);
            complete(count - room, second);
        }
        operation.fills = count >= room && is_tcp(operation);
        if count < all && is_tcp(operation) {
            return Progress::Drained(entry.fd);
        }
    }
    Progress::Paused(entry.fd, Direction::Read)
}

/// Whether it receives from a TCP socket: what such a receive leaves room for was not there. Anything else may end a receive before
/// all that there is: datagrams, packets, lines, bytes with descriptors. (Urgent bytes do it too; events tell of those.)
fn is_tcp(operation: &mut Operation) -> bool {
    let entry = operation.entry;
    *operation.is_tcp.get_or_insert_with(|| {
        entry.opcode == opcode::Recv::CODE
            && option(entry.fd, libc::SO_PROTOCOL) == Some(libc::IPPROTO_TCP)
    })
}

/// An option of a socket that is a number.
fn option(fd: i32, name: i32) -> Option<i32> {
    let mut answer: i32 = 0;
    let mut len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the answer is an integer, which lives across the call.
    let asked = unsafe {
        let answer = (&raw mut answer).cast();
        libc::getsockopt(fd, libc::SOL_SOCKET, name, answer, &raw mut len)
    };
    (asked == 0).then_some(answer)
}

/// Into the caller's memory; all of it, if it asks for that.
#[inline(never)]
fn into_memory(operation: &mut Operation) -> Progress {
    let entry = operation.entry;
    let flags = (entry.op_flags as i32 & !libc::MSG_WAITALL) | libc::MSG_DONTWAIT;
    loop {
        let result = if entry.opcode == opcode::RecvMsg::CODE {
            message(&entry, operation.moved as usize, flags)
        } else {
            let at = (entry.addr + u64::from(operation.moved)) as *mut libc::c_void;
            let room = (entry.len - operation.moved) as usize;
            // SAFETY: the entry points at as many bytes as it says, until its completion.
            unsafe { libc::recv(entry.fd, at, room, flags) }
        };
        match checked(result) {
            Call::Done(count) => {
                operation.moved += count as u32;
                let is_all =
                    count == 0 || !entry.waits_for_all() || operation.moved >= entry.length();
                if is_all || !is_connected(entry.fd) {
                    return Progress::Ended(operation.moved as i32, 0);
                }
            }
            Call::Again if entry.may_wait() => return Progress::Wait(entry.fd, Direction::Read),
            Call::Again | Call::Failed(_) if operation.moved > 0 => {
                return Progress::Ended(operation.moved as i32, 0);
            }
            Call::Again => return Progress::Ended(-libc::EAGAIN, 0),
            Call::Failed(errno) => return Progress::Ended(-errno, 0),
        }
    }
}

/// Receives into a message of the caller, what so many bytes leave of it.
fn message(entry: &RawEntry, moved: usize, flags: i32) -> isize {
    let whole = entry.addr as *mut libc::msghdr;
    // SAFETY: the entry points at a message, which points at its vectors, until its completion; the copy points at the
    // same memory, less what is filled.
    unsafe {
        if moved == 0 {
            return libc::recvmsg(entry.fd, whole, flags);
        }
        let mut message = *whole;
        let vectors = std::slice::from_raw_parts(message.msg_iov, message.msg_iovlen);
        let mut rest = after(vectors, moved);
        message.msg_iov = rest.as_mut_ptr();
        message.msg_iovlen = rest.len() as _;
        // The sender and what came with the first byte are told already.
        message.msg_namelen = 0;
        message.msg_controllen = 0;
        libc::recvmsg(entry.fd, &raw mut message, flags)
    }
}

/// Whether its receives may go on where the one before has ended, which would mix datagrams up.
fn is_connected(fd: i32) -> bool {
    let kinds = [Some(libc::SOCK_STREAM), Some(libc::SOCK_SEQPACKET)];
    kinds.contains(&option(fd, libc::SO_TYPE))
}

/// Into a buffer of a ring, and the next one.
fn into_buffers(entry: &RawEntry, buffer: Taken, second: Option<Taken>) -> Call {
    let flags = entry.op_flags as i32 | libc::MSG_DONTWAIT;
    let (at, room) = (buffer.address as *mut libc::c_void, buffer.len as usize);
    match (entry.opcode, second) {
        (opcode::RecvMsg::CODE, _) => datagram(entry, buffer, flags),
        (opcode::Recv::CODE, Some(second)) => into_both([buffer, second], entry.fd, flags),
        // SAFETY: the buffer is mapped and was provided for this; nobody else uses it until it is given back.
        (opcode::Recv::CODE, None) => checked(unsafe { libc::recv(entry.fd, at, room, flags) }),
        _ => read(entry.fd, buffer),
    }
}

/// A receive that may fill a buffer has room in the next one too, and so shows whether there is more.
#[inline(never)]
fn into_both(buffers: [Taken; 2], fd: i32, flags: i32) -> Call {
    let mut vectors = buffers.map(vector);
    // SAFETY: all zeros is a valid message; the buffers are mapped and were provided for this, and nobody else uses them until they
    // are given back.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = vectors.as_mut_ptr();
        message.msg_iovlen = vectors.len() as _;
        checked(libc::recvmsg(fd, &raw mut message, flags))
    }
}

fn vector(buffer: Taken) -> libc::iovec {
    libc::iovec {
        iov_base: buffer.address as *mut libc::c_void,
        iov_len: buffer.len as usize,
    }
}

/// From a pipe or a terminal, which is looked at first where no flag says that its read is not to wait.
#[inline(never)]
fn read(fd: i32, buffer: Taken) -> Call {
    let vector = vector(buffer);
    // SAFETY: the buffer is mapped and was provided for this; nobody else uses it until it is given back.
    unsafe {
        match checked(libc::preadv2(
            fd,
            &raw const vector,
            1,
            -1,
            libc::RWF_NOWAIT,
        )) {
            Call::Failed(libc::EOPNOTSUPP | libc::EINVAL | libc::ENOSYS) => {}
            call => return call,
        }
        match is_ready(fd, libc::POLLIN) {
            true => checked(libc::read(fd, vector.iov_base, vector.iov_len)),
            false => Call::Again,
        }
    }
}

/// A datagram with its sender and its control messages, laid out behind a head.
#[inline(never)]
fn datagram(entry: &RawEntry, buffer: Taken, flags: i32) -> Call {
    // SAFETY: the entry points at a message that says how much room names and control messages are to have.
    let (name_room, control_room) = unsafe {
        let message = entry.addr as *const libc::msghdr;
        ((*message).msg_namelen as usize, (*message).msg_controllen)
    };
    let before = size_of::<Head>() + name_room + control_room;
    let Some(room) = (buffer.len as usize).checked_sub(before) else {
        return Call::Failed(libc::EFAULT);
    };
    let at = buffer.address as usize;
    let mut payload = libc::iovec {
        iov_base: (at + before) as *mut libc::c_void,
        iov_len: room,
    };
    // SAFETY: all zeros is a valid message.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = (at + size_of::<Head>()) as *mut libc::c_void;
    message.msg_namelen = name_room as libc::socklen_t;
    message.msg_control = (at + size_of::<Head>() + name_room) as *mut libc::c_void;
    message.msg_controllen = control_room as _;
    message.msg_iov = &raw mut payload;
    message.msg_iovlen = 1;
    // SAFETY: name, control messages and payload lie side by side in the buffer, behind the head.
    let result = unsafe { libc::recvmsg(entry.fd, &raw mut message, flags) };
    let Call::Done(count) = checked(result) else {
        return checked(result);
    };
    let head = Head {
        name_len: message.msg_namelen,
        control_len: message.msg_controllen as u32,
        payload_len: count as u32,
        flags: message.msg_flags as u32,
    };
    // SAFETY: the buffer begins with room for a head; it need not be aligned for one.
    unsafe { (buffer.address as *mut Head).write_unaligned(head) };
    Call::Done((before + (count as usize).min(room)) as i32)
}
