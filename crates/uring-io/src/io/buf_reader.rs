//! A reader with a buffer.
//!
//! It holds what it has received and nobody has taken: at most one piece as it came from the stream, in a buffer of the
//! context where the stream has those, and before it what had to be gathered from several pieces because a line or a block
//! goes across them. While all is taken it holds no piece: an idle connection needs no memory.
//!
//! Bytes leave the buffer only in a step that cannot be interrupted. That is what makes every operation cancel-safe: a
//! dropped `read_line` leaves what it has gathered for the next operation, whichever that is.

use std::io;

use uring_engine::{BufResult, IoBufMut};

use crate::copy::fill;
use crate::io::lines::Lines;
use crate::io::read::AsyncRead;
use crate::net::RecvBuf;

/// Reads from a stream in large pieces, and hands out lines, blocks and what is asked for.
///
/// Every operation is cancel-safe: what a dropped one had received is what the next one begins with.
///
/// # Examples
///
/// ```
/// use uring_io::io::BufReader;
///
/// # context::block_on(async {
/// let (sender, receiver) = uring_io::pipe::pipe()?;
/// sender.write_all("one\ntwo\nrest").await.0?;
/// drop(sender);
///
/// let mut reader = BufReader::new(receiver);
/// let mut line = String::new();
/// reader.read_line(&mut line).await?;
/// assert_eq!(line, "one\n");
/// let mut lines = reader.lines();
/// assert_eq!(lines.next_line().await?.as_deref(), Some("two"));
/// assert_eq!(lines.next_line().await?.as_deref(), Some("rest"));
/// assert_eq!(lines.next_line().await?, None);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct BufReader<R> {
    inner: R,
    gathered: Vec<u8>,
    /// How many of the gathered bytes were taken; less than there are, or both are 0.
    taken: usize,
    /// What comes after the gathered bytes; not empty.
    piece: Option<RecvBuf>,
    limit: usize,
}

/// What a line or block may have at most unless told otherwise, in bytes.
const LIMIT: usize = 8 * 1024 * 1024;

impl<R> BufReader<R> {
    /// A reader over `inner` whose lines may be 8 MiB long.
    pub fn new(inner: R) -> Self {
        Self::with_limit(inner, LIMIT)
    }

    /// A reader over `inner` whose lines may have `limit` bytes, the delimiter included. Longer ones are an error, so that a
    /// peer that never ends its line cannot take all memory.
    pub fn with_limit(inner: R, limit: usize) -> Self {
        Self {
            inner,
            gathered: Vec::new(),
            taken: 0,
            piece: None,
            limit,
        }
    }

    /// Bytes that were received and not taken.
    pub fn buffered(&self) -> usize {
        self.gathered.len() - self.taken + self.piece.as_deref().map_or(0, <[u8]>::len)
    }

    /// The stream. What is buffered has left it already.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The stream. What is buffered has left it already.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The stream and what was buffered of it.
    pub fn into_parts(mut self) -> (R, Vec<u8>) {
        self.gather();
        self.gathered.drain(..self.taken);
        (self.inner, self.gathered)
    }

    /// Whether there is a `delimiter` among the buffered bytes.
    #[cfg(feature = "futures")]
    pub(super) fn holds(&self, delimiter: u8) -> bool {
        let piece = self.piece.as_deref().unwrap_or_default();
        self.gathered[self.taken..].contains(&delimiter) || piece.contains(&delimiter)
    }

    /// The first of the buffered bytes.
    fn first(&self) -> &[u8] {
        if self.taken < self.gathered.len() {
            return &self.gathered[self.taken..];
        }
        self.piece.as_deref().unwrap_or_default()
    }

    /// Marks `count` bytes as taken.
    ///
    /// # Panics
    ///
    /// If fewer are buffered.
    pub fn consume(&mut self, count: usize) {
        assert!(
            count <= self.buffered(),
            "{count} bytes consumed, of {} buffered",
            self.buffered()
        );
        let of_gathered = count.min(self.gathered.len() - self.taken);
        self.taken += of_gathered;
        if self.taken == self.gathered.len() {
            self.gathered = Vec::new();
            self.taken = 0;
        }
        if let Some(piece) = &mut self.piece {
            piece.advance(count - of_gathered);
            if piece.is_empty() {
                self.piece = None;
            }
        }
    }

    /// Puts all that is buffered behind one another.
    fn gather(&mut self) {
        if let Some(piece) = self.piece.take() {
            self.gathered.extend_from_slice(&piece);
        }
    }

    /// Takes the first `count` of the buffered bytes.
    fn take_into(&mut self, count: usize, bytes: &mut Vec<u8>) {
        bytes.reserve(count);
        let mut left = count;
        while left > 0 {
            let first = self.first();
            let part = left.min(first.len());
            bytes.extend_from_slice(&first[..part]);
            self.consume(part);
            left -= part;
        }
    }
}

