//! A file with a position: sequential reading and writing.
//!
//! The position is the cursor's own and not the descriptor's, so that it moves by what completed and by nothing else:
//!
//! ```text
//! read   ── resolved ──▶ position += bytes        dropped ──▶ nothing moves
//! write  ── resolved ──▶ position += bytes        dropped ──▶ a task of its own ends it, then position += bytes
//! ```
//!
//! Operations take turns. One that comes behind a write whose future was dropped waits until that has ended, and reports
//! its error instead of doing anything.

mod read;
mod streams;
mod write;

use std::cell::Cell;
use std::fmt;
use std::io::{self, SeekFrom};
use std::rc::Rc;

use uring_engine::{IoBuf, IoBufMut};

use crate::fs::file::File;
use crate::turns::{Served, Turns};

pub use read::CursorRead;
pub use write::{CursorWrite, CursorWriteAll};

/// Bytes that [`FileCursor::read_to_end`] asks for at a time.
const PIECE: usize = 256 * 1024;

/// A file with a position: a stream of bytes to read and write. Implements [`AsyncRead`](crate::io::AsyncRead) and
/// [`AsyncWrite`](crate::io::AsyncWrite).
///
/// Every operation takes `&self`; they are served in the order of their first polls. The position is the cursor's own: it
/// begins at 0, and other cursors of the file have theirs. A file that was opened for appending is written at its end,
/// wherever the position is. A future that has its turn and is not polled any more holds up those behind it: poll it, or drop
/// it.
///
/// # What dropping a future means
///
/// A dropped read does not move the position. A dropped write that had begun is finished, before any later operation; an
/// error surfaces there. The same goes for dropping the cursor: the end of the context cuts such a write off.
///
/// # Examples
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("list");
/// use std::io::SeekFrom;
/// use uring_io::fs::{FileCursor, OpenOptions};
///
/// # context::block_on(async {
/// let file = OpenOptions::new().read(true).write(true).create(true).open(path).await?;
/// let list = FileCursor::new(file);
/// list.write_all("one\n").await.0?;
/// list.write_all("two\n").await.0?;
/// assert_eq!(list.stream_position().await?, 8);
///
/// list.seek(SeekFrom::Start(4)).await?;
/// let mut rest = String::new();
/// list.read_to_string(&mut rest).await?;
/// assert_eq!(rest, "two\n");
/// list.close().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct FileCursor {
    shared: Rc<Shared>,
}

/// What the cursor shares with writes whose futures were dropped.
struct Shared {
    file: File,
    position: Cell<u64>,
    turns: Turns,
    /// How a write ended that nobody waited for.
    error: Cell<Option<io::Error>>,
}

impl Shared {
    fn advance(&self, count: u64) {
        self.position.set(self.position.get().saturating_add(count));
    }

    fn take_error(&self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}

impl FileCursor {
    /// At the beginning of a file.
    pub fn new(file: File) -> Self {
        Self {
            shared: Rc::new(Shared {
                file,
                position: Cell::new(0),
                turns: Turns::default(),
                error: Cell::new(None),
            }),
        }
    }

    /// Reads into `buffer`, from its beginning up to its capacity. Resolves to the number of bytes, 0 at the end of the file
    /// (or if there is no capacity), and the buffer.
    ///
    /// Cancel-safe: dropping the future does not move the position.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for; what the kernel says. The buffer comes back.
    pub fn read<B: IoBufMut>(&self, buffer: B) -> CursorRead<'_, B> {
        CursorRead::new(&self.shared, buffer)
    }

