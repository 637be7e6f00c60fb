//! TCP on the current context.

mod accept_multi;
mod inbound;
mod listener;
mod one_shot;
mod read;
mod recv;
mod recv_buf;
mod sending;
mod socket;
mod stream;
mod write;

pub use listener::{Accept, TcpListener};
pub use read::Read;
pub use recv::Recv;
pub use recv_buf::RecvBuf;
pub use stream::TcpStream;
pub use write::{Write, WriteAll};
