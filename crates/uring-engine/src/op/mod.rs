//! The operations. Each is a plain value: make it, hand it to [`Engine::op`](crate::Engine::op) or
//! [`Engine::multishot`](crate::Engine::multishot).
//!
//! Operations act on a [`Target`](crate::Target) and own their buffers; they know nothing of sockets or files as types.

mod accept_multi;
mod close;
mod control;
mod extent;
mod fixed;
mod fs;
mod msg;
mod net;
mod nop;
mod path;
mod poll;
pub(crate) mod rw;
mod send_to;
mod send_zc;
mod shutdown;
mod splice;
mod timeout;
mod vectored;

pub use crate::pool::{RecvMsgMulti, RecvMulti, RecvPooled};
pub use accept_multi::AcceptMulti;
pub use close::Close;
pub use control::Control;
pub use extent::{Fadvise, Fallocate, SyncRange, Truncate};
pub use fixed::{ReadFixed, WriteFixed};
pub use fs::{Fsync, OpenAt};
pub use msg::{Received, RecvMsg, SendMsg};
pub use net::{Accept, Connect, Recv, Send};
pub use nop::Nop;
pub use path::{LinkAt, MkDirAt, RenameAt, SymlinkAt, UnlinkAt};
pub use poll::PollAdd;
pub use rw::{Read, Write};
pub use send_to::SendTo;
pub use send_zc::SendZc;
pub use shutdown::Shutdown;
pub use splice::{Splice, Tee};
pub use timeout::Timeout;
pub use vectored::{ReadV, RecvV, SendV, WriteV};
