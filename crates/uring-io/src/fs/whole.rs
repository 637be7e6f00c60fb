//! A file as a whole.

use std::io;
use std::path::Path;

use uring_engine::{BufResult, IoBuf, Slice};

use crate::fs::file::File;

/// The least that is read at a time, for files that do not know their size, such as those of `/proc`.
const STEP: usize = 4096;

/// All bytes of a file.
///
/// Cancel-safe: dropping the future has no effect on the file.
///
/// # Errors
///
/// What the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let file = File::open(path).await?;
    let bytes = read_from(&file, 0).await?;
    file.close().await?;
    Ok(bytes)
}

/// All of a file, as text.
///
/// Cancel-safe: dropping the future has no effect on the file.
///
/// # Errors
///
/// What the kernel says; `InvalidData` if it is not UTF-8; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let bytes = read(path).await?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// What a file holds from `begin` to its end.
pub(crate) async fn read_from(file: &File, begin: u64) -> io::Result<Vec<u8>> {
    let left = file.len().await?.saturating_sub(begin);
    let left = usize::try_from(left).map_err(io::Error::other)?;
    // One more than there is, so that the read which finds the end needs no further room.
    let mut bytes = Vec::new();
    bytes.try_reserve(left.saturating_add(1))?;
    loop {
        if bytes.capacity() == bytes.len() {
            bytes.try_reserve(STEP)?;
        }
        let (from, to) = (bytes.len(), bytes.capacity());
        let (result, rest) = file
            .read_at(Slice::new(bytes, from..to), begin + from as u64)
            .await;
        bytes = rest.into_inner();
        match result {
            Ok(0) => return Ok(bytes),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes or replaces a file with these bytes, and gives the buffer back.
///
/// When it is dropped, the file may have been emptied, and all, a part or nothing may have been written.
///
/// # Errors
///
/// What the kernel says; `InvalidInput` if the path holds a zero byte.
///
/// # Panics
///
/// Outside a context.
pub async fn write<B: IoBuf>(path: impl AsRef<Path>, bytes: B) -> BufResult<(), B> {
    let file = match File::create(path).await {
        Ok(file) => file,
        Err(error) => return (Err(error), bytes),
    };
    let (result, bytes) = file.write_all_at(bytes, 0).await;
    if result.is_err() {
        return (result, bytes);
    }
    (file.close().await, bytes)
}
