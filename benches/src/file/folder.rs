//! The files that are read and written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::file::block::{ALIGNMENT, Block};
use crate::file::case::{Case, Kind};

/// Bytes that are written at a time while files are made.
const PIECE: usize = 1 << 20;

/// The folder that the files stand in.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the files, of `size` bytes each at most, and writes them to the disk. Says what it found.
    ///
    /// # Errors
    ///
    /// There is no room, or no such folder.
    pub fn prepare(&self, size: u64) -> io::Result<String> {
        self.make("read", size)?;
        // Less than the kernel lets be dirty before it holds a writer up.
        let written = size.min(256 << 20);
        self.make("write", written)?;
        self.make("write-direct", written)?;
        Ok(format!(
            "files of {} MiB to read and {} MiB to write in {}, direct I/O {}",
            size >> 20,
            written >> 20,
            self.0.display(),
            match self.is_direct() {
                Ok(()) => "works".to_owned(),
                Err(error) => format!("does not work there and is left out: {error}"),
            }
        ))
    }

    /// Whether the file system reads past the page cache.
    ///
    /// # Errors
    ///
    /// What the kernel says against it.
    pub fn is_direct(&self) -> io::Result<()> {
        let case = Case {
            kind: Kind::Random { depth: 1 },
            direct: true,
        };
        let mut block = Block::new(case.block());
        self.open(case)?.read_exact_at(block.space(), 0)
    }

    /// Opens the file of a case, as the standard library does.
    pub(crate) fn open(&self, case: Case) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(case.kind == Kind::Write)
            .custom_flags(flags(case))
            .open(self.path(case))
    }

    /// The file of a case.
    pub(crate) fn path(&self, case: Case) -> PathBuf {
        self.0.join(match (case.kind, case.direct) {
            (Kind::Random { .. } | Kind::Read, _) => "read",
            (Kind::Write, false) => "write",
            (Kind::Write, true) => "write-direct",
        })
    }

    /// Sees to it that the page cache holds what a case that goes through it needs.
    pub(crate) fn warm(&self, case: Case) -> io::Result<()> {
        if case.direct {
            return Ok(());
        }
        let mut file = self.open(case)?;
        let mut piece = vec![0; PIECE];
        while file.read(&mut piece)? > 0 {}
        Ok(())
    }

    /// Writes what a case has left in the page cache to the disk, so that it is not in the way of the next.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn settle(&self, case: Case) -> io::Result<()> {
        match case.kind {
            Kind::Write => self.open(case)?.sync_data(),
            Kind::Random { .. } | Kind::Read => Ok(()),
        }
    }

    /// Makes a file in which every block of [`ALIGNMENT`] bytes begins with its number.
    fn make(&self, name: &str, size: u64) -> io::Result<()> {
        let path: &Path = &self.0.join(name);
        let mut file = File::create(path)?;
        let mut piece = vec![0; PIECE];
        for begin in (0..size).step_by(PIECE) {
            for (index, block) in piece.chunks_exact_mut(ALIGNMENT).enumerate() {
                let number = begin / ALIGNMENT as u64 + index as u64;
                block[..8].copy_from_slice(&number.to_le_bytes());
            }
            file.write_all(&piece)?;
        }
        file.sync_all()
    }
}

/// The `O_*` flags of a case besides those of its access.
pub(crate) fn flags(case: Case) -> i32 {
    if case.direct { libc::O_DIRECT } else { 0 }
}

/// Fails unless `bytes` are those at `offset`.
pub(crate) fn check(bytes: &[u8], size: usize, offset: u64) {
    let begin = (offset / ALIGNMENT as u64).to_le_bytes();
    assert!(
        bytes.len() == size && bytes[..8] == begin,
        "{} of {size} bytes at {offset}, or others",
        bytes.len()
    );
}
