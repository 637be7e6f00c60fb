//! glommio: `DmaFile` past the page cache, `BufferedFile` through it. Both bring the buffers that they read into; of writes,
//! only the former gives back what it was given.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use glommio::io::{BufferedFile, DmaBuffer, DmaFile, OpenOptions};

use crate::file::case::{Case, Kind};
use crate::file::folder::check;
use crate::file::work::FileSystem;
use crate::runtime::subjects::glommio::Glommio;

#[derive(Clone)]
pub(crate) enum File {
    Direct(Rc<DmaFile>),
    Buffered(Rc<BufferedFile>),
}

pub(crate) enum Buffer {
    /// A read's, which brings its own.
    None,
    Direct(Rc<DmaBuffer>),
    /// Bytes of a write.
    Buffered(usize),
}

impl FileSystem for Glommio {
    type File = File;
    type Buffer = Buffer;

    async fn open(path: PathBuf, case: Case) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(case.kind == Kind::Write);
        Ok(if case.direct {
            File::Direct(Rc::new(options.dma_open(path).await?))
        } else {
            File::Buffered(Rc::new(options.buffered_open(path).await?))
        })
    }

    fn buffer(file: &File, case: Case) -> Buffer {
        match (case.kind, file) {
            (Kind::Random { .. } | Kind::Read, _) => Buffer::None,
            (Kind::Write, File::Direct(file)) => {
                let mut buffer = file.alloc_dma_buffer(case.block());
                buffer.as_bytes_mut().fill(0);
                Buffer::Direct(Rc::new(buffer))
            }
            (Kind::Write, File::Buffered(_)) => Buffer::Buffered(case.block()),
        }
    }

    async fn read(file: &File, buffer: Buffer, offset: u64, size: usize) -> io::Result<Buffer> {
        let bytes = match file {
            File::Direct(file) => file.read_at_aligned(offset, size).await?,
            File::Buffered(file) => file.read_at(offset, size).await?,
        };
        check(&bytes, size, offset);
        Ok(buffer)
    }

    async fn write(file: &File, buffer: Buffer, offset: u64) -> io::Result<Buffer> {
        let (count, size) = match (file, &buffer) {
            (File::Direct(file), Buffer::Direct(bytes)) => {
                (file.write_rc_at(bytes.clone(), offset).await?, bytes.len())
            }
            (File::Buffered(file), Buffer::Buffered(size)) => {
                (file.write_at(vec![0; *size], offset).await?, *size)
            }
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        };
        assert_eq!(count, size, "a short write");
        Ok(buffer)
    }
}
