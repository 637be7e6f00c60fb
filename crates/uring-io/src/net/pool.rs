//! The buffers that the sockets of a context receive into.

use context::Driver;
use uring_engine::{BufferRing, BufferRingConfig, Engine};

/// Bytes of a buffer. What was never received into takes no memory, and one that holds a small message takes a page.
pub(crate) const BUFFER_SIZE: usize = 16 * 1024;

/// Buffers to begin with: more than one turn fills.
const BUFFERS: u16 = 64;

/// Buffers to grow to, while received bytes wait to be taken. Beyond, streams receive into the heap.
const MOST: u16 = 512;

/// Bytes of a buffer for datagrams: the longest one that is received whole, its header and its sender's address. A page is
/// taken when something is put there, so a small datagram takes one page.
const DATAGRAM_SIZE: usize = 256 * 1024;

/// Buffers for datagrams to grow to.
const MOST_DATAGRAMS: u16 = 512;

/// A context's buffers for streams; `None` if the kernel has no buffer rings, or no memory for one.
struct Streams(Option<BufferRing>);

/// A context's buffers for datagrams, apart from those of streams: neither takes the other's away.
struct Datagrams(Option<BufferRing>);

/// The buffers of the current context, for streams on its `engine`; made when they are first asked for.
pub(crate) fn buffers(engine: &Engine) -> Option<BufferRing> {
    // A stream that has outlived its context must not use those of another one.
    if engine.is_shut_down() {
        return None;
    }
    let make = |driver: &Driver| Streams(ring(driver, BUFFER_SIZE, MOST));
    context::local_state(make).ok()?.0.clone()
}

/// As [`buffers`], for datagrams.
pub(crate) fn datagram_buffers(engine: &Engine) -> Option<BufferRing> {
    if engine.is_shut_down() {
        return None;
    }
    let make = |driver: &Driver| Datagrams(ring(driver, DATAGRAM_SIZE, MOST_DATAGRAMS));
    context::local_state(make).ok()?.0.clone()
}

fn ring(driver: &Driver, buffer_size: usize, max_buffers: u16) -> Option<BufferRing> {
    let config = BufferRingConfig {
        buffer_size: buffer_size as u32,
        buffers: BUFFERS,
        max_buffers,
    };
    BufferRing::new(driver.engine(), config).ok()
}
