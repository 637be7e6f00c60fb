//! Files and buffers registered with the ring, which the kernel need not look up or pin for each operation.

mod buffers;
mod files;

pub use buffers::{FixedBuf, FixedBuffers};
pub use files::FixedFile;

pub(crate) use files::FileTable;
