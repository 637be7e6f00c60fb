//! Zeroed pages straight from the kernel: page-aligned, and without physical memory until they are touched.

use std::io;
use std::ptr::NonNull;

pub(crate) struct Pages {
    start: NonNull<u8>,
    len: usize,
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
            Some(start) => Ok(Pages { start, len }),
            None => Err(io::ErrorKind::OutOfMemory.into()),
        }
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
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
