//! Zeroed pages straight from the kernel: page-aligned, and without physical memory until they are touched.

use std::io;
use std::ptr::NonNull;

/// Bytes of a huge page, where there are any.
const HUGE: usize = 2 << 20;

pub(crate) struct Pages {
    start: NonNull<u8>,
    len: usize,
    mapping: NonNull<u8>,
    mapped: usize,
}

impl Pages {
    /// `len` zeroed bytes.
    pub(crate) fn new(len: usize) -> io::Result<Pages> {
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        match NonNull::new(start.cast()) {
            Some(start) => Ok(Pages {
                start,
                len,
                mapping: start,
                mapped: len,
            }),
            None => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }

    /// `len` zeroed bytes that will all be touched: of huge pages if that wastes less than half of them and the kernel has
    /// some. A device then gets one address where it would get hundreds, of which it takes only so many at a time.
    pub(crate) fn contiguous(len: usize) -> io::Result<Pages> {
        if len < HUGE / 2 {
            return Pages::new(len);
        }
        let rounded = len
            .checked_next_multiple_of(HUGE)
            .and_then(|rounded| rounded.checked_add(HUGE))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let mut pages = Pages::new(rounded)?;
        let skipped = pages.start.as_ptr().align_offset(HUGE);
        // SAFETY: the mapping is a huge page longer than what is used of it.
        pages.start = unsafe { pages.start.add(skipped) };
        pages.len = len;
        // SAFETY: the range lies in the mapping, and the advice does not change what is in it. Without huge pages it is
        // refused, and these are pages like any other.
        unsafe {
            libc::madvise(
                pages.start.as_ptr().cast(),
                rounded - HUGE,
                libc::MADV_HUGEPAGE,
            )
        };
        Ok(pages)
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that `new` made; whoever used its memory borrowed or owned this value.
        unsafe { libc::munmap(self.mapping.as_ptr().cast(), self.mapped) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{HUGE, Pages};

    #[test]
    fn contiguous_pages_begin_with_a_huge_one_and_are_all_there() {
        for len in [1, 4096, HUGE / 2, HUGE, 3 * HUGE + 1] {
            let pages = Pages::contiguous(len).expect("a few megabytes");
            assert_eq!(pages.len(), len);
            assert!(len < HUGE / 2 || pages.start().as_ptr().addr().is_multiple_of(HUGE));
            // SAFETY: the first and the last byte of the mapping, which nobody else has.
            unsafe {
                pages.start().write(1);
                pages.start().add(len - 1).write(2);
            }
        }
    }
}
