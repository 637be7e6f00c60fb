//! Sockets on the current context.
//!
//! - [`TcpListener`] and [`TcpStream`], [`UnixListener`] and [`UnixStream`]: the two kinds of [`Listener`] and [`Stream`],
//!   with the futures of their operations; every one of these states what dropping it means.
//! - [`Detached`]: a connection on its way to another context; [`TcpListener::bind_each`](Listener::bind_each) and
//!   [`Listener::dispatch`] accept for all contexts of a scheduler.
//! - [`UdpSocket`] and [`UnixDatagram`], the two kinds of [`Datagram`].
//! - [`RecvBuf`]: received bytes in a buffer of the context.
//! - [`ReadHalf`], [`WriteHalf`], [`OwnedReadHalf`], [`OwnedWriteHalf`]: the directions of a stream by themselves.
//! - [`ToSocketAddrs`], [`ToUnixAddress`]: what may stand for an address.
//! - [`copy_bidirectional()`]: between two connections.
//!
//! # The same everywhere
//!
//! `recv` hands out bytes or a datagram in a buffer of the context; `recv_many` takes all that has arrived; `read` and
//! `recv_from` fill a buffer of the caller's; `peek` and `peek_from` leave what they show. `write_all` and `send` take a buffer
//! and give it back. `close` waits for what was begun and tells how it went, which dropping does not. `into_detached` leads to
//! another context, `from_std` and `into_std` from and to the standard library.

// Where an operation goes, from call to wake:
//
//   stream.rs, listener.rs, split.rs   the handles
//   read.rs, recv.rs, recv_many.rs,    the futures, with the methods that make them
//     peek.rs, write.rs, send_file.rs
//   reading.rs, receiving.rs,          what the futures of one direction have in common: turn, stages, the end
//     sending.rs
//   incoming.rs, outgoing.rs           what they fill or send: one buffer, several, all of one, without a copy
//   one_shot.rs, leaving.rs            an operation that leaves with the socket what comes too late
//   standing.rs, pool.rs               the standing receive, and the buffers that it receives into
//   transfer.rs                        the kernel's operation for the kind of descriptor
//   socket.rs, inbound.rs              what all of them work on, and what outlives them
//   close.rs, detached.rs              the end, and the way to another context
//
// From there an operation is the engine's, which wakes the task that polls the future again. `datagram/` is the same for
// messages, `descriptors/` for bytes that descriptors travel with.

mod address;
mod close;
mod connect;
#[cfg(feature = "futures")]
mod connections;
mod copy_bidirectional;
mod datagram;
mod descriptors;
mod detached;
mod family;
mod inbound;
mod incoming;
mod leaving;
mod listen_options;
mod listener;
mod one_shot;
pub(crate) mod outgoing;
mod peek;
mod pool;
mod read;
mod reading;
pub(crate) mod receiving;
mod recv;
mod recv_buf;
mod recv_many;
mod send_file;
pub(crate) mod sending;
pub(crate) mod socket;
mod split;
mod standing;
mod steer;
mod stream;
mod stream_options;
pub(crate) mod transfer;
mod unix;
mod unix_address;
pub(crate) mod write;

pub use address::ToSocketAddrs;
pub use connect::ConnectOptions;
#[cfg(feature = "futures")]
pub use connections::Connections;
pub use copy_bidirectional::copy_bidirectional;
pub use datagram::{
    BindOptions, Datagram, DatagramFamily, DetachedDatagram, Packet, PacketInfo, RecvFrom,
    RecvPacket, RecvPackets, SendTo, ToAddress, Udp, UdpSocket, UnixDatagram,
};
pub use descriptors::{ReadWithDescriptors, WithDescriptors};
pub use detached::Detached;
pub use family::{Family, Tcp, Unix};
pub use listen_options::ListenOptions;
pub use listener::{Accept, Listener, TcpListener, UnixListener};
pub use peek::Peek;
pub use read::{Read, ReadExact, ReadVectored};
pub use recv::Recv;
pub use recv_buf::RecvBuf;
pub use recv_many::RecvMany;
pub use send_file::SendFile;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use steer::BoundEach;
pub use stream::{Stream, TcpStream, UnixStream};
pub use stream_options::KeepaliveProbes;
pub use unix::{PeerCredentials, UnixListenOptions};
pub use unix_address::ToUnixAddress;
pub use write::{
    SendZc, Write, WriteAll, WriteAllVectored, WriteAllWithDescriptors, WriteAllZeroCopy,
    WriteVectored,
};
