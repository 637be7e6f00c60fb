//! Buffers that an operation may own while the kernel uses them.

#[cfg(feature = "bytes")]
mod bytes;
mod owned;
mod slice;
mod vectored;

use std::io;
use std::ops::{Bound, RangeBounds};

pub use slice::Slice;
pub use vectored::{IoVecBuf, IoVecBufMut};
pub(crate) use vectored::{assert_initialised, init_vectored, iovecs_mut, iovecs_of};

/// The outcome of an operation that borrowed a buffer from its caller, and the buffer.
pub type BufResult<T, B> = (io::Result<T>, B);

/// A buffer that the kernel may read from.
///
/// # Safety
///
/// [`as_ptr`](IoBuf::as_ptr) and [`len`](IoBuf::len) describe initialised memory that the value owns or that lives for
/// ever. It keeps its address while the value is not moved, and nothing else writes to it.
///
/// # Examples
///
/// Whatever owns its bytes is a buffer, and a part of it is one too. A type of your own becomes one by saying where its bytes are:
///
/// ```
/// use std::rc::Rc;
/// use uring_engine::IoBuf;
///
/// /// A page that many connections send.
/// #[derive(Clone)]
/// struct Page(Rc<str>);
///
/// // SAFETY: the bytes are on the heap, the value keeps them there, and nobody can write to them.
/// unsafe impl IoBuf for Page {
///     fn as_ptr(&self) -> *const u8 {
///         self.0.as_ptr()
///     }
///
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let page = Page("<h1>Hello</h1>".into());
/// assert_eq!(page.as_slice(), b"<h1>Hello</h1>");
/// // What is left to send after 4 bytes.
/// assert_eq!(page.clone().slice(4..).as_slice(), b"Hello</h1>");
/// assert_eq!(vec![1, 2, 3].slice(..2).as_slice(), [1, 2]);
/// ```
pub unsafe trait IoBuf: 'static {
    /// Where the buffer begins.
    fn as_ptr(&self) -> *const u8;

    /// Initialised bytes.
    fn len(&self) -> usize;

    /// Whether no byte is initialised.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The initialised bytes.
    #[inline]
    fn as_slice(&self) -> &[u8] {
        // SAFETY: the implementation promises initialised memory of that length, which nothing else writes to.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.len()) }
    }

    /// A window of the buffer, as a buffer: `buffer.slice(2..7)`, `buffer.slice(count..)`.
    ///
    /// A range without an end goes as far as the buffer does: to its last initialised byte for a source, to its capacity
    /// for a destination.
    ///
    /// For a `Bytes` of the `bytes` crate, whose own method of this name takes a reference, this one comes first where the
    /// trait is in scope.
    ///
    /// # Panics
    ///
    /// If the range begins behind the initialised bytes or ends before it begins.
    fn slice(self, range: impl RangeBounds<usize>) -> Slice<Self>
    where
        Self: Sized,
    {
        let begin = match range.start_bound() {
            Bound::Included(&begin) => begin,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => usize::MAX,
        };
        Slice::new(self, begin..end)
    }
}

/// A buffer that the kernel may write to.
///
/// # Safety
///
/// [`as_mut_ptr`](IoBufMut::as_mut_ptr) and [`capacity`](IoBufMut::capacity) describe memory that the value owns
/// exclusively and that keeps its address while the value is not moved.
pub unsafe trait IoBufMut: IoBuf {
    /// Where the buffer begins.
    fn as_mut_ptr(&mut self) -> *mut u8;

    /// Bytes that may be written, initialised or not.
    fn capacity(&self) -> usize;

    /// Tells the buffer that the kernel has written its first `len` bytes. A growable buffer is then `len` bytes long;
    /// one of fixed size ignores it.
    ///
    /// # Safety
    ///
    /// The first `len` bytes are initialised, and `len` is at most the capacity.
    unsafe fn set_init(&mut self, len: usize);
}

/// A length as an entry takes it. One operation moves at most 2 GiB, as the plain system calls do.
#[inline]
pub(crate) fn entry_len(len: usize) -> u32 {
    len.min(0x7fff_f000) as u32
}
