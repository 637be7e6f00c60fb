//! Files on the current context.
//!
//! [`File`] reads and writes at offsets; [`read`], [`write()`] and [`copy`] take a file as a whole. Reads, writes,
//! opening and closing go through the ring; the context's thread does not block on them.

mod copy;
mod file;
mod metadata;
mod open_options;
mod stat;
mod whole;

pub use copy::copy;
pub use file::File;
pub use metadata::Metadata;
pub use open_options::OpenOptions;
pub use whole::{metadata, read, write};