    /// Writes from the beginning of `buffer`. Resolves to the number of bytes, which is that of the buffer unless the disk is
    /// full, and the buffer.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says if nothing was written; that of an earlier write that nobody waited
    /// for. The buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffer is written whole, before any later operation, whether or not the future is dropped; the next
    /// operation reports an error. Never polled, nothing is written.
    pub fn write<B: IoBuf>(&self, buffer: B) -> CursorWrite<'_, B> {
        CursorWrite::new(&self.shared, buffer)
    }

    /// Writes all of `buffer`, and gives it back.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says, after a part was written or none: the position tells. That of an
    /// earlier write that nobody waited for. The buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffer is written whole, before any later operation, whether or not the future is dropped; the next
    /// operation reports an error. Never polled, nothing is written.
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> CursorWriteAll<'_, B> {
        CursorWriteAll::new(&self.shared, buffer)
    }

    /// Appends to `bytes` all from the position to the end of the file. Resolves to their number.
    ///
    /// Cancel-safe: the position moves by what is in `bytes`.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for; what the kernel says. What was read before is in `bytes`.
    pub async fn read_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let before = bytes.len();
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            let (result, read) = self.read(piece).await;
            match result {
                Ok(0) => return Ok(bytes.len() - before),
                Ok(_) => bytes.extend_from_slice(&read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            piece = read;
        }
    }

    /// Appends to `text` all from the position to the end of the file. Resolves to the number of bytes.
    ///
    /// Cancel-safe: neither `text` nor the position changes.
    ///
    /// # Errors
    ///
    /// `InvalidData` if it is not UTF-8; that of an earlier write that nobody waited for; what the kernel says. Neither
    /// `text` nor the position changes.
    pub async fn read_to_string(&self, text: &mut String) -> io::Result<usize> {
        // The position is not moved by a future that is dropped: it is set at the end, with nothing to wait for in between.
        let _served = self.served().await?;
        let begin = self.shared.position.get();
        let bytes = crate::fs::whole::read_from(&self.shared.file, begin).await?;
        let read = std::str::from_utf8(&bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        text.push_str(read);
        self.shared.advance(bytes.len() as u64);
        Ok(bytes.len())
    }

    /// Sets the position, which may lie behind the end. Resolves to the position from the beginning.
    ///
    /// Cancel-safe: dropping the future does not move the position.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a position before the beginning or behind the largest offset there is; that of an earlier write
    /// that nobody waited for; what the kernel says.
    pub async fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        let _served = self.served().await?;
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.shared.position.get().checked_add_signed(by),
            SeekFrom::End(by) => self.shared.file.len().await?.checked_add_signed(by),
        };
        let position = position
            .filter(|position| i64::try_from(*position).is_ok())
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a position lies neither before the beginning nor behind the largest offset",
                )
            })?;
        self.shared.position.set(position);
        Ok(position)
    }

    /// The position, after the writes that were begun.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for.
    pub async fn stream_position(&self) -> io::Result<u64> {
        let _served = self.served().await?;
        Ok(self.shared.position.get())
    }

    /// Waits for the writes that were begun. Nothing is synced to the disk: that is what [`File::sync_all`] does.
    ///
    /// Cancel-safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for.
    pub async fn flush(&self) -> io::Result<()> {
        self.served().await.map(drop)
    }

    /// The file. Its operations do not wait for the cursor's.
    pub fn get_ref(&self) -> &File {
        &self.shared.file
    }

    /// Closes the file after the writes that were begun, and tells how they and the closing went.
    ///
    /// Cancel-safe: the file is closed in any case, after the writes.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for, else that of closing.
    pub async fn close(self) -> io::Result<()> {
        let finished = self.flush().await;
        let closed = match Rc::try_unwrap(self.shared) {
            Ok(shared) => shared.file.close().await,
            // The task of a dropped write is about to give its share up; the file is closed then.
            Err(_) => Ok(()),
        };
        finished.and(closed)
    }

    /// Another handle of the same cursor.
    #[cfg(any(feature = "tokio", feature = "futures-io", feature = "hyper"))]
    pub(crate) fn share(&self) -> Self {
        let shared = self.shared.clone();
        Self { shared }
    }

    /// Leaves how a write ended to the next operation.
    #[cfg(any(feature = "tokio", feature = "futures-io", feature = "hyper"))]
    pub(crate) fn leave_error(&self, error: io::Error) {
        self.shared.error.set(Some(error));
    }

    /// Waits for its turn and for the error of a write that nobody waited for.
    async fn served(&self) -> io::Result<Served<'_>> {
        let served = self.shared.turns.take().await;
        self.shared.take_error()?;
        Ok(served)
    }
}

impl fmt::Debug for FileCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCursor")
            .field("file", &self.shared.file)
            .field("position", &self.shared.position.get())
            .finish_non_exhaustive()
    }
}
