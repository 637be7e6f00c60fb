//! Copying into a caller's buffer.

use uring_engine::IoBufMut;

/// Copies as many of `bytes` as fit to the beginning of `buffer`, and says how many.
pub(crate) fn fill(buffer: &mut impl IoBufMut, bytes: &[u8]) -> usize {
    let count = bytes.len().min(buffer.capacity());
    // SAFETY: `IoBufMut` promises that `capacity` bytes may be written and that the buffer owns them exclusively, so
    // `bytes` lies elsewhere; the first `count` are initialised then.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.as_mut_ptr(), count);
        buffer.set_init(count);
    }
    count
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::fill;

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
