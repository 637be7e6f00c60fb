//! Several buffers as one: what a vectored operation reads from or writes to, in order.

use crate::buf::{IoBuf, IoBufMut};

/// Most buffers that the kernel takes at once (`UIO_MAXIOV`). Those behind are left for the next operation.
const MOST: usize = 1024;

/// Buffers to read from, one after the other: a tuple of two to six, an array, a `Vec` or a boxed slice of them. Not to be
/// implemented elsewhere.
pub trait IoVecBuf: sealed::Sealed + 'static {
    /// How many buffers there are.
    fn buffers(&self) -> usize;

    /// The buffer at a place.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    fn buffer(&self, at: usize) -> &dyn IoBuf;

    /// Initialised bytes in all of them.
    fn total_len(&self) -> usize {
        (0..self.buffers()).map(|at| self.buffer(at).len()).sum()
    }
}

/// Buffers to fill, one after the other: a tuple of two to six, an array, a `Vec` or a boxed slice of them. Not to be
/// implemented elsewhere.
pub trait IoVecBufMut: IoVecBuf {
    /// The buffer at a place, to be filled.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    fn buffer_mut(&mut self, at: usize) -> &mut dyn IoBufMut;

    /// Bytes that may be written to all of them.
    fn total_capacity(&mut self) -> usize {
        (0..self.buffers())
            .map(|at| self.buffer_mut(at).capacity())
            .sum()
    }
}

mod sealed {
    pub trait Sealed {}
}

impl<B> sealed::Sealed for Vec<B> {}
impl<B> sealed::Sealed for Box<[B]> {}
impl<B, const N: usize> sealed::Sealed for [B; N] {}

impl<B: IoBuf> IoVecBuf for Vec<B> {
    fn buffers(&self) -> usize {
        self.len()
    }

    fn buffer(&self, at: usize) -> &dyn IoBuf {
        &self[at]
    }
}

impl<B: IoBufMut> IoVecBufMut for Vec<B> {
    fn buffer_mut(&mut self, at: usize) -> &mut dyn IoBufMut {
        &mut self[at]
    }
}

impl<B: IoBuf> IoVecBuf for Box<[B]> {
    fn buffers(&self) -> usize {
        self.len()
    }

    fn buffer(&self, at: usize) -> &dyn IoBuf {
        &self[at]
    }
}

impl<B: IoBufMut> IoVecBufMut for Box<[B]> {
    fn buffer_mut(&mut self, at: usize) -> &mut dyn IoBufMut {
        &mut self[at]
    }
}

impl<B: IoBuf, const N: usize> IoVecBuf for [B; N] {
    fn buffers(&self) -> usize {
        N
    }

    fn buffer(&self, at: usize) -> &dyn IoBuf {
        &self[at]
    }
}

impl<B: IoBufMut, const N: usize> IoVecBufMut for [B; N] {
    fn buffer_mut(&mut self, at: usize) -> &mut dyn IoBufMut {
        &mut self[at]
    }
}

/// One implementation per tuple length; there is no way to be generic over that.
macro_rules! vectored_tuple {
    ($len:literal: $($name:ident $at:tt),+) => {
        impl<$($name),+> sealed::Sealed for ($($name,)+) {}

        impl<$($name: IoBuf),+> IoVecBuf for ($($name,)+) {
            fn buffers(&self) -> usize {
                $len
            }

            fn buffer(&self, at: usize) -> &dyn IoBuf {
                match at {
                    $($at => &self.$at,)+
                    _ => panic!("buffer {at} of {}", $len),
                }
            }
        }

        impl<$($name: IoBufMut),+> IoVecBufMut for ($($name,)+) {
            fn buffer_mut(&mut self, at: usize) -> &mut dyn IoBufMut {
                match at {
                    $($at => &mut self.$at,)+
                    _ => panic!("buffer {at} of {}", $len),
                }
            }
        }
    };
}

vectored_tuple!(2: A 0, B 1);
vectored_tuple!(3: A 0, B 1, C 2);
vectored_tuple!(4: A 0, B 1, C 2, D 3);
vectored_tuple!(5: A 0, B 1, C 2, D 3, E 4);
vectored_tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);

/// The initialised bytes of all buffers but the first `skip`, as the kernel wants them. Buffers that have none are left out.
pub(crate) fn iovecs_of(buffers: &impl IoVecBuf, skip: usize) -> Box<[libc::iovec]> {
    let piece = |at| {
        let buffer = buffers.buffer(at);
        (buffer.as_ptr().cast_mut(), buffer.len())
    };
    collect((0..buffers.buffers()).map(piece), skip)
}

/// The room of all buffers but the first `skip` bytes, as the kernel wants it. Buffers that have none are left out.
pub(crate) fn iovecs_mut(buffers: &mut impl IoVecBufMut, skip: usize) -> Box<[libc::iovec]> {
    let count = buffers.buffers();
    let piece = |at| {
        let buffer = buffers.buffer_mut(at);
        let room = buffer.capacity();
        (buffer.as_mut_ptr(), room)
    };
    collect((0..count).map(piece), skip)
}

fn collect(pieces: impl Iterator<Item = (*mut u8, usize)>, mut skip: usize) -> Box<[libc::iovec]> {
    let rest = |(begin, len): (*mut u8, usize)| {
        let skipped = skip.min(len);
        skip -= skipped;
        libc::iovec {
            // Inside the buffer, or one past its end.
            iov_base: begin.wrapping_add(skipped).cast(),
            iov_len: len - skipped,
        }
    };
    pieces
        .map(rest)
        .filter(|piece| piece.iov_len > 0)
        .take(MOST)
        .collect()
}

/// Tells the buffers that their first `count` bytes, taken together, are written.
///
/// # Safety
///
/// They are, and there is room for that many.
pub(crate) unsafe fn init_vectored(buffers: &mut impl IoVecBufMut, mut count: usize) {
    for at in 0..buffers.buffers() {
        let buffer = buffers.buffer_mut(at);
        let written = count.min(buffer.capacity());
        count -= written;
        // SAFETY: passed on to the caller; at most its capacity.
        unsafe { buffer.set_init(written) };
    }
}

/// # Panics
///
/// If not all of the buffers' first `count` bytes, taken together, are initialised.
#[track_caller]
pub(crate) fn assert_initialised(buffers: &mut impl IoVecBufMut, mut count: usize) {
    for at in 0..buffers.buffers() {
        let buffer = buffers.buffer_mut(at);
        let skipped = count.min(buffer.capacity());
        assert!(
            skipped <= buffer.len(),
            "{skipped} bytes of buffer {at} are to be skipped, of which {} are initialised",
            buffer.len()
        );
        count -= skipped;
    }
    assert_eq!(count, 0, "bytes to be skipped behind the last buffer");
}
