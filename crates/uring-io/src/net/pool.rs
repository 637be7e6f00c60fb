//! The buffers that the streams of a context receive into.

use context::Driver;
use uring_engine::{BufferRing, BufferRingConfig, Engine};

/// Bytes of a buffer. What was never received into takes no memory, and one that holds a small message takes a page.
pub(crate) const BUFFER_SIZE: usize = 16 * 1024;

/// Buffers to begin with: more than one turn fills.
const BUFFERS: u16 = 64;

/// Buffers to grow to, while received bytes wait to be taken. Beyond, streams receive into the heap.
const MOST: u16 = 512;

/// A context's buffers; `None` if the kernel has no buffer rings, or no memory for one.
pub(crate) struct Pool(Option<BufferRing>);

impl Pool {
    fn new(driver: &Driver) -> Self {
        let config = BufferRingConfig {
            buffer_size: BUFFER_SIZE as u32,
            buffers: BUFFERS,
            max_buffers: MOST,
        };
        Self(BufferRing::new(driver.engine(), config).ok())
    }
}

/// The buffers of the current context, for operations on its `engine`; made when they are first asked for.
pub(crate) fn buffers(engine: &Engine) -> Option<BufferRing> {
    // A stream that has outlived its context must not use those of another one.
    if engine.is_shut_down() {
        return None;
    }
    context::local_state(Pool::new).ok()?.0.clone()
}
