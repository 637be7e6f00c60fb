//! Buffers that the kernel picks when data arrives, so that an idle connection needs none.
//!
//! A [`BufferRing`] gives the kernel a ring of buffers. A receive names the ring instead of a buffer; the kernel takes
//! one when there is something to put in it, and its completion says which. The [`PooledBuf`] made of that completion
//! gives the buffer back when it is dropped. When the kernel finds the ring empty, [`RecvStream`] waits until a buffer
//! comes back, or has the ring grow up to its limit, and goes on.

mod buffer;
pub(crate) mod groups;
pub(crate) mod memory;
mod recv;
mod recv_msg;
mod shared;
mod stream;

use std::fmt;
use std::io;
use std::rc::Rc;

pub use buffer::PooledBuf;
pub use recv::{RecvMulti, RecvPooled};
pub use recv_msg::{PooledMessage, RecvMsgMulti};
pub use stream::{BufferReturned, RecvStream};

use crate::completion::Completion;
use crate::engine::Engine;
use crate::future::Op;
use crate::multishot::MultishotOp;
use crate::target::Target;
use shared::Shared;

/// How many buffers of what size a [`BufferRing`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferRingConfig {
    /// Bytes of each buffer. Default: 4096.
    pub buffer_size: u32,
    /// Buffers to begin with. Default: 64.
    pub buffers: u16,
    /// Buffers to grow to, by doubling, whenever the kernel finds none; at most 32768. Values below `buffers` are
    /// raised to it. Default: 4096.
    ///
    /// A buffer that no data has ever been put into uses address space only, and 16 bytes in the ring.
    pub max_buffers: u16,
}

impl Default for BufferRingConfig {
    fn default() -> Self {
        BufferRingConfig {
            buffer_size: 4096,
            buffers: 64,
            max_buffers: 4096,
        }
    }
}

/// A ring of buffers registered with an engine. Clones are handles of the same ring.
///
/// The memory lives until the last handle, the last operation that uses the ring, and the last of its buffers is gone;
/// any of them may outlive the engine.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use std::os::unix::net::UnixStream;
/// use uring_engine::{BufferRing, BufferRingConfig, Engine, EngineConfig, RecvStream, Target, Wait};
///
/// # fn run<F: std::future::Future>(engine: &Engine, future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop {
/// #         match future.as_mut().poll(&mut context) {
/// #             std::task::Poll::Ready(output) => return output,
/// #             std::task::Poll::Pending => engine.turn(Wait::Until(None)).map(drop).unwrap(),
/// #         }
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::new(&EngineConfig::default())?;
/// # let ring = BufferRing::new(&engine, BufferRingConfig::default());
/// # if ring.is_err_and(|error| error.kind() == std::io::ErrorKind::Unsupported) { return Ok(()); }
/// let ring = BufferRing::new(&engine, BufferRingConfig { buffer_size: 1024, ..Default::default() })?;
/// let (mut here, there) = UnixStream::pair()?;
/// let mut arrivals = RecvStream::new(&engine, Target::of(&there), &ring);
///
/// here.write_all(b"some bytes")?;
/// // `run` polls the future and turns the engine, in turns.
/// let bytes = run(&engine, arrivals.next()).expect("not the end")?;
/// assert_eq!(&bytes[..], b"some bytes");
/// assert_eq!(ring.taken(), 1);
/// // Dropped, it is the ring's again.
/// drop(bytes);
/// assert_eq!(ring.taken(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BufferRing(Rc<Shared>);

impl BufferRing {
    /// Registers a ring of buffers with an engine.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for zero buffers, zero bytes or more than 32768 buffers; `Unsupported` where there are none (before
    /// Linux 5.19); the kernel's error otherwise (`ENOMEM` at the memlock limit).
    pub fn new(engine: &Engine, config: BufferRingConfig) -> io::Result<BufferRing> {
        Shared::register(engine, config).map(|shared| BufferRing(Rc::new(shared)))
    }

    /// The number by which entries name the ring (`buf_group`).
    pub fn group(&self) -> u16 {
        self.0.group()
    }

    /// Bytes of each buffer.
    pub fn buffer_size(&self) -> u32 {
        self.0.buffer_size()
    }

    /// One receive into a buffer of this ring.
    ///
    /// # Panics
    ///
    /// If the ring is registered with another engine.
    pub fn recv(&self, engine: &Engine, target: Target) -> Op<RecvPooled> {
        self.check(engine);
        // SAFETY: the engine is the ring's.
        engine.op(unsafe { RecvPooled::new(target, self.clone()) })
    }

    /// Receives again and again into buffers of this ring, until the ring is empty. [`RecvStream`] goes on then.
    ///
    /// # Panics
    ///
    /// If the ring is registered with another engine.
    pub fn recv_multi(&self, engine: &Engine, target: Target) -> MultishotOp<RecvMulti> {
        self.check(engine);
        // SAFETY: the engine is the ring's.
        engine.multishot(unsafe { RecvMulti::new(target, self.clone()) })
    }

    fn check(&self, engine: &Engine) {
        assert!(
            self.0.belongs_to(engine),
            "the buffer ring is registered with another engine"
        );
    }

    /// Buffers in use now, with the kernel or out: what it began with and has grown by, less what is set aside in favour of
    /// [bulk](BufferRing::note_bulk).
    pub fn buffers(&self) -> u16 {
        self.0.buffers()
    }

    /// Buffers that are out as [`PooledBuf`]s.
    pub fn taken(&self) -> u16 {
        self.0.taken()
    }

    /// Makes more buffers; false when the limit is reached or there is no memory.
    pub fn grow(&self) -> bool {
        self.0.grow()
    }

    /// Says that a stream has filled several buffers one after the other. Buffers that the ring has grown by are set aside then as they
    /// come back, until as many have come back as there are; [`grow`](BufferRing::grow) uses them again.
    pub fn note_bulk(&self) {
        self.0.note_bulk();
    }

    /// Whether a stream has lately filled several buffers one after the other: since fewer have come back than there are. More
    /// buffers would only be filled as well then, before any of them is looked at.
    pub fn serves_bulk(&self) -> bool {
        self.0.serves_bulk()
    }

    /// Resolves when a buffer has come back since `seen`, a value of [`returns`](BufferRing::returns) from before the
    /// operation that found none was submitted. For those who handle `ENOBUFS` themselves.
    pub fn returned_since(&self, seen: u64) -> BufferReturned {
        BufferReturned::new(self.clone(), seen)
    }

    /// Counts returned and added buffers.
    pub fn returns(&self) -> u64 {
        self.0.returns()
    }

    /// The buffer that a completion says the kernel has filled, `completion.result` bytes long; `None` when it names
    /// none.
    ///
    /// # Safety
    ///
    /// The completion is of an operation whose entry named this ring's [`group`](BufferRing::group), on the engine the
    /// ring is registered with, and its buffer is claimed only once.
    pub unsafe fn claim(&self, completion: Completion) -> Option<PooledBuf> {
        let id = completion.buffer_id()?;
        let len = u32::try_from(completion.result).unwrap_or(0);
        self.0.note_taken();
        Some(PooledBuf::new(
            self.clone(),
            id,
            len.min(self.buffer_size()),
        ))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for BufferRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferRing")
            .field("group", &self.group())
            .field("buffer_size", &self.buffer_size())
            .field("buffers", &self.buffers())
            .field("taken", &self.taken())
            .finish()
    }
}
