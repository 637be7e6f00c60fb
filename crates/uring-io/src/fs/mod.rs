//! Files on the current context.
//!
//! [`File`] reads and writes at offsets, [`FileCursor`] from one end to the other; [`read`], [`write()`] and [`copy()`] take a
//! file as a whole; the other functions act on names.
//!
//! # Where the work is done
//!
//! The context's thread blocks on none of it.
//!
//! | Work | Done by |
//! |---|---|
//! | opening, closing, reading, writing, syncing | the ring |
//! | metadata, length, allocation, advice | the ring |
//! | making and removing directories, renaming, links, removing files | the ring |
//! | entries of directories, [`read_link`], [`canonicalize`], [`remove_dir_all`] | the blocking pool: the ring has no operation |
//! | permissions, times, waiting for locks | the blocking pool: the ring has no operation |
//!
//! What the ring of an older kernel cannot do, the blocking pool does too: making directories and links before Linux 5.15,
//! [`File::set_len`] before 6.9. In a [chain](chain()), which is for the ring alone, that fails with `Unsupported` and says what it was.
//!
//! # Dropping a future
//!
//! What reads or asks has no effect when it is dropped. What changes something may or may not happen, or in part; a
//! [`FileCursor`] finishes what it has begun to write. [`FileOp::cancel`] stops an operation on a [`File`] and gives its buffer
//! back. What runs on the blocking pool is not stopped.

// Where an operation goes, from call to wake: `file.rs`, `transfers.rs` and `attributes.rs` make a `FileOp` (file_op.rs) of an
// operation of the engine and of the `Work` that says what follows it (work.rs), and which may be done at once where it is
// cached (eager.rs); `chain.rs` joins several; `direct.rs` explains errors. A `FileCursor` (cursor/) adds a
// position and turns, `path.rs`, `whole.rs` and `copy.rs` are functions on top, and `blocking.rs` is the way to the blocking
// pool.

mod aligned_buf;
mod attributes;
mod blocking;
mod chain;
mod copy;
mod cursor;
mod direct;
mod eager;
mod file;
mod file_op;
mod metadata;
mod open_options;
mod path;
mod read_dir;
mod set_len;
mod stat;
mod transfers;
mod whole;
mod work;

pub use aligned_buf::AlignedBuf;
pub use attributes::{Advice, Advise, Allocate, GetMetadata, SyncRange};
pub use chain::{FileChain, Links, WriteThenSync, chain};
pub use copy::copy;
pub use cursor::{CursorRead, CursorWrite, CursorWriteAll, FileCursor};
pub use direct::DirectAlignment;
pub use file::{File, SyncAll, SyncData};
pub use file_op::FileOp;
pub use metadata::{FileType, Metadata};
pub use open_options::OpenOptions;
pub(crate) use path::text;
pub use path::{
    canonicalize, create_dir, create_dir_all, exchange, exists, hard_link, metadata, read_link,
    remove_dir, remove_dir_all, remove_file, rename, rename_new, set_permissions, symlink,
    symlink_metadata, try_exists,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};
pub use set_len::{SetLen, Truncation};
pub use stat::Stat;
pub use transfers::{
    ReadAt, ReadExactAt, ReadFixedAt, ReadVectoredAt, WriteAllAt, WriteAt, WriteFixedAt,
    WriteVectoredAt,
};
pub use uring_engine::{FixedBuf, FixedBuffers};
pub use whole::{read, read_to_string, write};
pub use work::{Drain, Fill, Once, Transfer, Work};
