//! monoio: operations at offsets through the ring.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::rc::Rc;

use monoio::fs::{File, OpenOptions};

use crate::file::block::Block;
use crate::file::case::{Case, Kind};
use crate::file::folder::{check, flags};
use crate::file::work::FileSystem;
use crate::runtime::subjects::monoio::Monoio;

impl FileSystem for Monoio {
    type File = Rc<File>;
    type Buffer = Block;

    async fn open(path: PathBuf, case: Case) -> io::Result<Rc<File>> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(case.kind == Kind::Write)
            .custom_flags(flags(case));
        options.open(path).await.map(Rc::new)
    }

    fn buffer(_file: &Rc<File>, case: Case) -> Block {
        Block::new(case.block())
    }

    async fn read(file: &Rc<File>, buffer: Block, offset: u64, size: usize) -> io::Result<Block> {
        let (result, block) = file.read_at(buffer, offset).await;
        check(&block.bytes()[..result?], size, offset);
        Ok(block)
    }

    async fn write(file: &Rc<File>, buffer: Block, offset: u64) -> io::Result<Block> {
        let (result, block) = file.write_all_at(buffer, offset).await;
        result?;
        Ok(block)
    }
}
