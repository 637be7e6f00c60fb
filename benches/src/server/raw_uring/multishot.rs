//! One multishot receive for the life of a connection, from provided buffers.

use std::collections::VecDeque;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};

use io_uring::{cqueue, opcode, types};

use crate::raw_ring::{self as ring, Kind, Queues, Tag};
use crate::server::Config;
use crate::server::raw_uring::buffers::{Buffers, GROUP};
use crate::server::socket::{close, hang_up, send_all, set_nodelay};

/// How answers leave.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reply {
    /// Through the ring.
    Ring,
    /// By a system call at once.
    Call,
}

#[derive(Default)]
struct Connection {
    receiving: bool,
    /// Length of the send in flight.
    sending: Option<usize>,
    /// Buffers and lengths that wait for the send in flight.
    waiting: VecDeque<(u16, usize)>,
    closing: bool,
}

struct Server<'ring> {
    queues: Queues<'ring>,
    /// Never freed while the ring lives: the kernel writes to it.
    buffers: ManuallyDrop<Buffers>,
    /// By descriptor.
    connections: Vec<Option<Connection>>,
    reply: Reply,
}

/// Serves for the life of the process.
pub(super) fn serve(config: &Config, reply: Reply) -> io::Result<()> {
    let mut ring = ring::build()?;
    let queues = Queues::new(&mut ring)?;
    let buffers = Buffers::register(&queues.submitter, config.size)?;
    let mut server = Server {
        queues,
        buffers: ManuallyDrop::new(buffers),
        connections: Vec::new(),
        reply,
    };
    let listener = config.stream_listener()?;
    // SAFETY: the entry points at no memory.
    unsafe { server.queues.push(&ring::accept(listener.as_raw_fd()))? };
    loop {
        server.queues.turn()?;
        while let Some(completion) = server.queues.next() {
            server.complete(&completion)?;
        }
    }
}

impl Server<'_> {
    fn complete(&mut self, completion: &cqueue::Entry) -> io::Result<()> {
        let tag = Tag::unpack(completion.user_data());
        let result = completion.result();
        match tag.kind {
            Kind::Accept if result < 0 => return Err(io::Error::from_raw_os_error(-result)),
            Kind::Accept => return self.open(result),
            Kind::Receive => self.received(tag.fd, result, completion.flags())?,
            Kind::Send => self.sent(tag, result)?,
        }
        let entry = &mut self.connections[tag.fd as usize];
        if entry.as_ref().is_some_and(|connection| {
            connection.closing && !connection.receiving && connection.sending.is_none()
        }) {
            *entry = None;
            close(tag.fd);
        }
        Ok(())
    }

    fn open(&mut self, fd: RawFd) -> io::Result<()> {
        set_nodelay(fd)?;
        if self.connections.len() <= fd as usize {
            self.connections.resize_with(fd as usize + 1, || None);
        }
        self.connections[fd as usize] = Some(Connection::default());
        self.receive(fd)
    }

    fn received(&mut self, fd: RawFd, result: i32, flags: u32) -> io::Result<()> {
        let connection = connection_of(&mut self.connections, fd);
        connection.receiving = cqueue::more(flags);
        if let Some(id) = cqueue::buffer_select(flags) {
            self.buffers.taken();
            match usize::try_from(result) {
                Ok(length) if length > 0 && !connection.closing => self.answer(fd, id, length)?,
                _ => self.buffers.give_back(id),
            }
        }
        let connection = connection_of(&mut self.connections, fd);
        if result <= 0 && result != -libc::ENOBUFS {
            connection.closing = true;
        }
        if connection.receiving || connection.closing {
            return Ok(());
        }
        self.receive(fd)
    }

    fn answer(&mut self, fd: RawFd, id: u16, length: usize) -> io::Result<()> {
        let connection = connection_of(&mut self.connections, fd);
        if self.reply == Reply::Call {
            // SAFETY: the kernel has filled `length` bytes of the buffer and is done with it.
            let bytes = unsafe { std::slice::from_raw_parts(self.buffers.start(id), length) };
            if send_all(fd, bytes).is_err() {
                connection.closing = true;
                hang_up(fd);
            }
            self.buffers.give_back(id);
            return Ok(());
        }
        if connection.sending.is_some() {
            connection.waiting.push_back((id, length));
            return Ok(());
        }
        connection.sending = Some(length);
        let entry = ring::send(fd, id, self.buffers.start(id), length);
        // SAFETY: the buffer is given back only when its send has completed.
        unsafe { self.queues.push(&entry) }
    }

    fn sent(&mut self, tag: Tag, result: i32) -> io::Result<()> {
        self.buffers.give_back(tag.buffer);
        let connection = connection_of(&mut self.connections, tag.fd);
        let whole = connection.sending.take() == usize::try_from(result).ok();
        if !whole {
            connection.closing = true;
            hang_up(tag.fd);
        }
        if connection.closing {
            for (id, _) in std::mem::take(&mut connection.waiting) {
                self.buffers.give_back(id);
            }
            return Ok(());
        }
        match connection.waiting.pop_front() {
            Some((id, length)) => self.answer(tag.fd, id, length),
            None => Ok(()),
        }
    }

    fn receive(&mut self, fd: RawFd) -> io::Result<()> {
        let tag = Tag {
            kind: Kind::Receive,
            fd,
            buffer: 0,
        };
        connection_of(&mut self.connections, fd).receiving = true;
        let entry = opcode::RecvMulti::new(types::Fd(fd), GROUP)
            .build()
            .user_data(tag.pack());
        // SAFETY: the entry points at no memory; the buffers it selects live as long as the ring.
        unsafe { self.queues.push(&entry) }
    }
}

/// The connection of a completion: its entry stays until nothing of it is in flight.
fn connection_of(connections: &mut [Option<Connection>], fd: RawFd) -> &mut Connection {
    connections[fd as usize]
        .as_mut()
        .expect("a connection outlives its operations")
}
