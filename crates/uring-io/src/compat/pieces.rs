//! What a caller wants to write: one piece of memory or several, lent for one call.

use std::io::{self, IoSlice};

use crate::net::outgoing::MOST;
use crate::net::socket::Shared;

/// Memory to write, in order.
pub trait Pieces: Copy {
    /// Bytes.
    fn total(self) -> usize;

    /// Sends what fits, without waiting.
    fn send_now(self, to: &Now<'_>) -> io::Result<usize>;

    /// A copy of the first `most` bytes.
    fn copy(self, most: usize) -> Vec<u8>;
}

/// Bytes in several pieces that are put together, as the kernel takes one piece for less.
const SMALL: usize = 1024;

/// Copies the pieces, if all of them fit, and says how many bytes there are.
#[inline]
fn gather(pieces: &[IoSlice<'_>], into: &mut [u8; SMALL]) -> Option<usize> {
    let mut filled = 0;
    for piece in pieces {
        into.get_mut(filled..filled + piece.len())?
            .copy_from_slice(piece);
        filled += piece.len();
    }
    Some(filled)
}

/// What is asked at once.
pub struct Now<'a>(pub(super) &'a Shared);

impl Pieces for &[u8] {
    #[inline]
    fn total(self) -> usize {
        self.len()
    }

    #[inline]
    fn send_now(self, to: &Now<'_>) -> io::Result<usize> {
        to.0.send_now(self)
    }

    fn copy(self, most: usize) -> Vec<u8> {
        self[..self.len().min(most)].to_vec()
    }
}

impl Pieces for &[IoSlice<'_>] {
    #[inline]
    fn total(self) -> usize {
        self.iter().map(|piece| piece.len()).sum()
    }

    #[inline]
    fn send_now(self, to: &Now<'_>) -> io::Result<usize> {
        let mut small = [0; SMALL];
        match gather(self, &mut small) {
            Some(count) => to.0.send_now(&small[..count]),
            None => to.0.send_vectored_now(&self[..self.len().min(MOST)]),
        }
    }

    fn copy(self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.total().min(most));
        for piece in self {
            let room = most - bytes.len();
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        bytes
    }
}