impl<R: AsyncRead> BufReader<R> {
    /// Receives another piece; false at the end of the stream.
    async fn receive(&mut self) -> io::Result<bool> {
        loop {
            match self.inner.recv().await {
                Ok(None) => return Ok(false),
                Ok(Some(piece)) => {
                    self.gather();
                    self.piece = Some(piece).filter(|piece| !piece.is_empty());
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What is buffered, or what comes as soon as something does; empty at the end of the stream.
    /// [`consume`](Self::consume) takes it.
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// What the stream says.
    pub async fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.buffered() == 0 && self.receive().await? {}
        Ok(self.first())
    }

    /// Appends all bytes up to `delimiter`, it included, or up to the end of the stream. Resolves to their number, 0 at the
    /// end.
    ///
    /// Cancel-safe: dropping the future loses no byte; what it had gathered is what the next operation begins with.
    ///
    /// # Errors
    ///
    /// `InvalidData` if there are more bytes than the limit and no delimiter; they stay buffered, for
    /// [`fill_buf`](Self::fill_buf) to read. What the stream says; what came before stays buffered.
    pub async fn read_until(&mut self, delimiter: u8, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let count = self.find(delimiter).await?;
        self.take_into(count, bytes);
        Ok(count)
    }

    /// Appends one line, its `\n` included; only the last one of a stream may lack it. Resolves to the number of bytes, 0 at
    /// the end.
    ///
    /// Cancel-safe: dropping the future loses no byte; what it had gathered is what the next operation begins with.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until); `InvalidData` also if the line is not UTF-8, which is taken all the same, so that
    /// the next one can be read.
    pub async fn read_line(&mut self, line: &mut String) -> io::Result<usize> {
        let count = self.find(b'\n').await?;
        let mut bytes = Vec::new();
        self.take_into(count, &mut bytes);
        let text = String::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if line.is_empty() {
            *line = text;
        } else {
            line.push_str(&text);
        }
        Ok(count)
    }

    /// The lines of the stream, one after the other.
    pub fn lines(self) -> Lines<R> {
        Lines::new(self)
    }

    /// How many of the buffered bytes there are up to `delimiter`, it included, or up to the end of the stream.
    async fn find(&mut self, delimiter: u8) -> io::Result<usize> {
        let mut searched = 0;
        loop {
            let gathered = &self.gathered[self.taken..];
            let piece = self.piece.as_deref().unwrap_or_default();
            let begin = searched.min(gathered.len());
            let found = position(delimiter, &gathered[begin..])
                .map(|at| begin + at)
                .or_else(|| {
                    let begin = searched.saturating_sub(gathered.len());
                    let at = position(delimiter, &piece[begin..])?;
                    Some(gathered.len() + begin + at)
                });
            searched = self.buffered();
            let count = found.map_or(searched, |at| at + 1);
            if count > self.limit {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("no delimiter within the limit of {} bytes", self.limit),
                ));
            }
            if found.is_some() || !self.receive().await? {
                return Ok(count);
            }
        }
    }
}

fn position(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|other| *other == byte)
}

impl<R: AsyncRead> AsyncRead for BufReader<R> {
    async fn read<B: IoBufMut>(&mut self, mut buffer: B) -> BufResult<usize, B> {
        if self.buffered() == 0 {
            return self.inner.read(buffer).await;
        }
        let count = fill(&mut buffer, self.first());
        self.consume(count);
        (Ok(count), buffer)
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        if self.taken < self.gathered.len() {
            self.gathered.drain(..self.taken);
            self.taken = 0;
            let gathered = std::mem::take(&mut self.gathered);
            return Ok(Some(RecvBuf::from_heap(gathered)));
        }
        match self.piece.take() {
            Some(piece) => Ok(Some(piece)),
            None => self.inner.recv().await,
        }
    }

    /// Fills `buffer` to its capacity.
    ///
    /// Cancel-safe: dropping the future loses no byte; what it had gathered is what the next operation begins with.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the stream ends before; what there was stays buffered. What the stream says. The buffer comes back.
    async fn read_exact<B: IoBufMut>(&mut self, mut buffer: B) -> BufResult<(), B> {
        let count = buffer.capacity();
        while self.buffered() < count {
            match self.receive().await {
                Ok(true) => {}
                Ok(false) => return (Err(io::ErrorKind::UnexpectedEof.into()), buffer),
                Err(error) => return (Err(error), buffer),
            }
        }
        if self.first().len() < count {
            self.gather();
        }
        fill(&mut buffer, self.first());
        self.consume(count);
        (Ok(()), buffer)
    }
}
