//! Descriptors that travel beside the bytes of a Unix stream.
//!
//! The kernel ties them to the first byte that they were sent with, and hands them over with it: only to a receive that asks
//! for them. Any other receive of that byte has them closed. So a receive that asks ends the standing receive first, which
//! does not ask. What a dropped receive got all the same is kept: the bytes with the socket's other bytes, the descriptors as
//! [`Kept`].

mod parcel;
mod read;
mod receiving;

use std::os::fd::OwnedFd;

use uring_engine::{IoBuf, IoBufMut};

use crate::net::family::Unix;
use crate::net::socket::Shared;
use crate::net::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::net::stream::UnixStream;
use crate::net::write::WriteAllWithDescriptors;
pub(crate) use parcel::Parcel;
pub use read::ReadWithDescriptors;

/// What [`read_with_descriptors`](super::Stream::read_with_descriptors) received.
#[derive(Debug, Default)]
pub struct WithDescriptors {
    /// Bytes in the buffer; 0 at the end of the stream.
    pub count: usize,
    /// The descriptors that came with them, `CLOEXEC` all of them.
    pub descriptors: Vec<OwnedFd>,
    /// More descriptors came than there was room for, or than this process may have open. Those that are missing are
    /// closed.
    pub truncated: bool,
}

/// Descriptors of receives that were dropped, for the next one that asks for descriptors.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    descriptors: Vec<OwnedFd>,
    truncated: bool,
}

/// # Descriptors
impl UnixStream {
    /// Writes all of `buffer` and sends descriptors with its first byte. Gives both back: the peer gets descriptors of its
    /// own, and these may be closed.
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all); `InvalidInput` if there are descriptors but not a byte that they could travel with,
    /// or more than 253 descriptors. `ETOOMANYREFS` if too many are on their way.
    ///
    /// # Cancel safety
    ///
    /// Once polled, buffer and descriptors are sent whole and in order, before any later write, whether or not the future is
    /// dropped; the next operation that writes reports an error. Never polled, nothing is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// use uring_io::net::UnixStream;
    ///
    /// # context::block_on(async {
    /// let (here, there) = UnixStream::pair()?;
    /// let file = std::fs::File::open("/proc/self/comm")?;
    /// here.write_all_with_descriptors("a file", vec![file.into()]).await.0?;
    ///
    /// let (received, buffer) = there.read_with_descriptors(vec![0; 64], 1).await;
    /// let mut received = received?;
    /// assert_eq!(&buffer[..received.count], b"a file");
    /// let mut file = std::fs::File::from(received.descriptors.pop().unwrap());
    /// let mut name = String::new();
    /// file.read_to_string(&mut name)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn write_all_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> WriteAllWithDescriptors<'_, B> {
        WriteAllWithDescriptors::new(self.socket(), (buffer, descriptors))
    }

    /// Reads as [`read`](Self::read), and takes up to `most` descriptors that came with the bytes.
    ///
    /// One call never returns bytes of two messages that descriptors were sent with. The kernel closes descriptors whose
    /// bytes are read in another way: a stream that carries them is read with this alone. In particular
    /// [`recv`](Self::recv) makes the kernel receive without them from then on, until this is called.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); the buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses neither byte nor descriptor: bytes are what the next read begins with, descriptors come with
    /// the next call of this. They are closed with the stream. The buffer is freed once the kernel is done with it.
    pub fn read_with_descriptors<B: IoBufMut>(
        &self,
        buffer: B,
        most: usize,
    ) -> ReadWithDescriptors<'_, B> {
        ReadWithDescriptors::new(self.socket(), buffer, most)
    }
}

impl<'a> ReadHalf<'a, Unix> {
    /// As [`Stream::read_with_descriptors`](super::Stream::read_with_descriptors).
    pub fn read_with_descriptors<B: IoBufMut>(
        &self,
        buffer: B,
        most: usize,
    ) -> ReadWithDescriptors<'a, B> {
        self.0.read_with_descriptors(buffer, most)
    }
}

impl OwnedReadHalf<Unix> {
    /// As [`Stream::read_with_descriptors`](super::Stream::read_with_descriptors).
    pub fn read_with_descriptors<B: IoBufMut>(
        &self,
        buffer: B,
        most: usize,
    ) -> ReadWithDescriptors<'_, B> {
        ReadWithDescriptors::new(self.socket(), buffer, most)
    }
}

impl<'a> WriteHalf<'a, Unix> {
    /// As [`Stream::write_all_with_descriptors`](super::Stream::write_all_with_descriptors).
    pub fn write_all_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> WriteAllWithDescriptors<'a, B> {
        self.0.write_all_with_descriptors(buffer, descriptors)
    }
}

impl OwnedWriteHalf<Unix> {
    /// As [`Stream::write_all_with_descriptors`](super::Stream::write_all_with_descriptors).
    pub fn write_all_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> WriteAllWithDescriptors<'_, B> {
        WriteAllWithDescriptors::new(self.socket(), (buffer, descriptors))
    }
}

impl Shared {
    /// Keeps descriptors, and whether some are missing.
    fn keep(&self, descriptors: Vec<OwnedFd>, flags: i32) {
        let truncated = flags & libc::MSG_CTRUNC != 0;
        if descriptors.is_empty() && !truncated {
            return;
        }
        let mut kept = self.kept.take().unwrap_or_default();
        kept.descriptors.extend(descriptors);
        kept.truncated |= truncated;
        self.kept.set(Some(kept));
    }

    /// So many bytes, and the descriptors that are kept.
    fn with_kept(&self, count: usize) -> WithDescriptors {
        let kept = self.kept.take().map(|kept| *kept).unwrap_or_default();
        WithDescriptors {
            count,
            descriptors: kept.descriptors,
            truncated: kept.truncated,
        }
    }
}
