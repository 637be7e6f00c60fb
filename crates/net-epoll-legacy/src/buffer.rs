//! Buffers and parts of them.

use std::ops::{Bound, Deref, RangeBounds};
use std::sync::Arc;

/// Bytes to send, counted: a part of them is a buffer too, without a copy, and keeps the whole alive.
///
/// For receiving, a slice of a vector does.
///
/// ```
/// use net_epoll_legacy::Buffer;
///
/// let message = Buffer::from(&b"hello, world"[..]);
/// let world = message.sub_buffer(7..);
/// assert_eq!(&*world, b"world");
/// assert_eq!(&*world.sub_buffer(..=1), b"wo");
/// ```
#[derive(Clone, Debug)]
pub struct Buffer {
    bytes: Arc<[u8]>,
    begin: usize,
    end: usize,
}

impl Buffer {
    /// A part of it.
    ///
    /// # Panics
    ///
    /// If the range does not lie in it.
    #[must_use]
    pub fn sub_buffer(&self, range: impl RangeBounds<usize>) -> Buffer {
        let begin = match range.start_bound() {
            Bound::Included(at) => *at,
            Bound::Excluded(at) => at.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(at) => at.saturating_add(1),
            Bound::Excluded(at) => *at,
            Bound::Unbounded => self.len(),
        };
        assert!(
            begin <= end && end <= self.len(),
            "the range {begin}..{end} does not lie in {} bytes",
            self.len()
        );
        Buffer {
            bytes: self.bytes.clone(),
            begin: self.begin + begin,
            end: self.begin + end,
        }
    }
}

impl<T: Into<Arc<[u8]>>> From<T> for Buffer {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        let end = bytes.len();
        Self {
            bytes,
            begin: 0,
            end,
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.begin..self.end]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Buffer;

    #[test]
    fn a_range_that_does_not_lie_in_it_is_told() {
        let buffer = Buffer::from(&b"hello"[..]).sub_buffer(1..);
        assert_eq!(&*buffer.sub_buffer(..), b"ello");
        assert_eq!(&*buffer.sub_buffer(4..), b"");
        for (begin, end) in [
            (0, 5),
            (5, 5),
            (3, 2),
            (0, usize::MAX),
            (usize::MAX, usize::MAX),
        ] {
            let cut = || buffer.sub_buffer(begin..end);
            assert!(std::panic::catch_unwind(cut).is_err(), "{begin}..{end}");
        }
        for end in [4, usize::MAX] {
            let cut = || buffer.sub_buffer(..=end);
            assert!(std::panic::catch_unwind(cut).is_err(), "..={end}");
        }
    }
}
