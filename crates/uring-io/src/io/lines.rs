//! Lines.

use std::io;

use crate::io::buf_reader::BufReader;
use crate::io::read::AsyncRead;

/// The lines of a stream, without their ends; made by [`BufReader::lines`].
#[derive(Debug)]
pub struct Lines<R>(BufReader<R>);

impl<R> Lines<R> {
    pub(crate) fn new(reader: BufReader<R>) -> Self {
        Self(reader)
    }

    #[cfg(feature = "futures")]
    pub(super) fn reader(&self) -> &BufReader<R> {
        &self.0
    }

    /// The reader, behind the last line that was taken.
    pub fn into_inner(self) -> BufReader<R> {
        self.0
    }
}

impl<R: AsyncRead> Lines<R> {
    /// The next line, without its `\n` or `\r\n`; `None` at the end of the stream.
    ///
    /// Cancel-safe: dropping the future loses no line and no part of one.
    ///
    /// # Errors
    ///
    /// As [`BufReader::read_line`].
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line.ends_with('\n') {
            line.pop();
            if line.ends_with('\r') {
                line.pop();
            }
        }
        Ok(Some(line))
    }
}
