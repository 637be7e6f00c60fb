//! One receive at a time.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};

use io_uring::{cqueue, opcode, types};

use crate::raw_ring::{self as ring, Kind, Queues, Tag};
use crate::server::Config;
use crate::server::socket::{close, hang_up, set_nodelay};

/// `IORING_RECVSEND_POLL_FIRST`: wait for readiness instead of trying at once.
const POLL_FIRST: u16 = 1;

/// How receives and sends of a connection follow each other.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Style {
    /// Receive, send, receive.
    Alternate,
    /// The same, and a receive does not try before it waits.
    PollFirst,
    /// The next receive is submitted together with the send, into the other buffer.
    Pair,
}

struct Connection {
    buffers: [Box<[u8]>; 2],
    in_flight: u8,
    /// Length of the send in flight.
    sending: Option<usize>,
    /// Buffer and length received while a send was in flight.
    held: Option<(u16, usize)>,
    closing: bool,
}

struct Server<'ring> {
    queues: Queues<'ring>,
    /// By descriptor. Never freed while the ring lives: the kernel writes to the buffers.
    connections: ManuallyDrop<Vec<Option<Connection>>>,
    size: usize,
    style: Style,
}

/// Serves for the life of the process.
pub(super) fn serve(config: &Config, style: Style) -> io::Result<()> {
    let mut ring = ring::build()?;
    let mut server = Server {
        queues: Queues::new(&mut ring)?,
        connections: ManuallyDrop::new(Vec::new()),
        size: config.size,
        style,
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
            Kind::Receive => self.received(tag, result)?,
            Kind::Send => self.sent(tag, result)?,
        }
        let entry = &mut self.connections[tag.fd as usize];
        if entry
            .as_ref()
            .is_some_and(|connection| connection.closing && connection.in_flight == 0)
        {
            *entry = None;
            close(tag.fd);
        }
        Ok(())
    }

    fn open(&mut self, fd: RawFd) -> io::Result<()> {
        set_nodelay(fd)?;
        let spare = match self.style {
            Style::Pair => self.size,
            Style::Alternate | Style::PollFirst => 0,
        };
        let connection = Connection {
            buffers: [self.size, spare].map(|size| vec![0; size].into_boxed_slice()),
            in_flight: 0,
            sending: None,
            held: None,
            closing: false,
        };
        if self.connections.len() <= fd as usize {
            self.connections.resize_with(fd as usize + 1, || None);
        }
        self.connections[fd as usize] = Some(connection);
        self.receive(fd, 0)
    }

    fn received(&mut self, tag: Tag, result: i32) -> io::Result<()> {
        let connection = connection_of(&mut self.connections, tag.fd);
        connection.in_flight -= 1;
        if result <= 0 {
            connection.closing = true;
            return Ok(());
        }
        if connection.sending.is_some() {
            connection.held = Some((tag.buffer, result as usize));
            return Ok(());
        }
        self.reply(tag.fd, tag.buffer, result as usize)
    }

    fn sent(&mut self, tag: Tag, result: i32) -> io::Result<()> {
        let connection = connection_of(&mut self.connections, tag.fd);
        connection.in_flight -= 1;
        let whole = connection.sending.take() == usize::try_from(result).ok();
        if !whole || connection.closing {
            connection.closing = true;
            hang_up(tag.fd);
            return Ok(());
        }
        if let Some((buffer, length)) = connection.held.take() {
            return self.reply(tag.fd, buffer, length);
        }
        match self.style {
            Style::Pair => Ok(()),
            Style::Alternate | Style::PollFirst => self.receive(tag.fd, 0),
        }
    }

    fn reply(&mut self, fd: RawFd, buffer: u16, length: usize) -> io::Result<()> {
        let connection = connection_of(&mut self.connections, fd);
        connection.in_flight += 1;
        connection.sending = Some(length);
        let bytes = connection.buffers[usize::from(buffer)].as_ptr();
        // SAFETY: the buffer lives in its connection, which is removed only when nothing of it is
        // in flight.
        unsafe {
            self.queues.push(&ring::send(fd, buffer, bytes, length))?;
        }
        match self.style {
            Style::Pair => self.receive(fd, 1 - buffer),
            Style::Alternate | Style::PollFirst => Ok(()),
        }
    }

    fn receive(&mut self, fd: RawFd, buffer: u16) -> io::Result<()> {
        let tag = Tag {
            kind: Kind::Receive,
            fd,
            buffer,
        };
        let flags = match self.style {
            Style::PollFirst => POLL_FIRST,
            Style::Alternate | Style::Pair => 0,
        };
        let connection = connection_of(&mut self.connections, fd);
        connection.in_flight += 1;
        let space = &mut connection.buffers[usize::from(buffer)];
        let entry = opcode::Recv::new(types::Fd(fd), space.as_mut_ptr(), space.len() as u32)
            .ioprio(flags)
            .build()
            .user_data(tag.pack());
        // SAFETY: as in `reply`; a buffer is never received into and sent from at once.
        unsafe { self.queues.push(&entry) }
    }
}

/// The connection of a completion: its entry stays until nothing of it is in flight.
fn connection_of(connections: &mut [Option<Connection>], fd: RawFd) -> &mut Connection {
    connections[fd as usize]
        .as_mut()
        .expect("a connection outlives its operations")
}
