//! Reading and writing a file at offsets.

use uring_engine::{FixedBuf, IoBuf, IoBufMut, IoVecBuf, IoVecBufMut, op};

use crate::fs::file::File;
use crate::fs::file_op::FileOp;
use crate::fs::work::{self, Drain, Fill, Progress, Transfer};

/// The future of [`File::read_at`].
pub type ReadAt<B> = FileOp<Transfer<op::Read<B>>>;
/// The future of [`File::read_exact_at`].
pub type ReadExactAt<B> = FileOp<Fill<B>>;
/// The future of [`File::read_fixed_at`].
pub type ReadFixedAt = FileOp<Transfer<op::ReadFixed>>;
/// The future of [`File::write_at`].
pub type WriteAt<B> = FileOp<Transfer<op::Write<B>>>;
/// The future of [`File::write_all_at`].
pub type WriteAllAt<B> = FileOp<Drain<B>>;
/// The future of [`File::write_fixed_at`].
pub type WriteFixedAt = FileOp<Transfer<op::WriteFixed>>;
/// The future of [`File::read_vectored_at`].
pub type ReadVectoredAt<V> = FileOp<Transfer<op::ReadV<V>>>;
/// The future of [`File::write_vectored_at`].
pub type WriteVectoredAt<V> = FileOp<Transfer<op::WriteV<V>>>;

/// # Reading
impl File {
    /// Reads up to `buffer`'s capacity, from `offset` bytes on. Resolves to the number of bytes, 0 at or behind the end, and the
    /// buffer.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffer comes back.
    #[inline]
    pub fn read_at<B: IoBufMut>(&self, buffer: B, offset: u64) -> ReadAt<B> {
        let placement = self.placement(offset, buffer.capacity());
        let operation = op::Read::at(self.target(), work::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }

    /// Fills `buffer` to its capacity, from `offset` bytes on.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before, with what there was in the buffer; what the kernel says. The buffer comes
    /// back.
    pub fn read_exact_at<B: IoBufMut>(&self, buffer: B, offset: u64) -> ReadExactAt<B> {
        let total = buffer.capacity();
        let progress = Progress::new(offset, total, self.placement(offset, total));
        let operation = op::Read::at(self.target(), progress.offset(), progress.rest(buffer));
        self.start(operation, Fill::new(progress))
    }

    /// As [`read_at`](Self::read_at), into several buffers, one after the other.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffers come back.
    pub fn read_vectored_at<V: IoVecBufMut>(
        &self,
        mut buffers: V,
        offset: u64,
    ) -> ReadVectoredAt<V> {
        let placement = self.placement(offset, buffers.total_capacity());
        let operation = op::ReadV::at(self.target(), work::offset(offset), buffers);
        self.start(operation, Transfer::new(placement))
    }

    /// As [`read_at`](Self::read_at), into a [registered buffer](super::FixedBuffers), whose memory the kernel need not look
    /// up.
    ///
    /// Cancel-safe: dropping the future has no effect on the file.
    ///
    /// # Errors
    ///
    /// What the kernel says, `EFAULT` for a buffer of another context; the buffer comes back.
    pub fn read_fixed_at(&self, buffer: FixedBuf, offset: u64) -> ReadFixedAt {
        let placement = self.placement(offset, buffer.capacity());
        let operation = op::ReadFixed::at(self.target(), work::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }
}

/// # Writing
impl File {
    /// Writes from the beginning of `buffer`, at `offset` bytes. Resolves to the number of bytes, which may be fewer than
    /// there are, and the buffer. Behind the end, the gap reads as zeros.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says; the buffer comes back.
    #[inline]
    pub fn write_at<B: IoBuf>(&self, buffer: B, offset: u64) -> WriteAt<B> {
        let placement = self.placement(offset, buffer.len());
        let operation = op::Write::at(self.target(), work::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }

    /// Writes all of `buffer` at `offset` bytes. [`then_sync_data`](FileOp::then_sync_data) has it on the disk too, with one
    /// submission.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says, after a part was written or none; the buffer comes back.
    pub fn write_all_at<B: IoBuf>(&self, buffer: B, offset: u64) -> WriteAllAt<B> {
        let total = buffer.len();
        let progress = Progress::new(offset, total, self.placement(offset, total));
        let operation = op::Write::at(self.target(), progress.offset(), progress.rest(buffer));
        self.start(operation, Drain::new(progress))
    }

    /// As [`write_at`](Self::write_at), from several buffers, one after the other.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says; the buffers come back.
    pub fn write_vectored_at<V: IoVecBuf>(&self, buffers: V, offset: u64) -> WriteVectoredAt<V> {
        let placement = self.placement(offset, buffers.total_len());
        let operation = op::WriteV::at(self.target(), work::offset(offset), buffers);
        self.start(operation, Transfer::new(placement))
    }

    /// As [`write_at`](Self::write_at), from a [registered buffer](super::FixedBuffers), whose memory the kernel need not
    /// look up.
    ///
    /// When it is dropped, all, a part or nothing may have been written.
    ///
    /// # Errors
    ///
    /// `StorageFull` and whatever else the kernel says, `EFAULT` for a buffer of another context; the buffer comes back.
    pub fn write_fixed_at(&self, buffer: FixedBuf, offset: u64) -> WriteFixedAt {
        let placement = self.placement(offset, IoBuf::len(&buffer));
        let operation = op::WriteFixed::at(self.target(), work::offset(offset), buffer);
        self.start(operation, Transfer::new(placement))
    }
}
