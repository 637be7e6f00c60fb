//! Where the last lines of a file begin.

use std::io;

use corio::fs::File;

/// Bytes that are looked at at once.
const BLOCK: u64 = 64 * 1024;

/// The offset of the last `count` lines, found from the end on. The last line may lack its end.
pub(crate) async fn begin(file: &File, count: usize) -> io::Result<u64> {
    let end = file.len().await?;
    if count == 0 {
        return Ok(end);
    }
    let mut left = count;
    let mut after = end;
    while after > 0 {
        let block = after.saturating_sub(BLOCK);
        let (result, bytes) = file
            .read_exact_at(vec![0; (after - block) as usize], block)
            .await;
        result?;
        for (at, _) in bytes
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'\n')
        {
            let line = block + at as u64 + 1;
            // The end of the last line begins no other.
            if line == end {
                continue;
            }
            left -= 1;
            if left == 0 {
                return Ok(line);
            }
        }
        after = block;
    }
    Ok(0)
}
