//! compio: operations at offsets through the ring.

use std::io;
use std::path::PathBuf;

use compio::BufResult;
use compio::fs::{File, OpenOptions};
use compio::io::{AsyncReadAt, AsyncWriteAtExt};

use crate::file::block::Block;
use crate::file::case::{Case, Kind};
use crate::file::folder::{check, flags};
use crate::file::work::FileSystem;
use crate::runtime::subjects::compio::Compio;

impl FileSystem for Compio {
    type File = File;
    type Buffer = Block;

    async fn open(path: PathBuf, case: Case) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(case.kind == Kind::Write)
            .custom_flags(flags(case));
        options.open(path).await
    }

    fn buffer(_file: &File, case: Case) -> Block {
        Block::new(case.block())
    }

    async fn read(file: &File, buffer: Block, offset: u64, size: usize) -> io::Result<Block> {
        let BufResult(result, block) = file.read_at(buffer, offset).await;
        check(&block.bytes()[..result?], size, offset);
        Ok(block)
    }

    async fn write(file: &File, buffer: Block, offset: u64) -> io::Result<Block> {
        // A handle of its own: writing asks for exclusive access.
        let BufResult(result, block) = (&*file).write_all_at(buffer, offset).await;
        result?;
        Ok(block)
    }
}
