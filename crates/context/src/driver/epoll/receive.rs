//! Receiving: once or again and again, into the caller's memory or into a buffer of a ring.

use std::collections::VecDeque;

use uring_engine::io_uring::opcode;
use uring_engine::{Completion, RawEntry};

use super::buffers::{Groups, Taken};
use super::calls::{Call, Progress, checked};
use super::descriptors::Direction;
use super::entry::Meaning;
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
    if entry.waits_first() && !std::mem::replace(&mut operation.begun, true) {
        return Progress::Wait(entry.fd, Direction::Read);
    }
    if !entry.selects_buffer() {
        return into_memory(operation);
    }
    for _ in 0..MOST {
        let Some(buffer) = groups.next(entry.buf) else {
            return Progress::Ended(-libc::ENOBUFS, 0);
        };
        let (result, is_short) = match into_buffer(&entry, buffer) {
            Call::Done(count, is_short) => (count, is_short),
            Call::Again => return Progress::Wait(entry.fd, Direction::Read),
            Call::Failed(errno) => return Progress::Ended(-errno, 0),
        };
        groups.keep(entry.buf);
        let is_end = result == 0 && entry.opcode != opcode::RecvMsg::CODE;
        if is_end || !entry.is_multishot() {
            return Progress::Ended(result, buffer.flags());
        }
        let flags = buffer.flags() | MORE;
        completions.push_back((entry.user_data, Completion { result, flags }));
        if is_short && is_tcp(operation) {
            return Progress::Drained(entry.fd);
        }
    }
    Progress::Paused(entry.fd, Direction::Read)
}

/// Whether fewer bytes than there was room for say that there are no more. So it is on TCP, but for an urgent byte, of which the poller
/// tells. A Unix socket stops short where a descriptor was sent along, a terminal at the end of a line.
fn is_tcp(operation: &mut Operation) -> bool {
    let fd = operation.entry.fd;
    *operation.is_tcp.get_or_insert_with(|| {
        let (mut protocol, mut len) = (0, size_of::<i32>() as u32);
        // SAFETY: the pointers are to a number and its size.
        let result = unsafe {
            libc::getsockopt(
                fd,
                libc::SOL_SOCKET,
                libc::SO_PROTOCOL,
                (&raw mut protocol).cast(),
                &raw mut len,
            )
        };
        result == 0 && protocol == libc::IPPROTO_TCP
    })
}

/// Into the caller's memory; all of it, if it asks for that.
fn into_memory(operation: &mut Operation) -> Progress {
    let entry = operation.entry;
    let waits_for_all = entry.op_flags as i32 & libc::MSG_WAITALL != 0;
    let flags = (entry.op_flags as i32 & !libc::MSG_WAITALL) | libc::MSG_DONTWAIT;
    loop {
        // SAFETY: the entry points at as many bytes as it says, or at a message of the caller, until its completion.
        let result = unsafe {
            if entry.opcode == opcode::RecvMsg::CODE {
                libc::recvmsg(entry.fd, entry.addr as *mut libc::msghdr, flags)
            } else {
                let at = (entry.addr + u64::from(operation.moved)) as *mut libc::c_void;
                let room = (entry.len - operation.moved) as usize;
                libc::recv(entry.fd, at, room, flags)
            }
        };
        match checked(result) {
            Call::Done(count, _) => {
                operation.moved += count as u32;
                let is_stream = entry.opcode == opcode::Recv::CODE && waits_for_all;
                if !is_stream || count == 0 || operation.moved == entry.len {
                    return Progress::Ended(operation.moved as i32, 0);
                }
            }
            Call::Again if !entry.may_wait() && operation.moved == 0 => {
                return Progress::Ended(-libc::EAGAIN, 0);
            }
            Call::Again => return Progress::Wait(entry.fd, Direction::Read),
            Call::Failed(_) if operation.moved > 0 => {
                return Progress::Ended(operation.moved as i32, 0);
            }
            Call::Failed(errno) => return Progress::Ended(-errno, 0),
        }
    }
}

/// Into a buffer of a ring. Says too whether there was more room than bytes.
fn into_buffer(entry: &RawEntry, buffer: Taken) -> Call {
    let flags = entry.op_flags as i32 | libc::MSG_DONTWAIT;
    let (at, room) = (buffer.address as *mut libc::c_void, buffer.len as usize);
    match entry.opcode {
        // SAFETY: the buffer is mapped and was provided for this; nobody else uses it until it is given back.
        opcode::Recv::CODE => short_of(
            checked(unsafe { libc::recv(entry.fd, at, room, flags) }),
            room,
        ),
        opcode::RecvMsg::CODE => datagram(entry, buffer, flags),
        // A pipe: looked at first, as its reads cannot be told not to wait by a flag everywhere.
        _ => match super::calls::is_ready(entry.fd, libc::POLLIN) {
            // SAFETY: as above.
            true => short_of(checked(unsafe { libc::read(entry.fd, at, room) }), room),
            false => Call::Again,
        },
    }
}

fn short_of(call: Call, room: usize) -> Call {
    match call {
        Call::Done(count, _) => Call::Done(count, count > 0 && (count as usize) < room),
        other => other,
    }
}

/// A datagram with its sender and its control messages, laid out behind a head.
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
    let Call::Done(count, _) = checked(result) else {
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
    Call::Done((before + (count as usize).min(room)) as i32, false)
}
