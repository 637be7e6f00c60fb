//! Copying into a caller's buffer.

use uring_engine::{IoBufMut, IoVecBufMut};

/// Copies as many of `bytes` as fit to the beginning of `buffer`, and says how many.
#[inline]
pub(crate) fn fill(buffer: &mut impl IoBufMut, bytes: &[u8]) -> usize {
    copy(buffer, 0, bytes)
}

/// Copies as many of `bytes` as fit behind the first `filled` bytes of `buffer`, and says how many.
///
/// # Panics
///
/// If those are not initialised.
pub(crate) fn fill_behind(buffer: &mut impl IoBufMut, filled: usize, bytes: &[u8]) -> usize {
    copy(buffer, filled, bytes)
}

/// Copies as many of `bytes` as fit to the beginnings of `buffers`, one after the other, and says how many.
pub(crate) fn fill_vectored(buffers: &mut impl IoVecBufMut, bytes: &[u8]) -> usize {
    let mut rest = bytes;
    for at in 0..buffers.buffers() {
        let count = copy(buffers.buffer_mut(at), 0, rest);
        rest = &rest[count..];
    }
    bytes.len() - rest.len()
}

fn copy<B: IoBufMut + ?Sized>(buffer: &mut B, behind: usize, bytes: &[u8]) -> usize {
    assert!(behind <= buffer.len(), "{behind} bytes initialised");
    let count = bytes.len().min(buffer.capacity() - behind);
    // SAFETY: `IoBufMut` promises that `capacity` bytes may be written and that the buffer owns them exclusively, so
    // `bytes` lies elsewhere; the first `behind` were initialised, and so are the `count` after them then.
    unsafe {
        let place = buffer.as_mut_ptr().add(behind);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, count);
        buffer.set_init(behind + count);
    }
    count
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{fill, fill_behind, fill_vectored};

    #[test]
    fn what_was_there_stays_in_front() {
        let mut vector = Vec::with_capacity(6);
        assert_eq!(fill(&mut vector, b"ab"), 2);
        assert_eq!(fill_behind(&mut vector, 2, b"cd"), 2);
        assert_eq!(vector, b"abcd");
    }

    #[test]
    fn buffers_are_filled_one_after_the_other() {
        let mut buffers = ([0; 2], Vec::new(), vec![9; 4], vec![9; 4]);
        buffers.2.shrink_to_fit();
        assert_eq!(fill_vectored(&mut buffers, b"abcd"), 4);
        assert_eq!(
            (&buffers.0, &buffers.2[..], &buffers.3[..]),
            (b"ab", &b"cd"[..], &b""[..])
        );
    }

    #[test]
    fn a_vector_is_as_long_as_what_was_copied() {
        let mut vector = Vec::with_capacity(4);
        let room = vector.capacity();
        assert_eq!(fill(&mut vector, b"ab"), 2);
        assert_eq!(vector, b"ab");
        assert_eq!(fill(&mut vector, &[7; 100]), room);
        assert_eq!(vector, vec![7; room]);
    }

    #[test]
    fn an_array_keeps_its_length() {
        let mut array = [0; 3];
        assert_eq!(fill(&mut array, b"xyz!"), 3);
        assert_eq!(&array, b"xyz");
    }
}
