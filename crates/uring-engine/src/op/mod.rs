//! The operations. Each is a plain value: make it, hand it to [`Engine::op`](crate::Engine::op) or
//! [`Engine::multishot`](crate::Engine::multishot).
//!
//! Operations act on a [`Target`](crate::Target) and own their buffers; they know nothing of sockets or files as types.

mod close;
mod net;
mod nop;
mod poll;
mod rw;

pub use close::Close;
pub use net::{Accept, Connect, Recv, Send};
pub use nop::Nop;
pub use poll::PollAdd;
pub use rw::{Read, Write};
