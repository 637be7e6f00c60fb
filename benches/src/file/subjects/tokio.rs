//! tokio, current-thread: each operation on a thread of the blocking pool, which is what `tokio::fs` does.
//!
//! `tokio::fs::File` itself has one position for all, and copies through a buffer of its own; at offsets, `spawn_blocking`
//! with a call of the standard library is what there is.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::file::block::Block;
use crate::file::case::{Case, Kind};
use crate::file::folder::{check, flags};
use crate::file::work::FileSystem;
use crate::runtime::subjects::tokio::CurrentThread;

impl FileSystem for CurrentThread {
    type File = Arc<File>;
    type Buffer = Block;

    async fn open(path: PathBuf, case: Case) -> io::Result<Arc<File>> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(case.kind == Kind::Write)
            .custom_flags(flags(case));
        options.open(path).map(Arc::new)
    }

    fn buffer(_file: &Arc<File>, case: Case) -> Block {
        Block::new(case.block())
    }

    async fn read(
        file: &Arc<File>,
        mut buffer: Block,
        offset: u64,
        size: usize,
    ) -> io::Result<Block> {
        let file = file.clone();
        let block = spawn_blocking(move || {
            file.read_exact_at(buffer.space(), offset)?;
            io::Result::Ok(buffer)
        })
        .await??;
        check(block.bytes(), size, offset);
        Ok(block)
    }

    async fn write(file: &Arc<File>, buffer: Block, offset: u64) -> io::Result<Block> {
        let file = file.clone();
        spawn_blocking(move || {
            file.write_all_at(buffer.bytes(), offset)?;
            Ok(buffer)
        })
        .await?
    }
}
