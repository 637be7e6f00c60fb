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
        to.0.send_vectored_now(&self[..self.len().min(MOST)])
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
