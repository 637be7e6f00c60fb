//! From one stream to another.

use std::io;

use crate::io::read::AsyncRead;
use crate::io::write::AsyncWrite;

/// Writes to `writer` all that `reader` has until its end, and flushes. Resolves to the number of bytes.
///
/// Received buffers are written as they are, without a copy.
///
/// When it is dropped, what was read is written or on its way if the writer finishes the writes that it began (sockets,
/// pipes); over other writers, the last piece may be lost.
///
/// # Errors
///
/// What either stream says. What was written before stays written.
///
/// # Examples
///
/// ```
/// # context::block_on(async {
/// let (sender, receiver) = uring_io::pipe::pipe()?;
/// assert_eq!(uring_io::io::copy(&mut &b"hello"[..], &mut &sender).await?, 5);
/// drop(sender);
/// let mut copy = Vec::new();
/// assert_eq!(uring_io::io::copy(&mut &receiver, &mut copy).await?, 5);
/// assert_eq!(copy, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub async fn copy<R: AsyncRead, W: AsyncWrite>(reader: &mut R, writer: &mut W) -> io::Result<u64> {
    let mut total = 0;
    loop {
        match reader.recv().await {
            Ok(Some(piece)) => {
                let count = piece.len();
                writer.write_all(piece).await.0?;
                total += count as u64;
            }
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    writer.flush().await?;
    Ok(total)
}
