//! corio: operations at offsets through the ring; past the page cache, on registered buffers.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use uring_io::fs::{File, FixedBuf, FixedBuffers, OpenOptions};

use crate::file::block::Block;
use crate::file::case::{Case, Kind};
use crate::file::folder::check;
use crate::file::work::FileSystem;
use crate::runtime::subjects::corio::Corio;

pub(crate) struct Opened {
    file: File,
    /// A buffer for each operation in flight, if the file is a direct one and as much memory may be locked.
    registered: Option<FixedBuffers>,
}

pub(crate) enum Buffer {
    Own(Block),
    Registered(FixedBuf),
}

impl FileSystem for Corio {
    type File = Rc<Opened>;
    type Buffer = Buffer;

    async fn open(path: PathBuf, case: Case) -> io::Result<Rc<Opened>> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(case.kind == Kind::Write)
            .direct(case.direct);
        let file = options.open(path).await?;
        let registered = match case.direct {
            true => {
                let driver = context::driver();
                let count = case.depth() as u16;
                FixedBuffers::new(driver.engine(), count, case.block()).ok()
            }
            false => None,
        };
        Ok(Rc::new(Opened { file, registered }))
    }

    fn buffer(opened: &Rc<Opened>, case: Case) -> Buffer {
        match opened.registered.as_ref().and_then(FixedBuffers::take) {
            Some(buffer) => Buffer::Registered(buffer),
            None => Buffer::Own(Block::new(case.block())),
        }
    }

    async fn read(
        opened: &Rc<Opened>,
        buffer: Buffer,
        offset: u64,
        size: usize,
    ) -> io::Result<Buffer> {
        match buffer {
            Buffer::Own(block) => {
                let (result, block) = opened.file.read_at(block, offset).await;
                check(&block.bytes()[..result?], size, offset);
                Ok(Buffer::Own(block))
            }
            Buffer::Registered(buffer) => {
                let (result, buffer) = opened.file.read_fixed_at(buffer, offset).await;
                check(&buffer[..result?], size, offset);
                Ok(Buffer::Registered(buffer))
            }
        }
    }

    async fn write(opened: &Rc<Opened>, buffer: Buffer, offset: u64) -> io::Result<Buffer> {
        match buffer {
            Buffer::Own(block) => {
                let (result, block) = opened.file.write_all_at(block, offset).await;
                result?;
                Ok(Buffer::Own(block))
            }
            Buffer::Registered(buffer) => {
                let (result, buffer) = opened.file.write_fixed_at(buffer, offset).await;
                assert_eq!(result?, buffer.len(), "a short write");
                Ok(Buffer::Registered(buffer))
            }
        }
    }
}
